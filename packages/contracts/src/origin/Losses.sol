// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CoreState } from "./CoreState.sol";
import { CoreStorage } from "./CoreStorage.sol";

/// @title Stakes that fall by what a whole height lost
/// @notice A loss is one record, whatever the number of validators; each stake is brought up to date when it is touched.
/// @dev Spec: §2.5, §2.7 eq. 4; docs/protocol.md §5.
abstract contract Losses is CoreState {
    /// @notice A validator lost a part of its stake.
    /// @param loss What it lost.
    /// @param challenger Who brought the proof.
    /// @param reward What of the loss the challenger may claim; the rest is burned.
    event StakeReduced(
        address indexed validator, uint256 loss, address indexed challenger, uint256 reward
    );

    /// @dev Takes the losses of all heights in which the validator sat. When the core is halted, also the one still open.
    function _settleLosses(address validator) internal {
        uint256 end = _lossCount;
        bool isOpenLossDue = _head.lossPending && _head.phase == Phase.Halted;
        uint256 next = _validators[validator].lossesSettled;
        ValidatorStatus status = _validators[validator].status;
        bool hasStake = _isSeated(status) || status == ValidatorStatus.Removed;
        if (!hasStake || next == (isOpenLossDue ? end + 1 : end)) return;
        for (; next < end; ++next) {
            _applyLoss(validator, _losses[next]);
        }
        if (isOpenLossDue) _applyLoss(validator, _openLoss);
        _validators[validator].lossesSettled = uint32(isOpenLossDue ? end + 1 : end);
    }

    /// @dev Takes a part of a stake: the share for the challenger, the rest is burned.
    function _reduceStake(address validator, uint256 loss, address challenger, uint256 reward)
        internal
    {
        _validators[validator].stake -= uint96(loss);
        _ledger.staked -= uint128(loss);
        _ledger.burned += uint128(loss - reward);
        _rewards[challenger] += reward;
        emit StakeReduced(validator, loss, challenger, reward);
    }

    function _applyLoss(address validator, Loss memory loss) private {
        Validator storage entry = _validators[validator];
        if (entry.endHeight == NO_END_HEIGHT && !_isSeated(entry.status)) return;
        if (loss.height < entry.startHeight || loss.height > entry.endHeight) return;
        uint256 reporterShare = CoreStorage(address(this)).judgementTerms().reporterShare;
        uint256 amount = _lossOf(entry.stake, loss.fraction);
        _reduceStake(validator, amount, loss.challenger, amount * reporterShare / BASIS_POINTS);
        if (!entry.isWeighted) return;
        Weighting storage weighting = _weightings[validator];
        weighting.weight -= uint96(_lossOf(weighting.weight, loss.fraction));
    }
}
