// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Predeploys } from "../protocol/Predeploys.sol";
import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { OriginBlock, TransitionObject } from "../protocol/Types.sol";
import { AuxiliaryConfiguration } from "./AuxiliaryConfiguration.sol";
import { FinalityGadget } from "./FinalityGadget.sol";
import { KernelRegistry } from "./KernelRegistry.sol";
import { OriginObserver } from "./OriginObserver.sol";

/// @title What the state transition of every auxiliary block records about the chain
/// @notice Keeps the transition object of each checkpoint and the hashes of checkpoints.
/// @dev Called once at the end of each block by the state transition itself, so what it says of a checkpoint lies in the
///      state root of that very block. Slot 0 is what a commit on origin proves. Spec: docs/protocol.md §4.
contract TransitionTracker {
    /// @notice Only the state transition may call.
    error TrackerNotSystem(address caller);
    /// @notice The end of a block was reported twice, or one was left out.
    error TrackerBlockOutOfOrder(uint256 expected, uint256 received);

    /// @dev Slot 0: hash of the transition object of the newest checkpoint.
    bytes32 private _newestTransitionHash;
    /// @dev Slot 1.
    bytes32 private _accumulatedTransactionRoot;
    /// @dev Slot 2, with the next.
    uint64 private _accumulatedGas;
    uint64 private _lastBlockNumber;
    /// @dev Slot 3.
    mapping(uint64 height => bytes32) private _transitionHashes;
    /// @dev Slot 4.
    mapping(uint64 height => bytes32) private _checkpointHashes;

    uint64 private immutable _epochLength;

    /// @param configuration The chain's configuration.
    /// @param genesisTransactionsRoot Transactions root of the genesis block.
    /// @param kernelHash Hash of the kernel of height 1, active from genesis.
    constructor(
        AuxiliaryConfiguration memory configuration,
        bytes32 genesisTransactionsRoot,
        bytes32 kernelHash
    ) {
        _epochLength = configuration.epochLength;
        _accumulatedTransactionRoot = genesisTransactionsRoot;
        bytes32 hash = ProtocolHashes.transitionHash(
            TransitionObject({
                dynasty: 0,
                originBlockNumber: configuration.originRootNumber,
                originBlockHash: configuration.originRootHash,
                accumulatedTransactionRoot: genesisTransactionsRoot,
                accumulatedGas: 0,
                kernelHash: kernelHash
            })
        );
        _newestTransitionHash = hash;
        _transitionHashes[0] = hash;
    }

    /// @notice Records the end of the block under execution.
    /// @dev Spec: docs/protocol.md §4, "End of block"; the order of the steps is part of the protocol.
    /// @param transactionsRoot Transactions root of the block.
    /// @param gasUsed Gas used by the block's transactions.
    function endBlock(bytes32 transactionsRoot, uint64 gasUsed) external {
        if (msg.sender != Predeploys.SYSTEM) revert TrackerNotSystem(msg.sender);
        uint64 number = _lastBlockNumber + 1;
        if (block.number != number) revert TrackerBlockOutOfOrder(number, block.number);
        if ((number - 1) % _epochLength == 0) {
            _checkpointHashes[(number - 1) / _epochLength] = blockhash(number - 1);
        }
        _accumulatedTransactionRoot =
            keccak256(abi.encodePacked(_accumulatedTransactionRoot, transactionsRoot));
        _accumulatedGas += gasUsed;
        _lastBlockNumber = number;
        uint64 dynasty = FinalityGadget(Predeploys.FINALITY_GADGET).dynastyBefore(number);
        KernelRegistry(Predeploys.KERNEL_REGISTRY).activateDue(dynasty);
        if (number % _epochLength == 0) {
            bytes32 hash = ProtocolHashes.transitionHash(transition());
            _newestTransitionHash = hash;
            _transitionHashes[number / _epochLength] = hash;
        }
    }

    /// @notice The transition object as of the end of the last block; that of a checkpoint if the block is one.
    function transition() public view returns (TransitionObject memory) {
        OriginBlock memory observed = OriginObserver(Predeploys.ORIGIN_OBSERVER).latestFinalized();
        return TransitionObject({
            dynasty: FinalityGadget(Predeploys.FINALITY_GADGET).dynastyBefore(_lastBlockNumber),
            originBlockNumber: observed.number,
            originBlockHash: observed.blockHash,
            accumulatedTransactionRoot: _accumulatedTransactionRoot,
            accumulatedGas: _accumulatedGas,
            kernelHash: KernelRegistry(Predeploys.KERNEL_REGISTRY).activeKernelHash()
        });
    }

    /// @notice Hash of the transition object of the newest checkpoint.
    function newestTransitionHash() external view returns (bytes32) {
        return _newestTransitionHash;
    }

    /// @notice Hash of the transition object of a checkpoint; zero if the height is not reached.
    function transitionHash(uint64 height) external view returns (bytes32) {
        return _transitionHashes[height];
    }

    /// @notice Block hash of a checkpoint; zero if the height is not reached, or by the chain's newest block.
    function checkpointHash(uint64 height) external view returns (bytes32) {
        return _checkpointHashes[height];
    }

    /// @notice Hash chain over the transactions roots of all blocks.
    function accumulatedTransactionRoot() external view returns (bytes32) {
        return _accumulatedTransactionRoot;
    }

    /// @notice Gas used by all blocks.
    function accumulatedGas() external view returns (uint64) {
        return _accumulatedGas;
    }

    /// @notice Number of the last block whose end was recorded.
    function lastBlockNumber() external view returns (uint64) {
        return _lastBlockNumber;
    }
}
