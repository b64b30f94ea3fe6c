// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { DoubleEndedQueue } from "@openzeppelin/contracts/utils/structs/DoubleEndedQueue.sol";

import { Offence } from "../protocol/Offences.sol";

/// @title All storage of a core
/// @notice The one place where a core's state is declared. The core and its arbiter, whose code runs on the core's storage,
///         inherit it first and declare no state of their own, so both mean the same slots.
/// @dev Slot 0 is read by proof on the auxiliary chain. Spec: docs/protocol.md §5.
abstract contract CoreState {
    /// @notice The core is in another state of its life.
    error CoreWrongPhase(Phase expected, Phase current);

    /// @notice A validator is out of the set, or left the queue before it was in; its withdrawal delay begins.
    event ValidatorRemoved(address indexed validator);

    /// @notice The life of a core.
    enum Phase {
        Creation,
        Open,
        Halted
    }

    /// @notice The life of a validator.
    enum ValidatorStatus {
        Unknown,
        Queued,
        Seated,
        LogoutQueued,
        Leaving,
        Removed,
        Withdrawn,
        Slashed
    }

    /// @notice Where the core stands; one slot.
    /// @param phase State of its life.
    /// @param height Height of the open kernel.
    /// @param dynasty Dynasty of the last committed transition object.
    /// @param accumulatedGas Accumulated gas of the same.
    /// @param queuedChanges Joins and logouts that wait in the queues.
    /// @param slashedSeats Seats of the open kernel whose validator is slashed; the next kernel has them empty.
    struct Head {
        Phase phase;
        uint64 height;
        uint64 dynasty;
        uint64 accumulatedGas;
        uint32 queuedChanges;
        uint16 slashedSeats;
    }

    /// @notice What the core keeps of a validator; two slots.
    /// @param stake Staked amount, in base units of the token. Its weight is the same. Once slashed: what of it the reporter
    ///        receives, until it is paid.
    /// @param withdrawal Who receives the stake back. Once slashed: the reporter.
    /// @param startHeight First meta-block height, from `Seated` on.
    /// @param endHeight Last meta-block height; 2^64-1 before `Leaving`.
    /// @param index Seat, from `Seated` on.
    /// @param removedAt Time of the removal, in seconds since 1970.
    /// @param status State of its life.
    struct Validator {
        uint96 stake;
        address withdrawal;
        uint64 startHeight;
        uint64 endHeight;
        uint32 index;
        uint48 removedAt;
        ValidatorStatus status;
    }

    /// @dev One slot.
    struct Proposal {
        address proposer;
        uint48 challengeEnd;
        uint48 height;
    }

    /// @notice Where the staked tokens are; one slot.
    /// @param staked Stakes of all validators, and the rewards of reporters that are not paid yet.
    /// @param burned Stakes lost for good. They stay in the core, which has no way to pay them out: a token may refuse a
    ///        transfer to a dead address, and no token must be able to refuse a slashing.
    /// @param haltedAt Time when the core halted, in seconds since 1970.
    struct Ledger {
        uint104 staked;
        uint104 burned;
        uint48 haltedAt;
    }

    /// @dev Who proved the guilt of many at once, and of what. One slot.
    struct Verdict {
        address accuser;
        Offence offence;
    }

    /// @dev Sums of weights over the forward and the rear part of one validator set; one slot. The height keeps the slot from
    ///      being zero, which makes changes cheap.
    struct SetWeights {
        uint48 height;
        uint104 forward;
        uint104 rear;
    }

    uint64 internal constant NO_END_HEIGHT = type(uint64).max;
    uint48 internal constant NO_HEIGHT = type(uint48).max;

    /// @dev Slot 0.
    mapping(uint64 height => bytes32) internal _kernelHashes;
    /// @dev Slot 1.
    mapping(uint64 height => bytes32) internal _stateRoots;
    /// @dev Slot 2.
    Head internal _head;
    mapping(address validator => Validator) internal _validators;
    DoubleEndedQueue.Bytes32Deque internal _joins;
    DoubleEndedQueue.Bytes32Deque internal _logouts;
    mapping(uint64 number => bytes32) internal _anchoredHashes;
    mapping(bytes32 transitionHash => Proposal) internal _proposals;
    mapping(address proposer => uint256) internal _bondsOwed;
    Ledger internal _ledger;
    /// @dev Nominal weights of the open kernel's set, since the height at which it last changed.
    SetWeights internal _setWeights;
    /// @dev Weights of the validators of that set that are slashed.
    SetWeights internal _slashedWeights;
    /// @dev The same two of the set before; the height is the last at which it was open, `NO_HEIGHT` if there was none.
    SetWeights internal _previousWeights;
    SetWeights internal _previousSlashed;
    Verdict internal _verdict;
    /// @dev One bit per seat of the last kernel's set on which the verdict is not carried out yet.
    mapping(uint256 indexWord => uint256 bits) internal _convicted;

    modifier onlyIn(Phase phase) {
        _requirePhase(phase);
        _;
    }

    /// @dev A seated validator's weight in the forward and in the rear set of a height (§2.7, eq. 6 and 7).
    function _weightsAt(Validator memory entry, uint256 height)
        internal
        pure
        returns (uint256 forward, uint256 rear)
    {
        if (entry.startHeight <= height && height < entry.endHeight) forward = entry.stake;
        if (entry.startHeight < height && height <= entry.endHeight) rear = entry.stake;
    }

    /// @dev Whether a validator has a seat in the open kernel's set.
    function _isSeated(ValidatorStatus status) internal pure returns (bool) {
        return status == ValidatorStatus.Seated || status == ValidatorStatus.LogoutQueued
            || status == ValidatorStatus.Leaving;
    }

    function _remove(address validator) internal {
        Validator storage entry = _validators[validator];
        entry.removedAt = uint48(block.timestamp);
        entry.status = ValidatorStatus.Removed;
        emit ValidatorRemoved(validator);
    }

    function _requirePhase(Phase phase) private view {
        if (_head.phase != phase) revert CoreWrongPhase(phase, _head.phase);
    }
}
