// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { Bonds } from "../src/origin/Bonds.sol";
import { Conflicts } from "../src/origin/Conflicts.sol";
import { CoreState } from "../src/origin/CoreState.sol";
import { SealedLinks } from "../src/origin/SealedLinks.sol";
import { Slashing } from "../src/origin/Slashing.sol";
import { Verdicts } from "../src/origin/Verdicts.sol";
import { Reweighings } from "../src/origin/Reweighings.sol";
import { Withdrawals } from "../src/origin/Withdrawals.sol";
import { Offence, Offences } from "../src/protocol/Offences.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { TransitionObject, VoteMessage } from "../src/protocol/Types.sol";
import { CoreFixture } from "./CoreFixture.sol";

/// @dev When a core halts, and what is left of it then.
contract HaltTest is CoreFixture {
    address private constant REPORTER = address(0x4e90);
    uint256 private constant REWARD = uint256(STAKE) * REPORTER_SHARE / 10_000;

    /// @dev N = 3k, 3k+1, 3k+2 equal weights: exactly a third slashed does not halt, one more does.
    function test_slash_negative06SafetyThreshold_isStrictlyMoreThanAThird() public {
        for (uint256 n = 1; n <= 9; ++n) {
            _core = _createCore(IERC20(address(_token)));
            _set = "";
            _openWith(n);
            for (uint256 key = 1; 3 * key <= n; ++key) {
                _offend(key);
                _requirePhase(CoreState.Phase.Open);
            }
            VM.expectEmit(address(_core));
            emit Slashing.Halted(1, CoreState.HaltReason.SafetyThreshold, REPORTER);
            _offend(n / 3 + 1);
            _requirePhase(CoreState.Phase.Halted);
            assertEq(_haltedAt(), block.timestamp);
        }
    }

    function test_slash_forwardOrRearAlone_halts() public {
        // Four genesis validators; two more join: forward 6, rear 4.
        _openWith(4);
        _deposit(5, STAKE);
        _deposit(6, STAKE);
        _commitNext(1, _firstKeys(4));
        // Joiners are not in the rear set: a third of forward is not more than a third.
        _offend(5);
        _offend(6);
        _requirePhase(CoreState.Phase.Open);
        // One of four in rear, three of six in forward.
        _offend(4);
        _requirePhase(CoreState.Phase.Halted);
    }

    function test_slash_rearAlone_halts() public {
        // Six, two of them leave: forward 4, rear 6. Two leavers are a third of rear, and nothing of forward.
        _openWith(6);
        _logout(5);
        _logout(6);
        _commitNext(1, _firstKeys(6));
        _offend(5);
        _offend(6);
        _requirePhase(CoreState.Phase.Open);
        _offend(4);
        _requirePhase(CoreState.Phase.Halted);
    }

    /// @dev A commit between the slashings is no way out.
    function test_slash_acrossBoundary_countsTogether() public {
        _openWith(6);
        _offend(1);
        _offend(2);
        _commitNext(1, _firstKeys(6));
        _requirePhase(CoreState.Phase.Open);
        // One of the four that are left is no third of them, but the third of the six before.
        _offend(3);
        _requirePhase(CoreState.Phase.Halted);
    }

    /// @dev Newcomers do not water down the guilt of the set before.
    function test_slash_acrossBoundaryWithJoins_countsAgainstTheSetBefore() public {
        _openWith(6);
        _offend(1);
        _offend(2);
        _deposit(7, 10 * STAKE);
        _deposit(8, 10 * STAKE);
        _commitNext(1, _firstKeys(6));
        _offend(3);
        _requirePhase(CoreState.Phase.Halted);
    }

    /// @dev Nor does leaving: the guilty of the height before count, also when they are gone.
    function test_slash_removedAtBoundary_countsAgainstTheSetBefore() public {
        _openWith(6);
        _logout(5);
        _logout(6);
        _commitNext(1, _firstKeys(6));
        _commitNext(2, _firstKeys(6));
        assertEq(uint256(_statusOf(6)), uint256(CoreState.ValidatorStatus.Removed));
        _offend(5);
        _offend(6);
        _requirePhase(CoreState.Phase.Open);
        _offend(4);
        _requirePhase(CoreState.Phase.Halted);
    }

    function test_slash_twoHeightsApart_doesNotCountTogether() public {
        _openWith(9);
        _offend(1);
        _offend(2);
        _offend(3);
        _commitNext(1, _firstKeys(9));
        uint256[] memory rest = _firstKeys(9);
        (rest[0], rest[1], rest[2]) = (0, 0, 0);
        _commitNext(2, rest);
        _offend(4);
        _offend(5);
        _requirePhase(CoreState.Phase.Open);
        _offend(6);
        _requirePhase(CoreState.Phase.Halted);
    }

    function test_slash_unchangedSet_countsWithinTheHeightOnly() public {
        _openWith(7);
        _commitNext(1, _firstKeys(7));
        _commitNext(2, _firstKeys(7));
        _commitNext(3, _firstKeys(7));
        _offend(1);
        _offend(2);
        _requirePhase(CoreState.Phase.Open);
        _offend(3);
        _requirePhase(CoreState.Phase.Halted);
    }

    function test_slash_queuedValidators_neverHalt() public {
        _openWith(3);
        for (uint256 key = 4; key < 8; ++key) {
            _deposit(key, 100 * STAKE);
            if (key % 2 == 0) _logout(key);
            _offend(key);
        }
        _requirePhase(CoreState.Phase.Open);
    }

    function test_halted_isTerminal() public {
        _openWith(3);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(3));
        bytes32 hash = ProtocolHashes.transitionHash(commit.transition);
        TransitionObject memory next = _transition(2, 6_000);
        _offend(1);
        _offend(2);
        _requirePhase(CoreState.Phase.Halted);
        bytes memory wrongPhase = abi.encodeWithSelector(
            CoreState.CoreWrongPhase.selector, CoreState.Phase.Open, CoreState.Phase.Halted
        );
        VM.expectRevert(wrongPhase);
        _callCommit(commit);
        VM.expectRevert(wrongPhase);
        _core.propose{ value: BOND }(next);
        address validator = _validator(3);
        VM.prank(validator);
        VM.expectRevert(wrongPhase);
        _keeper().logout(validator);
        VM.expectRevert(wrongPhase);
        _keeper().deposit(address(this), address(this), STAKE, "");
        VM.expectRevert(
            abi.encodeWithSelector(
                CoreState.CoreWrongPhase.selector, CoreState.Phase.Creation, CoreState.Phase.Halted
            )
        );
        _core.open();
        // Slashing goes on, and the bond of the proposal comes back.
        _offend(3);
        uint256 balance = address(this).balance;
        _keeper().reclaimBond(hash);
        assertEq(address(this).balance, balance + BOND);
        VM.expectRevert(abi.encodeWithSelector(Bonds.CoreProposalUnknown.selector, hash));
        _keeper().reclaimBond(hash);
    }

    function test_halted_innocent_withdrawAfterTheDelay() public {
        _openWith(5);
        _deposit(6, STAKE);
        _logout(5);
        _offend(1);
        _offend(2);
        uint256 haltedAt = _haltedAt();
        for (uint256 key = 3; key <= 6; ++key) {
            address validator = _validator(key);
            VM.warp(haltedAt + WITHDRAWAL_DELAY - 1);
            VM.expectRevert(
                abi.encodeWithSelector(
                    Withdrawals.ValidatorWithdrawalTooEarly.selector,
                    validator,
                    haltedAt + WITHDRAWAL_DELAY
                )
            );
            _keeper().withdraw(validator);
            VM.warp(haltedAt + WITHDRAWAL_DELAY);
            _keeper().withdraw(validator);
            assertEq(_token.balanceOf(_withdrawalOf(key)), STAKE);
            VM.expectRevert(
                abi.encodeWithSelector(
                    Reweighings.ValidatorWrongStatus.selector,
                    validator,
                    CoreState.ValidatorStatus.Withdrawn
                )
            );
            _keeper().withdraw(validator);
        }
        _keeper().withdraw(_validator(1));
        _keeper().withdraw(_validator(2));
        assertEq(_staked(), 0);
        assertEq(_burned(), 2 * (STAKE - REWARD));
        assertEq(_token.balanceOf(address(_core)), _burned());
    }

    function test_haltByConflict_negative02TwoSupermajorities_convictTheIntersection() public {
        _openWith(7);
        VoteMessage memory a = _vote(1, 2);
        VoteMessage memory b = _vote(1, 2);
        b.target = keccak256("another target");
        VM.expectEmit(address(_core));
        emit Slashing.Halted(1, CoreState.HaltReason.ConflictingLinks, REPORTER);
        // Seats 0 to 4 and 2 to 6: three of seven voted for both.
        _conflict(a, 0x1f, b, 0x7c);
        _requirePhase(CoreState.Phase.Halted);
        for (uint256 key = 1; key <= 7; ++key) {
            assertTrue(
                _keeper().isConvicted(_validator(key)) == (key >= 3 && key <= 5), "convicted"
            );
        }
        // Carried out by anyone, once; or by the attempt to withdraw.
        VM.expectEmit(address(_core));
        emit Verdicts.ValidatorSlashed(_validator(3), Offence.DoubleVote, STAKE, REPORTER, REWARD);
        _keeper().executeVerdict(_validator(3));
        VM.expectRevert(
            abi.encodeWithSelector(Withdrawals.ArbiterNotConvicted.selector, _validator(3))
        );
        _keeper().executeVerdict(_validator(3));
        VM.expectRevert(
            abi.encodeWithSelector(Withdrawals.ArbiterNotConvicted.selector, _validator(1))
        );
        _keeper().executeVerdict(_validator(1));
        VM.warp(block.timestamp + WITHDRAWAL_DELAY);
        for (uint256 key = 1; key <= 7; ++key) {
            _keeper().withdraw(_validator(key));
        }
        assertEq(_token.balanceOf(REPORTER), 3 * REWARD);
        assertEq(_token.balanceOf(_withdrawalOf(1)), STAKE);
        assertEq(_token.balanceOf(_withdrawalOf(4)), 0);
        assertEq(_staked(), 0);
        assertEq(_burned(), 3 * (STAKE - REWARD));
        assertEq(_token.balanceOf(address(_core)), 3 * (STAKE - REWARD));
    }

    function test_haltByConflict_convictedBeforeReported_paysTheAccuser() public {
        _openWith(4);
        _conflict(_vote(1, 4), 0x0f, _vote(2, 3), 0x0f);
        // The verdict comes first: the later reporter has nothing to gain.
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        (bytes memory sa, bytes memory sb) = (_signatureOf(1, a), _signatureOf(1, b));
        VM.expectRevert(
            abi.encodeWithSelector(
                Slashing.ArbiterNotSlashable.selector,
                _validator(1),
                CoreState.ValidatorStatus.Slashed
            )
        );
        _judge().slash(a, sa, b, sb);
        _keeper().withdraw(_validator(1));
        assertEq(_token.balanceOf(REPORTER), REWARD);
    }

    /// @dev A seat's former occupant shares its index, not its guilt.
    function test_haltByConflict_formerOccupant_isNotConvicted() public {
        _openWith(4);
        _logout(4);
        _commitNext(1, _firstKeys(4));
        _deposit(5, STAKE);
        _commitNext(2, _firstKeys(4));
        assertEq(uint256(_statusOf(4)), uint256(CoreState.ValidatorStatus.Removed));
        uint256[] memory keys = _firstKeys(4);
        keys[3] = 5;
        _conflictOf(_vote(1, 4), _vote(2, 3), keys);
        assertTrue(_keeper().isConvicted(_validator(5)), "the occupant is");
        assertTrue(!_keeper().isConvicted(_validator(4)), "the former is not");
        VM.warp(block.timestamp + WITHDRAWAL_DELAY);
        _keeper().withdraw(_validator(4));
        assertEq(_token.balanceOf(_withdrawalOf(4)), STAKE);
    }

    /// @dev Strictly more than a third of forward or rear: two of six are not, three are.
    function test_haltByConflict_negative06ThresholdNotPassed_isRefused() public {
        _openWith(6);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        uint256[] memory two = _keysOf(6, 0x30);
        bytes memory expected = abi.encodeWithSelector(
            Conflicts.ArbiterThresholdNotPassed.selector,
            2 * uint256(STAKE),
            6 * uint256(STAKE),
            2 * uint256(STAKE),
            6 * uint256(STAKE)
        );
        (LinkVotes memory votesA, LinkVotes memory votesB) = (_votes(a, two), _votes(b, two));
        VM.expectRevert(expected);
        _callConflict(a, votesA, b, votesB);
        VM.expectRevert(expected);
        _callConflict(b, votesB, a, votesA);
        _conflict(a, 0x38, b, 0x38);
        _requirePhase(CoreState.Phase.Halted);
    }

    function test_haltByConflict_forwardAlone_suffices() public {
        _openWith(4);
        _deposit(5, 4 * STAKE);
        _commitNext(1, _firstKeys(4));
        _conflict(_vote(1, 4), 0x10, _vote(2, 3), 0x10);
        _requirePhase(CoreState.Phase.Halted);
    }

    function test_haltByConflict_noConflict_isRefused() public {
        _openWith(4);
        VoteMessage memory a = _vote(1, 2);
        VoteMessage memory aboutOrigin = _vote(1, 2);
        aboutOrigin.chain = ProtocolHashes.coreIdentifier(uint96(block.chainid), address(0));
        VoteMessage memory child = _vote(2, 3);
        LinkVotes memory votes = _votes(a, _firstKeys(4));
        VM.expectRevert(Offences.OffenceNone.selector);
        _callConflict(a, votes, a, votes);
        VM.expectRevert(Offences.OffenceNone.selector);
        _callConflict(a, votes, aboutOrigin, votes);
        VM.expectRevert(Offences.OffenceNone.selector);
        _callConflict(child, votes, a, votes);
        // Votes of one link are none for the other.
        VoteMessage memory b = _vote(1, 2);
        b.target = keccak256("another target");
        VM.expectRevert();
        _callConflict(a, votes, b, votes);
        VM.expectRevert();
        _callConflict(b, votes, a, votes);
    }

    function test_haltByConflict_foreignChainOrKernel_isRefused() public {
        _openWith(4);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        LinkVotes memory votes = _votes(a, _firstKeys(4));
        bytes32 open = _core.kernelHash(1);
        _kernel.forwardWeight = 1;
        VM.expectRevert(
            abi.encodeWithSelector(
                SealedLinks.CoreKernelNotOpen.selector, open, ProtocolHashes.kernelHash(_kernel)
            )
        );
        _callConflict(a, votes, b, votes);
        _kernel.forwardWeight = uint128(4 * uint256(STAKE));
        (a.chain, b.chain) = (keccak256("another core"), keccak256("another core"));
        VM.expectRevert(abi.encodeWithSelector(Offences.OffenceChainForeign.selector, a.chain));
        _callConflict(a, votes, b, votes);
    }

    /// @dev What was slashed one by one counts towards the threshold, but once.
    function test_haltByConflict_slashedBefore_countOnce() public {
        _openWith(9);
        _offend(9);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        uint256[] memory keys = _keysOf(9, 0x180);
        (LinkVotes memory votesA, LinkVotes memory votesB) = (_votes(a, keys), _votes(b, keys));
        // The slashed and one more of nine.
        VM.expectRevert(
            abi.encodeWithSelector(
                Conflicts.ArbiterThresholdNotPassed.selector,
                2 * uint256(STAKE),
                9 * uint256(STAKE),
                2 * uint256(STAKE),
                9 * uint256(STAKE)
            )
        );
        _callConflict(a, votesA, b, votesB);
        _conflict(a, 0x00e0, b, 0x00e0);
        _requirePhase(CoreState.Phase.Halted);
        assertTrue(!_keeper().isConvicted(_validator(9)), "is slashed already");
        assertTrue(_keeper().isConvicted(_validator(8)), "convicted");
    }

    function _conflict(VoteMessage memory a, uint256 bitsA, VoteMessage memory b, uint256 bitsB)
        private
    {
        // Only those that voted for both are brought.
        uint256[] memory keys = _keysOf(_set.length / 32, bitsA & bitsB);
        _conflictOf(a, b, keys);
    }

    function _conflictOf(VoteMessage memory a, VoteMessage memory b, uint256[] memory keys)
        private
    {
        (LinkVotes memory votesA, LinkVotes memory votesB) = (_votes(a, keys), _votes(b, keys));
        VM.prank(REPORTER);
        _callConflict(a, votesA, b, votesB);
    }

    function _callConflict(
        VoteMessage memory a,
        LinkVotes memory votesA,
        VoteMessage memory b,
        LinkVotes memory votesB
    ) private {
        _judge()
            .haltByConflict(
                _kernel, _set, a, b, votesA.signers, votesA.signatures, votesB.signatures
            );
    }

    function _logout(uint256 key) private {
        VM.prank(_validator(key));
        _keeper().logout(_validator(key));
    }

    function _offend(uint256 key) private {
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        (bytes memory sa, bytes memory sb) = (_signatureOf(key, a), _signatureOf(key, b));
        VM.prank(REPORTER);
        _judge().slash(a, sa, b, sb);
    }

    function _requirePhase(CoreState.Phase phase) private view {
        assertEq(uint256(_core.head().phase), uint256(phase));
    }

    function _statusOf(uint256 key) private view returns (CoreState.ValidatorStatus) {
        return _core.validatorOf(_validator(key)).status;
    }
}
