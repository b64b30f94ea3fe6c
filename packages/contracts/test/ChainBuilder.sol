// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { TrieBuilder } from "./TrieBuilder.sol";

/// @dev Makes block headers with as many fields as a fork has, and states with proofs of one storage slot.
contract ChainBuilder is TrieBuilder {
    bytes32 internal constant EMPTY_ROOT = keccak256(hex"80");

    /// @dev A header as clique chains have it since London: 16 fields, difficulty 2.
    function auxiliaryHeader(uint64 number, bytes32 stateRoot) public pure returns (bytes memory) {
        return header(number, stateRoot, 2, 21_000, new bytes(97), abi.encodePacked(hex"07"));
    }

    /// @dev A header since Prague with nothing in the block: all integers that may be zero are.
    function originHeader(uint64 number, bytes32 stateRoot) public pure returns (bytes memory) {
        bytes memory word = abi.encodePacked(uint8(0xa0), EMPTY_ROOT);
        return header(
            number,
            stateRoot,
            0,
            0,
            "",
            // Base fee, withdrawals root, blob gas used, excess blob gas, beacon root, requests hash.
            abi.encodePacked(hex"07", word, hex"8080", word, word)
        );
    }

    function header(
        uint64 number,
        bytes32 stateRoot,
        uint256 difficulty,
        uint256 gasUsed,
        bytes memory extra,
        bytes memory tail
    ) public pure returns (bytes memory) {
        bytes memory fixedFields = abi.encodePacked(
            uint8(0xa0),
            keccak256(abi.encode("parent", number)),
            uint8(0xa0),
            keccak256(hex"c0"),
            uint8(0x94),
            address(0xbeef),
            uint8(0xa0),
            stateRoot,
            uint8(0xa0),
            EMPTY_ROOT,
            uint8(0xa0),
            EMPTY_ROOT,
            hex"b90100",
            new bytes(256)
        );
        bytes memory integers = abi.encodePacked(
            encodeInteger(difficulty),
            encodeInteger(number),
            encodeInteger(30_000_000),
            encodeInteger(gasUsed),
            encodeInteger(1_700_000_000 + number)
        );
        return encodeList(
            abi.encodePacked(
                fixedFields,
                integers,
                encodeString(extra),
                uint8(0xa0),
                bytes32(0),
                uint8(0x88),
                bytes8(0),
                tail
            )
        );
    }

    /// @dev A state of forty accounts in which `account` holds `value` in `slot`, among seven other slots.
    function proveStorage(address account, bytes32 slot, bytes32 value)
        public
        returns (bytes32 stateRoot, bytes[] memory accountProof, bytes[] memory storageProof)
    {
        bytes32 storageRoot;
        clear();
        add(keccak256(abi.encode(slot)), encodeInteger(uint256(value)));
        for (uint256 i = 1; i < 8; ++i) {
            add(keccak256(abi.encode("slot", i)), encodeInteger(i));
        }
        (storageRoot, storageProof) = prove(keccak256(abi.encode(slot)));
        clear();
        add(
            keccak256(abi.encodePacked(account)),
            encodeAccount(1, 0, storageRoot, keccak256("code"))
        );
        for (uint160 i = 1; i < 40; ++i) {
            add(
                keccak256(abi.encodePacked(address(i))),
                encodeAccount(0, i, EMPTY_ROOT, keccak256(""))
            );
        }
        (stateRoot, accountProof) = prove(keccak256(abi.encodePacked(account)));
    }
}
