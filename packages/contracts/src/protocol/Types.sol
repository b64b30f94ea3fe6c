// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The externalised vote of a validator for the link from a source to a target checkpoint.
/// @param chain Core identifier for auxiliary checkpoints, the origin's identifier for origin checkpoints.
/// @param transitionHash Hash of the transition object at the source.
/// @param source Block hash of the source checkpoint.
/// @param target Block hash of the target checkpoint.
/// @param sourceHeight Ordinal of the source checkpoint.
/// @param targetHeight Ordinal of the target checkpoint.
struct VoteMessage {
    bytes32 chain;
    bytes32 transitionHash;
    bytes32 source;
    bytes32 target;
    uint64 sourceHeight;
    uint64 targetHeight;
}

/// @notice The coarse-grained state of the auxiliary chain at a checkpoint, which a meta-block commits.
/// @param dynasty Checkpoints finalized before the checkpoint's block began.
/// @param originBlockNumber Number of the highest finalized observation of origin.
/// @param originBlockHash Hash of the same observation.
/// @param accumulatedTransactionRoot Hash chain over the transactions roots of all blocks.
/// @param accumulatedGas Gas used by all blocks.
/// @param kernelHash Hash of the active kernel.
struct TransitionObject {
    uint64 dynasty;
    uint64 originBlockNumber;
    bytes32 originBlockHash;
    bytes32 accumulatedTransactionRoot;
    uint64 accumulatedGas;
    bytes32 kernelHash;
}

/// @notice What opens a meta-block height.
/// @param height The meta-block height, one above that of the parent.
/// @param parent Hash of the meta-block before; the core identifier for the kernel of height 0.
/// @param validatorSetHash Hash of the validator words of this height, in index order.
/// @param updatesHash Hash of the updates from the set of the height before.
/// @param gasTarget Gas of the auxiliary chain at which the meta-block is to be closed.
/// @param forwardWeight Sum of the weights in the forward set.
/// @param rearWeight Sum of the weights in the rear set.
struct Kernel {
    uint64 height;
    bytes32 parent;
    bytes32 validatorSetHash;
    bytes32 updatesHash;
    uint64 gasTarget;
    uint128 forwardWeight;
    uint128 rearWeight;
}

/// @notice A block of origin by which both chains know where they stand.
/// @param number Number of the block.
/// @param blockHash Hash of the block.
/// @param stateRoot State root of the block.
struct OriginBlock {
    uint64 number;
    bytes32 blockHash;
    bytes32 stateRoot;
}
