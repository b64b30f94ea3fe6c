// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Blockhash } from "@openzeppelin/contracts/utils/Blockhash.sol";

import { TransitionObject } from "../protocol/Types.sol";
import { CoreState } from "./CoreState.sol";

/// @title The core's memory of its own chain
/// @notice BLOCKHASH knows 256 blocks and EIP-2935 knows 8,191; what is needed for longer is recorded in time.
abstract contract OriginHistory is CoreState {
    /// @notice The hash of that block is not known here: too old and not recorded, or not yet there.
    error CoreOriginHashUnknown(uint64 number);

    /// @notice The observation is not in this chain's history.
    error CoreObservationForeign(uint64 number, bytes32 expected, bytes32 received);

    /// @notice The hash of an origin block was recorded.
    event OriginHashAnchored(uint64 indexed number, bytes32 blockHash);

    function _anchorOriginHash(uint64 number) internal returns (bytes32 blockHash) {
        blockHash = Blockhash.blockHash(number);
        if (blockHash == 0) revert CoreOriginHashUnknown(number);
        _anchoredHashes[number] = blockHash;
        emit OriginHashAnchored(number, blockHash);
    }

    function _requireObserved(TransitionObject calldata transition) internal view {
        bytes32 originHash = _originHash(transition.originBlockNumber);
        if (originHash != transition.originBlockHash) {
            revert CoreObservationForeign(
                transition.originBlockNumber, originHash, transition.originBlockHash
            );
        }
    }

    /// @dev The hash of a block in this chain's history. All three sources agree where they know it; the opcode is cheapest.
    function _originHash(uint64 number) internal view returns (bytes32 blockHash) {
        blockHash = blockhash(number);
        if (blockHash == 0) blockHash = _anchoredHashes[number];
        if (blockHash == 0) blockHash = Blockhash.blockHash(number);
        if (blockHash == 0) revert CoreOriginHashUnknown(number);
    }
}
