// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FinalityGadget } from "../src/auxiliary/FinalityGadget.sol";
import { Offence, Offences } from "../src/protocol/Offences.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { VoteMessage } from "../src/protocol/Types.sol";
import { ValidatorWord } from "../src/protocol/ValidatorWord.sol";
import { Predeploys } from "../src/protocol/Predeploys.sol";
import { AuxiliaryFixture } from "./AuxiliaryFixture.sol";
import { Vm } from "./Vm.sol";

contract FinalityGadgetTest is AuxiliaryFixture {
    function test_status_atGenesis_rootsAreJustified() public view {
        FinalityGadget.ChainStatus memory auxiliary = GADGET.status(_auxiliary);
        assertEq(auxiliary.justifiedHeight, 0);
        assertEq(auxiliary.justifiedHash, blockhash(0));
        assertEq(auxiliary.finalizedCount, 0);
        FinalityGadget.ChainStatus memory origin = GADGET.status(_origin);
        assertEq(origin.justifiedHeight, ROOT_HEIGHT);
        assertEq(origin.justifiedHash, keccak256("root"));
    }

    function test_submitVotes_supermajority_justifiesAndFinalizes() public {
        _advanceTo(EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        _submit(vote, 1, 2);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 0);
        VM.recordLogs();
        _submit(vote, 3, 3);
        Vm.Log[] memory logs = VM.getRecordedLogs();
        assertEq(logs.length, 3);
        assertEq(logs[0].topics[0], FinalityGadget.VoteRecorded.selector);
        assertEq(logs[0].topics[2], bytes32(uint256(2)));
        assertEq(logs[1].topics[0], FinalityGadget.CheckpointJustified.selector);
        assertEq(logs[2].topics[0], FinalityGadget.CheckpointFinalized.selector);
        FinalityGadget.ChainStatus memory current = GADGET.status(_auxiliary);
        assertEq(current.justifiedHeight, 1);
        assertEq(current.justifiedHash, _checkpoint(1));
        assertEq(current.finalizedHeight, 0);
        assertEq(current.finalizedHash, _checkpoint(0));
        assertEq(current.finalizedCount, 1);
        // One more vote is recorded and changes nothing else.
        _requireResult(_submitOne(vote, 4), FinalityGadget.VoteResult.Recorded);
        assertEq(GADGET.status(_auxiliary).finalizedCount, 1);
        assertEq(GADGET.tally(GADGET.linkOf(vote)).forward, 4 * STAKE);
    }

    function test_submitVotes_overTwoEpochs_justifiesOnly() public {
        _advanceTo(2 * EPOCH + 1);
        _submit(_auxiliaryVote(0, 2), 1, 4);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 2);
        assertEq(GADGET.status(_auxiliary).finalizedCount, 0);
        // A link from below fills the gap and does not lower the status.
        _submit(_auxiliaryVote(0, 1), 1, 4);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 2);
        assertEq(GADGET.status(_auxiliary).finalizedCount, 1);
        assertEq(GADGET.justifiedHash(_auxiliary, 1), _checkpoint(1));
    }

    function test_submitVotes_firstVote_opensLinkOnce() public {
        _advanceTo(EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        VM.recordLogs();
        _submit(vote, 1, 2);
        Vm.Log[] memory logs = VM.getRecordedLogs();
        assertEq(logs.length, 3);
        assertEq(logs[0].topics[0], FinalityGadget.LinkOpened.selector);
        assertEq(logs[0].topics[1], GADGET.linkOf(vote));
        assertEq(keccak256(logs[0].data), keccak256(abi.encode(vote)));
        (bytes32 r, bytes32 yParityAndS) = abi.decode(logs[1].data, (bytes32, bytes32));
        bytes memory signature = signCompact(1, GADGET.linkOf(vote));
        assertEq(keccak256(abi.encodePacked(r, yParityAndS)), keccak256(signature));
    }

    function test_submitVotes_replayed_countsOnce() public {
        _advanceTo(EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        _submit(vote, 1, 1);
        _requireResult(_submitOne(vote, 1), FinalityGadget.VoteResult.AlreadyRecorded);
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(1, GADGET.linkOf(vote));
        _requireResult(
            _submitOne(vote, abi.encodePacked(r, s, v)), FinalityGadget.VoteResult.AlreadyRecorded
        );
        assertEq(GADGET.tally(GADGET.linkOf(vote)).forward, STAKE);
        assertTrue(GADGET.hasVoted(GADGET.linkOf(vote), 0), "voted");
        assertTrue(!GADGET.hasVoted(GADGET.linkOf(vote), 1), "not voted");
    }

    function test_submitVotes_malformedSignatures_areSkipped() public {
        _advanceTo(EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(1, GADGET.linkOf(vote));
        bytes[7] memory wrong = [
            malleate(1, GADGET.linkOf(vote)),
            abi.encodePacked(r, s, uint8(v - 27)),
            abi.encodePacked(r, s),
            abi.encodePacked(r, s, v, uint8(0)),
            new bytes(64),
            new bytes(65),
            bytes("")
        ];
        for (uint256 i; i < wrong.length; ++i) {
            FinalityGadget.VoteResult result = _submitOne(vote, wrong[i]);
            bool isRefused = result == FinalityGadget.VoteResult.SignatureInvalid
                || result == FinalityGadget.VoteResult.SignerNotSeated;
            // r ‖ s is the EIP-2098 form when y is even: then it is right.
            bool isRight = i == 2 && v == 27;
            assertTrue(isRefused || isRight, "refused");
        }
    }

    function test_submitVotes_oneBadVote_doesNotHarmOthers() public {
        _advanceTo(EPOCH + 1);
        VoteMessage[] memory votes = new VoteMessage[](4);
        bytes[] memory signatures = new bytes[](4);
        for (uint256 i; i < 4; ++i) {
            votes[i] = _auxiliaryVote(0, 1);
            if (i == 1) votes[i].target = keccak256("nonsense");
            signatures[i] = signCompact(i + 1, ProtocolHashes.voteDigest(_domain, votes[i]));
        }
        FinalityGadget.VoteResult[] memory results = GADGET.submitVotes(votes, signatures);
        _requireResult(results[0], FinalityGadget.VoteResult.Recorded);
        _requireResult(results[1], FinalityGadget.VoteResult.TargetUnknown);
        _requireResult(results[3], FinalityGadget.VoteResult.Recorded);
        assertEq(GADGET.status(_auxiliary).finalizedCount, 1);
    }

    function test_submitVotes_lengthsDiffer_reverts() public {
        VM.expectRevert(abi.encodeWithSelector(FinalityGadget.GadgetLengthMismatch.selector, 1, 0));
        GADGET.submitVotes(new VoteMessage[](1), new bytes[](0));
    }

    /// @dev Every member of the message wrong in turn; heights bound to the blocks (negative test 3).
    function test_submitVotes_negative03WrongMember_isRefused() public {
        _finalizeNext(0, 4);
        _advanceTo(3 * EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(1, 3);

        VoteMessage memory wrong = _copy(vote);
        wrong.chain = ProtocolHashes.coreIdentifier(ORIGIN_CHAIN_ID, address(0xdead));
        _requireResult(_submitOne(wrong, 1), FinalityGadget.VoteResult.ChainForeign);
        wrong = _copy(vote);
        wrong.targetHeight = 1;
        _requireResult(_submitOne(wrong, 1), FinalityGadget.VoteResult.HeightsNotRising);
        wrong.targetHeight = 0;
        _requireResult(_submitOne(wrong, 1), FinalityGadget.VoteResult.HeightsNotRising);
        wrong.targetHeight = 2;
        _requireResult(_submitOne(wrong, 1), FinalityGadget.VoteResult.TargetUnknown);
        wrong.targetHeight = 4;
        _requireResult(_submitOne(wrong, 1), FinalityGadget.VoteResult.TargetUnknown);
        wrong = _copy(vote);
        wrong.sourceHeight = 0;
        _requireResult(_submitOne(wrong, 1), FinalityGadget.VoteResult.SourceNotJustified);
        wrong.sourceHeight = 2;
        _requireResult(_submitOne(wrong, 1), FinalityGadget.VoteResult.SourceNotJustified);
        wrong = _copy(vote);
        wrong.source = 0;
        _requireResult(_submitOne(wrong, 1), FinalityGadget.VoteResult.SourceNotJustified);
        wrong = _copy(vote);
        wrong.target = 0;
        _requireResult(_submitOne(wrong, 1), FinalityGadget.VoteResult.TargetUnknown);
        wrong = _copy(vote);
        wrong.transitionHash = TRACKER.transitionHash(2);
        _requireResult(_submitOne(wrong, 1), FinalityGadget.VoteResult.TransitionWrong);
        wrong.transitionHash = 0;
        _requireResult(_submitOne(wrong, 1), FinalityGadget.VoteResult.TransitionWrong);
        _requireResult(_submitOne(vote, 5), FinalityGadget.VoteResult.SignerNotSeated);
        _requireResult(_submitOne(vote, 1), FinalityGadget.VoteResult.Recorded);
    }

    function test_submitVotes_targetIsCurrentBlock_isUnknownUntilTheNext() public {
        _advanceTo(EPOCH);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        VM.roll(EPOCH + 1);
        vote.target = blockhash(EPOCH);
        VM.roll(EPOCH);
        _requireResult(_submitOne(vote, 1), FinalityGadget.VoteResult.TargetUnknown);
        _endBlock();
        _requireResult(_submitOne(vote, 1), FinalityGadget.VoteResult.Recorded);
    }

    function test_submitVotes_age_countsUpToTheBound() public {
        _advanceTo((1 + MAX_VOTE_AGE + 1) * EPOCH - 1);
        _requireResult(_submitOne(_auxiliaryVote(0, 1), 1), FinalityGadget.VoteResult.Recorded);
        _endBlock();
        _requireResult(_submitOne(_auxiliaryVote(0, 1), 2), FinalityGadget.VoteResult.TooOld);
    }

    function test_submitVotes_checkpointBeyondBlockhash_usesTheRecordedOne() public {
        _advanceTo(EPOCH + 1);
        bytes32 genesis = TRACKER.checkpointHash(0);
        _advanceTo(75 * EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 75);
        vote.source = genesis;
        _submit(vote, 1, 4);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 75);
    }

    function test_submitVotes_originConflictingTarget_isRefusedInEitherOrder() public {
        for (uint256 order; order < 2; ++order) {
            _start(4);
            bytes32 root = keccak256("root");
            bytes32 one = _report(ROOT_HEIGHT + 1, "one");
            bytes32 two = _report(ROOT_HEIGHT + 1, "two");
            (bytes32 winner, bytes32 loser) = order == 0 ? (one, two) : (two, one);
            _requireResult(
                _submitOne(_originVote(root, loser), 1), FinalityGadget.VoteResult.Recorded
            );
            _submit(_originVote(root, winner), 2, 4);
            assertEq(GADGET.justifiedHash(_origin, ROOT_HEIGHT + 1), winner);
            _requireResult(
                _submitOne(_originVote(root, loser), 2), FinalityGadget.VoteResult.TargetConflicts
            );
            assertEq(GADGET.status(_origin).finalizedCount, 1);
        }
    }

    function test_submitVotes_originHeightNotOfTheBlock_isRefused() public {
        bytes32 one = _report(ROOT_HEIGHT + 1, "one");
        VoteMessage memory vote = _originVote(keccak256("root"), one);
        vote.targetHeight += 1;
        _requireResult(_submitOne(vote, 1), FinalityGadget.VoteResult.TargetUnknown);
        vote.targetHeight -= 1;
        vote.target = keccak256("never reported");
        _requireResult(_submitOne(vote, 1), FinalityGadget.VoteResult.TargetUnknown);
        // The height per chain is remembered apart: the same heights on the other chain mean nothing.
        vote.target = one;
        vote.chain = _auxiliary;
        _requireResult(_submitOne(vote, 1), FinalityGadget.VoteResult.SourceNotJustified);
    }

    function test_submitVotes_originAge_isMeasuredByHighestJustified() public {
        bytes32 root = keccak256("root");
        bytes32 near = _report(ROOT_HEIGHT + 1, "near");
        bytes32 far = _report(ROOT_HEIGHT + 1 + MAX_VOTE_AGE, "far");
        _submit(_originVote(root, far), 1, 4);
        _requireResult(_submitOne(_originVote(root, near), 1), FinalityGadget.VoteResult.Recorded);
        bytes32 farther = _report(ROOT_HEIGHT + 2 + MAX_VOTE_AGE, "farther");
        _submit(_originVote(far, farther), 1, 4);
        _requireResult(_submitOne(_originVote(root, near), 2), FinalityGadget.VoteResult.TooOld);
    }

    function test_submitVotes_slashedValidator_isRefusedAndWeightless() public {
        _advanceTo(EPOCH + 1);
        _slashSeat(0);
        assertTrue(GADGET.isSlashed(0), "slashed");
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        _requireResult(_submitOne(vote, 1), FinalityGadget.VoteResult.SignerSlashed);
    }

    function test_dynastyBefore_countsFromTheNextBlock() public {
        _advanceTo(EPOCH + 1);
        _submit(_auxiliaryVote(0, 1), 1, 4);
        assertEq(GADGET.dynastyBefore(_number), 0);
        assertEq(GADGET.dynastyBefore(_number + 1), 1);
        _advanceTo(2 * EPOCH + 1);
        _submit(_auxiliaryVote(1, 2), 1, 4);
        assertEq(GADGET.dynastyBefore(_number), 1);
        assertEq(GADGET.dynastyBefore(_number + 1), 2);
        VM.expectRevert(
            abi.encodeWithSelector(
                FinalityGadget.GadgetDynastyForgotten.selector, _number - 1, _number
            )
        );
        GADGET.dynastyBefore(_number - 1);
    }

    function test_submitVotes_negative09SetSize_doesNotChangeTheGasOfAVote() public {
        uint256 small = _gasOfSecondVote(4);
        uint256 large = _gasOfSecondVote(128);
        assertTrue(large < small + 1_000 && small < large + 1_000, "O(1) per vote");
    }

    function test_submitVotes_oneHundredTwentyEightVotes_fitIntoABlock() public {
        _start(128);
        _advanceTo(EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        uint256 before = gasleft();
        _submit(vote, 1, 128);
        assertTrue(before - gasleft() < 30_000_000, "within 30M");
        assertEq(GADGET.status(_auxiliary).finalizedCount, 1);
    }

    function test_retally_withoutVotes_reverts() public {
        _advanceTo(EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        bytes32 link = GADGET.linkOf(vote);
        VM.expectRevert(abi.encodeWithSelector(FinalityGadget.GadgetLinkUnknown.selector, link));
        GADGET.retally(vote);
    }

    function test_retally_conflictingLink_reverts() public {
        bytes32 root = keccak256("root");
        VoteMessage memory loser = _originVote(root, _report(ROOT_HEIGHT + 1, "loser"));
        _submit(loser, 1, 1);
        _submit(_originVote(root, _report(ROOT_HEIGHT + 1, "winner")), 2, 4);
        _replaceSeat(1, 0, _word(1, ValidatorWord.FORWARD | ValidatorWord.REAR) + 5_000 ether);
        bytes32 link = GADGET.linkOf(loser);
        VM.expectRevert(
            abi.encodeWithSelector(
                FinalityGadget.GadgetLinkRefused.selector,
                link,
                FinalityGadget.VoteResult.TargetConflicts
            )
        );
        GADGET.retally(loser);
    }

    function test_retally_afterActivation_takesTheNewWeights() public {
        _advanceTo(EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        bytes32 link = GADGET.linkOf(vote);
        _submit(vote, 1, 2);
        // Seats 2 and 3 end: half of four becomes all of the forward set, but still two of four in the rear set.
        _replaceSeat(2, 2, _word(3, ValidatorWord.REAR));
        _replaceSeat(2, 3, _word(4, ValidatorWord.REAR));
        GADGET.retally(vote);
        assertEq(GADGET.tally(link).forward, 2 * STAKE);
        assertEq(GADGET.tally(link).rear, 2 * STAKE);
        assertEq(GADGET.tally(link).kernelHeight, 2);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 0);
        _replaceSeat(3, 2, 0);
        _replaceSeat(3, 3, 0);
        GADGET.retally(vote);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 1);
    }

    function test_retally_afterReweighing_countsEachVoteByItsNewWeight() public {
        _advanceTo(EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        bytes32 link = GADGET.linkOf(vote);
        _submit(vote, 1, 2);
        uint256 both = ValidatorWord.FORWARD | ValidatorWord.REAR;
        _replaceSeat(2, 0, ValidatorWord.encode(VM.addr(1), 3 * STAKE) | both);
        _replaceSeat(2, 1, ValidatorWord.encode(VM.addr(2), 0) | both);
        GADGET.retally(vote);
        // 3 of 5 now; a third validator makes it 4 of 5.
        assertEq(GADGET.tally(link).forward, 3 * STAKE);
        assertEq(GADGET.tally(link).rear, 3 * STAKE);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 0);
        assertTrue(GADGET.hasVoted(link, 1), "a vote without weight is a vote");
        _submit(vote, 3, 3);
        assertEq(GADGET.tally(link).forward, 4 * STAKE);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 1);
    }

    function test_submitVotes_reusedSeat_doesNotInheritTheVote() public {
        _advanceTo(EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        bytes32 link = GADGET.linkOf(vote);
        _submit(vote, 1, 2);
        // Key 9 takes the seat of key 2, key 1 stays: only one vote is left.
        _replaceSeat(2, 1, _word(9, ValidatorWord.FORWARD | ValidatorWord.REAR));
        assertTrue(!GADGET.hasVoted(link, 1), "the newcomer did not vote");
        GADGET.retally(vote);
        assertEq(GADGET.tally(link).forward, STAKE);
        _requireResult(_submitOne(vote, 2), FinalityGadget.VoteResult.SignerNotSeated);
        _requireResult(_submitOne(vote, 9), FinalityGadget.VoteResult.Recorded);
        assertEq(GADGET.tally(link).forward, 2 * STAKE);
        // The one who left and voted before the change is not counted twice under any kernel.
        _requireResult(_submitOne(vote, 1), FinalityGadget.VoteResult.AlreadyRecorded);
    }

    function test_submitVotes_straddlingActivation_retalliesOnNextVote() public {
        _advanceTo(EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        _submit(vote, 1, 2);
        _replaceSeat(2, 3, 0);
        // Two of three is not more than two thirds; the third vote brings all of them over.
        _submit(vote, 3, 3);
        assertEq(GADGET.tally(GADGET.linkOf(vote)).forward, 3 * STAKE);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 1);
    }

    function test_replaceSeats_byStranger_reverts() public {
        VM.expectRevert(
            abi.encodeWithSelector(FinalityGadget.GadgetNotRegistry.selector, address(this))
        );
        GADGET.replaceSeats(2, new uint16[](0), new uint256[](0));
    }

    /// @dev Weights at the bound: exactly two thirds is not enough, one unit more is; in either set.
    function test_submitVotes_boundaryOfBothSets_isStrict() public {
        for (uint256 flag; flag < 2; ++flag) {
            for (uint256 surplus; surplus < 2; ++surplus) {
                _start(2);
                uint256 single = flag == 0 ? ValidatorWord.FORWARD : ValidatorWord.REAR;
                uint256 both = ValidatorWord.FORWARD | ValidatorWord.REAR;
                _replaceSeat(2, 0, (uint256(uint160(VM.addr(1))) << 96) | both | (200 + surplus));
                _replaceSeat(2, 1, (uint256(uint160(VM.addr(2))) << 96) | single | 100);
                _advanceTo(EPOCH + 1);
                _submit(_auxiliaryVote(0, 1), 1, 1);
                assertEq(GADGET.status(_auxiliary).justifiedHeight, surplus);
            }
        }
    }

    function _gasOfSecondVote(uint256 validators) private returns (uint256) {
        _start(validators);
        _advanceTo(EPOCH + 1);
        VoteMessage[] memory votes = new VoteMessage[](1);
        bytes[] memory signatures = new bytes[](1);
        votes[0] = _auxiliaryVote(0, 1);
        bytes32 digest = ProtocolHashes.voteDigest(_domain, votes[0]);
        _submit(votes[0], 1, 1);
        signatures[0] = signCompact(2, digest);
        uint256 before = gasleft();
        GADGET.submitVotes(votes, signatures);
        return before - gasleft();
    }

    function _report(uint64 height, string memory branch) private returns (bytes32) {
        return OBSERVER.reportHeader(
            _builder.originHeader(height * ORIGIN_EPOCH, keccak256(bytes(branch)))
        );
    }

    function _replaceSeat(uint64 kernelHeight, uint16 index, uint256 word) private {
        uint16[] memory indices = new uint16[](1);
        uint256[] memory words = new uint256[](1);
        (indices[0], words[0]) = (index, word);
        VM.prank(Predeploys.KERNEL_REGISTRY);
        GADGET.replaceSeats(kernelHeight, indices, words);
    }

    /// @dev Sets the bit that only slashing will set; the layout under snapshots/ says where it is.
    function _slashSeat(uint256 index) private {
        bytes32 slot = keccak256(abi.encode(index >> 8, 3));
        VM.store(address(GADGET), slot, bytes32(1 << (index & 0xff)));
    }

    function _copy(VoteMessage memory vote) private pure returns (VoteMessage memory) {
        return abi.decode(abi.encode(vote), (VoteMessage));
    }

    function test_slash_eachCondition_inBothOrders() public {
        _start(7);
        _advanceTo(4 * EPOCH + 1);
        VoteMessage memory other = _auxiliaryVote(1, 2);
        other.target = keccak256("another target");
        _requireSlashed(1, _auxiliaryVote(1, 2), other, Offence.DoubleVote);
        _requireSlashed(2, other, _auxiliaryVote(1, 2), Offence.DoubleVote);
        _requireSlashed(3, _auxiliaryVote(0, 3), _auxiliaryVote(1, 2), Offence.SurroundVote);
        _requireSlashed(4, _auxiliaryVote(1, 2), _auxiliaryVote(0, 3), Offence.SurroundVote);
        other = _auxiliaryVote(1, 3);
        other.transitionHash = keccak256("another transition");
        _requireSlashed(5, _auxiliaryVote(1, 2), other, Offence.ContradictingTransition);
        _requireSlashed(6, other, _auxiliaryVote(1, 2), Offence.ContradictingTransition);
    }

    function test_slash_negative01NoOffence_inBothOrders() public {
        _advanceTo(4 * EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(1, 2);
        VoteMessage memory aboutOrigin = _auxiliaryVote(1, 2);
        aboutOrigin.chain = _origin;
        _expectNoSlash(vote, vote, abi.encodeWithSelector(Offences.OffenceNone.selector));
        _expectNoSlash(vote, aboutOrigin, abi.encodeWithSelector(Offences.OffenceNone.selector));
        _expectNoSlash(
            vote, _auxiliaryVote(2, 3), abi.encodeWithSelector(Offences.OffenceNone.selector)
        );
        VoteMessage memory foreign = _auxiliaryVote(1, 2);
        foreign.chain = keccak256("another core");
        VoteMessage memory contradicting = _auxiliaryVote(0, 2);
        contradicting.chain = foreign.chain;
        _expectNoSlash(
            foreign,
            contradicting,
            abi.encodeWithSelector(Offences.OffenceChainForeign.selector, foreign.chain)
        );
    }

    function test_slash_otherEncodingOfOneSignature_isNoOffence() public {
        _advanceTo(2 * EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 1);
        bytes32 digest = GADGET.linkOf(vote);
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(1, digest);
        bytes[3] memory encodings =
            [signCompact(1, digest), abi.encodePacked(r, s, v), malleate(1, digest)];
        for (uint256 i; i < 9; ++i) {
            VM.expectRevert(Offences.OffenceNone.selector);
            GADGET.slash(vote, encodings[i / 3], vote, encodings[i % 3]);
        }
    }

    function test_slash_wrongDomainOrStranger_isRefused() public {
        _advanceTo(4 * EPOCH + 1);
        (VoteMessage memory a, VoteMessage memory b) = (_auxiliaryVote(0, 3), _auxiliaryVote(1, 2));
        bytes32 foreign = ProtocolHashes.domainSeparator(ORIGIN_CHAIN_ID, address(0xdead));
        bytes memory sa = signCompact(1, ProtocolHashes.voteDigest(foreign, a));
        bytes memory sb = signCompact(1, ProtocolHashes.voteDigest(foreign, b));
        VM.expectRevert();
        GADGET.slash(a, sa, b, sb);
        VM.expectRevert();
        GADGET.slash(b, sb, a, sa);
        sa = signCompact(9, GADGET.linkOf(a));
        sb = signCompact(9, GADGET.linkOf(b));
        VM.expectRevert(
            abi.encodeWithSelector(FinalityGadget.GadgetNotSlashable.selector, VM.addr(9))
        );
        GADGET.slash(a, sa, b, sb);
    }

    function test_slash_offender_votesNoMoreAndLeavesTheTotals() public {
        _start(5);
        _advanceTo(4 * EPOCH + 1);
        _offend(5);
        (, uint128 forward, uint128 rear) = GADGET.weights();
        assertEq(forward, 4 * STAKE);
        assertEq(rear, 4 * STAKE);
        VoteMessage memory vote = _auxiliaryVote(0, 3);
        _requireResult(_submitOne(vote, 5), FinalityGadget.VoteResult.SignerSlashed);
        VoteMessage memory other = _auxiliaryVote(1, 2);
        (bytes memory sa, bytes memory sb) =
            (signCompact(5, GADGET.linkOf(vote)), signCompact(5, GADGET.linkOf(other)));
        VM.expectRevert(
            abi.encodeWithSelector(FinalityGadget.GadgetNotSlashable.selector, VM.addr(5))
        );
        GADGET.slash(vote, sa, other, sb);
        // 3 of 5 are no supermajority, 3 of 4 are.
        _submit(vote, 1, 3);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 3);
    }

    /// @dev Votes that were recorded before the slashing fall out when the link is tallied again.
    function test_slash_recordedVote_countsNoMore() public {
        _start(6);
        _advanceTo(4 * EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 3);
        _submit(vote, 3, 6);
        assertEq(GADGET.tally(GADGET.linkOf(vote)).forward, 4 * STAKE);
        _offend(6);
        // 4 of 6 were not enough; 3 honest and the slashed of 5 are not either.
        GADGET.retally(vote);
        assertEq(GADGET.tally(GADGET.linkOf(vote)).forward, 3 * STAKE);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 0);
        _submit(vote, 1, 1);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 3);
    }

    /// @dev The denominator falls, too: what was recorded may have become a supermajority.
    function test_retally_afterSlashing_canReachSupermajority() public {
        _start(6);
        _advanceTo(4 * EPOCH + 1);
        VoteMessage memory vote = _auxiliaryVote(0, 3);
        _submit(vote, 1, 4);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 0);
        _offend(6);
        GADGET.retally(vote);
        assertEq(GADGET.status(_auxiliary).justifiedHeight, 3);
    }

    /// @dev A kernel fixed before the slashing still carries the offender; its weight stays gone until the seat changes.
    function test_replaceSeats_slashedValidator_staysWithoutWeight() public {
        _start(4);
        _advanceTo(4 * EPOCH + 1);
        _offend(4);
        uint16[] memory indices = new uint16[](1);
        uint256[] memory words = new uint256[](1);
        (indices[0], words[0]) = (3, _word(4, ValidatorWord.REAR));
        VM.prank(Predeploys.KERNEL_REGISTRY);
        GADGET.replaceSeats(2, indices, words);
        (, uint128 forward, uint128 rear) = GADGET.weights();
        assertEq(forward, 3 * STAKE);
        assertEq(rear, 3 * STAKE);
        assertTrue(GADGET.isSlashed(3), "slashed");
        words[0] = _word(5, ValidatorWord.FORWARD);
        VM.prank(Predeploys.KERNEL_REGISTRY);
        GADGET.replaceSeats(3, indices, words);
        (, forward, rear) = GADGET.weights();
        assertEq(forward, 4 * STAKE);
        assertEq(rear, 3 * STAKE);
        assertTrue(!GADGET.isSlashed(3), "a newcomer is not");
    }

    function test_slashFalseTransition_lieOrTruth_isSlashedOrNot() public {
        bytes32 truth = keccak256("truth");
        (bytes32 stateRoot, bytes[] memory accountProof, bytes[] memory storageProof) =
            _builder.proveStorage(Predeploys.TRANSITION_TRACKER, 0, truth);
        bytes memory header = _builder.auxiliaryHeader(2 * EPOCH, stateRoot);
        VoteMessage memory vote = _auxiliaryVote(2, 3);
        (vote.source, vote.transitionHash) = (keccak256(header), truth);
        bytes memory signature = signCompact(1, GADGET.linkOf(vote));
        VM.expectRevert(Offences.OffenceNone.selector);
        GADGET.slashFalseTransition(vote, signature, header, accountProof, storageProof);
        vote.transitionHash = keccak256("a lie");
        signature = signCompact(1, GADGET.linkOf(vote));
        VM.expectEmit(address(GADGET));
        emit FinalityGadget.ValidatorSlashed(VM.addr(1), 0, Offence.FalseTransition, address(this));
        GADGET.slashFalseTransition(vote, signature, header, accountProof, storageProof);
        (, uint128 forward,) = GADGET.weights();
        assertEq(forward, 3 * STAKE);
    }

    function test_slashFalseTransition_voteAboutOrigin_headerIsTheTruth() public {
        bytes32 stateRoot = keccak256("origin state");
        bytes memory header = _builder.originHeader(ROOT_NUMBER + ORIGIN_EPOCH, stateRoot);
        bytes32 source = OBSERVER.reportHeader(header);
        VoteMessage memory vote = _originVote(source, source);
        vote.targetHeight = vote.sourceHeight + 1;
        bytes memory signature = signCompact(1, GADGET.linkOf(vote));
        bytes[] memory none = new bytes[](0);
        VM.expectRevert(Offences.OffenceNone.selector);
        GADGET.slashFalseTransition(vote, signature, header, none, none);
        vote.transitionHash = keccak256("a lie");
        signature = signCompact(1, GADGET.linkOf(vote));
        GADGET.slashFalseTransition(vote, signature, header, none, none);
        assertTrue(GADGET.isSlashed(0), "slashed");
    }

    function _requireSlashed(
        uint256 key,
        VoteMessage memory a,
        VoteMessage memory b,
        Offence offence
    ) private {
        (bytes memory sa, bytes memory sb) = (
            signCompact(key, GADGET.linkOf(a)), signCompact(key, GADGET.linkOf(b))
        );
        VM.expectEmit(address(GADGET));
        emit FinalityGadget.ValidatorSlashed(VM.addr(key), key - 1, offence, address(this));
        GADGET.slash(a, sa, b, sb);
        assertTrue(GADGET.isSlashed(key - 1), "slashed");
    }

    function _offend(uint256 key) private {
        _requireSlashed(key, _auxiliaryVote(0, 3), _auxiliaryVote(1, 2), Offence.SurroundVote);
    }

    function _expectNoSlash(VoteMessage memory a, VoteMessage memory b, bytes memory expected)
        private
    {
        (bytes memory sa, bytes memory sb) =
            (signCompact(1, GADGET.linkOf(a)), signCompact(1, GADGET.linkOf(b)));
        VM.expectRevert(expected);
        GADGET.slash(a, sa, b, sb);
        VM.expectRevert(expected);
        GADGET.slash(b, sb, a, sa);
    }
}
