// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { Core } from "../src/origin/Core.sol";
import { CoreKeeper } from "../src/origin/CoreKeeper.sol";
import { CoreState } from "../src/origin/CoreState.sol";
import { CoreHandler } from "./CoreHandler.sol";
import { Test } from "./Test.sol";

/// @dev What holds of a core after any sequence of actions.
contract CoreInvariantTest is Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    error ActionNeverDone(CoreHandler.Action action);

    uint256 private constant STEPS = 300;

    CoreHandler private _handler;
    Core private _core;

    function setUp() public {
        _handler = new CoreHandler();
        _handler.start(7);
        _core = Core(payable(_handler.core()));
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(_handler);
        targets[0].selectors = _actions();
    }

    /// @dev One function for all, so that each run is looked at from all sides and made once.
    function invariant_core_keepsItsRules() public {
        _requireHeadOfTheCommits();
        _requireHaltTerminal();
        _requireTokensAccountedFor();
        assertEq(address(_core).balance, _handler.bonds() * 1 ether);
        _requireWeightsOfStakes();
    }

    /// @dev Nothing is stranded: once all have taken what is theirs, the burned tokens are left, and no wei.
    function afterInvariant() public {
        _handler.drain();
        (uint128 staked, uint128 burned,) = _core.ledger();
        assertEq(staked, 0);
        assertEq(IERC20(_handler.token()).balanceOf(address(_core)), burned);
        assertEq(address(_core).balance, 0);
    }

    /// @dev The runs of the invariants mean something: sequences like theirs, drawn here, carry out every action.
    function test_handler_drawnSequences_carryOutEveryAction() public {
        uint256[] memory times = new uint256[](uint256(type(CoreHandler.Action).max) + 1);
        bytes4[] memory actions = _actions();
        for (uint256 run; run < 6; ++run) {
            setUp();
            for (uint256 step; step < STEPS; ++step) {
                uint256 seed = uint256(keccak256(abi.encode("sequence", run, step)));
                bytes4 action = actions[uint256(keccak256(abi.encode(seed))) % actions.length];
                (bool done,) = address(_handler).call(abi.encodeWithSelector(action, seed));
                assertTrue(done, "action");
                if (step % 20 == 0) invariant_core_keepsItsRules();
            }
            for (uint256 i; i < times.length; ++i) {
                times[i] += _handler.timesOf(CoreHandler.Action(i));
            }
            afterInvariant();
        }
        for (uint256 i; i < times.length; ++i) {
            if (times[i] == 0) revert ActionNeverDone(CoreHandler.Action(i));
        }
    }

    /// @dev Heights are contiguous; height, dynasty and gas are those of the last commit, which had to raise them.
    function _requireHeadOfTheCommits() private view {
        CoreState.Head memory head = _core.head();
        uint64 height = _handler.height();
        assertEq(head.height, height);
        assertEq(head.dynasty, _handler.dynasty());
        assertEq(head.accumulatedGas, _handler.gas());
        assertTrue(head.dynasty >= height - 1, "every height rose the dynasty");
        assertTrue(head.accumulatedGas >= height - 1, "every height rose the gas");
        assertTrue(_core.kernelHash(height) != 0, "the open kernel");
        assertTrue(_core.kernelHash(height + 1) == 0, "no kernel ahead");
        if (height > 1) {
            assertTrue(_core.kernelHash(height - 1) != 0, "the kernel before");
            assertTrue(_core.stateRoot(height - 1) != 0, "its anchor");
        }
        assertTrue(_core.stateRoot(height) == 0, "no anchor ahead");
    }

    function _requireHaltTerminal() private view {
        if (!_handler.isHalted()) return;
        CoreState.Head memory last = _handler.lastHead();
        CoreState.Head memory head = _core.head();
        assertTrue(head.phase == CoreState.Phase.Halted, "halted");
        assertEq(keccak256(abi.encode(head)), keccak256(abi.encode(last)));
    }

    /// @dev To the wei: every token of the core is somebody's stake or reward, or burned.
    function _requireTokensAccountedFor() private view {
        uint256 stakes;
        for (uint256 i; i < _handler.KEYS(); ++i) {
            stakes += _core.validatorOf(_handler.validatorAt(i)).stake;
        }
        (uint128 staked, uint128 burned,) = _core.ledger();
        assertEq(stakes, staked);
        uint256 rewards = CoreKeeper(address(_core)).rewardOf(_handler.CHALLENGER());
        uint256 held = IERC20(_handler.token()).balanceOf(address(_core));
        assertEq(held, staked + burned + rewards);
        assertEq(_handler.deposited(), IERC20(_handler.token()).totalSupply());
    }

    /// @dev The weight of every seat is the part of the stake that its reputation gives it, with the same losses; and neither set is ever without weight.
    function _requireWeightsOfStakes() private {
        CoreState.Head memory head = _core.head();
        assertTrue(_handler.openKernel().forwardWeight != 0, "forward weight");
        assertTrue(_handler.openKernel().rearWeight != 0, "rear weight");
        if (head.lossPending || _handler.isHalted()) return;
        _handler.settleAll();
        bytes memory words = _handler.openWords();
        for (uint256 seat; seat < words.length / 32; ++seat) {
            uint256 word;
            assembly ("memory-safe") {
                word := mload(add(add(words, 0x20), shl(5, seat)))
            }
            if (word == 0) continue;
            CoreState.Validator memory entry = _core.validatorOf(_addressOf(word));
            if (entry.status == CoreState.ValidatorStatus.Slashed) continue;
            uint256 weight = entry.isWeighted
                ? CoreKeeper(address(_core)).weightingOf(_addressOf(word)).weight
                : entry.stake;
            assertEq(word & ((1 << 94) - 1), weight);
            assertTrue(weight <= entry.stake, "at most the stake");
            assertEq(entry.index, seat);
        }
    }

    function _addressOf(uint256 word) private pure returns (address) {
        return address(uint160(word >> 96));
    }

    /// @dev Actions that happen more often stand more often.
    function _actions() private pure returns (bytes4[] memory actions) {
        bytes4[24] memory all = [
            CoreHandler.join.selector,
            CoreHandler.leave.selector,
            CoreHandler.leaveAll.selector,
            CoreHandler.advance.selector,
            CoreHandler.advance.selector,
            CoreHandler.advance.selector,
            CoreHandler.proposeOnly.selector,
            CoreHandler.proposeBelow.selector,
            CoreHandler.endProposal.selector,
            CoreHandler.slash.selector,
            CoreHandler.cap.selector,
            CoreHandler.missTarget.selector,
            CoreHandler.missTarget.selector,
            CoreHandler.conflict.selector,
            CoreHandler.observe.selector,
            CoreHandler.execute.selector,
            CoreHandler.settle.selector,
            CoreHandler.claim.selector,
            CoreHandler.reweigh.selector,
            CoreHandler.reweigh.selector,
            CoreHandler.wait.selector,
            CoreHandler.withdraw.selector,
            CoreHandler.withdraw.selector,
            CoreHandler.defyHalt.selector
        ];
        actions = new bytes4[](all.length);
        for (uint256 i; i < all.length; ++i) {
            actions[i] = all[i];
        }
    }
}
