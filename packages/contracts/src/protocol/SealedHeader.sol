// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CalldataRlp } from "./CalldataRlp.sol";

/// @title Headers whose hash somebody vouches for, as proofs need them
/// @dev For blocks of both chains. All fields up to the bloom have a fixed size, so they lie at fixed places in any header longer than 255 bytes.
///      Spec: docs/protocol.md §5, "Header of s".
library SealedHeader {
    /// @notice The bytes have not the shape of a header.
    error HeaderMalformed();

    uint256 private constant MIN_SIZE = 0x1c0 + 2;

    /// @notice Hash, state root and number of a header.
    function read(bytes calldata header)
        internal
        pure
        returns (bytes32 hash, bytes32 stateRoot, uint64 number)
    {
        if (header.length < MIN_SIZE) revert HeaderMalformed();
        uint256 start = CalldataRlp.positionOf(header);
        uint256 end = start + header.length;
        // Unchecked: positions in calldata.
        unchecked {
            // Prefixes: list, parent hash, uncles, beneficiary, state, transactions, receipts, bloom.
            bool isShaped = CalldataRlp.enterList(start, end) == start + 3
                && CalldataRlp.byteAt(start + 3) == 0xa0 && CalldataRlp.byteAt(start + 36) == 0xa0
                && CalldataRlp.byteAt(start + 69) == 0x94 && CalldataRlp.byteAt(start + 90) == 0xa0
                && CalldataRlp.byteAt(start + 123) == 0xa0
                && CalldataRlp.byteAt(start + 156) == 0xa0
                && CalldataRlp.wordAt(start + 189) >> 232 == 0xb90100;
            uint256 item = start + 448;
            uint256 difficultySize = CalldataRlp.integerAt(item, end, 32);
            item += difficultySize;
            uint256 numberSize = CalldataRlp.integerAt(item, end, 8);
            if (!isShaped || difficultySize == 0 || numberSize == 0) revert HeaderMalformed();
            hash = CalldataRlp.hashOf(header);
            stateRoot = bytes32(CalldataRlp.wordAt(start + 91));
            number = uint64(CalldataRlp.integerOf(item, numberSize));
        }
    }
}
