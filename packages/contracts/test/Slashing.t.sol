// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { Core } from "../src/origin/Core.sol";
import { CoreArbiter } from "../src/origin/CoreArbiter.sol";
import { CoreParameters } from "../src/origin/CoreParameters.sol";
import { CoreState } from "../src/origin/CoreState.sol";
import { CoreStorage } from "../src/origin/CoreStorage.sol";
import { SealedLinks } from "../src/origin/SealedLinks.sol";
import { Slashing } from "../src/origin/Slashing.sol";
import { Verdicts } from "../src/origin/Verdicts.sol";
import { Reweighings } from "../src/origin/Reweighings.sol";
import { CalldataTrie } from "../src/protocol/CalldataTrie.sol";
import { FalseTransitions } from "../src/protocol/FalseTransitions.sol";
import { Offence, Offences } from "../src/protocol/Offences.sol";
import { Predeploys } from "../src/protocol/Predeploys.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { OriginBlock, VoteMessage } from "../src/protocol/Types.sol";
import { CoreFixture } from "./CoreFixture.sol";

/// @dev Offences on origin: what is one, what is none, and what becomes of stake and weight.
contract SlashingTest is CoreFixture {
    /// @dev What shows the truth about a source.
    struct Evidence {
        bytes header;
        bytes[] accountProof;
        bytes[] storageProof;
    }

    address private constant REPORTER = address(0x4e90);
    uint256 private constant REWARD = uint256(STAKE) * REPORTER_SHARE / 10_000;

    function test_slash_negative01DoubleVote_inBothOrders() public {
        _openWith(4);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 2), _vote(1, 2));
        b.target = keccak256("another target");
        _slash(1, a, b, Offence.DoubleVote);
        _slash(2, b, a, Offence.DoubleVote);
    }

    /// @dev Another source alone makes another message, too.
    function test_slash_sameTargetFromAnotherSource_isDoubleVote() public {
        _openWith(4);
        _slash(1, _vote(1, 3), _vote(2, 3), Offence.DoubleVote);
        _slash(2, _vote(2, 3), _vote(1, 3), Offence.DoubleVote);
    }

    function test_slash_negative02SurroundVote_inBothOrders() public {
        _openWith(4);
        _slash(1, _vote(1, 4), _vote(2, 3), Offence.SurroundVote);
        _slash(2, _vote(2, 3), _vote(1, 4), Offence.SurroundVote);
    }

    function test_slash_negative03ContradictingTransition_inBothOrders() public {
        _openWith(4);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 2), _vote(1, 3));
        b.transitionHash = keccak256("another transition");
        _slash(1, a, b, Offence.ContradictingTransition);
        _slash(2, b, a, Offence.ContradictingTransition);
    }

    function test_slash_votesAboutOrigin_areOffencesToo() public {
        _openWith(4);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        (a.chain, b.chain) = (_originIdentifier(), _originIdentifier());
        _slash(1, a, b, Offence.SurroundVote);
    }

    function test_slash_eitherFormOfSignature_isAccepted() public {
        _openWith(4);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        _judge().slash(a, _signatureOf65Bytes(1, a), b, _signatureOf(1, b));
        _requireStatus(1, CoreState.ValidatorStatus.Slashed);
    }

    function test_slashFalseTransition_otherValueInStateOfSource_isSlashed() public {
        _openWith(4);
        (VoteMessage memory vote, Evidence memory evidence) = _provenVote(keccak256("truth"));
        vote.transitionHash = keccak256("a lie");
        VM.expectEmit(address(_core));
        emit Verdicts.ValidatorSlashed(
            _validator(1), Offence.FalseTransition, STAKE, address(this), REWARD
        );
        _accuse(1, vote, evidence);
        _requireStatus(1, CoreState.ValidatorStatus.Slashed);
    }

    function test_slashFalseTransition_negative01Truth_isNoOffence() public {
        _openWith(4);
        (VoteMessage memory vote, Evidence memory evidence) = _provenVote(keccak256("truth"));
        vote.transitionHash = keccak256("truth");
        bytes memory signature = _signatureOf(1, vote);
        VM.expectRevert(Offences.OffenceNone.selector);
        _judge()
            .slashFalseTransition(
                vote, signature, evidence.header, evidence.accountProof, evidence.storageProof
            );
    }

    /// @dev No honest validator votes from a source without the slot: the state transition writes it at every checkpoint.
    function test_slashFalseTransition_slotNotSet_isSlashed() public {
        _openWith(4);
        (VoteMessage memory vote, Evidence memory evidence) = _provenVote(keccak256("truth"));
        bytes32 key = keccak256(abi.encodePacked(Predeploys.TRANSITION_TRACKER));
        _builder.clear();
        _builder.add(key, _builder.encodeAccount(1, 0, keccak256(hex"80"), keccak256("code")));
        bytes32 stateRoot;
        (stateRoot, evidence.accountProof) = _builder.prove(key);
        evidence.storageProof = new bytes[](0);
        evidence.header = _builder.auxiliaryHeader(2 * EPOCH, stateRoot);
        vote.source = keccak256(evidence.header);
        _accuse(1, vote, evidence);
        _requireStatus(1, CoreState.ValidatorStatus.Slashed);
    }

    function test_slashFalseTransition_accountAbsent_isSlashed() public {
        _openWith(4);
        (VoteMessage memory vote, Evidence memory evidence) = _provenVote(keccak256("truth"));
        _builder.clear();
        _builder.add(
            keccak256(abi.encodePacked(address(1))),
            _builder.encodeAccount(1, 0, keccak256(hex"80"), keccak256("code"))
        );
        bytes32 stateRoot;
        (stateRoot, evidence.accountProof) =
            _builder.prove(keccak256(abi.encodePacked(Predeploys.TRANSITION_TRACKER)));
        evidence.header = _builder.auxiliaryHeader(2 * EPOCH, stateRoot);
        vote.source = keccak256(evidence.header);
        // Nodes of a storage that is not there are surplus.
        bytes memory signature = _signatureOf(1, vote);
        VM.expectRevert(
            abi.encodeWithSelector(
                CalldataTrie.TrieProofSurplus.selector, 0, evidence.storageProof.length
            )
        );
        _judge()
            .slashFalseTransition(
                vote, signature, evidence.header, evidence.accountProof, evidence.storageProof
            );
        evidence.storageProof = new bytes[](0);
        _accuse(1, vote, evidence);
        _requireStatus(1, CoreState.ValidatorStatus.Slashed);
    }

    function test_slashFalseTransition_negative01WrongEvidence_isRefused() public {
        _openWith(4);
        (VoteMessage memory vote, Evidence memory evidence) = _provenVote(keccak256("truth"));
        bytes32 source = vote.source;
        // A true vote, with the proof of another state.
        (VoteMessage memory other, Evidence memory otherEvidence) =
            _provenVote(keccak256("another truth"));
        vote.transitionHash = keccak256("truth");
        bytes memory signature = _signatureOf(1, vote);
        VM.expectRevert(
            abi.encodeWithSelector(
                FalseTransitions.OffenceSourceMismatch.selector, source, other.source
            )
        );
        _judge()
            .slashFalseTransition(
                vote,
                signature,
                otherEvidence.header,
                otherEvidence.accountProof,
                otherEvidence.storageProof
            );
        VM.expectRevert();
        _judge()
            .slashFalseTransition(
                vote,
                signature,
                evidence.header,
                otherEvidence.accountProof,
                otherEvidence.storageProof
            );
        VM.expectRevert();
        _judge()
            .slashFalseTransition(
                vote, signature, evidence.header, evidence.accountProof, new bytes[](0)
            );
        VM.expectRevert();
        _judge()
            .slashFalseTransition(vote, signature, evidence.header, new bytes[](0), new bytes[](0));
    }

    function test_slashFalseTransition_otherCoreOrChainOrDomain_isRefused() public {
        _openWith(4);
        (VoteMessage memory vote, Evidence memory evidence) = _provenVote(keccak256("truth"));
        bytes32 foreign = ProtocolHashes.coreIdentifier(uint96(block.chainid), address(0xdead));
        vote.chain = foreign;
        bytes memory signature = _signatureOf(1, vote);
        VM.expectRevert(abi.encodeWithSelector(Offences.OffenceChainForeign.selector, foreign));
        _judge()
            .slashFalseTransition(
                vote, signature, evidence.header, evidence.accountProof, evidence.storageProof
            );
        vote.chain = _core.coreIdentifier();
        bytes32 domain = ProtocolHashes.domainSeparator(uint96(block.chainid), address(0xdead));
        signature = signCompact(1, ProtocolHashes.voteDigest(domain, vote));
        VM.expectRevert();
        _judge()
            .slashFalseTransition(
                vote, signature, evidence.header, evidence.accountProof, evidence.storageProof
            );
        signature = malleate(1, ProtocolHashes.voteDigest(_core.domainSeparator(), vote));
        VM.expectRevert(Offences.OffenceSignatureInvalid.selector);
        _judge()
            .slashFalseTransition(
                vote, signature, evidence.header, evidence.accountProof, evidence.storageProof
            );
    }

    /// @dev T of an origin block is a function of its header alone.
    function test_slashFalseTransition_voteAboutOrigin_headerIsTheTruth() public {
        _openWith(4);
        bytes32 stateRoot = keccak256("origin state");
        Evidence memory evidence;
        evidence.header = _builder.originHeader(10 * ORIGIN_EPOCH, stateRoot);
        VoteMessage memory vote = _about(_originIdentifier(), _vote(10, 11));
        vote.source = keccak256(evidence.header);
        vote.transitionHash = ProtocolHashes.originTransitionHash(
            OriginBlock(10 * ORIGIN_EPOCH, vote.source, stateRoot)
        );
        bytes memory signature = _signatureOf(1, vote);
        VM.expectRevert(Offences.OffenceNone.selector);
        _judge()
            .slashFalseTransition(
                vote, signature, evidence.header, evidence.accountProof, evidence.storageProof
            );
        vote.transitionHash = keccak256("a lie");
        _accuse(1, vote, evidence);
        _requireStatus(1, CoreState.ValidatorStatus.Slashed);
    }

    function test_slash_touchingSpans_areNoOffence() public {
        _openWith(4);
        // A chain, a gap, and spans that share one end or overlap: none lies strictly within the other.
        uint64[2][2][5] memory pairs = [
            [[uint64(1), 2], [uint64(2), 3]],
            [[uint64(1), 2], [uint64(4), 5]],
            [[uint64(1), 4], [uint64(1), 3]],
            [[uint64(1), 3], [uint64(2), 4]],
            [[uint64(1), 2], [uint64(1), 3]]
        ];
        for (uint256 i; i < pairs.length; ++i) {
            _expectNoOffence(
                _vote(pairs[i][0][0], pairs[i][0][1]), _vote(pairs[i][1][0], pairs[i][1][1])
            );
        }
    }

    function test_slash_identicalMessage_isNoOffence() public {
        _openWith(4);
        VoteMessage memory a = _vote(1, 2);
        _expectNoOffence(a, a);
        // Nor in another encoding of the signature: 64 bytes, 65 bytes, high s.
        bytes[3] memory encodings = [
            _signatureOf(1, a),
            _signatureOf65Bytes(1, a),
            malleate(1, ProtocolHashes.voteDigest(_core.domainSeparator(), a))
        ];
        for (uint256 i; i < 9; ++i) {
            VM.expectRevert(Offences.OffenceNone.selector);
            _judge().slash(a, encodings[i / 3], a, encodings[i % 3]);
        }
    }

    function test_slash_malleatedSignature_isRefused() public {
        _openWith(4);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        bytes memory twin = malleate(1, ProtocolHashes.voteDigest(_core.domainSeparator(), b));
        bytes memory right = _signatureOf(1, a);
        bytes memory raw = _signatureOf65Bytes(1, b);
        raw[64] = bytes1(uint8(raw[64]) - 27);
        bytes[4] memory wrong = [twin, raw, new bytes(65), bytes("")];
        for (uint256 i; i < wrong.length; ++i) {
            VM.expectRevert(Offences.OffenceSignatureInvalid.selector);
            _judge().slash(a, right, b, wrong[i]);
            VM.expectRevert(Offences.OffenceSignatureInvalid.selector);
            _judge().slash(b, wrong[i], a, right);
        }
    }

    function test_slash_auxiliaryAgainstOriginVote_isNoOffence() public {
        _openWith(4);
        VoteMessage memory a = _vote(1, 2);
        VoteMessage memory b = _vote(1, 2);
        b.chain = _originIdentifier();
        _expectNoOffence(a, b);
        _expectNoOffence(_vote(1, 4), _about(_originIdentifier(), _vote(2, 3)));
    }

    function test_slash_messagesAboutAnotherChain_areRefused() public {
        _openWith(4);
        bytes32[2] memory foreign = [
            ProtocolHashes.coreIdentifier(uint96(block.chainid), address(0xdead)),
            ProtocolHashes.coreIdentifier(uint96(block.chainid) + 1, address(_core))
        ];
        for (uint256 i; i < foreign.length; ++i) {
            VoteMessage memory a = _about(foreign[i], _vote(1, 4));
            VoteMessage memory b = _about(foreign[i], _vote(2, 3));
            (bytes memory sa, bytes memory sb) = (_signatureOf(1, a), _signatureOf(1, b));
            bytes memory expected =
                abi.encodeWithSelector(Offences.OffenceChainForeign.selector, foreign[i]);
            VM.expectRevert(expected);
            _judge().slash(a, sa, b, sb);
            VM.expectRevert(expected);
            _judge().slash(b, sb, a, sa);
        }
    }

    /// @dev Two real offences, on another core and on another origin chain, brought to this one.
    function test_slash_wrongDomain_isRefused() public {
        _openWith(4);
        bytes32[2] memory domains = [
            ProtocolHashes.domainSeparator(uint96(block.chainid), address(0xdead)),
            ProtocolHashes.domainSeparator(uint96(block.chainid) + 1, address(_core))
        ];
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        for (uint256 i; i < domains.length; ++i) {
            bytes memory sa = signCompact(1, ProtocolHashes.voteDigest(domains[i], a));
            bytes memory sb = signCompact(1, ProtocolHashes.voteDigest(domains[i], b));
            // Under this domain the signatures are those of two strangers.
            VM.expectRevert();
            _judge().slash(a, sa, b, sb);
            VM.expectRevert();
            _judge().slash(b, sb, a, sa);
        }
        _requireStatus(1, CoreState.ValidatorStatus.Seated);
    }

    function test_slash_votesOfTwoValidators_areRefused() public {
        _openWith(4);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        (bytes memory sa, bytes memory sb) = (_signatureOf(1, a), _signatureOf(2, b));
        VM.expectRevert(
            abi.encodeWithSelector(
                Offences.OffenceSignersDiffer.selector, _validator(1), _validator(2)
            )
        );
        _judge().slash(a, sa, b, sb);
        VM.expectRevert(
            abi.encodeWithSelector(
                Offences.OffenceSignersDiffer.selector, _validator(2), _validator(1)
            )
        );
        _judge().slash(b, sb, a, sa);
    }

    function test_slash_stranger_isRefused() public {
        _openWith(4);
        _expectNotSlashable(9, CoreState.ValidatorStatus.Unknown);
    }

    function test_slash_twice_isRefused() public {
        _openWith(4);
        _offend(1);
        _expectNotSlashable(1, CoreState.ValidatorStatus.Slashed);
    }

    function test_slash_directlyOnArbiter_reverts() public {
        _openWith(4);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        (bytes memory sa, bytes memory sb) = (_signatureOf(1, a), _signatureOf(1, b));
        VM.expectRevert();
        _arbiter.slash(a, sa, b, sb);
    }

    function test_slash_stake_isRewardAndBurnedToTheWei() public {
        // A stake that does not divide evenly.
        uint96 odd = STAKE + 7;
        _deposit(1, odd);
        _openWithMore(2, 4);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        (bytes memory sa, bytes memory sb) = (_signatureOf(1, a), _signatureOf(1, b));
        uint256 reward = uint256(odd) * REPORTER_SHARE / 10_000;
        VM.expectEmit(address(_core));
        emit Verdicts.ValidatorSlashed(_validator(1), Offence.SurroundVote, odd, REPORTER, reward);
        VM.prank(REPORTER);
        _judge().slash(a, sa, b, sb);

        assertEq(_burned(), odd - reward);
        assertEq(_staked(), 3 * uint256(STAKE) + reward);
        assertEq(_token.balanceOf(address(_core)), 3 * uint256(STAKE) + odd);

        // Paid at once, to the reporter, once.
        _keeper().withdraw(_validator(1));
        assertEq(_token.balanceOf(REPORTER), reward);
        assertEq(_token.balanceOf(_withdrawalOf(1)), 0);
        assertEq(_staked(), 3 * uint256(STAKE));
        assertEq(_token.balanceOf(address(_core)), 3 * uint256(STAKE) + odd - reward);
        _expectNothingLeft(1);
        _requireStatus(1, CoreState.ValidatorStatus.Slashed);
    }

    function test_slash_byFriend_losesMoreThanItPays() public {
        CoreParameters memory parameters = _parameters(IERC20(address(_token)));
        parameters.reporterShare = 5_001;
        VM.expectRevert(
            abi.encodeWithSelector(CoreStorage.CoreParameterInvalid.selector, "reporterShare")
        );
        new Core(parameters, address(_arbiter), address(this), "");
        _openWith(4);
        _offend(1);
        assertTrue(2 * _core.validatorOf(_validator(1)).stake <= STAKE, "half is gone at least");
        assertEq(_core.validatorOf(_validator(1)).withdrawal, REPORTER);
    }

    function test_slash_withoutReward_burnsAll() public {
        CoreParameters memory parameters = _parameters(IERC20(address(_token)));
        parameters.reporterShare = 0;
        _core = new Core(parameters, address(_arbiter), address(this), "definition");
        _openWith(4);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        _judge().slash(a, _signatureOf(1, a), b, _signatureOf(1, b));
        assertEq(_burned(), STAKE);
        _expectNothingLeft(1);
    }

    function test_slash_inQueue_neverJoins() public {
        _openWith(4);
        _deposit(5, STAKE);
        _offend(5);
        assertEq(_core.head().slashedSeats, 0);
        _commitNext(1, _firstKeys(4));
        assertEq(_set.length, 4 * 32);
        assertEq(_core.head().queuedChanges, 0);
    }

    function test_slash_inCreation_leavesGenesisSet() public {
        _deposit(1, STAKE);
        _deposit(2, STAKE);
        _offend(1);
        _open();
        assertEq(_set.length, 32);
        assertEq(_kernel.forwardWeight, STAKE);
    }

    function test_slash_duringLogoutDelay_stillWorks() public {
        _openWith(4);
        _logout(1);
        _offendAs(1, CoreState.ValidatorStatus.LogoutQueued);
        _logout(2);
        // The queued logout of the slashed validator is passed over.
        _commitNext(1, _keys(0, 2, 3, 4));
        assertEq(_wordAt(0), 0);
        _offendAs(2, CoreState.ValidatorStatus.Leaving);
    }

    function test_slash_afterRemoval_untilWithdrawal() public {
        _openWith(5);
        _logout(4);
        _logout(5);
        _commitNext(1, _firstKeys(5));
        _commitNext(2, _firstKeys(5));
        _requireStatus(5, CoreState.ValidatorStatus.Removed);
        _commitNext(3, _keys(1, 2, 3, 0));
        VM.warp(block.timestamp + WITHDRAWAL_DELAY);
        _keeper().withdraw(_validator(4));
        // Its delay is over, too, but the stake is still there.
        _offendAs(5, CoreState.ValidatorStatus.Removed);
        assertEq(_core.head().slashedSeats, 0);
        _expectNotSlashable(4, CoreState.ValidatorStatus.Withdrawn);
        assertEq(_staked(), 3 * uint256(STAKE) + REWARD);
        assertEq(_burned(), STAKE - REWARD);
    }

    /// @dev θ on both sides: of 7 validators 5 are needed; with one slashed, 5 of 6, its own vote not among them.
    function test_commit_negative05SlashedVotes_countOnNeitherSide() public {
        _openWith(7);
        _offend(7);
        assertEq(_core.head().slashedSeats, 1);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(7));
        // Four honest ones and the slashed.
        _sign(commit, _keysOf(7, 0x4f));
        VM.expectRevert(
            abi.encodeWithSelector(
                SealedLinks.CoreNotSupermajority.selector,
                4 * uint256(STAKE),
                6 * uint256(STAKE),
                4 * uint256(STAKE),
                6 * uint256(STAKE)
            )
        );
        _callCommit(commit);
        // One more valid vote, also of the slashed, never makes a commit fail.
        _sign(commit, _firstKeys(7));
        _commit(commit);
    }

    /// @dev With the nominal total as denominator this commit would fail: 3 of 4 need 9 > 8, 3 of 5 have 9 < 10.
    function test_commit_slashedWeight_isNotInTheDenominator() public {
        _openWith(5);
        _offend(5);
        Commit memory commit = _proposeAndSign(1, 5_000, _keys(1, 2, 3, 0));
        _commit(commit);
    }

    function test_commit_afterSlashing_emptiesTheSeat() public {
        _openWith(4);
        _offend(2);
        _commitNext(1, _firstKeys(4));
        assertEq(_wordAt(1), 0);
        assertEq(_kernel.forwardWeight, 3 * uint256(STAKE));
        assertEq(_kernel.rearWeight, 3 * uint256(STAKE));
        assertEq(_core.head().slashedSeats, 0);
        (uint256 word, uint256 index, uint64 start, uint64 end) = _updateAt(_lastUpdates, 0);
        assertEq(word, 0);
        assertEq(index, 1);
        assertEq(start, 0);
        assertEq(end, 1);
        // The seat may be taken, and the set is complete without it.
        _deposit(5, STAKE);
        _commitNext(2, _keys(1, 0, 3, 4));
        assertEq(_validatorOfSeat(1), _validator(5));
        _commitNext(3, _keys(1, 5, 3, 4));
    }

    function test_commit_slashedJoinerAndLeaver_leaveTheirHalvesOnly() public {
        _openWith(6);
        _deposit(7, STAKE);
        _logout(1);
        _commitNext(1, _firstKeys(6));
        // Forward without 1, rear without 7.
        assertEq(_kernel.forwardWeight, 6 * uint256(STAKE));
        assertEq(_kernel.rearWeight, 6 * uint256(STAKE));
        _offend(7);
        Commit memory commit = _proposeAndSign(2, 2_000_000, _firstKeys(7));
        _sign(commit, _keysOf(7, 0x0e));
        VM.expectRevert(
            abi.encodeWithSelector(
                SealedLinks.CoreNotSupermajority.selector,
                3 * uint256(STAKE),
                5 * uint256(STAKE),
                3 * uint256(STAKE),
                6 * uint256(STAKE)
            )
        );
        _callCommit(commit);
        _offend(1);
        VM.expectRevert(
            abi.encodeWithSelector(
                SealedLinks.CoreNotSupermajority.selector,
                3 * uint256(STAKE),
                5 * uint256(STAKE),
                3 * uint256(STAKE),
                5 * uint256(STAKE)
            )
        );
        _callCommit(commit);
        _sign(commit, _firstKeys(7));
        _commit(commit);
        assertEq(_wordAt(0), 0);
        assertEq(_wordAt(6), 0);
    }

    function test_slash_tokenThatRefusesTransfers_cannotBeInTheWay() public {
        _openWith(4);
        VM.etch(address(_token), hex"fe");
        _offend(1);
        assertEq(_core.validatorOf(_validator(1)).stake, REWARD);
    }

    /// @dev A vote whose source is a header with a state in which TransitionTracker holds `truth`.
    function _provenVote(bytes32 truth)
        private
        returns (VoteMessage memory vote, Evidence memory evidence)
    {
        bytes32 stateRoot;
        (stateRoot, evidence.accountProof, evidence.storageProof) = _prove(truth);
        evidence.header = _builder.auxiliaryHeader(2 * EPOCH, stateRoot);
        vote = _vote(2, 3);
        vote.source = keccak256(evidence.header);
    }

    function _accuse(uint256 key, VoteMessage memory vote, Evidence memory evidence) private {
        _judge()
            .slashFalseTransition(
                vote,
                _signatureOf(key, vote),
                evidence.header,
                evidence.accountProof,
                evidence.storageProof
            );
    }

    function _openWithMore(uint256 first, uint256 last) private {
        for (uint256 key = first; key <= last; ++key) {
            _deposit(key, STAKE);
        }
        _open();
    }

    function _logout(uint256 key) private {
        VM.prank(_validator(key));
        _keeper().logout(_validator(key));
    }

    function _about(bytes32 chain, VoteMessage memory vote)
        private
        pure
        returns (VoteMessage memory)
    {
        vote.chain = chain;
        return vote;
    }

    function _originIdentifier() private view returns (bytes32) {
        return ProtocolHashes.coreIdentifier(uint96(block.chainid), address(0));
    }

    function _signatureOf65Bytes(uint256 key, VoteMessage memory vote)
        private
        view
        returns (bytes memory)
    {
        bytes32 digest = ProtocolHashes.voteDigest(_core.domainSeparator(), vote);
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _slash(uint256 key, VoteMessage memory a, VoteMessage memory b, Offence expected)
        private
    {
        (bytes memory sa, bytes memory sb) = (_signatureOf(key, a), _signatureOf(key, b));
        VM.expectEmit(address(_core));
        emit Verdicts.ValidatorSlashed(_validator(key), expected, STAKE, REPORTER, REWARD);
        VM.prank(REPORTER);
        _judge().slash(a, sa, b, sb);
        _requireStatus(key, CoreState.ValidatorStatus.Slashed);
    }

    function _offend(uint256 key) private {
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        (bytes memory sa, bytes memory sb) = (_signatureOf(key, a), _signatureOf(key, b));
        VM.prank(REPORTER);
        _judge().slash(a, sa, b, sb);
        _requireStatus(key, CoreState.ValidatorStatus.Slashed);
    }

    function _offendAs(uint256 key, CoreState.ValidatorStatus before) private {
        _requireStatus(key, before);
        _offend(key);
    }

    function _expectNoOffence(VoteMessage memory a, VoteMessage memory b) private {
        (bytes memory sa, bytes memory sb) = (_signatureOf(1, a), _signatureOf(1, b));
        VM.expectRevert(Offences.OffenceNone.selector);
        _judge().slash(a, sa, b, sb);
        VM.expectRevert(Offences.OffenceNone.selector);
        _judge().slash(b, sb, a, sa);
    }

    function _expectNothingLeft(uint256 key) private {
        address validator = _validator(key);
        VM.expectRevert(
            abi.encodeWithSelector(
                Reweighings.ValidatorWrongStatus.selector,
                validator,
                CoreState.ValidatorStatus.Slashed
            )
        );
        _keeper().withdraw(validator);
    }

    function _expectNotSlashable(uint256 key, CoreState.ValidatorStatus status) private {
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        (bytes memory sa, bytes memory sb) = (_signatureOf(key, a), _signatureOf(key, b));
        bytes memory expected = abi.encodeWithSelector(
            Slashing.ArbiterNotSlashable.selector, _validator(key), status
        );
        VM.expectRevert(expected);
        _judge().slash(a, sa, b, sb);
        VM.expectRevert(expected);
        _judge().slash(b, sb, a, sa);
    }

    function _requireStatus(uint256 key, CoreState.ValidatorStatus status) private view {
        assertEq(uint256(_core.validatorOf(_validator(key)).status), uint256(status));
    }

    /// @dev Keys in the seats 0 to 3; 0 does not sign.
    function _keys(uint256 a, uint256 b, uint256 c, uint256 d)
        private
        pure
        returns (uint256[] memory keys)
    {
        keys = new uint256[](4);
        (keys[0], keys[1], keys[2], keys[3]) = (a, b, c, d);
    }

    function _validatorOfSeat(uint256 seat) private view returns (address) {
        return address(uint160(_wordAt(seat) >> 96));
    }
}
