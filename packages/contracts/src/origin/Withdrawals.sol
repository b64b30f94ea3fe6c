// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {
    ReentrancyGuardTransient
} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import { Bonds } from "./Bonds.sol";
import { CoreParameters } from "./CoreParameters.sol";
import { CoreStorage } from "./CoreStorage.sol";
import { Reweighings } from "./Reweighings.sol";
import { Verdicts } from "./Verdicts.sol";

/// @title Ways out of a core: of validators, their stakes, and proposers' bonds
/// @dev Part of the keeper. Spec: §2.7; docs/protocol.md §5.
abstract contract Withdrawals is Verdicts, Bonds, Reweighings, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice The core's verdict, if there is one, is not on this validator, or is carried out.
    error ArbiterNotConvicted(address validator);

    /// @notice Only the validator or its withdrawal address may log it out.
    error ValidatorNotController(address validator, address caller);
    /// @notice The stake can still be slashed.
    error ValidatorWithdrawalTooEarly(address validator, uint256 earliest);

    /// @notice The gas target of the validator's last height can still be challenged, until the next one is committed.
    error ValidatorHeightContestable(address validator, uint64 height);
    /// @notice The account earned nothing that it is not paid.
    error CoreNoReward(address account);

    /// @notice A challenger was paid.
    event RewardPaid(address indexed account, uint256 reward);
    /// @notice A stake was paid out, or what is left of a slashed one to its reporter.
    event StakeWithdrawn(address indexed validator, address indexed withdrawal, uint256 stake);

    /// @notice Takes a validator out of the set; by itself or its withdrawal address. One that is not seated yet is out at
    ///         once, others when their logout has come through the queue.
    function logout(address validator) external {
        if (_head.phase == Phase.Halted) revert CoreWrongPhase(Phase.Open, Phase.Halted);
        Validator storage entry = _validators[validator];
        if (msg.sender != validator && msg.sender != entry.withdrawal) {
            revert ValidatorNotController(validator, msg.sender);
        }
        if (entry.status == ValidatorStatus.Queued) {
            _remove(validator);
            emit LogoutRequested(validator);
        } else if (entry.status == ValidatorStatus.Seated) {
            _queueLogout(validator);
        } else {
            revert ValidatorWrongStatus(validator, entry.status);
        }
    }

    /// @notice Pays the stake of a removed validator to its withdrawal address, once the delay is over, and what is left of a
    ///         slashed one to the reporter; by anyone. When the core is halted, every validator counts as removed then.
    function withdraw(address validator) external nonReentrant {
        bool isHalted = _head.phase == Phase.Halted;
        if (isHalted) _executeVerdict(validator);
        _settleLosses(validator);
        CoreParameters memory parameters = CoreStorage(address(this)).parameters();
        Validator storage entry = _validators[validator];
        ValidatorStatus status = entry.status;
        uint256 stake = entry.stake;
        bool isIn = status == ValidatorStatus.Queued || _isSeated(status);
        if (status == ValidatorStatus.Removed || (isHalted && isIn)) {
            uint256 since = isIn ? _verdict.haltedAt : entry.removedAt;
            uint256 earliest = since + parameters.withdrawalDelay;
            if (block.timestamp < earliest) {
                revert ValidatorWithdrawalTooEarly(validator, earliest);
            }
            if (!isHalted && uint256(entry.endHeight) + 1 == _head.height) {
                revert ValidatorHeightContestable(validator, entry.endHeight);
            }
            entry.status = ValidatorStatus.Withdrawn;
        } else if (status != ValidatorStatus.Slashed || stake == 0) {
            revert ValidatorWrongStatus(validator, status);
        }
        entry.stake = 0;
        _ledger.staked -= uint128(stake);
        emit StakeWithdrawn(validator, entry.withdrawal, stake);
        parameters.token.safeTransfer(entry.withdrawal, stake);
    }

    /// @notice Pays an account what it earned by challenges; by anyone.
    function claimReward(address account) external nonReentrant {
        uint256 reward = _rewards[account];
        if (reward == 0) revert CoreNoReward(account);
        delete _rewards[account];
        emit RewardPaid(account, reward);
        CoreStorage(address(this)).parameters().token.safeTransfer(account, reward);
    }

    /// @notice Gives back the bond of a proposal that can no longer be committed: its height was closed by another, or the
    ///         core is halted. To its proposer, by anyone.
    function reclaimBond(bytes32 transitionHash) external {
        Proposal memory proposal = _proposals[transitionHash];
        if (proposal.proposer == address(0)) revert CoreProposalUnknown(transitionHash);
        if (proposal.height == _head.height && _head.phase == Phase.Open) {
            revert CoreProposalNotStale(transitionHash);
        }
        delete _proposals[transitionHash];
        _returnBond(proposal.proposer, CoreStorage(address(this)).parameters().proposalBond);
    }

    /// @notice Pays the bonds that the caller is owed because a payment to it failed.
    function claimBonds(address payable recipient) external {
        uint256 owed = _bondsOwed[msg.sender];
        if (owed == 0) revert CoreNoBond(msg.sender);
        delete _bondsOwed[msg.sender];
        (bool paid,) = recipient.call{ value: owed }("");
        if (!paid) revert CoreBondRefused(recipient);
    }

    /// @notice Carries out the verdict of a halted core on one of the validators it convicted. By anyone.
    function executeVerdict(address validator) external {
        if (!_executeVerdict(validator)) revert ArbiterNotConvicted(validator);
    }

    /// @notice Brings the stakes of validators up to date, which pays the challengers their shares. By anyone.
    function settleLosses(address[] calldata validators) external {
        for (uint256 i; i < validators.length; ++i) {
            _settleLosses(validators[i]);
        }
    }

    /// @notice Whether a verdict of the halted core waits to be carried out on a validator.
    function isConvicted(address validator) external view returns (bool) {
        return _isConvicted(validator);
    }

    /// @notice Tokens that an account earned by challenges and that are not paid yet.
    function rewardOf(address account) external view returns (uint256) {
        return _rewards[account];
    }

    /// @notice Number of losses that are in all weights by now, and the last one proven.
    function losses() external view returns (uint256 closed, Loss memory open) {
        return (_lossCount, _openLoss);
    }

    /// @notice A proposal; the proposer is zero if there is none.
    function proposalOf(bytes32 transitionHash) external view returns (Proposal memory) {
        return _proposals[transitionHash];
    }

    /// @notice Bonds that a proposer is owed because a payment to it failed.
    function bondsOwed(address proposer) external view returns (uint256) {
        return _bondsOwed[proposer];
    }
}
