// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { DoubleEndedQueue } from "@openzeppelin/contracts/utils/structs/DoubleEndedQueue.sol";

import { Reputation } from "../reputation/Reputation.sol";
import { ReputationFunction } from "../reputation/ReputationFunction.sol";
import { CoreStorage } from "./CoreStorage.sol";
import { Losses } from "./Losses.sol";

/// @title Weights that follow reputations
/// @notice The reputation contract is asked here, in transactions of their own; the next kernel takes what was answered.
/// @dev Part of the keeper. Spec: §2.7, eq. 3; docs/protocol.md §5, "Reputation".
abstract contract Reweighings is Losses {
    using DoubleEndedQueue for DoubleEndedQueue.Bytes32Deque;

    /// @notice The validator is in another state.
    error ValidatorWrongStatus(address validator, ValidatorStatus current);
    /// @notice The reputation contract gave no answer, so nothing changes.
    error ReputationUnanswered(address validator);
    /// @notice The validator has the weight that its reputation asks for.
    error ValidatorWeightUnchanged(address validator, uint256 weight);

    /// @notice A validator is to have another weight.
    /// @param reputation Its reputation, in basis points.
    /// @param weight Its weight by it, with the stake as it is now.
    event ReweighRequested(address indexed validator, uint256 reputation, uint256 weight);
    /// @notice A validator is to leave: by its own will, or because its reputation fell to nothing.
    event LogoutRequested(address indexed validator);

    /// @notice Asks for a validator's reputation and has the next kernel follow it; by anyone. A seated validator whose weight would
    ///         fall to zero is logged out. Asked again before that kernel, the later answer counts.
    function reweigh(address validator) external {
        if (_head.phase == Phase.Halted) revert CoreWrongPhase(Phase.Open, Phase.Halted);
        Reputation reputation = CoreStorage(address(this)).parameters().reputation;
        Validator storage entry = _validators[validator];
        bool isAnswered;
        uint256 value;
        if (entry.status == ValidatorStatus.Queued) {
            (isAnswered, value) = _askBeforeJoin(validator, reputation);
            if (!isAnswered) revert ReputationUnanswered(validator);
            _weighBeforeJoin(validator, value);
        } else if (entry.status == ValidatorStatus.Seated) {
            (isAnswered, value) = ReputationFunction.ask(
                reputation, validator, entry.startHeight, _head.height + 1
            );
            if (!isAnswered) revert ReputationUnanswered(validator);
            _reweighSeated(validator, value);
        } else {
            revert ValidatorWrongStatus(validator, entry.status);
        }
        emit ReweighRequested(validator, value, ReputationFunction.weigh(entry.stake, value));
    }

    /// @notice Where the weight of a validator is kept apart from its stake, see `isWeighted` of {CoreStorage-validatorOf}.
    function weightingOf(address validator) external view returns (Weighting memory) {
        return _weightings[validator];
    }

    /// @dev R of a validator that waits in the queue, as if the next kernel took it.
    function _askBeforeJoin(address validator, Reputation reputation)
        internal
        view
        returns (bool isAnswered, uint256 value)
    {
        uint64 next = _head.height + 1;
        uint64 startHeight = _head.phase == Phase.Creation ? 0 : next;
        return ReputationFunction.ask(reputation, validator, startHeight, next);
    }

    /// @dev Of a validator that has its whole stake as weight, nothing is kept.
    function _weighBeforeJoin(address validator, uint256 reputation) internal {
        Validator storage entry = _validators[validator];
        uint256 weight = ReputationFunction.weigh(entry.stake, reputation);
        if (weight == entry.stake && !entry.isWeighted) return;
        entry.isWeighted = true;
        _weightings[validator].weight = uint96(weight);
    }

    /// @dev Ends its seat.
    function _queueLogout(address validator) internal {
        _validators[validator].status = ValidatorStatus.LogoutQueued;
        _logouts.pushBack(bytes32(uint256(uint160(validator))));
        ++_head.queuedChanges;
        emit LogoutRequested(validator);
    }

    function _reweighSeated(address validator, uint256 reputation) private {
        _settleLosses(validator);
        Validator storage entry = _validators[validator];
        Weighting storage weighting = _weightings[validator];
        if (!entry.isWeighted) {
            entry.isWeighted = true;
            weighting.weight = entry.stake;
        }
        uint256 current = weighting.weight;
        uint256 weight = ReputationFunction.weigh(entry.stake, reputation);
        bool isWaiting = weighting.queued != 0;
        if (weight == current && !isWaiting) revert ValidatorWeightUnchanged(validator, weight);
        if (weight == 0 && current != 0) {
            _queueLogout(validator);
            return;
        }
        weighting.queued = uint16(reputation + 1);
        if (isWaiting) return;
        _reweighs.pushBack(bytes32(uint256(uint160(validator))));
        ++_head.queuedChanges;
    }
}
