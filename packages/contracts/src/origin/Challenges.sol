// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Offence } from "../protocol/Offences.sol";
import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { Kernel, TransitionObject, VoteMessage } from "../protocol/Types.sol";
import { CoreStorage } from "./CoreStorage.sol";
import { OriginHistory } from "./OriginHistory.sol";
import { SealedLinks } from "./SealedLinks.sol";
import { Slashing } from "./Slashing.sol";

/// @title What anyone can prove against a supermajority
/// @notice Observations of origin that are not in its history, and gas targets that were missed.
/// @dev Each challenge is decided by its own transaction: a wrong one reverts and costs its sender the gas, so no stake of the
///      challenger is needed. Part of the arbiter. Spec: §2.3, §2.5; docs/protocol.md §5.
abstract contract Challenges is SealedLinks, Slashing, OriginHistory {
    /// @notice The link is not about the origin, or does not finalize its source.
    error ChallengeLinkUnfit(bytes32 chain, uint64 sourceHeight, uint64 targetHeight);
    /// @notice The observation is in origin's history.
    error ChallengeObservationTrue(uint64 number, bytes32 blockHash);
    /// @notice The transition object is not of the challenged kernel.
    error ChallengeKernelMismatch(bytes32 expected, bytes32 received);
    /// @notice The transition object lies not between that of the commit before and the challenged one.
    error ChallengeDynastyNotBetween(uint64 below, uint64 dynasty, uint64 above);
    /// @notice The transition object had not met the gas target.
    error ChallengeTargetNotMet(uint256 gas, uint256 gasTarget);
    /// @notice The proposal does not stand, or is not above the proven ceiling of its height.
    error ChallengeProposalNotAbove(bytes32 transitionHash);
    /// @notice The kernel does not follow the meta-block of the given transition object.
    error ChallengeParentMismatch(bytes32 expected, bytes32 received);
    /// @notice No loss, or a loss that is not greater than the one proven already.
    error ChallengeLossNotGreater(uint256 proven, uint256 fraction);

    /// @notice Nothing later than the proven checkpoint can close the open height any more.
    event DynastyCapped(uint64 indexed height, uint64 dynasty, address indexed challenger);
    /// @notice A proposal was struck; its bond is the challenger's to reclaim.
    event ProposalStruck(
        uint64 indexed height, bytes32 indexed transitionHash, address indexed challenger
    );
    /// @notice The validators of a height committed later than their gas target allowed.
    /// @param height The height.
    /// @param missedDynasties Finalized checkpoints between the earliest proven and the committed one.
    /// @param fraction What each of them loses of its stake, in millionths.
    event GasTargetMissed(
        uint64 indexed height, uint64 missedDynasties, uint32 fraction, address indexed challenger
    );

    /// @notice The link over one epoch that finalizes a checkpoint, and who voted for it.
    /// @param source Block hash of the checkpoint.
    /// @param target Block hash of the next.
    /// @param sourceHeight Height of the checkpoint.
    /// @param signers One bit per seat, 256 to a word, the lowest bit first.
    /// @param signatures 64 bytes (EIP-2098) per signer, in index order.
    struct FinalizingLink {
        bytes32 source;
        bytes32 target;
        uint64 sourceHeight;
        uint256[] signers;
        bytes signatures;
    }

    /// @notice Halts the core by a finalized observation that is not in origin's history, and convicts all that voted for it.
    /// @dev Origin itself is the arbiter: the votes name the block of a height, and origin has another one there.
    /// @param kernel The open kernel.
    /// @param validatorSet Its validator words, in index order.
    /// @param vote The link, over one epoch of origin.
    /// @param signers Who voted for it: one bit per seat, 256 to a word, the lowest bit first.
    /// @param signatures 64 bytes (EIP-2098) per signer, in index order.
    function challengeObservation(
        Kernel calldata kernel,
        bytes calldata validatorSet,
        VoteMessage calldata vote,
        uint256[] calldata signers,
        bytes calldata signatures
    ) external onlyIn(Phase.Open) {
        _requireKernel(_head.height, kernel, validatorSet);
        JudgementTerms memory terms = CoreStorage(address(this)).judgementTerms();
        bool isFit = vote.chain == ProtocolHashes.originOf(terms.auxiliary)
            && uint256(vote.targetHeight) == uint256(vote.sourceHeight) + 1;
        if (!isFit) {
            revert ChallengeLinkUnfit(vote.chain, vote.sourceHeight, vote.targetHeight);
        }
        uint64 number = vote.sourceHeight * terms.originEpochLength;
        if (_originHash(number) == vote.source) {
            revert ChallengeObservationTrue(number, vote.source);
        }
        _requireSupermajority(
            ProtocolHashes.voteDigest(terms.domain, vote),
            kernel,
            validatorSet,
            signers,
            signatures,
            _head.slashedSeats != 0
        );
        _haltAndConvict(HaltReason.ContradictingObservation, Offence.None, signers);
    }

    /// @notice Proves that a finalized checkpoint has met the gas target of the open height: nothing later can close it any
    ///         more, and the bonds of proposals that would have go to the challenger, see {strikeProposal}.
    /// @dev What makes an honest validator safe (theorem 4): who commits late has to wait for the challenge period first.
    /// @param earlier Transition object of the checkpoint.
    /// @param link The link that finalized it.
    /// @param kernel The open kernel.
    /// @param validatorSet Its validator words, in index order.
    function capDynasty(
        TransitionObject calldata earlier,
        FinalizingLink calldata link,
        Kernel calldata kernel,
        bytes calldata validatorSet
    ) external onlyIn(Phase.Open) {
        Head memory current = _head;
        bytes32 openKernelHash = _requireKernel(current.height, kernel, validatorSet);
        Ceiling memory ceiling = _ceiling;
        uint64 above = ceiling.height == current.height ? ceiling.dynasty : type(uint48).max;
        _requireEarlier(earlier, openKernelHash, current.dynasty, above);
        _requireTargetMet(earlier, current.accumulatedGas, kernel.gasTarget);
        JudgementTerms memory terms = CoreStorage(address(this)).judgementTerms();
        _requireFinalized(terms, earlier, link, kernel, validatorSet, current.slashedSeats != 0);
        _ceiling = Ceiling(msg.sender, uint48(current.height), uint48(earlier.dynasty));
        emit DynastyCapped(current.height, earlier.dynasty, msg.sender);
    }

    /// @notice Takes the bond of a proposal above the proven ceiling of its height, for who proved it; by anyone.
    /// @param late The proposal.
    function strikeProposal(TransitionObject calldata late) external {
        bytes32 lateHash = ProtocolHashes.transitionHash(late);
        Proposal memory proposal = _proposals[lateHash];
        Ceiling memory ceiling = _ceiling;
        bool isAbove = proposal.proposer != address(0) && proposal.height == ceiling.height
            && late.dynasty > ceiling.dynasty;
        if (!isAbove) revert ChallengeProposalNotAbove(lateHash);
        // Of no height that is ever open, so it can only be reclaimed.
        _proposals[lateHash] = Proposal(ceiling.challenger, proposal.challengeEnd, 0);
        emit ProposalStruck(ceiling.height, lateHash, ceiling.challenger);
    }

    /// @notice Proves that the last committed height was closed too late: an earlier finalized checkpoint had met its gas
    ///         target. All its validators lose stake for each dynasty missed. Until the next height is committed, a greater loss
    ///         replaces a smaller one.
    /// @param earlier Transition object of the earlier checkpoint.
    /// @param link The link that finalized it.
    /// @param kernel The kernel of the last committed height.
    /// @param validatorSet Its validator words, in index order.
    /// @param previous Transition object of the height before.
    /// @param previousKernelHash Hash of the kernel of the height before.
    function challengeGasTarget(
        TransitionObject calldata earlier,
        FinalizingLink calldata link,
        Kernel calldata kernel,
        bytes calldata validatorSet,
        TransitionObject calldata previous,
        bytes32 previousKernelHash
    ) external onlyIn(Phase.Open) {
        Head memory current = _head;
        uint64 height = current.height - 1;
        bytes32 closedKernelHash = _requireKernel(height, kernel, validatorSet);
        bytes32 parent = ProtocolHashes.metaBlockHash(
            previousKernelHash, ProtocolHashes.transitionHash(previous)
        );
        if (parent != kernel.parent) revert ChallengeParentMismatch(kernel.parent, parent);
        _requireEarlier(earlier, closedKernelHash, previous.dynasty, current.dynasty);
        _requireTargetMet(earlier, previous.accumulatedGas, kernel.gasTarget);
        JudgementTerms memory terms = CoreStorage(address(this)).judgementTerms();
        _requireFinalized(terms, earlier, link, kernel, validatorSet, false);

        uint64 missed = current.dynasty - earlier.dynasty;
        uint256 fraction = missed * terms.missedDynastyLoss;
        if (fraction > MAX_LOSS) fraction = MAX_LOSS;
        uint256 proven = current.lossPending ? _openLoss.fraction : 0;
        if (fraction <= proven) revert ChallengeLossNotGreater(proven, fraction);
        _openLoss = Loss(msg.sender, uint48(height), uint32(fraction));
        _head.lossPending = true;
        emit GasTargetMissed(height, missed, uint32(fraction), msg.sender);
    }

    /// @dev Also that it could be proposed in time: its observation is in origin's history.
    function _requireEarlier(
        TransitionObject calldata earlier,
        bytes32 kernelHash,
        uint64 below,
        uint64 above
    ) private view {
        _requireObserved(earlier);
        if (earlier.kernelHash != kernelHash) {
            revert ChallengeKernelMismatch(kernelHash, earlier.kernelHash);
        }
        if (earlier.dynasty <= below || earlier.dynasty >= above) {
            revert ChallengeDynastyNotBetween(below, earlier.dynasty, above);
        }
    }

    function _requireTargetMet(TransitionObject calldata earlier, uint64 from, uint64 gasTarget)
        private
        pure
    {
        uint256 gas = earlier.accumulatedGas > from ? earlier.accumulatedGas - from : 0;
        if (gas < gasTarget || gas == 0) revert ChallengeTargetNotMet(gas, gasTarget);
    }

    /// @dev T of the checkpoint is part of what was signed, so its state need not be proven.
    function _requireFinalized(
        JudgementTerms memory terms,
        TransitionObject calldata transition,
        FinalizingLink calldata link,
        Kernel calldata kernel,
        bytes calldata validatorSet,
        bool anySlashed
    ) private view {
        bytes32 digest = ProtocolHashes.voteDigest(
            terms.domain,
            VoteMessage({
                chain: terms.auxiliary,
                transitionHash: ProtocolHashes.transitionHash(transition),
                source: link.source,
                target: link.target,
                sourceHeight: link.sourceHeight,
                targetHeight: link.sourceHeight + 1
            })
        );
        _requireSupermajority(
            digest, kernel, validatorSet, link.signers, link.signatures, anySlashed
        );
    }
}
