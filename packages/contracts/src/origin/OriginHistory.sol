// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Blockhash } from "@openzeppelin/contracts/utils/Blockhash.sol";

import { CoreState } from "./CoreState.sol";

/// @title The core's memory of its own chain
/// @notice BLOCKHASH knows 256 blocks and EIP-2935 knows 8,191; what is needed for longer is recorded in time.
abstract contract OriginHistory is CoreState {
    /// @notice The hash of that block is not known here: too old and not recorded, or not yet there.
    error CoreOriginHashUnknown(uint64 number);

    /// @notice The hash of an origin block was recorded.
    event OriginHashAnchored(uint64 indexed number, bytes32 blockHash);

    /// @notice Records the hash of a block for later; by anyone.
    function anchorOriginHash(uint64 number) external returns (bytes32) {
        return _anchorOriginHash(number);
    }

    /// @notice The recorded hash of a block; zero if there is none.
    function anchoredOriginHash(uint64 number) external view returns (bytes32) {
        return _anchoredHashes[number];
    }

    function _anchorOriginHash(uint64 number) internal returns (bytes32 blockHash) {
        blockHash = Blockhash.blockHash(number);
        if (blockHash == 0) revert CoreOriginHashUnknown(number);
        _anchoredHashes[number] = blockHash;
        emit OriginHashAnchored(number, blockHash);
    }

    /// @dev The hash of a block in this chain's history. All three sources agree where they know it; the opcode is cheapest.
    function _originHash(uint64 number) internal view returns (bytes32 blockHash) {
        blockHash = blockhash(number);
        if (blockHash == 0) blockHash = _anchoredHashes[number];
        if (blockHash == 0) blockHash = Blockhash.blockHash(number);
        if (blockHash == 0) revert CoreOriginHashUnknown(number);
    }
}
