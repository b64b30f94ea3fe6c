// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { CoreState } from "../src/origin/CoreState.sol";
import { Reweighings } from "../src/origin/Reweighings.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { Kernel, VoteMessage } from "../src/protocol/Types.sol";
import { ConstantReputation } from "../src/reputation/ConstantReputation.sol";
import { FiniteLifetimeReputation } from "../src/reputation/FiniteLifetimeReputation.sol";
import { RampUpReputation } from "../src/reputation/RampUpReputation.sol";
import { CoreFixture } from "./CoreFixture.sol";

/// @dev The reputations that come with the core, alone and on it.
contract ReputationsTest is CoreFixture {
    uint64 private constant PROBATION = 2;
    uint64 private constant RAMP = 4;

    RampUpReputation private _rampUp = new RampUpReputation(PROBATION, RAMP);

    function testFuzz_constant_isWhole(address core, address validator, uint64 start, uint64 height)
        public
    {
        uint256 reputation = new ConstantReputation().reputationOf(core, validator, start, height);
        assertEq(reputation, 10_000);
    }

    function testFuzz_finiteLifetime_isWholeThenNothingForEver(
        address core,
        address validator,
        uint48 start,
        uint64 height,
        uint32 lifetime,
        uint32 spread
    ) public {
        VM.assume(lifetime > 1);
        FiniteLifetimeReputation finite = new FiniteLifetimeReputation(lifetime, spread);
        uint256 life = finite.lifetimeOf(core, validator, start);
        assertTrue(life >= lifetime && life <= uint256(lifetime) + spread, "in bounds");
        uint256 reputation = finite.reputationOf(core, validator, start, height);
        assertEq(reputation, height < start + life ? 10_000 : 0);
        assertEq(finite.reputationOf(core, validator, start, uint64(start + life - 1)), 10_000);
        assertEq(finite.reputationOf(core, validator, start, uint64(start + life)), 0);
        assertEq(finite.reputationOf(core, validator, start, type(uint64).max), 0);
    }

    function test_finiteLifetime_spread_isUsedWhole() public {
        FiniteLifetimeReputation finite = new FiniteLifetimeReputation(10, 3);
        uint256 seen;
        for (uint256 key = 1; key <= 64; ++key) {
            seen |= 1 << finite.lifetimeOf(address(_core), _validator(key), 0);
        }
        assertEq(seen, (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13));
    }

    function test_finiteLifetime_outOfBounds_reverts() public {
        uint64[2][4] memory wrong = [
            [uint64(0), 5], [uint64(1), 5], [uint64((1 << 48) + 1), 0], [uint64(2), (1 << 48) + 1]
        ];
        for (uint256 i; i < wrong.length; ++i) {
            VM.expectRevert(
                abi.encodeWithSelector(
                    FiniteLifetimeReputation.LifetimeOutOfBounds.selector, wrong[i][0], wrong[i][1]
                )
            );
            new FiniteLifetimeReputation(wrong[i][0], wrong[i][1]);
        }
    }

    /// @dev The genesis set goes, as fast as logouts may, and those that came stay: nobody leaves by its own will.
    function test_finiteLifetime_onACore_forcesChurn() public {
        _reputation = new FiniteLifetimeReputation(3, 0);
        _core = _createCore(IERC20(address(_token)));
        _openWith(3);
        // Asked for height 2; 3 will be the first in which the genesis set counts no more.
        _expectUnchanged(1);
        _commitNext(1, _firstKeys(3));
        _deposit(4, STAKE);
        for (uint256 key = 1; key <= 3; ++key) {
            _keeper().reweigh(_validator(key));
        }
        _commitNext(2, _keysInSeats(5));
        assertEq(_kernel.forwardWeight, 2 * uint256(STAKE));
        assertEq(_kernel.rearWeight, 3 * uint256(STAKE));
        _deposit(5, STAKE);
        _expectUnchanged(4);
        _commitNext(3, _keysInSeats(5));
        _commitNext(4, _keysInSeats(5));
        assertEq(_kernel.forwardWeight, 2 * uint256(STAKE));
        assertEq(_kernel.rearWeight, 2 * uint256(STAKE));
        for (uint256 key = 1; key <= 3; ++key) {
            CoreState.Validator memory entry = _core.validatorOf(_validator(key));
            assertTrue(entry.status == CoreState.ValidatorStatus.Removed, "gone");
            assertEq(entry.stake, STAKE);
        }
        // The newcomers' time comes as well; the last of them stays.
        _commitNext(5, _keysInSeats(5));
        _commitNext(6, _keysInSeats(5));
        _keeper().reweigh(_validator(4));
        _keeper().reweigh(_validator(5));
        for (uint64 height = 7; height <= 9; ++height) {
            _commitNext(height, _keysInSeats(5));
        }
        assertEq(_kernel.forwardWeight, STAKE);
        assertEq(_kernel.rearWeight, STAKE);
    }

    function testFuzz_rampUp_growsWithWorkOnly(
        uint64 start,
        uint64 height,
        uint64 probation,
        uint64 ramp
    ) public {
        VM.assume(ramp != 0);
        RampUpReputation reputation = new RampUpReputation(probation, ramp);
        uint256 answer = reputation.reputationOf(address(_core), _validator(1), start, height);
        assertEq(answer, start == 0 ? 10_000 : 0);
    }

    function test_rampUp_withoutRamp_reverts() public {
        VM.expectRevert(RampUpReputation.RampEmpty.selector);
        new RampUpReputation(1, 0);
    }

    /// @dev Work at a height, shown at the next: two for nothing, then a fourth with each, and no more after the fourth.
    function test_rampUp_onACore_asksForWorkFirst() public {
        _openRampUp();
        uint256[9] memory expected = [uint256(0), 0, 0, 2_500, 5_000, 7_500, 10_000, 10_000, 10_000];
        for (uint64 height = 2; height <= 9; ++height) {
            VoteMessage memory vote = _close(height);
            _rampUp.recordWork(_core, _kernel, vote, _signatureOf(4, vote));
            uint256 reputation = _rampUp.reputationOf(address(_core), _validator(4), 2, height);
            assertEq(reputation, expected[height - 1]);
            assertEq(_rampUp.workOf(address(_core), _validator(4)).heights, height - 1);
            if (reputation == _reputationInKernel()) {
                _expectUnchanged(4);
            } else {
                _keeper().reweigh(_validator(4));
            }
        }
        assertEq(_wordAt(3) & ((1 << 94) - 1), STAKE);
    }

    function test_recordWork_twiceOrInOtherForm_countsOnce() public {
        _openRampUp();
        VoteMessage memory vote = _close(2);
        bytes memory signature = _signatureOf(4, vote);
        _rampUp.recordWork(_core, _kernel, vote, signature);
        bytes32 digest = ProtocolHashes.voteDigest(_core.domainSeparator(), vote);
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(4, digest);
        bytes memory long = abi.encodePacked(r, s, v);
        // Another vote for the same checkpoint is no more work.
        VoteMessage memory other = vote;
        other.target = keccak256("another target");
        bytes[3] memory signatures = [signature, long, _signatureOf(4, other)];
        VoteMessage memory first = _copy(vote);
        first.target = keccak256(abi.encode("target", uint64(4)));
        for (uint256 i; i < 3; ++i) {
            VM.expectRevert(
                abi.encodeWithSelector(
                    RampUpReputation.RampWorkKnown.selector, _validator(4), uint64(2)
                )
            );
            _rampUp.recordWork(_core, _kernel, i == 2 ? other : first, signatures[i]);
        }
        bytes memory malleated = malleate(4, digest);
        VM.expectRevert(abi.encodeWithSelector(RampUpReputation.RampNotSeated.selector, address(0)));
        _rampUp.recordWork(_core, _kernel, first, malleated);
    }

    function test_recordWork_foreignVotes_areRefused() public {
        _openRampUp();
        VoteMessage memory vote = _close(2);
        VoteMessage[3] memory wrong = [_copy(vote), _copy(vote), _copy(vote)];
        wrong[0].transitionHash = keccak256("another checkpoint");
        wrong[1].chain = ProtocolHashes.coreIdentifier(uint96(block.chainid), address(0xc0de));
        wrong[2].chain = ProtocolHashes.coreIdentifier(uint96(block.chainid + 1), address(_core));
        for (uint256 i; i < wrong.length; ++i) {
            bytes memory signature = _signatureOf(4, wrong[i]);
            VM.expectPartialRevert(RampUpReputation.RampVoteForeign.selector);
            _rampUp.recordWork(_core, _kernel, wrong[i], signature);
        }
        // Signed for another core, the vote recovers to somebody who has no seat.
        bytes32 domain = ProtocolHashes.domainSeparator(uint96(block.chainid), address(0xc0de));
        bytes memory foreign = signCompact(4, ProtocolHashes.voteDigest(domain, vote));
        VM.expectPartialRevert(RampUpReputation.RampNotSeated.selector);
        _rampUp.recordWork(_core, _kernel, vote, foreign);
    }

    function test_recordWork_closedKernel_isTooLate() public {
        _openRampUp();
        VoteMessage memory vote = _close(2);
        Kernel memory kernel = _kernel;
        bytes memory signature = _signatureOf(4, vote);
        _close(3);
        bytes32 open = _core.kernelHash(4);
        VM.expectRevert(
            abi.encodeWithSelector(
                RampUpReputation.RampKernelNotOpen.selector, open, ProtocolHashes.kernelHash(kernel)
            )
        );
        _rampUp.recordWork(_core, kernel, vote, signature);
    }

    function test_recordWork_notSeatedThen_isNoWork() public {
        _openRampUp();
        _deposit(5, STAKE);
        VoteMessage memory vote = _close(2);
        // Seated since height 3, it shows a vote for height 2; a stranger has no seat at all.
        for (uint256 key = 5; key <= 6; ++key) {
            bytes memory signature = _signatureOf(key, vote);
            VM.expectRevert(
                abi.encodeWithSelector(RampUpReputation.RampNotSeated.selector, _validator(key))
            );
            _rampUp.recordWork(_core, _kernel, vote, signature);
        }
        // Whoever is slashed works for nothing.
        bytes memory late = _signatureOf(4, vote);
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        _judge().slash(a, _signatureOf(4, a), b, _signatureOf(4, b));
        VM.expectRevert(
            abi.encodeWithSelector(RampUpReputation.RampNotSeated.selector, _validator(4))
        );
        _rampUp.recordWork(_core, _kernel, vote, late);
    }

    function test_recordWork_firstKernel_hasNoneBefore() public {
        _reputation = _rampUp;
        _core = _createCore(IERC20(address(_token)));
        _openWith(3);
        VoteMessage memory vote = _vote(1, 2);
        bytes memory signature = _signatureOf(1, vote);
        VM.expectPartialRevert(RampUpReputation.RampKernelNotOpen.selector);
        _rampUp.recordWork(_core, _kernel, vote, signature);
    }

    /// @dev Three of genesis, and a newcomer that is seated from height 2 on, without weight.
    function _openRampUp() private {
        _reputation = _rampUp;
        _core = _createCore(IERC20(address(_token)));
        _openWith(3);
        _deposit(4, STAKE);
        _commitNext(1, _firstKeys(3));
        assertEq(_kernel.forwardWeight, 3 * uint256(STAKE));
    }

    /// @dev Closes a height; the vote is the one that sealed it.
    function _close(uint64 height) private returns (VoteMessage memory) {
        Commit memory commit = _proposeAndSign(height, height * 1_000_000, _firstKeys(4));
        _commit(commit);
        return _linkOf(commit);
    }

    function _reputationInKernel() private view returns (uint256) {
        return (_wordAt(3) & ((1 << 94) - 1)) * 10_000 / STAKE;
    }

    function _copy(VoteMessage memory vote) private pure returns (VoteMessage memory) {
        return abi.decode(abi.encode(vote), (VoteMessage));
    }

    function _expectUnchanged(uint256 key) private {
        address validator = _validator(key);
        VM.expectPartialRevert(Reweighings.ValidatorWeightUnchanged.selector);
        _keeper().reweigh(validator);
    }
}
