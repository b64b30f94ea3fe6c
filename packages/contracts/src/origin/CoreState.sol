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

    /// @notice Why a core halted.
    enum HaltReason {
        SafetyThreshold,
        ConflictingLinks,
        ContradictingObservation
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
    /// @param queuedChanges Joins, logouts and changes of weight that wait in the queues.
    /// @param slashedSeats Seats of the open kernel whose validator is slashed; the next kernel has them empty.
    /// @param lossPending Whether the validators of the height before lose stake; the next kernel has their weights lower.
    struct Head {
        Phase phase;
        uint64 height;
        uint64 dynasty;
        uint64 accumulatedGas;
        uint32 queuedChanges;
        uint16 slashedSeats;
        bool lossPending;
    }

    /// @notice What the core keeps of a validator; two slots.
    /// @param stake Staked amount, in base units of the token. Once slashed: what of it the reporter receives, until it is paid.
    /// @param withdrawal Who receives the stake back. Once slashed: the reporter.
    /// @param startHeight First meta-block height, from `Seated` on.
    /// @param endHeight Last meta-block height; 2^64-1 before `Leaving`.
    /// @param index Seat, from `Seated` on.
    /// @param removedAt Time of the removal, in seconds since 1970.
    /// @param status State of its life.
    /// @param lossesSettled Number of common losses that its stake has been brought up to.
    /// @param isWeighted Whether its weight is kept apart, see {Weighting}; else it is the stake.
    struct Validator {
        uint96 stake;
        address withdrawal;
        uint64 startHeight;
        uint64 endHeight;
        uint32 index;
        uint48 removedAt;
        ValidatorStatus status;
        uint32 lossesSettled;
        bool isWeighted;
    }

    /// @notice Weight of a validator whose reputation is or was not the whole; one slot. Losses lower it as they lower the stake.
    /// @param weight In the set of the open kernel; of a queued validator what it will join with.
    /// @param previous In the sets before `changedAt`.
    /// @param changedAt Height of the last kernel that changed it; 0 if none did.
    /// @param queued Reputation that waits for the next kernel, in basis points plus one; 0 if none does.
    struct Weighting {
        uint96 weight;
        uint96 previous;
        uint48 changedAt;
        uint16 queued;
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
    struct Ledger {
        uint128 staked;
        uint128 burned;
    }

    /// @notice Why and when a core halted, and who proved the guilt of many at once, of what. One slot.
    /// @param accuser Who brought the proof; the core itself before there is a verdict.
    /// @param haltedAt Time when the core halted, in seconds since 1970.
    /// @param reason Why it halted. `SafetyThreshold` is no verdict on many.
    /// @param offence What the convicted did.
    struct Verdict {
        address accuser;
        uint48 haltedAt;
        HaltReason reason;
        Offence offence;
    }

    /// @notice What all validators of one height lose because their gas target was missed; one slot.
    /// @param challenger Who brought the proof, and receives the reporter's share.
    /// @param height The height.
    /// @param fraction Part of each stake, in millionths.
    struct Loss {
        address challenger;
        uint48 height;
        uint32 fraction;
    }

    /// @notice The dynasty of a proven checkpoint above which nothing may close a height; one slot.
    /// @param challenger Who brought the proof, and receives the bonds of proposals above.
    /// @param height The height.
    /// @param dynasty The dynasty.
    struct Ceiling {
        address challenger;
        uint48 height;
        uint48 dynasty;
    }

    /// @notice What a core's arbiter asks of it to judge.
    /// @param domain EIP-712 domain separator of the core.
    /// @param auxiliary Identifier of the core.
    /// @param reporterShare See `CoreParameters`.
    /// @param missedDynastyLoss See `CoreParameters`.
    /// @param originEpochLength See `CoreParameters`.
    struct JudgementTerms {
        bytes32 domain;
        bytes32 auxiliary;
        uint256 reporterShare;
        uint256 missedDynastyLoss;
        uint64 originEpochLength;
    }

    /// @dev Sums of weights over the forward and the rear part of one validator set; one slot. The height keeps the slot from
    ///      being zero, which makes changes cheap.
    struct SetWeights {
        uint48 height;
        uint104 forward;
        uint104 rear;
    }

    /// @notice Most seats of a set. Bounds the gas of a commit: 4,500 per signer, and opening within one transaction.
    uint256 public constant MAX_SEATS = 512;

    uint64 internal constant NO_END_HEIGHT = type(uint64).max;
    uint48 internal constant NO_HEIGHT = type(uint48).max;
    uint256 internal constant BASIS_POINTS = 10_000;
    uint256 internal constant MILLIONTHS = 1_000_000;
    /// @dev Most that the validators of a height can lose by missing their gas target, in millionths.
    uint32 internal constant MAX_LOSS = 500_000;

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
    /// @dev Tokens that challengers earned and that are not paid yet.
    mapping(address account => uint256) internal _rewards;
    Ceiling internal _ceiling;
    /// @dev The loss of the last committed height, while a greater one may still be proven.
    Loss internal _openLoss;
    /// @dev Losses of earlier heights, in order.
    mapping(uint256 index => Loss) internal _losses;
    uint256 internal _lossCount;
    mapping(address validator => Weighting) internal _weightings;
    /// @dev Validators whose weight is to change.
    DoubleEndedQueue.Bytes32Deque internal _reweighs;

    modifier onlyIn(Phase phase) {
        _requirePhase(phase);
        _;
    }

    /// @dev A seated validator's weight in the forward and in the rear set of a height (§2.7, eq. 6 and 7).
    function _weightsAt(address validator, Validator memory entry, uint256 height)
        internal
        view
        returns (uint256 forward, uint256 rear)
    {
        uint256 weight = entry.stake;
        if (entry.isWeighted) {
            Weighting memory weighting = _weightings[validator];
            weight = height < weighting.changedAt ? weighting.previous : weighting.weight;
        }
        if (entry.startHeight <= height && height < entry.endHeight) forward = weight;
        if (entry.startHeight < height && height <= entry.endHeight) rear = weight;
    }

    /// @dev Whether a validator has a seat in the open kernel's set.
    function _isSeated(ValidatorStatus status) internal pure returns (bool) {
        return status == ValidatorStatus.Seated || status == ValidatorStatus.LogoutQueued
            || status == ValidatorStatus.Leaving;
    }

    /// @dev What a loss takes of an amount. Rounds down, so that nothing positive is lost whole.
    function _lossOf(uint256 amount, uint256 fraction) internal pure returns (uint256) {
        return amount * fraction / MILLIONTHS;
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
