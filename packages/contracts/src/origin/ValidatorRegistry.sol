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
import { CoreStorage } from "./CoreStorage.sol";
import { SealedLinks } from "./SealedLinks.sol";

/// @title The validators of a core and their stakes
/// @notice Stake in, and the dynamic validator set. The ways out are in {Withdrawals}.
/// @dev The set of a height is kept as a commitment in its kernel and passed in calldata. Flags alone say what becomes of a
///      seat at the next height: forward without rear has just joined, rear without forward has just logged out.
///      Spec: §2.7; docs/protocol.md §2, §5.
abstract contract ValidatorRegistry is CoreStorage, SealedLinks, ReentrancyGuardTransient {
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
    /// @notice There is no validator to begin with.
    error ValidatorSetEmpty();

    /// @notice A stake was paid in.
    event ValidatorDeposited(
        address indexed validator, address indexed withdrawal, uint256 stake, address payer
    );

    /// @dev The validator set of one height, as memory words.
    struct NextSet {
        bytes32 setHash;
        bytes updates;
        uint128 forwardWeight;
        uint128 rearWeight;
        uint32 queuedChanges;
    }

    /// @notice Most seats of a set. Bounds the gas of a commit: 4,500 per signer, and opening within one transaction.
    uint256 public constant MAX_SEATS = 512;

    uint256 internal constant MAX_STAKE = ValidatorWord.WEIGHT_MASK;

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
        if (_head.phase == Phase.Halted) {
            revert CoreWrongPhase(Phase.Open, Phase.Halted);
        }
        if (validator == address(0) || withdrawal == address(0)) revert ValidatorAddressZero();
        Validator storage entry = _validators[validator];
        if (entry.status != ValidatorStatus.Unknown) revert ValidatorKnown(validator);
        if (msg.sender != validator) _requireRegistration(validator, withdrawal, signature);
        if (amount < _minimumStake || amount > MAX_STAKE) {
            revert ValidatorStakeOutOfBounds(amount, _minimumStake, MAX_STAKE);
        }
        if (_head.phase == Phase.Creation && _joins.length() == MAX_SEATS) {
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

        uint256 before = _token.balanceOf(address(this));
        _token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = _token.balanceOf(address(this)) - before;
        if (received != amount) revert ValidatorStakeNotReceived(amount, received);
    }

    /// @notice What the core keeps of a validator.
    function validatorOf(address validator) external view returns (Validator memory) {
        return _validators[validator];
    }

    /// @notice Joins and logouts that wait for a height.
    function queueLengths() external view returns (uint256 joins, uint256 logouts) {
        return (_joins.length(), _logouts.length());
    }

    /// @dev The genesis set: all that staked in creation, in order, with both flags.
    function _takeGenesisSet() internal returns (NextSet memory next) {
        uint256[] memory words = new uint256[](_joins.length());
        uint256 seats;
        while (!_joins.empty()) {
            address validator = _popAddress(_joins);
            if (_validators[validator].status != ValidatorStatus.Queued) continue;
            words[seats] =
                _takeSeat(validator, seats, 0) | ValidatorWord.FORWARD | ValidatorWord.REAR;
            ++seats;
        }
        if (seats == 0) revert ValidatorSetEmpty();
        _shorten(words, seats);
        (next.updates, next.forwardWeight, next.rearWeight) = _compare(msg.data[0:0], words);
        next.setHash = _hashOf(words);
        _recordWeights(1, next);
        _previousWeights.height = NO_HEIGHT;
    }

    /// @dev The set of height `height` from that of the height before, without the slashed, and what the queues let through.
    function _advanceSet(
        bytes calldata current,
        uint64 height,
        uint32 queuedChanges,
        bool anySlashed,
        bool isLossPending
    ) internal returns (NextSet memory next) {
        uint256 fraction = isLossPending ? _closeLoss() : 0;
        uint256 seats = current.length / 32;
        uint256[] memory words = new uint256[](seats + _maxJoins);
        SetWeights memory previous = SetWeights(uint48(height - 1), 0, 0);
        // Unchecked: the index is below the number of seats.
        unchecked {
            for (uint256 i; i < seats; ++i) {
                uint256 word = ValidatorWord.atSeat(current, i);
                // Who joined after the height that missed its target has no rear flag yet, and loses nothing.
                if (word & ValidatorWord.REAR != 0) {
                    word -= _lossOf(word & ValidatorWord.WEIGHT_MASK, fraction);
                }
                previous.forward += uint104(ValidatorWord.forwardWeight(word));
                previous.rear += uint104(ValidatorWord.rearWeight(word));
                if (anySlashed && _isSlashed(word)) continue;
                if (word & ValidatorWord.FORWARD != 0) {
                    words[i] = word | ValidatorWord.REAR;
                } else if (word != 0) {
                    _remove(ValidatorWord.validatorOf(word));
                }
            }
        }
        if (queuedChanges != 0) {
            (uint256 seatsAfter, uint256 taken) = _takeJoins(words, seats, height);
            seats = seatsAfter;
            next.queuedChanges = queuedChanges - uint32(taken + _takeLogouts(words, height));
        }
        _shorten(words, seats);
        (next.updates, next.forwardWeight, next.rearWeight) = _compare(current, words);
        next.setHash = _hashOf(words);
        _previousWeights = previous;
        _previousSlashed = _slashedWeights;
        _recordWeights(height, next);
    }

    /// @dev No greater loss of that height can be proven any more. From here on it is in all weights, also in those of the set
    ///      before by which slashings across the boundary are measured.
    function _closeLoss() private returns (uint256 fraction) {
        Loss memory loss = _openLoss;
        _losses[_lossCount] = loss;
        ++_lossCount;
        return loss.fraction;
    }

    function _recordWeights(uint64 height, NextSet memory set) private {
        _setWeights =
            SetWeights(uint48(height), uint104(set.forwardWeight), uint104(set.rearWeight));
        _slashedWeights = SetWeights(uint48(height), 0, 0);
    }

    /// @dev Fills free seats, lowest first, then new ones. Also those that left the queue again count towards the limit, so
    ///      that the work of a height stays bounded.
    function _takeJoins(uint256[] memory words, uint256 seats, uint64 height)
        private
        returns (uint256, uint256 taken)
    {
        uint256 seat;
        for (; taken < _maxJoins && !_joins.empty(); ++taken) {
            while (seat < seats && words[seat] != 0) ++seat;
            if (seat == MAX_SEATS) break;
            address validator = _popAddress(_joins);
            if (_validators[validator].status != ValidatorStatus.Queued) continue;
            if (seat == seats) ++seats;
            words[seat] = _takeSeat(validator, seat, height) | ValidatorWord.FORWARD;
        }
        return (seats, taken);
    }

    /// @dev A logout that would leave the forward set empty waits. The rear set is the forward set of the height before, so
    ///      it is never empty either.
    function _takeLogouts(uint256[] memory words, uint64 height) private returns (uint256 taken) {
        if (_logouts.empty()) return 0;
        uint256 forwardSeats;
        for (uint256 i; i < words.length; ++i) {
            if (words[i] & ValidatorWord.FORWARD != 0) ++forwardSeats;
        }
        for (; taken < _maxLogouts && forwardSeats > 1 && !_logouts.empty(); ++taken) {
            Validator storage entry = _validators[_popAddress(_logouts)];
            if (entry.status != ValidatorStatus.LogoutQueued) continue;
            entry.endHeight = height;
            entry.status = ValidatorStatus.Leaving;
            words[entry.index] ^= ValidatorWord.FORWARD;
            --forwardSeats;
        }
    }

    /// @dev The updates from the words `before` to `words`, and the weights of the latter.
    function _compare(bytes calldata before, uint256[] memory words)
        private
        view
        returns (bytes memory updates, uint128 forwardWeight, uint128 rearWeight)
    {
        uint256[] memory changes = new uint256[](2 * words.length);
        uint256 used;
        uint256 forward;
        uint256 rear;
        // Unchecked: counters, and sums of at most 512 weights below 2^94.
        unchecked {
            for (uint256 i; i < words.length; ++i) {
                uint256 word = words[i];
                forward += ValidatorWord.forwardWeight(word);
                rear += ValidatorWord.rearWeight(word);
                uint256 old = 32 * i < before.length ? ValidatorWord.atSeat(before, i) : 0;
                if (word == old) continue;
                Validator storage entry =
                    _validators[ValidatorWord.validatorOf(word == 0 ? old : word)];
                changes[used] = word;
                changes[used + 1] =
                    (uint256(entry.startHeight) << 192) | (uint256(entry.endHeight) << 128) | i;
                used += 2;
            }
        }
        // Assembly: the words of an array in memory are the bytes, once the length is in bytes.
        assembly ("memory-safe") {
            mstore(changes, shl(5, used))
            updates := changes
        }
        return (updates, uint128(forward), uint128(rear));
    }

    function _takeSeat(address validator, uint256 index, uint64 height)
        private
        returns (uint256 word)
    {
        Validator storage entry = _validators[validator];
        entry.startHeight = height;
        entry.index = uint32(index);
        entry.lossesSettled = uint32(_lossCount);
        entry.status = ValidatorStatus.Seated;
        return ValidatorWord.encode(validator, entry.stake);
    }

    function _requireRegistration(address validator, address withdrawal, bytes calldata signature)
        private
        view
    {
        bytes32 digest = ProtocolHashes.registrationDigest(domainSeparator, validator, withdrawal);
        (, bytes32 r, bytes32 yParityAndS) = CompactSignature.toWords(signature);
        address recovered = CompactSignature.recover(digest, r, yParityAndS);
        if (recovered != validator) revert ValidatorNotAuthorized(validator, recovered);
    }

    function _popAddress(DoubleEndedQueue.Bytes32Deque storage queue) private returns (address) {
        return address(uint160(uint256(queue.popFront())));
    }

    /// @dev Keccak-256 of the words in index order, in place.
    function _hashOf(uint256[] memory words) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(words, 0x20), shl(5, mload(words)))
        }
    }

    /// @dev Cuts a memory array; there is no way to do so without assembly.
    function _shorten(uint256[] memory words, uint256 length) private pure {
        assembly ("memory-safe") {
            mstore(words, length)
        }
    }
}
