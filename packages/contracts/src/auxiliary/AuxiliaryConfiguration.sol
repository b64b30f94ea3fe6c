// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What all predeploys of one auxiliary chain are built from.
/// @param originChainId Chain id of origin.
/// @param core Address of the core on origin.
/// @param epochLength Blocks between checkpoints of the auxiliary chain.
/// @param originEpochLength Blocks between checkpoints of origin.
/// @param maxVoteAge Checkpoints after its target for which a vote counts.
/// @param originRootNumber Number of the first observed origin block.
/// @param originRootHash Its hash.
/// @param originRootStateRoot Its state root.
struct AuxiliaryConfiguration {
    uint96 originChainId;
    address core;
    uint64 epochLength;
    uint64 originEpochLength;
    uint64 maxVoteAge;
    uint64 originRootNumber;
    bytes32 originRootHash;
    bytes32 originRootStateRoot;
}
