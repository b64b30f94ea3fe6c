// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Challenges } from "../src/origin/Challenges.sol";
import { Core } from "../src/origin/Core.sol";
import { CoreState } from "../src/origin/CoreState.sol";
import { OriginAnchors } from "../src/origin/OriginAnchors.sol";
import { OriginHistory } from "../src/origin/OriginHistory.sol";
import { SealedLinks } from "../src/origin/SealedLinks.sol";
import { Slashing } from "../src/origin/Slashing.sol";
import { Withdrawals } from "../src/origin/Withdrawals.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { Kernel, TransitionObject, VoteMessage } from "../src/protocol/Types.sol";
import { CoreFixture } from "./CoreFixture.sol";

/// @dev What one honest observer can prove against a supermajority, and what nobody can prove against the honest.
contract ChallengesTest is CoreFixture {
    address private constant CHALLENGER = address(0xc4a1);
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    uint64 private constant TARGET = 1_000_000;

    /// @dev The last closed height, as a challenger knows it.
    struct Closed {
        Kernel kernel;
        bytes set;
        TransitionObject previous;
        bytes32 previousKernelHash;
    }

    Closed private _closed;
    TransitionObject private _lastTransition;

    function test_capDynasty_lateProposal_isStruckAndPaysItsBond() public {
        _openWith(4);
        TransitionObject memory late = _transition(5, 5 * TARGET);
        TransitionObject memory earlier = _transition(3, TARGET);
        Commit memory commit = _proposeAndSign(5, 5 * TARGET, _firstKeys(4));
        bytes32 lateHash = ProtocolHashes.transitionHash(late);
        _cap(earlier);
        _judge().strikeProposal(late);
        assertEq(_keeper().proposalOf(lateHash).proposer, CHALLENGER);
        _keeper().reclaimBond(lateHash);
        assertEq(CHALLENGER.balance, BOND);
        // Neither this one nor any other above the proven checkpoint can close the height.
        VM.expectRevert(abi.encodeWithSelector(Core.CoreDynastyAboveCeiling.selector, 5, 3));
        _callCommit(commit);
        TransitionObject memory other = _transition(4, 4 * TARGET);
        VM.expectRevert(abi.encodeWithSelector(Core.CoreDynastyAboveCeiling.selector, 4, 3));
        _core.propose{ value: BOND }(other);
        // The checkpoint itself can; and the next height knows nothing of it.
        commit = _proposeAndSign(3, TARGET, _firstKeys(4));
        _commit(commit);
        _commitNext(9, _firstKeys(4));
    }

    function test_capDynasty_twice_lowersTheCeilingOnly() public {
        _openWith(4);
        TransitionObject memory late = _transition(8, 8 * TARGET);
        TransitionObject memory right = _transition(3, TARGET);
        _propose(late);
        _propose(right);
        _cap(_transition(5, 5 * TARGET));
        _cap(right);
        TransitionObject memory above = _transition(5, 5 * TARGET);
        _expectNoCap(
            above, abi.encodeWithSelector(Challenges.ChallengeDynastyNotBetween.selector, 0, 5, 3)
        );
        above = _transition(4, 4 * TARGET);
        VM.expectRevert(abi.encodeWithSelector(Core.CoreDynastyAboveCeiling.selector, 4, 3));
        _core.propose{ value: BOND }(above);
        // One proof strikes all that are late, each once, and none that is not.
        _judge().strikeProposal(late);
        TransitionObject[3] memory others = [late, right, above];
        for (uint256 i; i < 3; ++i) {
            if (i == 0) {
                _keeper().reclaimBond(ProtocolHashes.transitionHash(late));
                assertEq(CHALLENGER.balance, BOND);
            }
            VM.expectRevert(
                abi.encodeWithSelector(
                    Challenges.ChallengeProposalNotAbove.selector,
                    ProtocolHashes.transitionHash(others[i])
                )
            );
            _judge().strikeProposal(others[i]);
        }
    }

    function test_capDynasty_withoutEvidence_isRefused() public {
        _openWith(4);
        _commitClosing(2, TARGET);
        TransitionObject memory earlier = _transition(3, 2 * TARGET - 1);
        _expectNoCap(
            earlier,
            abi.encodeWithSelector(Challenges.ChallengeTargetNotMet.selector, TARGET - 1, TARGET)
        );
        earlier = _transition(2, 2 * TARGET);
        _expectNoCap(
            earlier,
            abi.encodeWithSelector(
                Challenges.ChallengeDynastyNotBetween.selector, 2, 2, type(uint48).max
            )
        );
        earlier = _transition(3, 2 * TARGET);
        earlier.kernelHash = keccak256("another kernel");
        _expectNoCap(
            earlier,
            abi.encodeWithSelector(
                Challenges.ChallengeKernelMismatch.selector, _core.kernelHash(2), earlier.kernelHash
            )
        );
        // What could not be proposed need not have been.
        earlier = _transition(3, 2 * TARGET);
        bytes32 observed = earlier.originBlockHash;
        earlier.originBlockHash = keccak256("another chain");
        _expectNoCap(
            earlier,
            abi.encodeWithSelector(
                OriginHistory.CoreObservationForeign.selector,
                earlier.originBlockNumber,
                observed,
                earlier.originBlockHash
            )
        );
    }

    function test_capDynasty_negative06VotesMissingOrOfAnother_isRefused() public {
        _openWith(6);
        TransitionObject memory earlier = _transition(3, TARGET);
        Challenges.FinalizingLink memory link = _linkFor(earlier, _keysOf(6, 0x0f));
        VM.expectRevert(
            abi.encodeWithSelector(
                SealedLinks.CoreNotSupermajority.selector,
                4 * uint256(STAKE),
                6 * uint256(STAKE),
                4 * uint256(STAKE),
                6 * uint256(STAKE)
            )
        );
        _judge().capDynasty(earlier, link, _kernel, _set);
        // Votes for another T are none for this one, and a link over two epochs finalizes nothing.
        link = _linkFor(_transition(5, 5 * TARGET), _firstKeys(6));
        VM.expectRevert();
        _judge().capDynasty(earlier, link, _kernel, _set);
        VoteMessage memory wide = _voteFor(earlier, 3);
        wide.targetHeight += 1;
        LinkVotes memory votes = _votes(wide, _firstKeys(6));
        link = _linkFor(earlier, _firstKeys(6));
        link.signatures = votes.signatures;
        VM.expectRevert();
        _judge().capDynasty(earlier, link, _kernel, _set);
    }

    /// @dev Theorem 4: who commits the earliest checkpoint over the target cannot be accused, whatever else is final.
    function test_challengeGasTarget_theorem4EarliestCommitted_isSafe() public {
        _openWith(4);
        _commitClosing(1, TARGET);
        // Dynasties 2 to 9 of height 2; the target is met from 5 on.
        uint64[8] memory gas = [
            uint64(TARGET + 1),
            TARGET + 200_000,
            2 * TARGET - 1,
            2 * TARGET,
            2 * TARGET + 1,
            2 * TARGET + 2,
            3 * TARGET,
            4 * TARGET
        ];
        _commitClosing(5, gas[3]);
        for (uint64 dynasty = 2; dynasty <= 9; ++dynasty) {
            TransitionObject memory earlier = _closedTransition(dynasty, gas[dynasty - 2]);
            Challenges.FinalizingLink memory link = _linkFor(earlier, _firstKeys(4));
            VM.expectRevert();
            _callChallenge(earlier, link);
        }
        assertTrue(!_core.head().lossPending, "safe");
    }

    /// @dev Theorem 4, the race: who sees a late proposal has the challenge period to strike it, and then all the time.
    function test_capDynasty_theorem4LateProposedFirst_isStoppedByOneHonest() public {
        _openWith(4);
        _commitClosing(1, TARGET);
        Commit memory late = _proposeAndSign(7, 5 * TARGET, _firstKeys(4));
        VM.warp(
            _keeper().proposalOf(ProtocolHashes.transitionHash(late.transition)).challengeEnd - 1
        );
        VM.expectRevert();
        _callCommit(late);
        TransitionObject memory earliest = _transition(4, 2 * TARGET);
        _cap(earliest);
        VM.warp(block.timestamp + 10 * CHALLENGE_PERIOD);
        VM.expectRevert();
        _callCommit(late);
        _commitClosing(4, 2 * TARGET);
        Challenges.FinalizingLink memory link = _linkFor(earliest, _firstKeys(4));
        VM.expectRevert(
            abi.encodeWithSelector(Challenges.ChallengeDynastyNotBetween.selector, 1, 4, 4)
        );
        _callChallenge(earliest, link);
    }

    function test_challengeGasTarget_missedDynasties_costAllValidatorsOfTheHeight() public {
        _openWith(4);
        _commitClosing(1, TARGET);
        // Joins at 3, so it has no part in what happens at 2; the other leaves with 3.
        _deposit(5, 3 * STAKE);
        _logout(1);
        _commitClosing(6, 6 * TARGET);
        uint256 fraction = 3 * uint256(DYNASTY_LOSS);
        TransitionObject memory earlier = _closedTransition(3, 2 * TARGET);
        Challenges.FinalizingLink memory link = _linkFor(earlier, _firstKeys(4));
        VM.expectEmit(address(_core));
        emit Challenges.GasTargetMissed(2, 3, uint32(fraction), CHALLENGER);
        VM.prank(CHALLENGER);
        _callChallenge(earlier, link);

        // In the weights from the next kernel on.
        uint256 loss = uint256(STAKE) * fraction / 1_000_000;
        _commitNext(7, _firstKeys(5));
        assertEq(_weightOf(1), STAKE - loss);
        assertEq(_weightOf(4), 3 * STAKE);
        assertEq(_kernel.forwardWeight, 3 * (STAKE - loss) + 3 * uint256(STAKE));
        // In the books when they are settled, to the wei; twice settled is settled once.
        uint256 reward = loss * REPORTER_SHARE / 10_000;
        _settle(5);
        _settle(5);
        assertEq(_core.validatorOf(_validator(1)).stake, STAKE - loss);
        assertEq(_core.validatorOf(_validator(5)).stake, 3 * STAKE);
        assertEq(_keeper().rewardOf(CHALLENGER), 4 * reward);
        assertEq(_burned(), 4 * (loss - reward));
        assertEq(_staked(), 7 * uint256(STAKE) - 4 * loss);
        _keeper().claimReward(CHALLENGER);
        assertEq(_token.balanceOf(CHALLENGER), 4 * reward);
        assertEq(_token.balanceOf(address(_core)), _staked() + _burned());
        VM.expectRevert(abi.encodeWithSelector(Withdrawals.CoreNoReward.selector, CHALLENGER));
        _keeper().claimReward(CHALLENGER);
        // Who left pays, too.
        VM.warp(block.timestamp + WITHDRAWAL_DELAY);
        _commitNext(8, _keysOf(5, 0x1e));
        _keeper().withdraw(_validator(1));
        assertEq(_token.balanceOf(_withdrawalOf(1)), STAKE - loss);
    }

    function test_challengeGasTarget_greaterLoss_replacesSmaller() public {
        _openWith(4);
        _commitClosing(1, TARGET);
        _commitClosing(6, 6 * TARGET);
        _challenge(_closedTransition(5, 8 * TARGET));
        TransitionObject memory same = _closedTransition(5, 7 * TARGET);
        Challenges.FinalizingLink memory link = _linkFor(same, _firstKeys(4));
        VM.expectRevert(
            abi.encodeWithSelector(
                Challenges.ChallengeLossNotGreater.selector, DYNASTY_LOSS, DYNASTY_LOSS
            )
        );
        _callChallenge(same, link);
        _challenge(_closedTransition(3, 2 * TARGET));
        (, CoreState.Loss memory open) = _keeper().losses();
        assertEq(open.fraction, 3 * uint256(DYNASTY_LOSS));
        assertEq(open.challenger, CHALLENGER);
        _commitNext(7, _firstKeys(4));
        assertEq(_weightOf(0), STAKE - uint256(STAKE) * 3 * DYNASTY_LOSS / 1_000_000);
        // Once the next height is closed, nothing of that one can be proven any more.
        TransitionObject memory earlier = _closedTransition(2, 2 * TARGET);
        link = _linkFor(earlier, _firstKeys(4));
        VM.expectRevert();
        _callChallenge(earlier, link);
    }

    function test_challengeGasTarget_manyMissed_costHalfAtMost() public {
        _openWith(4);
        _commitClosing(1, TARGET);
        _commitClosing(900, 900 * TARGET);
        _challenge(_closedTransition(2, 2 * TARGET));
        _commitNext(901, _firstKeys(4));
        assertEq(_weightOf(0), STAKE / 2);
        _settle(4);
        assertEq(_staked(), 2 * uint256(STAKE));
    }

    /// @dev Two losses one after the other, the second of what the first left.
    function test_challengeGasTarget_twoHeights_multiply() public {
        _openWith(4);
        _commitClosing(1, TARGET);
        _commitClosing(6, 6 * TARGET);
        _challenge(_closedTransition(4, 3 * TARGET));
        _commitClosing(11, 11 * TARGET);
        _challenge(_closedTransition(7, 11 * TARGET));
        _commitNext(12, _firstKeys(4));
        uint256 stake = uint256(STAKE) - uint256(STAKE) * 2 * DYNASTY_LOSS / 1_000_000;
        stake -= stake * 4 * DYNASTY_LOSS / 1_000_000;
        assertEq(_weightOf(2), stake);
        _settle(4);
        assertEq(_core.validatorOf(_validator(3)).stake, stake);
        assertEq(
            _token.balanceOf(address(_core)), _staked() + _burned() + _keeper().rewardOf(CHALLENGER)
        );
    }

    /// @dev What a slashing takes out of the totals is what the validator has in them.
    function test_slash_afterLoss_countsTheLoweredWeight() public {
        _openWith(7);
        _commitClosing(1, TARGET);
        _commitClosing(6, 6 * TARGET);
        _challenge(_closedTransition(3, 2 * TARGET));
        _commitNext(7, _firstKeys(7));
        uint256 lowered = _weightOf(0);
        assertTrue(lowered < STAKE, "lowered");
        _offend(7);
        Commit memory commit = _proposeAndSign(8, 20 * TARGET, _keysOf(7, 0x0f));
        VM.expectRevert(
            abi.encodeWithSelector(
                SealedLinks.CoreNotSupermajority.selector,
                4 * lowered,
                6 * lowered,
                4 * lowered,
                6 * lowered
            )
        );
        _callCommit(commit);
        _sign(commit, _firstKeys(7));
        _commit(commit);
        assertEq(_kernel.forwardWeight, 6 * lowered);
    }

    function test_halt_withOpenLoss_takesItFromTheInnocent() public {
        _openWith(4);
        _commitClosing(1, TARGET);
        _commitClosing(6, 6 * TARGET);
        _challenge(_closedTransition(3, 2 * TARGET));
        _offend(1);
        _offend(2);
        VM.warp(_haltedAt() + WITHDRAWAL_DELAY);
        _keeper().withdraw(_validator(3));
        uint256 loss = uint256(STAKE) * 3 * DYNASTY_LOSS / 1_000_000;
        assertEq(_token.balanceOf(_withdrawalOf(3)), STAKE - loss);
        assertEq(_keeper().rewardOf(CHALLENGER), loss * REPORTER_SHARE / 10_000);
        _settle(4);
        _settle(4);
        assertEq(_core.validatorOf(_validator(4)).stake, STAKE - loss);
    }

    function test_challengeObservation_foreignBlock_haltsAndPaysFromTheVoters() public {
        _openWith(7);
        VoteMessage memory vote = _observation(198, keccak256("another chain"));
        LinkVotes memory votes = _votes(vote, _firstKeys(5));
        VM.expectEmit(address(_core));
        emit Slashing.Halted(1, CoreState.HaltReason.ContradictingObservation, CHALLENGER);
        VM.prank(CHALLENGER);
        _judge().challengeObservation(_kernel, _set, vote, votes.signers, votes.signatures);
        uint256 loss = uint256(STAKE) * REPORTER_SHARE / 10_000;
        for (uint256 key = 1; key <= 5; ++key) {
            _keeper().executeVerdict(_validator(key));
            assertEq(_core.validatorOf(_validator(key)).stake, STAKE - loss);
        }
        VM.expectRevert(
            abi.encodeWithSelector(Withdrawals.ArbiterNotConvicted.selector, _validator(6))
        );
        _keeper().executeVerdict(_validator(6));
        assertEq(_burned(), 0);
        assertEq(_keeper().rewardOf(CHALLENGER), 5 * loss);
        // No slashing condition was broken: what is left comes back after the delay, but can still be slashed.
        _offend(1);
        VM.warp(_haltedAt() + WITHDRAWAL_DELAY);
        _keeper().withdraw(_validator(2));
        _keeper().withdraw(_validator(7));
        _keeper().claimReward(CHALLENGER);
        assertEq(_token.balanceOf(_withdrawalOf(2)), STAKE - loss);
        assertEq(_token.balanceOf(_withdrawalOf(7)), STAKE);
        assertEq(_token.balanceOf(CHALLENGER), 5 * loss);
        assertEq(_token.balanceOf(address(_core)), _staked() + _burned());
    }

    function test_challengeObservation_trueOrUnfitOrUnknown_isRefused() public {
        _openWith(4);
        uint64 height = uint64(block.number) / ORIGIN_EPOCH - 2;
        bytes32 truth = blockhash(height * ORIGIN_EPOCH);
        VoteMessage memory vote = _observation(height, truth);
        _expectNoObservationChallenge(
            vote,
            abi.encodeWithSelector(
                Challenges.ChallengeObservationTrue.selector, height * ORIGIN_EPOCH, truth
            )
        );
        vote = _observation(height, keccak256("another chain"));
        vote.targetHeight += 1;
        _expectNoObservationChallenge(
            vote,
            abi.encodeWithSelector(
                Challenges.ChallengeLinkUnfit.selector, vote.chain, height, height + 2
            )
        );
        vote = _observation(height, keccak256("another chain"));
        vote.chain = _core.coreIdentifier();
        _expectNoObservationChallenge(
            vote,
            abi.encodeWithSelector(
                Challenges.ChallengeLinkUnfit.selector, vote.chain, height, height + 1
            )
        );
        // Not yet there, and not known any more.
        uint64[2] memory unknown = [uint64(block.number) / ORIGIN_EPOCH + 1, 1];
        for (uint256 i; i < unknown.length; ++i) {
            vote = _observation(unknown[i], keccak256("another chain"));
            _expectNoObservationChallenge(
                vote,
                abi.encodeWithSelector(
                    OriginHistory.CoreOriginHashUnknown.selector, unknown[i] * ORIGIN_EPOCH
                )
            );
        }
    }

    function test_challengeObservation_negative06NoSupermajority_isRefused() public {
        _openWith(6);
        VoteMessage memory vote = _observation(198, keccak256("another chain"));
        LinkVotes memory votes = _votes(vote, _firstKeys(4));
        VM.expectRevert(
            abi.encodeWithSelector(
                SealedLinks.CoreNotSupermajority.selector,
                4 * uint256(STAKE),
                6 * uint256(STAKE),
                4 * uint256(STAKE),
                6 * uint256(STAKE)
            )
        );
        _judge().challengeObservation(_kernel, _set, vote, votes.signers, votes.signatures);
    }

    function test_challengeObservation_anchoredBlock_isJudgedLater() public {
        _openWith(4);
        uint64 height = uint64(block.number) / ORIGIN_EPOCH - 1;
        _keeper().anchorOriginHash(height * ORIGIN_EPOCH);
        VM.roll(block.number + 20_000);
        VoteMessage memory vote = _observation(height, keccak256("another chain"));
        LinkVotes memory votes = _votes(vote, _firstKeys(4));
        _judge().challengeObservation(_kernel, _set, vote, votes.signers, votes.signatures);
        assertTrue(_core.head().phase == CoreState.Phase.Halted, "halted");
    }

    function test_hopOriginHash_outOfLaterState_recordsOlderHash() public {
        _openWith(4);
        VM.roll(30_000);
        (uint64 from, uint64 number) = (29_990, 22_000);
        bytes32 old = keccak256("old block");
        (bytes32 stateRoot, bytes[] memory accountProof, bytes[] memory storageProof) =
            _builder.proveStorage(HISTORY, bytes32(uint256(number % 8_191)), old);
        bytes memory header = _builder.originHeader(from, stateRoot);
        VM.setBlockhash(from, keccak256(header));
        _keeper().hopOriginHash(from, header, accountProof, storageProof, number);
        assertEq(_keeper().anchoredOriginHash(number), old);
        // On from there.
        uint64 older = 15_000;
        bytes32 olderHash = keccak256("older block");
        (stateRoot, accountProof, storageProof) =
            _builder.proveStorage(HISTORY, bytes32(uint256(older % 8_191)), olderHash);
        header = _builder.originHeader(number, stateRoot);
        VM.expectRevert(
            abi.encodeWithSelector(
                OriginAnchors.CoreOriginHeaderMismatch.selector, old, keccak256(header)
            )
        );
        _keeper().hopOriginHash(number, header, accountProof, storageProof, older);
    }

    function test_hopOriginHash_outOfRangeOrUnknown_isRefused() public {
        _openWith(4);
        VM.roll(30_000);
        uint64 from = 29_990;
        uint64[3] memory wrong = [from, from + 1, from - 8_192];
        for (uint256 i; i < wrong.length; ++i) {
            VM.expectRevert(
                abi.encodeWithSelector(
                    OriginAnchors.CoreOriginHopOutOfRange.selector, from, wrong[i]
                )
            );
            _keeper().hopOriginHash(from, "", new bytes[](0), new bytes[](0), wrong[i]);
        }
        // A state without the slot says nothing of the block: the zero hash is never recorded.
        bytes32 key = keccak256(abi.encodePacked(HISTORY));
        _builder.clear();
        _builder.add(key, _builder.encodeAccount(1, 0, keccak256(hex"80"), keccak256("code")));
        (bytes32 stateRoot, bytes[] memory accountProof) = _builder.prove(key);
        bytes memory header = _builder.originHeader(from, stateRoot);
        VM.setBlockhash(from, keccak256(header));
        VM.expectRevert(
            abi.encodeWithSelector(OriginHistory.CoreOriginHashUnknown.selector, from - 10)
        );
        _keeper().hopOriginHash(from, header, accountProof, new bytes[](0), from - 10);
    }

    function _cap(TransitionObject memory earlier) private {
        Challenges.FinalizingLink memory link = _linkFor(earlier, _firstKeys(_set.length / 32));
        VM.prank(CHALLENGER);
        _judge().capDynasty(earlier, link, _kernel, _set);
    }

    function _expectNoCap(TransitionObject memory earlier, bytes memory expected) private {
        Challenges.FinalizingLink memory link = _linkFor(earlier, _firstKeys(_set.length / 32));
        VM.expectRevert(expected);
        _judge().capDynasty(earlier, link, _kernel, _set);
    }

    /// @dev Commits the open height and keeps what a challenger of it needs.
    function _commitClosing(uint64 dynasty, uint64 gas) private {
        uint256[] memory keys = _firstKeys(_set.length / 32);
        Commit memory commit = _proposeAndSign(dynasty, gas, keys);
        if (_closed.kernel.height != 0) {
            _closed.previousKernelHash = ProtocolHashes.kernelHash(_closed.kernel);
            _closed.previous = _lastTransition;
        }
        _closed.kernel = _kernel;
        _closed.set = _set;
        _lastTransition = commit.transition;
        _commit(commit);
    }

    function _closedTransition(uint64 dynasty, uint64 gas)
        private
        view
        returns (TransitionObject memory transition)
    {
        transition = _transition(dynasty, gas);
        transition.kernelHash = ProtocolHashes.kernelHash(_closed.kernel);
    }

    function _challenge(TransitionObject memory earlier) private {
        Challenges.FinalizingLink memory link =
            _linkFor(earlier, _firstKeys(_closed.set.length / 32));
        VM.prank(CHALLENGER);
        _callChallenge(earlier, link);
    }

    function _callChallenge(TransitionObject memory earlier, Challenges.FinalizingLink memory link)
        private
    {
        _judge()
            .challengeGasTarget(
                earlier,
                link,
                _closed.kernel,
                _closed.set,
                _closed.previous,
                _closed.previousKernelHash
            );
    }

    function _voteFor(TransitionObject memory transition, uint64 sourceHeight)
        private
        view
        returns (VoteMessage memory vote)
    {
        vote = _vote(sourceHeight, sourceHeight + 1);
        vote.transitionHash = ProtocolHashes.transitionHash(transition);
    }

    function _linkFor(TransitionObject memory transition, uint256[] memory keyOfSeat)
        private
        view
        returns (Challenges.FinalizingLink memory)
    {
        VoteMessage memory vote = _voteFor(transition, transition.dynasty);
        LinkVotes memory votes = _votes(vote, keyOfSeat);
        return Challenges.FinalizingLink({
            source: vote.source,
            target: vote.target,
            sourceHeight: vote.sourceHeight,
            signers: votes.signers,
            signatures: votes.signatures
        });
    }

    function _observation(uint64 height, bytes32 source)
        private
        view
        returns (VoteMessage memory vote)
    {
        vote = _vote(height, height + 1);
        vote.chain = ProtocolHashes.coreIdentifier(uint96(block.chainid), address(0));
        vote.source = source;
    }

    function _expectNoObservationChallenge(VoteMessage memory vote, bytes memory expected) private {
        LinkVotes memory votes = _votes(vote, _firstKeys(_set.length / 32));
        VM.expectRevert(expected);
        _judge().challengeObservation(_kernel, _set, vote, votes.signers, votes.signatures);
    }

    function _settle(uint256 count) private {
        address[] memory validators = new address[](count);
        for (uint256 i; i < count; ++i) {
            validators[i] = _validator(i + 1);
        }
        _keeper().settleLosses(validators);
    }

    function _weightOf(uint256 seat) private view returns (uint256) {
        return _wordAt(seat) & ((1 << 94) - 1);
    }

    function _logout(uint256 key) private {
        VM.prank(_validator(key));
        _keeper().logout(_validator(key));
    }

    function _offend(uint256 key) private {
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        _judge().slash(a, _signatureOf(key, a), b, _signatureOf(key, b));
    }
}
