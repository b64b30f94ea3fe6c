// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FinalityRules } from "../protocol/FinalityRules.sol";
import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { Kernel } from "../protocol/Types.sol";
import { ValidatorWord } from "../protocol/ValidatorWord.sol";
import { CoreState } from "./CoreState.sol";
import { Seal } from "./Seal.sol";

/// @title Links with a supermajority of the open kernel's validators
/// @dev Spec: docs/protocol.md §3, §5.
abstract contract SealedLinks is CoreState {
    /// @notice The hash is not that of the open kernel.
    error CoreKernelNotOpen(bytes32 expected, bytes32 received);
    /// @notice The validator words are not those of the open kernel.
    error CoreValidatorSetMismatch(bytes32 expected, bytes32 received);
    /// @notice The votes are not above two thirds of both the forward and the rear weight.
    error CoreNotSupermajority(
        uint256 forward, uint256 forwardTotal, uint256 rear, uint256 rearTotal
    );

    function _requireKernel(uint64 height, Kernel calldata kernel, bytes calldata validatorSet)
        internal
        view
        returns (bytes32 received)
    {
        received = ProtocolHashes.kernelHash(kernel);
        bytes32 expected = _kernelHashes[height];
        if (received != expected) revert CoreKernelNotOpen(expected, received);
        bytes32 setHash = keccak256(validatorSet);
        if (setHash != kernel.validatorSetHash) {
            revert CoreValidatorSetMismatch(kernel.validatorSetHash, setHash);
        }
    }

    /// @dev Counts effective weights on both sides: a slashed validator neither votes nor is voted against (§2.7).
    function _requireSupermajority(
        bytes32 link,
        Kernel calldata kernel,
        bytes calldata validatorSet,
        uint256[] calldata signers,
        bytes calldata signatures,
        bool anySlashed
    ) internal view {
        (uint256 forward, uint256 rear) = Seal.weigh(link, validatorSet, signers, signatures);
        (uint256 forwardTotal, uint256 rearTotal) = (kernel.forwardWeight, kernel.rearWeight);
        if (anySlashed) {
            (uint256 slashedForward, uint256 slashedRear) = _slashedAmong(validatorSet, signers);
            (forward, rear) = (forward - slashedForward, rear - slashedRear);
            forwardTotal -= _slashedWeights.forward;
            rearTotal -= _slashedWeights.rear;
        }
        bool isSealed = FinalityRules.isSupermajority(forward, forwardTotal)
            && FinalityRules.isSupermajority(rear, rearTotal);
        if (!isSealed) revert CoreNotSupermajority(forward, forwardTotal, rear, rearTotal);
    }

    /// @dev Weights of those signers of a link that are slashed: what does not count of the link's votes.
    function _slashedAmong(bytes calldata validatorSet, uint256[] calldata signers)
        internal
        view
        returns (uint256 forward, uint256 rear)
    {
        uint256 seats = validatorSet.length / 32;
        for (uint256 i; i < seats && i >> 8 < signers.length; ++i) {
            if ((signers[i >> 8] >> (i & 0xff)) & 1 == 0) continue;
            uint256 word = ValidatorWord.atSeat(validatorSet, i);
            if (!_isSlashed(word)) continue;
            forward += ValidatorWord.forwardWeight(word);
            rear += ValidatorWord.rearWeight(word);
        }
    }

    function _isSlashed(uint256 word) internal view returns (bool) {
        return _validators[ValidatorWord.validatorOf(word)].status == ValidatorStatus.Slashed;
    }
}
