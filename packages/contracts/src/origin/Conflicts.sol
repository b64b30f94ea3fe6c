// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Offence, Offences } from "../protocol/Offences.sol";
import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { Kernel, VoteMessage } from "../protocol/Types.sol";
import { CoreStorage } from "./CoreStorage.sol";
import { Seal } from "./Seal.sol";
import { SealedLinks } from "./SealedLinks.sol";
import { Slashing } from "./Slashing.sol";

/// @title Two links that more than a third of the weight voted for though they exclude each other
/// @dev Two supermajorities share more than a third, and only the shared signatures prove guilt; so only those are brought,
///      which costs half. Spec: §2.5; docs/protocol.md §5.
abstract contract Conflicts is SealedLinks, Slashing {
    /// @notice Those that voted for both links are not above a third of the forward or of the rear weight.
    error ArbiterThresholdNotPassed(
        uint256 forward, uint256 forwardTotal, uint256 rear, uint256 rearTotal
    );

    /// @notice Halts the core by two links whose votes break a slashing condition together, with the signatures of validators
    ///         that voted for both, and convicts these. By anyone.
    /// @param kernel The open kernel.
    /// @param validatorSet Its validator words, in index order.
    /// @param first A link.
    /// @param second A link that conflicts with it.
    /// @param signers Who voted for both: one bit per seat, 256 to a word, the lowest bit first.
    /// @param firstSignatures Their votes for the first link, 64 bytes (EIP-2098) each, in index order.
    /// @param secondSignatures Their votes for the second link.
    function haltByConflict(
        Kernel calldata kernel,
        bytes calldata validatorSet,
        VoteMessage calldata first,
        VoteMessage calldata second,
        uint256[] calldata signers,
        bytes calldata firstSignatures,
        bytes calldata secondSignatures
    ) external onlyIn(Phase.Open) {
        _requireKernel(_head.height, kernel, validatorSet);
        JudgementTerms memory terms = CoreStorage(address(this)).judgementTerms();
        (bytes32 firstLink, bytes32 secondLink, Offence offence) = Offences.requireConflict(
            terms.domain, terms.auxiliary, ProtocolHashes.originOf(terms.auxiliary), first, second
        );
        (uint256 forward, uint256 rear) =
            Seal.weigh(firstLink, validatorSet, signers, firstSignatures);
        Seal.weigh(secondLink, validatorSet, signers, secondSignatures);
        _requireThreshold(kernel, validatorSet, signers, forward, rear);
        _haltAndConvict(HaltReason.ConflictingLinks, offence, signers);
    }

    /// @dev Counts what was slashed of the set before, once: it may be of the same guilty.
    function _requireThreshold(
        Kernel calldata kernel,
        bytes calldata validatorSet,
        uint256[] calldata signers,
        uint256 forward,
        uint256 rear
    ) private view {
        if (_head.slashedSeats != 0) {
            (uint256 slashedForward, uint256 slashedRear) = _slashedAmong(validatorSet, signers);
            forward = forward + _slashedWeights.forward - slashedForward;
            rear = rear + _slashedWeights.rear - slashedRear;
        }
        if (!_isThresholdPassed(forward, kernel.forwardWeight, rear, kernel.rearWeight)) {
            revert ArbiterThresholdNotPassed(forward, kernel.forwardWeight, rear, kernel.rearWeight);
        }
    }
}
