// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CalldataTrie } from "../protocol/CalldataTrie.sol";
import { Predeploys } from "../protocol/Predeploys.sol";
import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { Kernel } from "../protocol/Types.sol";
import { ValidatorWord } from "../protocol/ValidatorWord.sol";
import { AuxiliaryConfiguration } from "./AuxiliaryConfiguration.sol";
import { FinalityGadget } from "./FinalityGadget.sol";
import { OriginObserver } from "./OriginObserver.sol";

/// @title The kernels of the core, as confirmed on the auxiliary chain
/// @notice Anybody proves a kernel from the core's storage under a finalized observation of origin. Two dynasties later
///         it is active, and with it its validator set.
/// @dev Spec: docs/protocol.md §4, "Kernel confirmation".
contract KernelRegistry {
    /// @notice A confirmed kernel waits for its activation; the next can be confirmed afterwards.
    error RegistryKernelPending(uint64 height);
    /// @notice The kernel does not follow the active one.
    error RegistryHeightNotNext(uint64 expected, uint64 received);
    /// @notice No observation is final at that origin block number.
    error RegistryObservationNotFinal(uint64 originBlockNumber);
    /// @notice The core's storage holds another kernel hash at that height.
    error RegistryKernelMismatch(bytes32 proven, bytes32 received);
    /// @notice The validator words are not those the kernel commits to.
    error RegistryValidatorSetMismatch(bytes32 expected, bytes32 received);
    /// @notice The weights in the kernel are not those of its validator words.
    error RegistryWeightsMismatch(uint256 forwardWeight, uint256 rearWeight);
    /// @notice Only the transition tracker may activate.
    error RegistryNotTracker(address caller);

    /// @notice A kernel was proven.
    /// @param height The meta-block height it opens.
    /// @param kernelHash Its hash.
    /// @param dynasty Dynasty of the block; the kernel is active from dynasty + 2 on.
    /// @param kernel Its content.
    event KernelConfirmed(
        uint64 indexed height, bytes32 indexed kernelHash, uint64 dynasty, Kernel kernel
    );
    /// @notice A confirmed kernel became the active one.
    event KernelActivated(uint64 indexed height, bytes32 indexed kernelHash);

    /// @dev Dynasties between confirmation and activation: all honest nodes have the confirmation on their finalized
    ///      chain before the set that it names decides about finality (§2.7).
    uint64 private constant ACTIVATION_DELAY = 2;
    /// @dev Position of `kernelHash` in the core's storage.
    uint256 private constant KERNEL_HASH_SLOT = 0;

    Kernel private _active;
    bytes32 private _activeHash;
    /// @dev Height 0: none is pending.
    Kernel private _pending;
    bytes32 private _pendingHash;
    uint64 private _pendingDynasty;
    /// @dev The seats that differ between the active and the pending kernel.
    uint16[] private _changedIndices;
    uint256[] private _changedWords;

    address private immutable _core;

    /// @param configuration The chain's configuration.
    /// @param kernel The kernel of height 1, active from genesis.
    constructor(AuxiliaryConfiguration memory configuration, Kernel memory kernel) {
        _core = configuration.core;
        _active = kernel;
        _activeHash = ProtocolHashes.kernelHash(kernel);
    }

    /// @notice Confirms the kernel after the active one.
    /// @param kernel The kernel.
    /// @param validatorSet Its validator words, in index order.
    /// @param originBlockNumber Number of the finalized observation that the proofs are against.
    /// @param accountProof Nodes from the observation's state root to the core's account.
    /// @param storageProof Nodes from the core's storage root to `kernelHash[kernel.height]`.
    function confirmKernel(
        Kernel calldata kernel,
        bytes calldata validatorSet,
        uint64 originBlockNumber,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) external {
        if (_pending.height != 0) {
            revert RegistryKernelPending(_pending.height);
        }
        uint64 next = _active.height + 1;
        if (kernel.height != next) revert RegistryHeightNotNext(next, kernel.height);
        bytes32 kernelHash = ProtocolHashes.kernelHash(kernel);
        _requireOnOrigin(next, kernelHash, originBlockNumber, accountProof, storageProof);
        _recordChanges(kernel, validatorSet);
        _pending = kernel;
        _pendingHash = kernelHash;
        _pendingDynasty =
            FinalityGadget(Predeploys.FINALITY_GADGET).dynastyBefore(uint64(block.number));
        emit KernelConfirmed(next, kernelHash, _pendingDynasty, kernel);
    }

    /// @notice Activates the pending kernel if its time has come; called at the end of every block.
    /// @param dynasty Dynasty of the block.
    function activateDue(uint64 dynasty) external {
        if (msg.sender != Predeploys.TRANSITION_TRACKER) revert RegistryNotTracker(msg.sender);
        if (_pending.height == 0 || dynasty < _pendingDynasty + ACTIVATION_DELAY) return;
        FinalityGadget(Predeploys.FINALITY_GADGET)
            .replaceSeats(_pending.height, _changedIndices, _changedWords);
        _active = _pending;
        _activeHash = _pendingHash;
        delete _pending;
        delete _pendingHash;
        delete _pendingDynasty;
        delete _changedIndices;
        delete _changedWords;
        emit KernelActivated(_active.height, _activeHash);
    }

    /// @notice The active kernel.
    function activeKernel() external view returns (Kernel memory kernel, bytes32 kernelHash) {
        return (_active, _activeHash);
    }

    /// @notice Hash of the active kernel.
    function activeKernelHash() external view returns (bytes32) {
        return _activeHash;
    }

    /// @notice The confirmed kernel that waits for activation; height 0 if there is none.
    /// @return kernel Its content.
    /// @return kernelHash Its hash.
    /// @return activationDynasty First dynasty of a block at whose end it becomes active.
    function pendingKernel()
        external
        view
        returns (Kernel memory kernel, bytes32 kernelHash, uint64 activationDynasty)
    {
        if (_pending.height != 0) activationDynasty = _pendingDynasty + ACTIVATION_DELAY;
        return (_pending, _pendingHash, activationDynasty);
    }

    function _requireOnOrigin(
        uint64 height,
        bytes32 kernelHash,
        uint64 originBlockNumber,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) private view {
        bytes32 stateRoot = OriginObserver(Predeploys.ORIGIN_OBSERVER)
            .finalizedStateRoot(originBlockNumber);
        if (stateRoot == 0) revert RegistryObservationNotFinal(originBlockNumber);
        bytes32 proven = CalldataTrie.storageValue(
            CalldataTrie.storageRoot(stateRoot, _core, accountProof),
            keccak256(abi.encode(height, KERNEL_HASH_SLOT)),
            storageProof
        );
        if (proven != kernelHash) revert RegistryKernelMismatch(proven, kernelHash);
    }

    /// @dev Notes the words that differ from the active set. Both sets are commitments of the core, so seats never shrink.
    function _recordChanges(Kernel calldata kernel, bytes calldata validatorSet) private {
        bytes32 setHash = keccak256(validatorSet);
        if (setHash != kernel.validatorSetHash) {
            revert RegistryValidatorSetMismatch(kernel.validatorSetHash, setHash);
        }
        uint256[] memory current = FinalityGadget(Predeploys.FINALITY_GADGET).validatorWords();
        uint256 seats = validatorSet.length / 32;
        uint256 forward;
        uint256 rear;
        for (uint256 i; i < seats; ++i) {
            uint256 word = uint256(bytes32(validatorSet[32 * i:32 * i + 32]));
            forward += ValidatorWord.forwardWeight(word);
            rear += ValidatorWord.rearWeight(word);
            if (i < current.length && current[i] == word) continue;
            _changedIndices.push(uint16(i));
            _changedWords.push(word);
        }
        if (forward != kernel.forwardWeight || rear != kernel.rearWeight) {
            revert RegistryWeightsMismatch(forward, rear);
        }
    }
}
