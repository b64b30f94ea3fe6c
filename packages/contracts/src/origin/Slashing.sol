// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FalseTransitions } from "../protocol/FalseTransitions.sol";
import { Offence, Offences } from "../protocol/Offences.sol";
import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { VoteMessage } from "../protocol/Types.sol";
import { CoreStorage } from "./CoreStorage.sol";
import { Verdicts } from "./Verdicts.sol";

/// @title Offences of single validators, and the weight at which they halt a core
/// @dev Part of the arbiter: runs on a core's storage, and asks parameters of the core, which is `address(this)`.
///      Spec: §2.2, §2.5; docs/protocol.md §3, §5.
abstract contract Slashing is Verdicts {
    /// @notice The signer has no stake in this core: it never had, has it back, or is slashed already.
    error ArbiterNotSlashable(address validator, ValidatorStatus current);

    /// @notice The core takes no more meta-blocks, for ever.
    /// @param height Height of the kernel that stays open.
    /// @param reason Why.
    /// @param reporter Who brought the proof.
    event Halted(uint64 indexed height, HaltReason reason, address indexed reporter);

    /// @notice Slashes the signer of two votes that break condition 1, 2 or 3 together. By anyone, in any order, in any phase;
    ///         a validator is slashable until its stake is withdrawn.
    /// @param first A vote.
    /// @param firstSignature Its signature, of 64 (EIP-2098) or 65 bytes.
    /// @param second Another vote of the same validator.
    /// @param secondSignature Its signature.
    function slash(
        VoteMessage calldata first,
        bytes calldata firstSignature,
        VoteMessage calldata second,
        bytes calldata secondSignature
    ) external {
        JudgementTerms memory terms = CoreStorage(address(this)).judgementTerms();
        (address validator, Offence offence) = Offences.requireOffence(
            terms.domain,
            terms.auxiliary,
            ProtocolHashes.originOf(terms.auxiliary),
            first,
            firstSignature,
            second,
            secondSignature
        );
        _slash(validator, offence, terms.reporterShare);
    }

    /// @notice Slashes the signer of a vote whose transition hash is false under its own source (condition 4). By anyone.
    /// @param vote The vote.
    /// @param signature Its signature, of 64 (EIP-2098) or 65 bytes.
    /// @param header RLP of the source's header.
    /// @param accountProof Nodes from the source's state root to the account of TransitionTracker; none for votes about origin.
    /// @param storageProof Nodes from its storage root to slot 0; none for votes about origin.
    function slashFalseTransition(
        VoteMessage calldata vote,
        bytes calldata signature,
        bytes calldata header,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) external {
        JudgementTerms memory terms = CoreStorage(address(this)).judgementTerms();
        address validator = FalseTransitions.requireFalse(
            terms.domain, terms.auxiliary, vote, signature, header, accountProof, storageProof
        );
        _slash(validator, Offence.FalseTransition, terms.reporterShare);
    }

    /// @dev Only the core's own books change: no token can stand in the way of a slashing. The reporter's share stays in the
    ///      entry, to be paid by `withdraw`.
    function _slash(address validator, Offence offence, uint256 reporterShare) private {
        if (_head.phase == Phase.Halted) _executeVerdict(validator);
        _settleLosses(validator);
        Validator storage entry = _validators[validator];
        ValidatorStatus status = entry.status;
        bool isSlashable = status != ValidatorStatus.Unknown && status != ValidatorStatus.Withdrawn
            && status != ValidatorStatus.Slashed;
        if (!isSlashable) revert ArbiterNotSlashable(validator, status);
        _countSlashed(validator, status);
        _takeStake(validator, offence, msg.sender, reporterShare);
    }

    /// @dev Takes the weight of a validator out of all that is counted from now on, and halts the core when more than a third of
    ///      the forward or the rear weight of one set is slashed while its height or the next is open. A set that did not
    ///      change since the height before needs no second look.
    function _countSlashed(address validator, ValidatorStatus status) private {
        if (_head.phase != Phase.Open) return;
        Validator storage entry = _validators[validator];
        uint64 height = _head.height;
        bool hadSeat = status == ValidatorStatus.Removed && entry.endHeight != NO_END_HEIGHT;
        if (!hadSeat && !_isSeated(status)) return;
        bool isThresholdPassed;
        if (uint256(_previousWeights.height) + 1 == height) {
            (uint256 forward, uint256 rear) = _weightsAt(validator, entry, height - 1);
            isThresholdPassed = _addSlashed(_previousSlashed, _previousWeights, forward, rear);
        }
        if (!hadSeat) {
            (uint256 forward, uint256 rear) = _weightsAt(validator, entry, height);
            bool isPassed = _addSlashed(_slashedWeights, _setWeights, forward, rear);
            isThresholdPassed = isThresholdPassed || isPassed;
            ++_head.slashedSeats;
            if (entry.endHeight > height) entry.endHeight = height;
        }
        if (isThresholdPassed) _halt(HaltReason.SafetyThreshold);
    }

    function _addSlashed(
        SetWeights storage slashed,
        SetWeights storage total,
        uint256 forward,
        uint256 rear
    ) private returns (bool) {
        uint256 slashedForward = slashed.forward + forward;
        uint256 slashedRear = slashed.rear + rear;
        slashed.forward = uint104(slashedForward);
        slashed.rear = uint104(slashedRear);
        return _isThresholdPassed(slashedForward, total.forward, slashedRear, total.rear);
    }

    /// @dev Twin of `exceedsSafetyThreshold` in packages/finality.
    function _isThresholdPassed(
        uint256 forward,
        uint256 forwardTotal,
        uint256 rear,
        uint256 rearTotal
    ) internal pure returns (bool) {
        return 3 * forward > forwardTotal || 3 * rear > rearTotal;
    }

    function _halt(HaltReason reason) internal {
        _head.phase = Phase.Halted;
        _verdict.haltedAt = uint48(block.timestamp);
        emit Halted(_head.height, reason, msg.sender);
    }

    /// @dev Halts the core and convicts the validators in some seats of its last set, on which the verdict can be carried out
    ///      one by one: their number must not be bounded by the gas of one transaction.
    function _haltAndConvict(HaltReason reason, Offence offence, uint256[] calldata seats)
        internal
    {
        _convicted[0] = seats[0];
        for (uint256 i = 1; i < seats.length; ++i) {
            if (seats[i] != 0) _convicted[i] = seats[i];
        }
        _verdict = Verdict(msg.sender, uint48(block.timestamp), reason, offence);
        _halt(reason);
    }
}
