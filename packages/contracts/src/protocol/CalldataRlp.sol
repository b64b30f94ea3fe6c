// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Canonical RLP, read in place from calldata
/// @dev Positions are absolute in calldata. A size of zero means: not canonical, or beyond `end`. Reading from calldata
///      instead of memory costs a tenth of the gas of a general decoder, which dominates a proof.
library CalldataRlp {
    /// @notice The byte at a position.
    function byteAt(uint256 position) internal pure returns (uint256 value) {
        // Assembly: a bounds-checked slice per byte would cost more than all else here. Callers keep to `end`.
        assembly ("memory-safe") {
            value := byte(0, calldataload(position))
        }
    }

    /// @notice The 32 bytes from a position on.
    function wordAt(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(position)
        }
    }

    /// @notice Where the bytes of a calldata slice begin.
    function positionOf(bytes calldata slice) internal pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := slice.offset
        }
    }

    /// @notice Keccak-256 of a calldata slice, without reserving memory for it.
    function hashOf(bytes calldata slice) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            calldatacopy(scratch, slice.offset, slice.length)
            hash := keccak256(scratch, slice.length)
        }
    }

    /// @notice The first item of a list that fills `start` to `end` exactly, or zero.
    function enterList(uint256 start, uint256 end) internal pure returns (uint256 item) {
        // Unchecked: positions lie in calldata, lengths are below 2^16.
        unchecked {
            uint256 prefix = byteAt(start);
            if (prefix < 0xc0) return 0;
            uint256 length;
            if (prefix < 0xf8) {
                (item, length) = (start + 1, prefix - 0xc0);
            } else if (prefix == 0xf8) {
                (item, length) = (start + 2, byteAt(start + 1));
                if (length < 56) return 0;
            } else if (prefix == 0xf9) {
                (item, length) = (start + 3, wordAt(start + 1) >> 240);
                if (length < 256) return 0;
            } else {
                return 0;
            }
            if (item + length != end) return 0;
        }
    }

    /// @notice Sizes of a string's prefix and content; the total is zero when it is no canonical string within `end`.
    function stringAt(uint256 start, uint256 end)
        internal
        pure
        returns (uint256 prefixSize, uint256 totalSize)
    {
        unchecked {
            uint256 prefix = byteAt(start);
            if (prefix < 0x80) {
                totalSize = 1;
            } else if (prefix < 0xb8) {
                (prefixSize, totalSize) = (1, prefix - 0x7f);
                if (prefix == 0x81 && byteAt(start + 1) < 0x80) return (0, 0);
            } else if (prefix == 0xb8) {
                uint256 length = byteAt(start + 1);
                if (length < 56) return (0, 0);
                (prefixSize, totalSize) = (2, 2 + length);
            } else if (prefix == 0xb9) {
                uint256 length = wordAt(start + 1) >> 240;
                if (length < 256) return (0, 0);
                (prefixSize, totalSize) = (3, 3 + length);
            }
            if (start + totalSize > end) return (0, 0);
        }
    }

    /// @notice Total size of an unsigned integer of at most `maxBytes` bytes, or zero. Zero is encoded as no bytes.
    function integerAt(uint256 start, uint256 end, uint256 maxBytes)
        internal
        pure
        returns (uint256 totalSize)
    {
        unchecked {
            uint256 prefixSize;
            (prefixSize, totalSize) = stringAt(start, end);
            uint256 length = totalSize - prefixSize;
            if (length > maxBytes) return 0;
            if (length != 0 && byteAt(start + prefixSize) == 0) return 0;
        }
    }

    /// @notice The integer whose size {integerAt} gave.
    function integerOf(uint256 start, uint256 totalSize) internal pure returns (uint256) {
        unchecked {
            if (totalSize == 1) return byteAt(start) & 0x7f;
            return wordAt(start + 1) >> (256 - 8 * (totalSize - 1));
        }
    }
}
