// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Offence } from "../protocol/Offences.sol";
import { CoreStorage } from "./CoreStorage.sol";
import { Losses } from "./Losses.sol";

/// @title What a proven guilt means for the stake of one validator
/// @dev Spec: §2.2, §2.3; docs/protocol.md §5.
abstract contract Verdicts is Losses {
    /// @notice A validator broke a slashing condition and lost its stake and its weight.
    /// @param offence The condition.
    /// @param stake What it lost.
    /// @param reporter Who brought the proof.
    /// @param reward What of the stake the reporter may claim; the rest is burned.
    event ValidatorSlashed(
        address indexed validator,
        Offence offence,
        uint256 stake,
        address indexed reporter,
        uint256 reward
    );

    /// @dev Whether a verdict of the halted core waits to be carried out on a validator.
    function _isConvicted(address validator) internal view returns (bool) {
        Validator storage entry = _validators[validator];
        if (_head.phase != Phase.Halted || _verdict.reason == HaltReason.SafetyThreshold) {
            return false;
        }
        uint256 index = entry.index;
        return _isSeated(entry.status) && (_convicted[index >> 8] >> (index & 0xff)) & 1 != 0;
    }

    /// @dev Empties the books of a validator: the share goes to the reporter, the rest is burned.
    function _takeStake(address validator, Offence offence, address reporter, uint256 reporterShare)
        internal
    {
        Validator storage entry = _validators[validator];
        uint256 stake = entry.stake;
        uint256 reward = stake * reporterShare / BASIS_POINTS;
        entry.stake = uint96(reward);
        entry.withdrawal = reporter;
        entry.status = ValidatorStatus.Slashed;
        uint128 burned = uint128(stake - reward);
        _ledger.staked -= burned;
        _ledger.burned += burned;
        emit ValidatorSlashed(validator, offence, stake, reporter, reward);
    }

    /// @dev Returns false if there is no verdict on the validator.
    function _executeVerdict(address validator) internal returns (bool) {
        if (!_isConvicted(validator)) return false;
        _settleLosses(validator);
        Validator storage entry = _validators[validator];
        _convicted[entry.index >> 8] ^= 1 << (entry.index & 0xff);
        uint256 reporterShare = CoreStorage(address(this)).judgementTerms().reporterShare;
        Verdict memory verdict = _verdict;
        if (verdict.offence == Offence.None) {
            uint256 loss = entry.stake * reporterShare / BASIS_POINTS;
            _reduceStake(validator, loss, verdict.accuser, loss);
        } else {
            _takeStake(validator, verdict.offence, verdict.accuser, reporterShare);
        }
        return true;
    }
}
