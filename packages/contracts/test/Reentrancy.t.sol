// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {
    ReentrancyGuardTransient
} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import { CoreState } from "../src/origin/CoreState.sol";
import { Deposits } from "../src/origin/Deposits.sol";
import { Reweighings } from "../src/origin/Reweighings.sol";
import { Slashing } from "../src/origin/Slashing.sol";
import { Withdrawals } from "../src/origin/Withdrawals.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { TransitionObject, VoteMessage } from "../src/protocol/Types.sol";
import { CoreFixture } from "./CoreFixture.sol";
import { CallbackToken, GreedyBondTaker, ReentrantBondTaker } from "./HostileToken.sol";

/// @dev A token and recipients of bonds that call the core back while it pays or is paid.
contract ReentrancyTest is CoreFixture {
    address private constant CHALLENGER = address(0xc4a1);

    CallbackToken private _callback;

    function setUp() public override {
        super.setUp();
        _callback = new CallbackToken();
        _core = _createCore(IERC20(address(_callback)));
    }

    /// @dev Whatever pays or is paid in tokens, within whatever else does: refused. The outer one goes on as if nothing were.
    function test_tokenCallback_intoWhatMovesTokens_isRefused() public {
        for (uint256 outer; outer < 3; ++outer) {
            for (uint256 inner; inner < 3; ++inner) {
                setUp();
                _prepareMoves();
                uint256 held = _callback.balanceOf(address(_core));
                _callback.callBack(address(_core), _moveOf(inner, 6));
                _move(outer, 5);
                assertTrue(_callback.wasCalled(), "called back");
                assertTrue(!_callback.hasSucceeded(), "refused");
                assertEq(
                    bytes32(_callback.reason()),
                    bytes32(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
                );
                uint256 expected = held;
                if (outer == 0) expected += STAKE;
                else if (outer == 1) expected -= STAKE;
                else expected -= 1 ether;
                assertEq(_callback.balanceOf(address(_core)), expected);
                _requireBooks();
                // Afterwards, and not within, the inner one works.
                _callback.callBack(address(0), "");
                _move(inner, 6);
                _requireBooks();
            }
        }
    }

    /// @dev The core's books are in order before a token is called: what is not guarded finds the validator paid already.
    function test_tokenCallback_intoWhatKeepsBooks_findsThemDone() public {
        _prepareMoves();
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        address[] memory validators = new address[](1);
        validators[0] = _validator(5);
        bytes[4] memory calls = [
            abi.encodeCall(Slashing.slash, (a, _signatureOf(5, a), b, _signatureOf(5, b))),
            abi.encodeCall(Withdrawals.logout, (_validator(5))),
            abi.encodeCall(Reweighings.reweigh, (_validator(5))),
            abi.encodeCall(Withdrawals.executeVerdict, (_validator(5)))
        ];
        for (uint256 i; i < calls.length; ++i) {
            setUp();
            _prepareMoves();
            _callback.callBack(address(_core), calls[i]);
            _keeper().withdraw(_validator(5));
            assertTrue(_callback.wasCalled() && !_callback.hasSucceeded(), "nothing left to do");
            assertEq(_callback.balanceOf(_withdrawalOf(5)), STAKE);
            _requireBooks();
        }
        setUp();
        _prepareMoves();
        _callback.callBack(address(_core), abi.encodeCall(Withdrawals.settleLosses, (validators)));
        _keeper().withdraw(_validator(5));
        assertTrue(_callback.hasSucceeded(), "nothing to settle");
        _requireBooks();
    }

    /// @dev Slashed while its stake comes in: the stake is in the books already, and is burned as any other.
    function test_tokenCallback_slashWithinDeposit_burnsWhatComes() public {
        _prepareMoves();
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        _callback.callBack(
            address(_core),
            abi.encodeCall(Slashing.slash, (a, _signatureOf(8, a), b, _signatureOf(8, b)))
        );
        _move(0, 8);
        assertTrue(_callback.hasSucceeded(), "slashed");
        assertEq(
            uint256(_core.validatorOf(_validator(8)).status),
            uint256(CoreState.ValidatorStatus.Slashed)
        );
        _requireBooks();
    }

    function test_claimBonds_recipientCallsAgain_isPaidOnce() public {
        _prepareMoves();
        ReentrantBondTaker taker = new ReentrantBondTaker(_keeper());
        _standAndCommit(address(taker));
        assertEq(_keeper().bondsOwed(address(taker)), BOND);
        uint256 held = address(_core).balance;
        taker.claim();
        assertTrue(taker.wasRefused(), "called again, in vain");
        assertEq(address(taker).balance, BOND);
        assertEq(address(_core).balance, held - BOND);
        assertEq(_keeper().bondsOwed(address(taker)), 0);
    }

    /// @dev Nobody who takes a bond can stop a commit, nor the bonds of others.
    function test_commit_proposerBurnsGas_commitsAndOwes() public {
        _prepareMoves();
        GreedyBondTaker taker = new GreedyBondTaker();
        uint256 height = _core.head().height;
        _standAndCommit(address(taker));
        assertEq(_core.head().height, height + 1);
        assertEq(_keeper().bondsOwed(address(taker)), BOND);
    }

    function test_reclaimBond_proposerCallsAgain_isPaidOnce() public {
        _prepareMoves();
        ReentrantBondTaker taker = new ReentrantBondTaker(_keeper());
        TransitionObject memory stale = _transition(20, 20_000_000);
        VM.deal(address(taker), BOND);
        VM.prank(address(taker));
        _core.propose{ value: BOND }(stale);
        _commitNext(12, _keysInSeats(8));
        bytes32 transitionHash = ProtocolHashes.transitionHash(stale);
        taker.aim(transitionHash);
        _keeper().reclaimBond(transitionHash);
        // The stipend is not enough to call again: the bond is owed, and paid once.
        assertEq(_keeper().bondsOwed(address(taker)), BOND);
        taker.claim();
        assertTrue(taker.wasRefused(), "called again, in vain");
        assertEq(address(taker).balance, BOND);
        assertEq(address(_core).balance, 0);
    }

    /// @dev Validators 1 to 7, of which 5 and 6 have left and can withdraw; two rewards of 1 ether to claim.
    function _prepareMoves() private {
        _set = "";
        for (uint256 key = 1; key <= 7; ++key) {
            _move(0, key);
        }
        _open();
        for (uint256 key = 5; key <= 6; ++key) {
            VM.prank(_validator(key));
            _keeper().logout(_validator(key));
        }
        for (uint64 height = 1; height <= 3; ++height) {
            _commitNext(height, _keysInSeats(7));
        }
        VM.warp(block.timestamp + WITHDRAWAL_DELAY);
        for (uint256 key = 5; key <= 6; ++key) {
            _reward(_rewardedBy(key), 1 ether);
        }
    }

    /// @dev As challenges would leave it, which are not what this is about.
    function _reward(address account, uint256 reward) private {
        bytes32 slot = keccak256(abi.encode(account, uint256(18)));
        VM.store(address(_core), slot, bytes32(reward));
        assertEq(_keeper().rewardOf(account), reward);
        _callback.mint(address(_core), reward);
    }

    function _rewardedBy(uint256 key) private pure returns (address) {
        return address(uint160(CHALLENGER) + uint160(key));
    }

    /// @dev 0: deposit, 1: withdrawal, 2: claim. Of a deposit the key is another one.
    function _moveOf(uint256 kind, uint256 key) private view returns (bytes memory) {
        if (kind == 1) return abi.encodeCall(Withdrawals.withdraw, (_validator(key)));
        if (kind == 2) return abi.encodeCall(Withdrawals.claimReward, (_rewardedBy(key)));
        address validator = _joinerFor(key);
        return abi.encodeCall(Deposits.deposit, (validator, validator, STAKE, ""));
    }

    function _move(uint256 kind, uint256 key) private {
        if (kind == 0) {
            address joiner = _joinerFor(key);
            _callback.mint(joiner, STAKE);
            VM.prank(joiner);
            _callback.approve(address(_core), STAKE);
            VM.prank(joiner);
            _keeper().deposit(joiner, _withdrawalOf(key), STAKE, "");
        } else {
            (bool done,) = address(_core).call(_moveOf(kind, key));
            assertTrue(done, "moved");
        }
    }

    /// @dev Who has staked already deposits under another key.
    function _joinerFor(uint256 key) private view returns (address) {
        bool isKnown =
            _core.validatorOf(_validator(key)).status != CoreState.ValidatorStatus.Unknown;
        return _validator(isKnown ? key + 20 : key);
    }

    /// @dev A proposal of `proposer` is committed.
    function _standAndCommit(address proposer) private {
        TransitionObject memory transition = _transition(9, 9_000_000);
        VM.deal(proposer, BOND);
        VM.prank(proposer);
        _core.propose{ value: BOND }(transition);
        Commit memory commit = _prepare(transition, 10);
        _sign(commit, _keysInSeats(7));
        VM.warp(block.timestamp + CHALLENGE_PERIOD);
        _commit(commit);
    }

    function _requireBooks() private view {
        uint256 rewards = _keeper().rewardOf(_rewardedBy(5)) + _keeper().rewardOf(_rewardedBy(6));
        assertEq(_callback.balanceOf(address(_core)), _staked() + _burned() + rewards);
        uint256 stakes;
        for (uint256 key = 1; key <= 30; ++key) {
            stakes += _core.validatorOf(_validator(key)).stake;
        }
        assertEq(stakes, _staked());
    }
}
