// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { KernelRegistry } from "../src/auxiliary/KernelRegistry.sol";
import { CalldataTrie } from "../src/protocol/CalldataTrie.sol";
import { Predeploys } from "../src/protocol/Predeploys.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { Kernel } from "../src/protocol/Types.sol";
import { ValidatorWord } from "../src/protocol/ValidatorWord.sol";
import { AuxiliaryFixture } from "./AuxiliaryFixture.sol";
import { Vm } from "./Vm.sol";

contract KernelRegistryTest is AuxiliaryFixture {
    uint256 private constant BOTH = 3 << 94;
    uint64 private constant OBSERVED_HEIGHT = ROOT_HEIGHT + 1;
    uint64 private constant OBSERVED_NUMBER = OBSERVED_HEIGHT * ORIGIN_EPOCH;

    bytes private _set;
    bytes[] private _accountProof;
    bytes[] private _storageProof;

    function test_confirmKernel_proven_isPendingUntilTwoDynastiesLater() public {
        Kernel memory next = _nextKernel();
        _observe(next, 4);
        _finalizeNext(0, 4);
        _endBlock();
        VM.recordLogs();
        _confirm(next);
        Vm.Log[] memory logs = VM.getRecordedLogs();
        assertEq(logs.length, 1);
        assertEq(logs[0].topics[0], KernelRegistry.KernelConfirmed.selector);
        (uint64 dynasty,) = abi.decode(logs[0].data, (uint64, Kernel));
        assertEq(dynasty, 1);
        (Kernel memory pending,, uint64 activationDynasty) = REGISTRY.pendingKernel();
        assertEq(pending.height, 2);
        assertEq(activationDynasty, 3);
        // Finalized in block 2E+1: dynasty 2 from the block after, one short.
        _finalizeNext(1, 4);
        _advanceTo(3 * EPOCH + 1);
        assertEq(REGISTRY.activeKernelHash(), ProtocolHashes.kernelHash(_kernel));
        // Finalized in block 3E+1, so this block has dynasty 2 still; the next has 3 and activates at its end.
        _submit(_auxiliaryVote(2, 3), 1, 4);
        _endBlock();
        assertEq(REGISTRY.activeKernelHash(), ProtocolHashes.kernelHash(_kernel));
        _endBlock();
        assertEq(REGISTRY.activeKernelHash(), ProtocolHashes.kernelHash(next));
        (pending,,) = REGISTRY.pendingKernel();
        assertEq(pending.height, 0);
        (uint64 kernelHeight, uint128 forward, uint128 rear) = GADGET.weights();
        assertEq(kernelHeight, 2);
        assertEq(forward, next.forwardWeight);
        assertEq(rear, next.rearWeight);
        assertEq(keccak256(abi.encodePacked(GADGET.validatorWords())), next.validatorSetHash);
    }

    /// @dev Negative test 7, the auxiliary half: two kernels in a row with a join and a logout.
    function test_confirmKernel_negative07TwoInARow_setFollows() public {
        Kernel memory second = _nextKernel();
        _observe(second, 4);
        _confirm(second);
        for (uint64 height; height < 3; ++height) {
            _finalizeNext(height, 4);
        }
        _advanceTo(3 * EPOCH + 3);
        assertEq(REGISTRY.activeKernelHash(), ProtocolHashes.kernelHash(second));
        (bool isSeated, uint256 seat) = GADGET.seatOf(VM.addr(5));
        assertTrue(isSeated && seat == 4, "key 5 joined");
        // Kernel 3: key 1 is out and key 6 has its seat at once; key 5 is in both sets.
        uint256[] memory words = new uint256[](5);
        words[0] = _word(6, ValidatorWord.FORWARD);
        for (uint256 i = 1; i < 5; ++i) {
            words[i] = _word(i + 1, BOTH);
        }
        Kernel memory third = _kernelOf(3, words);
        bytes32 justified = GADGET.status(_origin).justifiedHash;
        _observeFrom(third, justified, OBSERVED_HEIGHT + 2, 5);
        _confirmAt(third, OBSERVED_NUMBER + 2 * ORIGIN_EPOCH);
        for (uint64 height = 3; height < 6; ++height) {
            _finalizeNext(height, 5);
        }
        _advanceTo(6 * EPOCH + 3);
        assertEq(REGISTRY.activeKernelHash(), ProtocolHashes.kernelHash(third));
        (isSeated,) = GADGET.seatOf(VM.addr(1));
        assertTrue(!isSeated, "key 1 is out");
        (isSeated, seat) = GADGET.seatOf(VM.addr(6));
        assertTrue(isSeated && seat == 0, "key 6 has its seat");
        (, uint128 forward, uint128 rear) = GADGET.weights();
        assertEq(forward, third.forwardWeight);
        assertEq(rear, third.rearWeight);
    }

    function test_confirmKernel_whilePending_reverts() public {
        Kernel memory next = _nextKernel();
        _observe(next, 4);
        _confirm(next);
        VM.expectRevert(abi.encodeWithSelector(KernelRegistry.RegistryKernelPending.selector, 2));
        _confirm(next);
    }

    function test_confirmKernel_heightNotNext_reverts() public {
        Kernel memory next = _nextKernel();
        _observe(next, 4);
        uint64[3] memory wrong = [uint64(0), 1, 3];
        for (uint256 i; i < wrong.length; ++i) {
            next.height = wrong[i];
            VM.expectRevert(
                abi.encodeWithSelector(KernelRegistry.RegistryHeightNotNext.selector, 2, wrong[i])
            );
            _confirm(next);
        }
    }

    function test_confirmKernel_observationNotFinal_reverts() public {
        Kernel memory next = _nextKernel();
        _observe(next, 4);
        // The next observation is justified only, and there is none at 0.
        uint64[2] memory wrong = [OBSERVED_NUMBER + ORIGIN_EPOCH, 0];
        for (uint256 i; i < wrong.length; ++i) {
            VM.expectRevert(
                abi.encodeWithSelector(
                    KernelRegistry.RegistryObservationNotFinal.selector, wrong[i]
                )
            );
            _confirmAt(next, wrong[i]);
        }
    }

    function test_confirmKernel_otherKernel_reverts() public {
        Kernel memory next = _nextKernel();
        _observe(next, 4);
        bytes32 proven = ProtocolHashes.kernelHash(next);
        next.gasTarget = 7;
        bytes32 received = ProtocolHashes.kernelHash(next);
        VM.expectRevert(
            abi.encodeWithSelector(KernelRegistry.RegistryKernelMismatch.selector, proven, received)
        );
        _confirm(next);
    }

    function test_confirmKernel_slotNotSet_reverts() public {
        Kernel memory next = _nextKernel();
        // Proves a slot nobody wrote: an exclusion is no kernel.
        bytes32 root;
        (root, _accountProof,) = _builder.proveStorage(CORE, bytes32(uint256(77)), bytes32("x"));
        _builder.clear();
        for (uint256 i = 1; i < 8; ++i) {
            _builder.add(keccak256(abi.encode("slot", i)), _builder.encodeInteger(i));
        }
        _builder.add(
            keccak256(abi.encode(uint256(77))), _builder.encodeInteger(uint256(bytes32("x")))
        );
        (, _storageProof) = _builder.prove(keccak256(abi.encode(_slotOf(2))));
        _finalizeOrigin(keccak256("root"), OBSERVED_HEIGHT, root, 4);
        bytes32 received = ProtocolHashes.kernelHash(next);
        VM.expectRevert(
            abi.encodeWithSelector(
                KernelRegistry.RegistryKernelMismatch.selector, bytes32(0), received
            )
        );
        _confirm(next);
    }

    function test_confirmKernel_proofOfAnotherAccount_reverts() public {
        Kernel memory next = _nextKernel();
        bytes32 root;
        (root, _accountProof, _storageProof) =
            _builder.proveStorage(address(0xbad), _slotOf(2), ProtocolHashes.kernelHash(next));
        _finalizeOrigin(keccak256("root"), OBSERVED_HEIGHT, root, 4);
        VM.expectRevert();
        _confirm(next);
    }

    function test_confirmKernel_emptyProofs_reverts() public {
        Kernel memory next = _nextKernel();
        _observe(next, 4);
        delete _accountProof;
        VM.expectRevert(abi.encodeWithSelector(CalldataTrie.TrieProofIncomplete.selector, 0));
        _confirm(next);
    }

    function test_confirmKernel_otherValidatorSet_reverts() public {
        Kernel memory next = _nextKernel();
        _observe(next, 4);
        _set[40] ^= 0x01;
        VM.expectRevert(
            abi.encodeWithSelector(
                KernelRegistry.RegistryValidatorSetMismatch.selector,
                next.validatorSetHash,
                keccak256(_set)
            )
        );
        _confirm(next);
    }

    function test_confirmKernel_otherWeights_reverts() public {
        Kernel memory next = _nextKernel();
        uint128 forward = next.forwardWeight;
        next.forwardWeight += 1;
        _observe(next, 4);
        VM.expectRevert(
            abi.encodeWithSelector(
                KernelRegistry.RegistryWeightsMismatch.selector, forward, next.rearWeight
            )
        );
        _confirm(next);
    }

    function test_activateDue_byStranger_reverts() public {
        VM.expectRevert(
            abi.encodeWithSelector(KernelRegistry.RegistryNotTracker.selector, address(this))
        );
        REGISTRY.activateDue(100);
    }

    /// @dev All words of 128 validators change: the worst that one activation can be.
    function test_endBlock_activationOfOneHundredTwentyEight_fitsTheSystemCall() public {
        _start(128);
        uint256[] memory words = new uint256[](128);
        for (uint256 i; i < 128; ++i) {
            words[i] = _word(i + 1, BOTH) + 1;
        }
        Kernel memory next = _kernelOf(2, words);
        _observe(next, 128);
        uint256 before = gasleft();
        _confirm(next);
        assertTrue(before - gasleft() < 30_000_000, "confirms within a block");
        for (uint64 height; height < 2; ++height) {
            _finalizeNext(height, 128);
        }
        VM.prank(Predeploys.SYSTEM);
        TRACKER.endBlock{ gas: 30_000_000 }(keccak256("transactions"), 21_000);
        VM.roll(++_number);
        before = gasleft();
        VM.prank(Predeploys.SYSTEM);
        TRACKER.endBlock{ gas: 30_000_000 }(keccak256("transactions"), 21_000);
        assertTrue(before - gasleft() < 30_000_000, "activates within the system call");
        assertEq(REGISTRY.activeKernelHash(), ProtocolHashes.kernelHash(next));
    }

    /// @dev Key 5 joins and key 1 has logged out.
    function _nextKernel() private returns (Kernel memory) {
        uint256[] memory words = new uint256[](5);
        words[0] = _word(1, ValidatorWord.REAR);
        for (uint256 i = 1; i < 4; ++i) {
            words[i] = _word(i + 1, BOTH);
        }
        words[4] = _word(5, ValidatorWord.FORWARD);
        return _kernelOf(2, words);
    }

    function _kernelOf(uint64 height, uint256[] memory words)
        private
        returns (Kernel memory kernel)
    {
        _set = abi.encodePacked(words);
        kernel = _kernel;
        kernel.height = height;
        kernel.parent = keccak256(abi.encode("meta-block", height - 1));
        kernel.validatorSetHash = keccak256(_set);
        kernel.forwardWeight = 0;
        kernel.rearWeight = 0;
        for (uint256 i; i < words.length; ++i) {
            kernel.forwardWeight += uint128(ValidatorWord.forwardWeight(words[i]));
            kernel.rearWeight += uint128(ValidatorWord.rearWeight(words[i]));
        }
    }

    function _slotOf(uint64 height) private pure returns (bytes32) {
        return keccak256(abi.encode(height, 0));
    }

    function _observe(Kernel memory kernel, uint256 keys) private {
        _observeFrom(kernel, keccak256("root"), OBSERVED_HEIGHT, keys);
    }

    /// @dev Finalizes an origin state in which the core holds the kernel's hash.
    function _observeFrom(Kernel memory kernel, bytes32 parent, uint64 height, uint256 keys)
        private
    {
        bytes32 root;
        (root, _accountProof, _storageProof) = _builder.proveStorage(
            CORE, _slotOf(kernel.height), ProtocolHashes.kernelHash(kernel)
        );
        _finalizeOrigin(parent, height, root, keys);
    }

    function _confirm(Kernel memory kernel) private {
        _confirmAt(kernel, OBSERVED_NUMBER);
    }

    function _confirmAt(Kernel memory kernel, uint64 number) private {
        REGISTRY.confirmKernel(kernel, _set, number, _accountProof, _storageProof);
    }
}
