// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {
    ReentrancyGuardTransient
} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import { Core } from "../src/origin/Core.sol";
import { CoreState } from "../src/origin/CoreState.sol";
import { CoreStorage } from "../src/origin/CoreStorage.sol";
import { CoreKeeper } from "../src/origin/CoreKeeper.sol";
import { Deposits } from "../src/origin/Deposits.sol";
import { ValidatorRegistry } from "../src/origin/ValidatorRegistry.sol";
import { SealedLinks } from "../src/origin/SealedLinks.sol";
import { Reweighings } from "../src/origin/Reweighings.sol";
import { Withdrawals } from "../src/origin/Withdrawals.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { CoreFixture } from "./CoreFixture.sol";
import { FalseReturningToken, FeeToken, ReentrantToken } from "./HostileToken.sol";

contract ValidatorRegistryTest is CoreFixture {
    uint256 private constant BOTH = 3 << 94;
    uint256 private constant FORWARD = 1 << 94;
    uint256 private constant REAR = 1 << 95;

    function test_deposit_bySelf_isQueued() public {
        _deposit(1, STAKE);
        CoreState.Validator memory entry = _core.validatorOf(_validator(1));
        assertEq(entry.stake, STAKE);
        assertEq(entry.withdrawal, _withdrawalOf(1));
        assertTrue(entry.status == CoreState.ValidatorStatus.Queued, "queued");
        assertEq(_token.balanceOf(address(_core)), STAKE);
    }

    function test_deposit_negative08PayerIsAnother_needsRegistration() public {
        address validator = _validator(1);
        _token.mint(address(this), STAKE);
        _token.approve(address(_core), STAKE);
        VM.expectRevert(
            abi.encodeWithSelector(Deposits.ValidatorNotAuthorized.selector, validator, address(0))
        );
        _keeper().deposit(validator, address(0xaaaa), STAKE, "");

        bytes32 digest = ProtocolHashes.registrationDigest(
            _core.domainSeparator(), validator, address(0xaaaa)
        );
        bytes memory twin = malleate(1, digest);
        VM.expectRevert(
            abi.encodeWithSelector(Deposits.ValidatorNotAuthorized.selector, validator, address(0))
        );
        _keeper().deposit(validator, address(0xaaaa), STAKE, twin);

        // A signature for one withdrawal address is none for another.
        bytes memory signature = signCompact(1, digest);
        VM.expectRevert();
        _keeper().deposit(validator, address(0xbbbb), STAKE, signature);
        _keeper().deposit(validator, address(0xaaaa), STAKE, signature);
        assertEq(_core.validatorOf(validator).withdrawal, address(0xaaaa));
    }

    function test_deposit_twice_reverts() public {
        _deposit(1, STAKE);
        address validator = _validator(1);
        VM.prank(validator);
        VM.expectRevert(abi.encodeWithSelector(Deposits.ValidatorKnown.selector, validator));
        _keeper().deposit(validator, validator, STAKE, "");
    }

    function test_deposit_outOfBounds_reverts() public {
        uint256[3] memory wrong = [uint256(0), STAKE - 1, uint256(1) << 94];
        address validator = _validator(1);
        for (uint256 i; i < wrong.length; ++i) {
            VM.prank(validator);
            VM.expectRevert(
                abi.encodeWithSelector(
                    Deposits.ValidatorStakeOutOfBounds.selector,
                    wrong[i],
                    STAKE,
                    (uint256(1) << 94) - 1
                )
            );
            _keeper().deposit(validator, validator, wrong[i], "");
        }
        _deposit(1, (uint256(1) << 94) - 1);
    }

    function test_deposit_zeroAddress_reverts() public {
        VM.expectRevert(Deposits.ValidatorAddressZero.selector);
        _keeper().deposit(address(0), address(1), STAKE, "");
        VM.expectRevert(Deposits.ValidatorAddressZero.selector);
        _keeper().deposit(address(1), address(0), STAKE, "");
    }

    function test_deposit_negative08FalseReturningToken_reverts() public {
        FalseReturningToken token = new FalseReturningToken();
        Core core = _createCore(IERC20(address(token)));
        VM.expectRevert(
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token))
        );
        CoreKeeper(address(core)).deposit(address(this), address(this), STAKE, "");
    }

    function test_deposit_feeOnTransferToken_reverts() public {
        FeeToken token = new FeeToken(address(this));
        Core core = _createCore(IERC20(address(token)));
        token.approve(address(core), STAKE);
        VM.expectRevert(
            abi.encodeWithSelector(
                Deposits.ValidatorStakeNotReceived.selector, STAKE, STAKE - STAKE / 100
            )
        );
        CoreKeeper(address(core)).deposit(address(this), address(this), STAKE, "");
    }

    function test_deposit_reentrantToken_reverts() public {
        ReentrantToken token = new ReentrantToken(address(this));
        Core core = _createCore(IERC20(address(token)));
        token.approve(address(core), STAKE);
        token.attack(address(core));
        VM.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        CoreKeeper(address(core)).deposit(address(this), address(this), STAKE, "");
    }

    /// @dev The life of one validator over six heights, in the words of the sets: §2.7 eq. 6 and 7.
    function test_commit_negative07JoinAndLogout_followForwardAndRear() public {
        _openWith(4);
        uint256[] memory four = _firstKeys(4);
        // Included while height 1 is open: starts at 2.
        _deposit(5, STAKE);
        _commitNext(1, four);
        assertEq(_wordAt(4), _word(5, FORWARD));
        assertEq(_kernel.forwardWeight, 5 * uint256(STAKE));
        assertEq(_kernel.rearWeight, 4 * uint256(STAKE));
        _requireUpdate(0, 4, 2, type(uint64).max);
        // Logged out while height 2 is open: validator 2 ends at 3.
        _logout(2);
        uint256[] memory five = _firstKeys(5);
        _commitNext(2, five);
        assertEq(_wordAt(4), _word(5, BOTH));
        assertEq(_wordAt(1), _word(2, REAR));
        assertEq(_kernel.forwardWeight, 4 * uint256(STAKE));
        assertEq(_kernel.rearWeight, 5 * uint256(STAKE));
        assertEq(_lastUpdates.length, 128);
        _requireUpdate(0, 1, 0, 3);
        _requireUpdate(1, 4, 2, type(uint64).max);
        // Out of the set at 4; its seat goes to the next who joins.
        _commitNext(3, five);
        assertEq(_wordAt(1), 0);
        assertTrue(
            _core.validatorOf(_validator(2)).status == CoreState.ValidatorStatus.Removed, "removed"
        );
        _requireUpdate(0, 1, 0, 3);
        _deposit(6, STAKE);
        uint256[] memory keys = _firstKeys(5);
        keys[1] = 0;
        _commitNext(4, keys);
        assertEq(_wordAt(1), _word(6, FORWARD));
        _requireUpdate(0, 1, 5, type(uint64).max);
        keys[1] = 6;
        _commitNext(5, keys);
        assertEq(_wordAt(1), _word(6, BOTH));
        _commitNext(6, keys);
        assertEq(_lastUpdates.length, 0);
        assertEq(_kernel.updatesHash, keccak256(""));
    }

    function test_commit_newcomersAlone_cannotSeal() public {
        _openWith(3);
        _deposit(4, 1_000 * STAKE);
        _commitNext(1, _firstKeys(3));
        // The newcomer has nearly all of the forward weight and nothing of the rear.
        uint256[] memory keys = new uint256[](4);
        keys[3] = 4;
        Commit memory commit = _proposeAndSign(2, 2_000_000, keys);
        VM.expectRevert(
            abi.encodeWithSelector(
                SealedLinks.CoreNotSupermajority.selector,
                1_000 * uint256(STAKE),
                1_003 * uint256(STAKE),
                0,
                3 * uint256(STAKE)
            )
        );
        _core.commit(
            commit.transition,
            commit.kernel,
            commit.validatorSet,
            commit.header,
            commit.seal,
            commit.accountProof,
            commit.storageProof
        );
        _sign(commit, _firstKeys(4));
        _commit(commit);
    }

    function test_commit_joinsAboveLimit_waitInOrder() public {
        _openWith(3);
        for (uint256 key = 4; key <= 8; ++key) {
            _deposit(key, STAKE);
        }
        _commitNext(1, _firstKeys(3));
        assertEq(_set.length / 32, 5);
        assertEq(_core.head().queuedChanges, 3);
        _commitNext(2, _firstKeys(5));
        _commitNext(3, _firstKeys(7));
        assertEq(_set.length / 32, 8);
        assertEq(_core.head().queuedChanges, 0);
        for (uint256 seat; seat < 8; ++seat) {
            assertEq(_wordAt(seat) >> 96, uint160(_validator(seat + 1)));
        }
        assertEq(_core.validatorOf(_validator(8)).startHeight, 4);
    }

    function test_commit_logoutsAboveLimit_waitInOrder() public {
        _openWith(7);
        for (uint256 key = 1; key <= 3; ++key) {
            _logout(key);
        }
        _commitNext(1, _firstKeys(7));
        assertEq(_wordAt(2), _word(3, BOTH));
        assertEq(_core.head().queuedChanges, 1);
        _commitNext(2, _firstKeys(7));
        assertEq(_wordAt(2), _word(3, REAR));
        assertEq(_core.validatorOf(_validator(3)).endHeight, 3);
    }

    function test_commit_logoutOfLastValidator_waitsForASuccessor() public {
        _openWith(1);
        _logout(1);
        _commitNext(1, _firstKeys(1));
        assertEq(_wordAt(0), _word(1, BOTH));
        assertEq(_kernel.forwardWeight, STAKE);
        _deposit(2, STAKE);
        _commitNext(2, _firstKeys(1));
        assertEq(_wordAt(0), _word(1, REAR));
        assertEq(_wordAt(1), _word(2, FORWARD));
        // Both are needed where one leaves and the other comes.
        _commitNext(3, _firstKeys(2));
        assertEq(_wordAt(0), 0);
        assertEq(_wordAt(1), _word(2, BOTH));
    }

    function test_commit_validatorPastExit_cannotSign() public {
        _openWith(4);
        _logout(1);
        _commitNext(1, _firstKeys(4));
        _commitNext(2, _firstKeys(4));
        Commit memory commit = _proposeAndSign(3, 3_000_000, _firstKeys(4));
        VM.expectRevert();
        _core.commit(
            commit.transition,
            commit.kernel,
            commit.validatorSet,
            commit.header,
            commit.seal,
            commit.accountProof,
            commit.storageProof
        );
    }

    function test_logout_byStranger_reverts() public {
        _openWith(2);
        address validator = _validator(1);
        VM.prank(address(0x5757));
        VM.expectRevert(
            abi.encodeWithSelector(
                Withdrawals.ValidatorNotController.selector, validator, address(0x5757)
            )
        );
        _keeper().logout(validator);
        VM.prank(_withdrawalOf(1));
        _keeper().logout(validator);
    }

    function test_logout_twice_reverts() public {
        _openWith(2);
        _logout(1);
        address validator = _validator(1);
        VM.prank(validator);
        VM.expectRevert(
            abi.encodeWithSelector(
                Reweighings.ValidatorWrongStatus.selector,
                validator,
                CoreState.ValidatorStatus.LogoutQueued
            )
        );
        _keeper().logout(validator);
    }

    function test_logout_inCreation_leavesGenesisSet() public {
        _deposit(1, STAKE);
        _deposit(2, STAKE);
        _logout(1);
        _open();
        assertEq(_set.length, 32);
        assertEq(_wordAt(0), _word(2, BOTH));
    }

    function test_logout_queuedJoin_neverJoins() public {
        _openWith(3);
        _deposit(4, STAKE);
        _logout(4);
        _commitNext(1, _firstKeys(3));
        assertEq(_set.length, 96);
        assertEq(_core.head().queuedChanges, 0);
    }

    function test_withdraw_afterDelay_paysWithdrawalAddressOnce() public {
        _openWith(4);
        address validator = _validator(1);
        _expectWrongStatus(validator, CoreState.ValidatorStatus.Seated);
        _logout(1);
        _expectWrongStatus(validator, CoreState.ValidatorStatus.LogoutQueued);
        _commitNext(1, _firstKeys(4));
        _expectWrongStatus(validator, CoreState.ValidatorStatus.Leaving);
        _commitNext(2, _firstKeys(4));
        uint256 earliest = uint256(_core.validatorOf(validator).removedAt) + WITHDRAWAL_DELAY;
        VM.warp(earliest - 1);
        VM.expectRevert(
            abi.encodeWithSelector(
                Withdrawals.ValidatorWithdrawalTooEarly.selector, validator, earliest
            )
        );
        _keeper().withdraw(validator);
        // Its last height can still be found to have missed its gas target.
        VM.warp(earliest);
        VM.expectRevert(
            abi.encodeWithSelector(Withdrawals.ValidatorHeightContestable.selector, validator, 2)
        );
        _keeper().withdraw(validator);
        uint256[] memory rest = _firstKeys(4);
        rest[0] = 0;
        _commitNext(3, rest);
        VM.prank(address(0x5757));
        _keeper().withdraw(validator);
        assertEq(_token.balanceOf(_withdrawalOf(1)), STAKE);
        assertEq(_token.balanceOf(address(_core)), 3 * uint256(STAKE));
        _expectWrongStatus(validator, CoreState.ValidatorStatus.Withdrawn);
    }

    function test_withdraw_negative08Unregistered_reverts() public {
        _expectWrongStatus(address(0x1234), CoreState.ValidatorStatus.Unknown);
    }

    function test_open_withoutValidators_reverts() public {
        VM.expectRevert(ValidatorRegistry.ValidatorSetEmpty.selector);
        _core.open();
    }

    function test_open_fullSet_fitsOneTransaction() public {
        uint256 seats = _core.MAX_SEATS();
        for (uint256 key = 1; key <= seats; ++key) {
            _deposit(key, STAKE);
        }
        address late = _validator(seats + 1);
        VM.prank(late);
        VM.expectRevert(abi.encodeWithSelector(Deposits.ValidatorSetFull.selector, seats));
        _keeper().deposit(late, late, STAKE, "");
        uint256 before = gasleft();
        _core.open();
        // EIP-7825 caps a transaction at 2^24 gas; 21,000 go to the transaction itself.
        assertTrue(before - gasleft() < (1 << 24) - 21_000, "opens within one transaction");
    }

    /// @dev Random joins and logouts: flags, weights and sums agree with the registry at every height.
    function testFuzz_commit_randomChanges_setFollowsRegistry(uint256 seed) public {
        _openWith(3);
        uint256 keys = 3;
        for (uint64 height = 1; height <= 6; ++height) {
            uint256 random = uint256(keccak256(abi.encode(seed, height)));
            if (random % 3 == 0) _deposit(++keys, STAKE + (random >> 200));
            if ((random >> 8) % 2 == 0) _tryLogout(1 + (random >> 16) % keys);
            uint256[] memory seats = new uint256[](_set.length / 32);
            for (uint256 i; i < seats.length; ++i) {
                seats[i] = _keyOf(address(uint160(_wordAt(i) >> 96)), keys);
            }
            _commitNext(height, seats);
            _requireSetFollowsRegistry(height + 1, keys);
        }
    }

    function _requireSetFollowsRegistry(uint64 height, uint256 keys) private view {
        uint256 forward;
        uint256 rear;
        uint256 members;
        for (uint256 key = 1; key <= keys; ++key) {
            CoreState.Validator memory entry = _core.validatorOf(_validator(key));
            bool isSeated = entry.status >= CoreState.ValidatorStatus.Seated
                && entry.status <= CoreState.ValidatorStatus.Leaving;
            if (!isSeated) continue;
            ++members;
            uint256 flags =
                (height < entry.endHeight ? FORWARD : 0) | (entry.startHeight < height ? REAR : 0);
            assertEq(
                _wordAt(entry.index),
                (uint256(uint160(_validator(key))) << 96) | flags | entry.stake
            );
            if (flags & FORWARD != 0) forward += entry.stake;
            if (flags & REAR != 0) rear += entry.stake;
        }
        for (uint256 i; i < _set.length / 32; ++i) {
            if (_wordAt(i) != 0) --members;
        }
        assertEq(members, 0);
        assertEq(_kernel.forwardWeight, forward);
        assertEq(_kernel.rearWeight, rear);
        assertTrue(forward != 0 && rear != 0, "never without weight");
    }

    function _tryLogout(uint256 key) private {
        CoreState.ValidatorStatus status = _core.validatorOf(_validator(key)).status;
        bool canLogout = status == CoreState.ValidatorStatus.Queued
            || status == CoreState.ValidatorStatus.Seated;
        if (canLogout) _logout(key);
    }

    function _keyOf(address validator, uint256 keys) private pure returns (uint256) {
        for (uint256 key = 1; key <= keys; ++key) {
            if (_validator(key) == validator) return key;
        }
        return 0;
    }

    function _logout(uint256 key) private {
        VM.prank(_validator(key));
        _keeper().logout(_validator(key));
    }

    function _word(uint256 key, uint256 flags) private pure returns (uint256) {
        return (uint256(uint160(_validator(key))) << 96) | flags | STAKE;
    }

    function _requireUpdate(uint256 position, uint256 index, uint64 start, uint64 end)
        private
        view
    {
        (, uint256 index_, uint64 start_, uint64 end_) = _updateAt(_lastUpdates, position);
        assertEq(index_, index);
        assertEq(start_, start);
        assertEq(end_, end);
    }

    function _expectWrongStatus(address validator, CoreState.ValidatorStatus status) private {
        VM.expectRevert(
            abi.encodeWithSelector(Reweighings.ValidatorWrongStatus.selector, validator, status)
        );
        _keeper().withdraw(validator);
    }
}
