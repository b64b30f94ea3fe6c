// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {
    ReentrancyGuardTransient
} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { DoubleEndedQueue } from "@openzeppelin/contracts/utils/structs/DoubleEndedQueue.sol";

import { CompactSignature } from "../protocol/CompactSignature.sol";
import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { ValidatorWord } from "../protocol/ValidatorWord.sol";
import { CoreParameters } from "./CoreParameters.sol";
import { CoreStorage } from "./CoreStorage.sol";
import { Reweighings } from "./Reweighings.sol";

/// @title The way into a core
/// @dev Part of the keeper. Spec: §2.7; docs/protocol.md §5.
abstract contract Deposits is Reweighings, ReentrancyGuardTransient {
    using DoubleEndedQueue for DoubleEndedQueue.Bytes32Deque;
    using SafeERC20 for IERC20;

    /// @notice An address is zero.
    error ValidatorAddressZero();
    /// @notice An address can be a validator of a core once.
    error ValidatorKnown(address validator);
    /// @notice Neither the validator itself pays, nor did it sign its registration.
    error ValidatorNotAuthorized(address validator, address recovered);
    /// @notice The stake is out of bounds.
    error ValidatorStakeOutOfBounds(uint256 amount, uint256 minimum, uint256 maximum);
    /// @notice The token delivered another amount.
    error ValidatorStakeNotReceived(uint256 expected, uint256 received);
    /// @notice No more validators fit.
    error ValidatorSetFull(uint256 maximum);

    /// @notice A stake was paid in.
    event ValidatorDeposited(
        address indexed validator, address indexed withdrawal, uint256 stake, address payer
    );

    uint256 private constant MAX_STAKE = ValidatorWord.WEIGHT_MASK;

    /// @notice Stakes for a validator. In creation it belongs to the genesis set; later it joins at the next height.
    /// @param validator Who votes; pays itself or signs `Registration(validator,withdrawal)`.
    /// @param withdrawal Who receives the stake back.
    /// @param amount Stake, in base units of the token.
    /// @param signature Signature of the registration; empty when the validator is the caller.
    function deposit(
        address validator,
        address withdrawal,
        uint256 amount,
        bytes calldata signature
    ) external nonReentrant {
        Phase phase = _head.phase;
        if (phase == Phase.Halted) revert CoreWrongPhase(Phase.Open, Phase.Halted);
        if (validator == address(0) || withdrawal == address(0)) revert ValidatorAddressZero();
        Validator storage entry = _validators[validator];
        if (entry.status != ValidatorStatus.Unknown) revert ValidatorKnown(validator);
        if (msg.sender != validator) _requireRegistration(validator, withdrawal, signature);
        CoreParameters memory parameters = CoreStorage(address(this)).parameters();
        if (amount < parameters.minimumStake || amount > MAX_STAKE) {
            revert ValidatorStakeOutOfBounds(amount, parameters.minimumStake, MAX_STAKE);
        }
        if (phase == Phase.Creation && _joins.length() == MAX_SEATS) {
            revert ValidatorSetFull(MAX_SEATS);
        }
        entry.stake = uint96(amount);
        entry.withdrawal = withdrawal;
        entry.endHeight = NO_END_HEIGHT;
        entry.status = ValidatorStatus.Queued;
        _joins.pushBack(bytes32(uint256(uint160(validator))));
        ++_head.queuedChanges;
        _ledger.staked += uint128(amount);
        emit ValidatorDeposited(validator, withdrawal, amount, msg.sender);
        // Who is not answered for joins without weight: no foreign contract can refuse a stake.
        (, uint256 reputation) = _askBeforeJoin(validator, parameters.reputation);
        _weighBeforeJoin(validator, reputation);

        IERC20 token = parameters.token;
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert ValidatorStakeNotReceived(amount, received);
    }

    function _requireRegistration(address validator, address withdrawal, bytes calldata signature)
        private
        view
    {
        bytes32 digest = ProtocolHashes.registrationDigest(
            CoreStorage(address(this)).domainSeparator(), validator, withdrawal
        );
        (, bytes32 r, bytes32 yParityAndS) = CompactSignature.toWords(signature);
        address recovered = CompactSignature.recover(digest, r, yParityAndS);
        if (recovered != validator) revert ValidatorNotAuthorized(validator, recovered);
    }
}
