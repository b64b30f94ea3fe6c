// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CalldataRlp } from "../protocol/CalldataRlp.sol";

/// @title Ethereum block headers of any fork, read from their RLP
/// @dev All fields are strings of bytes. Zero integers are legal in every place: empty blocks, and difficulty since the
///      merge. Twin of packages/protocol/src/block-header.ts.
library HeaderRlp {
    /// @notice The header is no canonical list of 15 to 32 fields with the sizes of a header's.
    error HeaderMalformed(uint256 field);
    /// @notice The block number does not fit in 64 bits.
    error HeaderNumberTooLarge(uint256 number);

    uint256 private constant MIN_FIELDS = 15;
    uint256 private constant MAX_FIELDS = 32;
    uint256 private constant STATE_ROOT = 3;
    uint256 private constant NUMBER = 8;
    /// @dev Sizes of fields 0 to 14 in two bytes each, from the right; 0xffff: an integer, 0xfffe: any string.
    uint256 private constant SIZES =
        0x0008_0020_fffe_ffff_ffff_ffff_ffff_ffff_0100_0020_0020_0020_0014_0020_0020;
    uint256 private constant ANY = 0xfffe;
    uint256 private constant INTEGER = 0xffff;

    /// @notice The number and the state root in a header. Its hash is that of the bytes.
    function read(bytes calldata header) internal pure returns (uint64 number, bytes32 stateRoot) {
        uint256 start = CalldataRlp.positionOf(header);
        uint256 end = start + header.length;
        uint256 item = CalldataRlp.enterList(start, end);
        if (item == 0) revert HeaderMalformed(0);
        uint256 field;
        for (; item < end; ++field) {
            uint256 required = field < MIN_FIELDS ? (SIZES >> (16 * field)) & 0xffff : ANY;
            (uint256 prefixSize, uint256 totalSize) = CalldataRlp.stringAt(item, end);
            if (required == INTEGER) totalSize = CalldataRlp.integerAt(item, end, 32);
            bool isShaped = totalSize != 0
                && (required >= ANY || totalSize - prefixSize == required) && field < MAX_FIELDS;
            if (!isShaped) revert HeaderMalformed(field);
            if (field == STATE_ROOT) {
                stateRoot = bytes32(CalldataRlp.wordAt(item + 1));
            } else if (field == NUMBER) {
                uint256 value = CalldataRlp.integerOf(item, totalSize);
                if (value > type(uint64).max) revert HeaderNumberTooLarge(value);
                number = uint64(value);
            }
            item += totalSize;
        }
        if (field < MIN_FIELDS) revert HeaderMalformed(field);
    }
}
