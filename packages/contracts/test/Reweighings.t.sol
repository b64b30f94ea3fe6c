// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { Core } from "../src/origin/Core.sol";
import { CoreParameters } from "../src/origin/CoreParameters.sol";
import { CoreState } from "../src/origin/CoreState.sol";
import { CoreStorage } from "../src/origin/CoreStorage.sol";
import { Deposits } from "../src/origin/Deposits.sol";
import { Reweighings } from "../src/origin/Reweighings.sol";
import { ValidatorRegistry } from "../src/origin/ValidatorRegistry.sol";
import { VoteMessage } from "../src/protocol/Types.sol";
import { Reputation } from "../src/reputation/Reputation.sol";
import { CoreFixture } from "./CoreFixture.sol";
import {
    BulkyReputation,
    ByteReputation,
    DearReputation,
    GreedyReputation,
    ReentrantReputation,
    RevertingReputation,
    ShortReputation,
    SilentReputation,
    ToldReputation
} from "./HostileReputation.sol";

/// @dev Weights by reputation: what the core makes of any contract that says one.
contract ReweighingsTest is CoreFixture {
    uint256 private constant BOTH = 3 << 94;
    uint256 private constant FORWARD = 1 << 94;
    uint256 private constant REAR = 1 << 95;
    /// @dev Slot of `_lossCount`, see the snapshot of the core's storage.
    bytes32 private constant LOSS_COUNT_SLOT = bytes32(uint256(22));

    ToldReputation private _told;

    function setUp() public override {
        _told = new ToldReputation();
        _reputation = _told;
        super.setUp();
    }

    function test_deposit_reputationInPart_joinsWithThatWeight() public {
        _openWith(3);
        _told.tell(_validator(4), 2_500);
        _deposit(4, STAKE);
        assertTrue(_core.validatorOf(_validator(4)).isWeighted, "weighted");
        assertEq(_core.validatorOf(_validator(4)).stake, STAKE);
        _commitNext(1, _firstKeys(3));
        assertEq(_wordAt(3), _word(4, FORWARD, STAKE / 4));
        assertEq(_kernel.forwardWeight, 3 * uint256(STAKE) + STAKE / 4);
        _commitNext(2, _firstKeys(4));
        assertEq(_wordAt(3), _word(4, BOTH, STAKE / 4));
        assertEq(_kernel.rearWeight, 3 * uint256(STAKE) + STAKE / 4);
    }

    function test_deposit_wholeReputation_keepsNoWeightApart() public {
        _openWith(3);
        assertTrue(!_core.validatorOf(_validator(1)).isWeighted, "weight is stake");
        _expectUnchanged(1, STAKE);
    }

    function test_reweigh_seated_changesTheNextKernelOnly() public {
        _openWith(3);
        bytes32 open = _core.kernelHash(1);
        _told.tell(_validator(2), 5_000);
        VM.expectEmit(address(_core));
        emit Reweighings.ReweighRequested(_validator(2), 5_000, STAKE / 2);
        _keeper().reweigh(_validator(2));
        assertEq(_core.kernelHash(1), open);
        assertEq(_core.head().queuedChanges, 1);
        _commitNext(1, _firstKeys(3));
        assertEq(_core.head().queuedChanges, 0);
        assertEq(_wordAt(1), _word(2, BOTH, STAKE / 2));
        assertEq(_lastUpdates.length, 64);
        (, uint256 index, uint64 start, uint64 end) = _updateAt(_lastUpdates, 0);
        assertEq(index, 1);
        assertEq(start, 0);
        assertEq(end, type(uint64).max);
        assertEq(_kernel.forwardWeight, 2 * uint256(STAKE) + STAKE / 2);
        assertEq(_kernel.rearWeight, _kernel.forwardWeight);
        CoreState.Weighting memory weighting = _keeper().weightingOf(_validator(2));
        assertEq(weighting.weight, STAKE / 2);
        assertEq(weighting.previous, STAKE);
        assertEq(weighting.changedAt, 2);
        assertEq(weighting.queued, 0);
        // The stake is the same, and can be weighed whole again; more than the whole is no more.
        assertEq(_core.validatorOf(_validator(2)).stake, STAKE);
        _told.tell(_validator(2), 70_000);
        _keeper().reweigh(_validator(2));
        _commitNext(2, _firstKeys(3));
        assertEq(_wordAt(1), _word(2, BOTH, STAKE));
    }

    function test_reweigh_twiceBeforeTheKernel_takesTheLaterAnswer() public {
        _openWith(3);
        _told.tell(_validator(2), 5_000);
        _keeper().reweigh(_validator(2));
        _told.tell(_validator(2), 7_500);
        _keeper().reweigh(_validator(2));
        assertEq(_core.head().queuedChanges, 1);
        _commitNext(1, _firstKeys(3));
        assertEq(_wordAt(1), _word(2, BOTH, STAKE * 3 / 4));
        assertEq(_core.head().queuedChanges, 0);
    }

    function test_reweigh_backToTheSame_changesNothing() public {
        _openWith(3);
        _told.tell(_validator(2), 5_000);
        _keeper().reweigh(_validator(2));
        _told.tell(_validator(2), 10_000);
        _keeper().reweigh(_validator(2));
        _commitNext(1, _firstKeys(3));
        assertEq(_wordAt(1), _word(2, BOTH, STAKE));
        assertEq(_lastUpdates.length, 0);
    }

    function test_reweigh_moreThanMayJoin_waitInOrder() public {
        _openWith(5);
        for (uint256 key = 5; key > 0; --key) {
            _told.tell(_validator(key), 5_000);
            _keeper().reweigh(_validator(key));
        }
        _commitNext(1, _firstKeys(5));
        assertEq(_wordAt(4), _word(5, BOTH, STAKE / 2));
        assertEq(_wordAt(3), _word(4, BOTH, STAKE / 2));
        assertEq(_wordAt(2), _word(3, BOTH, STAKE));
        assertEq(_core.head().queuedChanges, 3);
        _commitNext(2, _firstKeys(5));
        _commitNext(3, _firstKeys(5));
        assertEq(_wordAt(0), _word(1, BOTH, STAKE / 2));
        assertEq(_core.head().queuedChanges, 0);
    }

    function test_reweigh_inQueue_countsFromTheJoin() public {
        _openWith(3);
        _deposit(4, STAKE);
        _told.tell(_validator(4), 1);
        _keeper().reweigh(_validator(4));
        assertEq(_core.head().queuedChanges, 1);
        _commitNext(1, _firstKeys(3));
        assertEq(_wordAt(3), _word(4, FORWARD, STAKE / 10_000));
    }

    function test_reweigh_inCreation_countsInGenesis() public {
        _deposit(1, STAKE);
        _deposit(2, STAKE);
        _told.tell(_validator(1), 1_000);
        _keeper().reweigh(_validator(1));
        _open();
        assertEq(_wordAt(0), _word(1, BOTH, STAKE / 10));
        assertEq(_kernel.forwardWeight, STAKE + STAKE / 10);
        _commitNext(1, _firstKeys(2));
    }

    function test_open_setWithoutWeight_isRefusedAndStakesLeave() public {
        _told.tell(_validator(1), 0);
        _deposit(1, STAKE);
        VM.expectRevert(ValidatorRegistry.ValidatorSetEmpty.selector);
        _core.open();
        _logout(1);
        VM.warp(block.timestamp + WITHDRAWAL_DELAY);
        _keeper().withdraw(_validator(1));
        assertEq(_token.balanceOf(_withdrawalOf(1)), STAKE);
    }

    function test_reweigh_reputationGone_logsOut() public {
        _openWith(3);
        _told.tell(_validator(2), 0);
        VM.expectEmit(address(_core));
        emit Reweighings.LogoutRequested(_validator(2));
        _keeper().reweigh(_validator(2));
        _expectWrongStatus(2, CoreState.ValidatorStatus.LogoutQueued);
        _commitNext(1, _firstKeys(3));
        assertEq(_wordAt(1), _word(2, REAR, STAKE));
        _expectWrongStatus(2, CoreState.ValidatorStatus.Leaving);
        _commitNext(2, _firstKeys(3));
        assertEq(_wordAt(1), 0);
        _expectWrongStatus(2, CoreState.ValidatorStatus.Removed);
        _commitNext(3, _keysOf(3, 5));
        VM.warp(block.timestamp + WITHDRAWAL_DELAY);
        _keeper().withdraw(_validator(2));
        assertEq(_token.balanceOf(_withdrawalOf(2)), STAKE);
    }

    /// @dev Whoever is the last with weight stays, until somebody with weight is there; without it nobody counts.
    function test_commit_lastWeight_staysUntilThereIsOther() public {
        _openWith(2);
        for (uint256 key = 1; key <= 2; ++key) {
            _told.tell(_validator(key), 0);
            _keeper().reweigh(_validator(key));
        }
        _told.tell(_validator(3), 0);
        _deposit(3, STAKE);
        _commitNext(1, _firstKeys(2));
        assertEq(_wordAt(0), _word(1, REAR, STAKE));
        assertEq(_wordAt(1), _word(2, BOTH, STAKE));
        assertEq(_wordAt(2), _word(3, FORWARD, 0));
        assertEq(_core.head().queuedChanges, 1);
        _commitNext(2, _firstKeys(3));
        _commitNext(3, _keysOf(3, 6));
        assertEq(_wordAt(1), _word(2, BOTH, STAKE));
        assertEq(_kernel.forwardWeight, STAKE);
        assertEq(_kernel.rearWeight, STAKE);
        // The newcomer alone decides nothing.
        Commit memory commit = _proposeAndSign(4, 4_000_000, _keysOf(3, 4));
        VM.expectRevert();
        _callCommit(commit);
        _told.tell(_validator(3), 1);
        _keeper().reweigh(_validator(3));
        _sign(commit, _keysOf(3, 2));
        _commit(commit);
        assertEq(_wordAt(1), _word(2, REAR, STAKE));
        assertEq(_wordAt(2), _word(3, BOTH, STAKE / 10_000));
        _commitNext(5, _keysOf(3, 6));
        assertEq(_kernel.forwardWeight, STAKE / 10_000);
        assertEq(_kernel.rearWeight, STAKE / 10_000);
        _commitNext(6, _keysOf(3, 4));
    }

    /// @dev A weight of nothing that was never more is no reason to leave: whoever has to work first waits in its seat.
    function test_reweigh_neverHadWeight_staysSeated() public {
        _openWith(2);
        _told.tell(_validator(3), 0);
        _deposit(3, STAKE);
        _commitNext(1, _firstKeys(2));
        _expectUnchanged(3, 0);
        _told.tell(_validator(3), 10_000);
        _keeper().reweigh(_validator(3));
        _told.tell(_validator(3), 0);
        _keeper().reweigh(_validator(3));
        _commitNext(2, _firstKeys(2));
        assertEq(_wordAt(2), _word(3, BOTH, 0));
        _told.tell(_validator(3), 10_000);
        _keeper().reweigh(_validator(3));
        _commitNext(3, _firstKeys(2));
        assertEq(_wordAt(2), _word(3, BOTH, STAKE));
    }

    function test_reweigh_slashedBeforeTheKernel_isLeftOut() public {
        _openWith(4);
        _told.tell(_validator(2), 5_000);
        _keeper().reweigh(_validator(2));
        _offend(2);
        _expectWrongStatus(2, CoreState.ValidatorStatus.Slashed);
        _commitNext(1, _keysOf(4, 13));
        assertEq(_wordAt(1), 0);
        assertEq(_core.head().queuedChanges, 0);
    }

    function test_reweigh_loggedOutBeforeTheKernel_leavesWithItsWeight() public {
        _openWith(3);
        _told.tell(_validator(2), 5_000);
        _keeper().reweigh(_validator(2));
        _logout(2);
        assertEq(_core.head().queuedChanges, 2);
        _commitNext(1, _firstKeys(3));
        assertEq(_wordAt(1), _word(2, REAR, STAKE));
        assertEq(_core.head().queuedChanges, 0);
    }

    function test_reweigh_strangerOrHalted_isRefused() public {
        _openWith(2);
        VM.expectRevert(
            abi.encodeWithSelector(
                Reweighings.ValidatorWrongStatus.selector,
                address(0x1234),
                CoreState.ValidatorStatus.Unknown
            )
        );
        _keeper().reweigh(address(0x1234));
        _offend(1);
        _told.tell(_validator(2), 5_000);
        VM.expectRevert(
            abi.encodeWithSelector(
                CoreState.CoreWrongPhase.selector, CoreState.Phase.Open, CoreState.Phase.Halted
            )
        );
        _keeper().reweigh(_validator(2));
    }

    /// @dev Of a set, a validator's guilt weighs what the validator weighed in it, not what it weighs since.
    function test_slash_weightFellAtTheBoundary_countsAgainstTheSetBefore() public {
        _openWith(3);
        _deposit(4, 6 * uint256(STAKE));
        _commitNext(1, _firstKeys(3));
        _commitNext(2, _firstKeys(4));
        _told.tell(_validator(4), 1_000);
        _keeper().reweigh(_validator(4));
        _commitNext(3, _firstKeys(4));
        assertEq(_wordAt(3), _word(4, BOTH, STAKE * 6 / 10));
        // 0.6 of 3.6 now, but 6 of 9 before.
        _offend(4);
        assertTrue(_core.head().phase == CoreState.Phase.Halted, "halted");
    }

    function test_slash_weightFellTwoHeightsAgo_countsAsItIs() public {
        _openWith(3);
        _deposit(4, 6 * uint256(STAKE));
        _commitNext(1, _firstKeys(3));
        _commitNext(2, _firstKeys(4));
        _told.tell(_validator(4), 1_000);
        _keeper().reweigh(_validator(4));
        _commitNext(3, _firstKeys(4));
        _deposit(5, STAKE);
        _commitNext(4, _firstKeys(4));
        _offend(4);
        assertTrue(_core.head().phase == CoreState.Phase.Open, "open");
        // 0.6 are out on both sides: 4 and 3 are left of 4.6 and 3.6.
        _commitNext(5, _keysOf(5, 23));
        assertEq(_kernel.rearWeight, 4 * uint256(STAKE));
    }

    function test_slash_weightRoseAtTheBoundary_isNotCountedForTheSetBefore() public {
        _openWith(7);
        _told.tell(_validator(8), 2_500);
        _deposit(8, 4 * uint256(STAKE));
        _commitNext(1, _firstKeys(7));
        _commitNext(2, _firstKeys(8));
        _told.tell(_validator(8), 7_500);
        _keeper().reweigh(_validator(8));
        _commitNext(3, _firstKeys(8));
        // 3 of 10 now; against the 8 before, 3 would be more than a third.
        _offend(8);
        assertTrue(_core.head().phase == CoreState.Phase.Open, "open");
    }

    function test_reweigh_behindByManyLosses_hasToBeAskedAgain() public {
        _openWith(3);
        _told.tell(_validator(2), 5_000);
        _keeper().reweigh(_validator(2));
        VM.store(address(_core), LOSS_COUNT_SLOT, bytes32(uint256(9)));
        _commitNext(1, _firstKeys(3));
        assertEq(_wordAt(1), _word(2, BOTH, STAKE));
        assertEq(_core.head().queuedChanges, 0);
        _keeper().reweigh(_validator(2));
        _commitNext(2, _firstKeys(3));
        assertEq(_wordAt(1), _word(2, BOTH, STAKE / 2));
    }

    /// @dev An answer that costs nearly all it may: with whatever gas somebody deposits, it counts, or there is no deposit.
    function test_deposit_tooLittleGas_neverTakesNoneForAnAnswer() public {
        _openWith(1);
        VM.etch(address(_told), address(new DearReputation()).code);
        uint256 deposits;
        for (uint256 key = 2; key < 62; ++key) {
            address validator = _validator(key);
            _token.mint(validator, STAKE);
            VM.prank(validator);
            _token.approve(address(_core), STAKE);
            bytes memory call = abi.encodeCall(Deposits.deposit, (validator, validator, STAKE, ""));
            VM.prank(validator);
            (bool done,) = address(_core).call{ gas: 120_000 + key * 4_000 }(call);
            if (!done) continue;
            ++deposits;
            assertTrue(!_core.validatorOf(validator).isWeighted, "whole weight");
        }
        assertTrue(deposits > 10 && deposits < 50, "some had too little gas, some had not");
    }

    function test_hostileReputation_neverStopsTheCore() public {
        address[4] memory hostile = [
            address(new RevertingReputation()),
            address(new GreedyReputation()),
            address(new SilentReputation()),
            address(new ShortReputation())
        ];
        for (uint256 i; i < hostile.length; ++i) {
            setUp();
            _set = "";
            _openWith(3);
            _told.tell(_validator(2), 5_000);
            _keeper().reweigh(_validator(2));
            // From here on, nothing comes from there.
            VM.etch(address(_told), hostile[i].code);
            VM.expectRevert(
                abi.encodeWithSelector(Reweighings.ReputationUnanswered.selector, _validator(1))
            );
            _keeper().reweigh(_validator(1));
            _deposit(4, STAKE);
            _logout(3);
            _commitNext(1, _firstKeys(3));
            // What was answered counts, who was not answered for has no weight, and who is in keeps its own.
            assertEq(_wordAt(0), _word(1, BOTH, STAKE));
            assertEq(_wordAt(1), _word(2, BOTH, STAKE / 2));
            assertEq(_wordAt(2), _word(3, REAR, STAKE));
            assertEq(_wordAt(3), _word(4, FORWARD, 0));
            _commitNext(2, _firstKeys(4));
            _offend(2);
            _logout(4);
            _commitNext(3, _keysOf(4, 9));
            assertEq(_kernel.forwardWeight, STAKE);
        }
    }

    function test_bulkyReputation_isNotCopied() public {
        _openWith(3);
        VM.etch(address(_told), address(new BulkyReputation()).code);
        uint256 before = gasleft();
        _keeper().reweigh(_validator(1));
        assertTrue(before - gasleft() < 150_000, "one word is copied");
        _expectWrongStatus(1, CoreState.ValidatorStatus.LogoutQueued);
    }

    function test_reentrantReputation_changesNothing() public {
        _openWith(3);
        VM.etch(address(_told), address(new ReentrantReputation()).code);
        _keeper().reweigh(_validator(2));
        assertEq(_core.head().queuedChanges, 1);
        _commitNext(1, _firstKeys(3));
        // It told of 5,000 because its call failed.
        assertEq(_wordAt(1), _word(2, BOTH, STAKE / 2));
    }

    function testFuzz_anyAnswer_isWeighedInRange(uint256 answer, uint96 extra) public {
        uint256 stake = STAKE + extra % 1e24;
        _reputation = Reputation(address(new ByteReputation(abi.encode(answer))));
        _core = _createCore(IERC20(address(_token)));
        _deposit(1, stake);
        uint256 expected = stake * (answer > 10_000 ? 10_000 : answer) / 10_000;
        if (expected == 0) VM.expectRevert(ValidatorRegistry.ValidatorSetEmpty.selector);
        else VM.recordLogs();
        _core.open();
        if (expected == 0) return;
        _followKernels();
        assertEq(_kernel.forwardWeight, expected);
        assertEq(_wordAt(0), _word(1, BOTH, expected));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_reweigh_anyAnswer_isWeighedInRange(uint256 answer, bool isSmall) public {
        if (isSmall) answer %= 12_000;
        if (answer == type(uint256).max) --answer;
        _openWith(3);
        _told.tell(_validator(2), answer);
        if (answer >= 10_000) return _expectUnchanged(2, STAKE);
        _keeper().reweigh(_validator(2));
        _commitNext(1, _firstKeys(3));
        uint256 weight = uint256(STAKE) * answer / 10_000;
        assertEq(_wordAt(1), answer == 0 ? _word(2, REAR, STAKE) : _word(2, BOTH, weight));
    }

    /// @dev A loss between question and kernel leaves so little that the answer would make nothing of it.
    function test_reweigh_roundedToNothing_keepsTheWeight() public {
        CoreParameters memory parameters = _parameters(IERC20(address(_token)));
        parameters.minimumStake = 1;
        _core = new Core(parameters, address(_arbiter), address(this), "definition");
        _deposit(1, 7);
        _open();
        _told.tell(_validator(1), 1_429);
        _keeper().reweigh(_validator(1));
        assertEq(_keeper().weightingOf(_validator(1)).queued, 1_430);
        // A half of all stakes of height 1, as a missed gas target costs.
        uint256 loss = (500_000 << 208) | (1 << 160) | uint160(address(this));
        VM.store(address(_core), keccak256(abi.encode(0, 21)), bytes32(loss));
        VM.store(address(_core), LOSS_COUNT_SLOT, bytes32(uint256(1)));
        _commitNext(1, _firstKeys(1));
        assertEq(_core.validatorOf(_validator(1)).stake, 4);
        assertEq(_wordAt(0), _word(1, BOTH, 7));
        assertEq(_keeper().weightingOf(_validator(1)).queued, 0);
    }

    /// @dev Random reputations, joins, logouts and offences: neither set is ever without weight.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_commit_randomReputations_setsKeepWeight(uint256 seed) public {
        _openWith(4);
        uint256 keys = 4;
        for (uint64 height = 1; height <= 8; ++height) {
            uint256 random = uint256(keccak256(abi.encode(seed, height)));
            for (uint256 key = 1; key <= keys; ++key) {
                random = uint256(keccak256(abi.encode(random)));
                if (random % 4 == 0) {
                    _told.tell(_validator(key), random % 3 == 0 ? 0 : random % 10_001);
                }
                (bool done,) =
                    address(_core).call(abi.encodeCall(Reweighings.reweigh, (_validator(key))));
                if (!done && random % 7 == 0) _tryLogout(key);
            }
            if (random % 5 == 0) _offend(1 + (random >> 8) % keys);
            if (_core.head().phase == CoreState.Phase.Halted) return;
            if (random % 3 != 0) {
                _told.tell(_validator(++keys), (random >> 16) % 10_001);
                _deposit(keys, STAKE + (random >> 200));
            }
            _commitNext(height, _keysInSeats(keys));
            assertTrue(_kernel.forwardWeight != 0 && _kernel.rearWeight != 0, "weight");
            _requireWeightsKept();
        }
    }

    function test_open_fullSetOfWeighed_fitsOneTransaction() public {
        uint256 seats = _core.MAX_SEATS();
        for (uint256 key = 1; key <= seats; ++key) {
            _told.tell(_validator(key), 5_000);
            _deposit(key, STAKE);
        }
        uint256 before = gasleft();
        _core.open();
        assertTrue(before - gasleft() < (1 << 24) - 21_000, "opens within one transaction");
    }

    function test_create_reputationWithoutCode_reverts() public {
        CoreParameters memory parameters = _parameters(IERC20(address(_token)));
        parameters.reputation = Reputation(address(0x1234));
        VM.expectRevert(
            abi.encodeWithSelector(CoreStorage.CoreParameterInvalid.selector, "reputation")
        );
        new Core(parameters, address(_arbiter), address(this), "definition");
    }

    /// @dev Every word says what the registry says of its validator.
    function _requireWeightsKept() private view {
        for (uint256 seat; seat < _set.length / 32; ++seat) {
            uint256 word = _wordAt(seat);
            if (word == 0) continue;
            address validator = address(uint160(word >> 96));
            CoreState.Validator memory entry = _core.validatorOf(validator);
            uint256 weight =
                entry.isWeighted ? _keeper().weightingOf(validator).weight : entry.stake;
            assertEq(word & (FORWARD - 1), weight);
            assertTrue(weight <= entry.stake, "at most the stake");
        }
    }

    function _tryLogout(uint256 key) private {
        CoreState.ValidatorStatus status = _core.validatorOf(_validator(key)).status;
        if (status == CoreState.ValidatorStatus.Seated) _logout(key);
    }

    function _logout(uint256 key) private {
        VM.prank(_validator(key));
        _keeper().logout(_validator(key));
    }

    /// @dev Does nothing if it did so before.
    function _offend(uint256 key) private {
        CoreState.ValidatorStatus status = _core.validatorOf(_validator(key)).status;
        if (status == CoreState.ValidatorStatus.Slashed) return;
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        _judge().slash(a, _signatureOf(key, a), b, _signatureOf(key, b));
    }

    function _word(uint256 key, uint256 flags, uint256 weight) private pure returns (uint256) {
        return (uint256(uint160(_validator(key))) << 96) | flags | weight;
    }

    function _expectUnchanged(uint256 key, uint256 weight) private {
        VM.expectRevert(
            abi.encodeWithSelector(
                Reweighings.ValidatorWeightUnchanged.selector, _validator(key), weight
            )
        );
        _keeper().reweigh(_validator(key));
    }

    function _expectWrongStatus(uint256 key, CoreState.ValidatorStatus status) private {
        VM.expectRevert(
            abi.encodeWithSelector(
                Reweighings.ValidatorWrongStatus.selector, _validator(key), status
            )
        );
        _keeper().reweigh(_validator(key));
    }
}
