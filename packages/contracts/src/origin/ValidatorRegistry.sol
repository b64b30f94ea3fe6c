// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { DoubleEndedQueue } from "@openzeppelin/contracts/utils/structs/DoubleEndedQueue.sol";

import { ValidatorWord } from "../protocol/ValidatorWord.sol";
import { ReputationFunction } from "../reputation/ReputationFunction.sol";
import { CoreStorage } from "./CoreStorage.sol";
import { Losses } from "./Losses.sol";
import { SealedLinks } from "./SealedLinks.sol";

/// @title The dynamic validator set of a core
/// @notice Who sits in which kernel, with what weight. The way in is in {Deposits}, the ways out are in {Withdrawals}.
/// @dev The set of a height is kept as a commitment in its kernel and passed in calldata. Flags alone say what becomes of a
///      seat at the next height: forward without rear has just joined, rear without forward has just logged out.
///      Spec: §2.7; docs/protocol.md §2, §5.
abstract contract ValidatorRegistry is CoreStorage, SealedLinks, Losses {
    using DoubleEndedQueue for DoubleEndedQueue.Bytes32Deque;

    /// @notice There is no validator with weight to begin with.
    error ValidatorSetEmpty();

    /// @dev The validator set of one height, as memory words.
    struct NextSet {
        bytes32 setHash;
        bytes updates;
        uint128 forwardWeight;
        uint128 rearWeight;
        uint32 queuedChanges;
    }

    /// @dev Losses after which a validator that waits for another weight has to be asked for again: settling them is the only part
    ///      of a commit whose work others could pile up.
    uint256 private constant MAX_UNSETTLED_LOSSES = 8;

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
        _shorten(words, seats);
        (next.updates, next.forwardWeight, next.rearWeight) = _compare(msg.data[0:0], words);
        if (next.forwardWeight == 0) revert ValidatorSetEmpty();
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
            taken += _takeReweighs(words, height);
            taken += _takeLogouts(words, height);
            next.queuedChanges = queuedChanges - uint32(taken);
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

    /// @dev Gives seats the weights that their reputations ask for. None falls to zero: who is to have no weight is logged out.
    ///      No foreign code is asked here, so none can stop a commit. Bounded as the joins are.
    function _takeReweighs(uint256[] memory words, uint64 height) private returns (uint256 taken) {
        for (; taken < _maxJoins && !_reweighs.empty(); ++taken) {
            address validator = _popAddress(_reweighs);
            Weighting storage weighting = _weightings[validator];
            uint256 reputation = weighting.queued - 1;
            weighting.queued = 0;
            Validator storage entry = _validators[validator];
            bool isBehind = _lossCount - entry.lossesSettled > MAX_UNSETTLED_LOSSES;
            if (entry.status != ValidatorStatus.Seated || isBehind) continue;
            _settleLosses(validator);
            uint256 weight = ReputationFunction.weigh(entry.stake, reputation);
            if (weight == 0) continue;
            weighting.previous = weighting.weight;
            weighting.weight = uint96(weight);
            weighting.changedAt = uint48(height);
            uint256 seat = entry.index;
            words[seat] = (words[seat] & ~ValidatorWord.WEIGHT_MASK) | weight;
        }
    }

    /// @dev A logout that would leave the forward set without weight waits, and those behind it. The rear set is the forward set
    ///      of the height before, so it is never without weight either: at most a third of that is slashed without a halt, and
    ///      neither losses nor reputations make a weight zero.
    function _takeLogouts(uint256[] memory words, uint64 height) private returns (uint256 taken) {
        if (_logouts.empty()) return 0;
        uint256 forward;
        for (uint256 i; i < words.length; ++i) {
            forward += ValidatorWord.forwardWeight(words[i]);
        }
        for (; taken < _maxLogouts && !_logouts.empty(); ++taken) {
            Validator storage entry = _validators[address(uint160(uint256(_logouts.front())))];
            if (entry.status == ValidatorStatus.LogoutQueued) {
                uint256 seat = entry.index;
                uint256 weight = ValidatorWord.forwardWeight(words[seat]);
                if (weight == forward) break;
                forward -= weight;
                entry.endHeight = height;
                entry.status = ValidatorStatus.Leaving;
                words[seat] ^= ValidatorWord.FORWARD;
            }
            _logouts.popFront();
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
        return ValidatorWord.encode(
            validator, entry.isWeighted ? _weightings[validator].weight : entry.stake
        );
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
