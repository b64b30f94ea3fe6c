// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { TransitionTracker } from "../src/auxiliary/TransitionTracker.sol";
import { Predeploys } from "../src/protocol/Predeploys.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { TransitionObject } from "../src/protocol/Types.sol";
import { AuxiliaryFixture } from "./AuxiliaryFixture.sol";

contract TransitionTrackerTest is AuxiliaryFixture {
    function test_constructor_genesis_holdsTransitionAtHeightZero() public view {
        TransitionObject memory genesis = TransitionObject({
            dynasty: 0,
            originBlockNumber: ROOT_NUMBER,
            originBlockHash: keccak256("root"),
            accumulatedTransactionRoot: GENESIS_TRANSACTIONS_ROOT,
            accumulatedGas: 0,
            kernelHash: ProtocolHashes.kernelHash(_kernel)
        });
        assertEq(TRACKER.transitionHash(0), ProtocolHashes.transitionHash(genesis));
        assertEq(TRACKER.newestTransitionHash(), TRACKER.transitionHash(0));
        assertEq(keccak256(abi.encode(TRACKER.transition())), keccak256(abi.encode(genesis)));
    }

    function test_endBlock_anyBlock_accumulates() public {
        bytes32 root = GENESIS_TRANSACTIONS_ROOT;
        for (uint64 number = 1; number <= 9; ++number) {
            root = keccak256(abi.encodePacked(root, keccak256(abi.encode("transactions", number))));
            _endBlock();
            assertEq(TRACKER.accumulatedTransactionRoot(), root);
            assertEq(TRACKER.accumulatedGas(), number * 21_000);
            assertEq(TRACKER.lastBlockNumber(), number);
        }
    }

    /// @dev The slots that programs and proofs read: docs/protocol.md §4.
    function test_endBlock_storage_liesWhereTheProtocolSays() public {
        _advanceTo(EPOCH + 2);
        address tracker = address(TRACKER);
        assertEq(VM.load(tracker, 0), TRACKER.transitionHash(1));
        assertEq(VM.load(tracker, bytes32(uint256(1))), TRACKER.accumulatedTransactionRoot());
        uint256 packed = uint256(VM.load(tracker, bytes32(uint256(2))));
        assertEq(uint64(packed), TRACKER.accumulatedGas());
        assertEq(packed >> 64, TRACKER.lastBlockNumber());
        assertEq(VM.load(tracker, keccak256(abi.encode(1, 3))), TRACKER.transitionHash(1));
        assertEq(VM.load(tracker, keccak256(abi.encode(1, 4))), blockhash(EPOCH));
    }

    function test_endBlock_checkpoint_storesTransition() public {
        _advanceTo(EPOCH + 1);
        _submit(_auxiliaryVote(0, 1), 1, 4);
        bytes32 observed = _finalizeOrigin(keccak256("root"), ROOT_HEIGHT + 1, keccak256("s"), 4);
        _advanceTo(2 * EPOCH);
        assertEq(TRACKER.transitionHash(2), bytes32(0));
        _endBlock();
        TransitionObject memory transition = TransitionObject({
            dynasty: 1,
            originBlockNumber: (ROOT_HEIGHT + 1) * ORIGIN_EPOCH,
            originBlockHash: observed,
            accumulatedTransactionRoot: TRACKER.accumulatedTransactionRoot(),
            accumulatedGas: 8 * 21_000,
            kernelHash: ProtocolHashes.kernelHash(_kernel)
        });
        assertEq(TRACKER.transitionHash(2), ProtocolHashes.transitionHash(transition));
        assertEq(TRACKER.newestTransitionHash(), TRACKER.transitionHash(2));
        assertEq(keccak256(abi.encode(TRACKER.transition())), keccak256(abi.encode(transition)));
    }

    /// @dev What a checkpoint's own transactions finalize counts from the next block on.
    function test_endBlock_finalizedWithinCheckpoint_isNotInItsDynasty() public {
        _advanceTo(2 * EPOCH);
        _submit(_auxiliaryVote(0, 1), 1, 4);
        _endBlock();
        assertEq(TRACKER.transition().dynasty, 0);
        _endBlock();
        assertEq(TRACKER.transition().dynasty, 1);
    }

    function test_endBlock_checkpointHash_isRecordedOneBlockLater() public {
        _advanceTo(EPOCH + 1);
        assertEq(TRACKER.checkpointHash(0), blockhash(0));
        assertEq(TRACKER.checkpointHash(1), bytes32(0));
        _endBlock();
        assertEq(TRACKER.checkpointHash(1), blockhash(EPOCH));
    }

    function test_endBlock_byStranger_reverts() public {
        VM.expectRevert(
            abi.encodeWithSelector(TransitionTracker.TrackerNotSystem.selector, address(this))
        );
        TRACKER.endBlock(0, 0);
    }

    function test_endBlock_twiceOrSkipped_reverts() public {
        _endBlock();
        VM.roll(1);
        VM.prank(Predeploys.SYSTEM);
        VM.expectRevert(
            abi.encodeWithSelector(TransitionTracker.TrackerBlockOutOfOrder.selector, 2, 1)
        );
        TRACKER.endBlock(0, 0);
        VM.roll(3);
        VM.prank(Predeploys.SYSTEM);
        VM.expectRevert(
            abi.encodeWithSelector(TransitionTracker.TrackerBlockOutOfOrder.selector, 2, 3)
        );
        TRACKER.endBlock(0, 0);
    }
}
