// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { HeaderRlp } from "../src/auxiliary/HeaderRlp.sol";
import { OriginObserver } from "../src/auxiliary/OriginObserver.sol";
import { OriginBlock } from "../src/protocol/Types.sol";
import { AuxiliaryFixture } from "./AuxiliaryFixture.sol";
import { Vm } from "./Vm.sol";

contract OriginObserverTest is AuxiliaryFixture {
    bytes32 private constant STATE = keccak256("state");

    function test_reportHeader_negative01ZeroIntegers_isAccepted() public {
        // An empty block since the merge: difficulty, gas used, blob gas are zero.
        bytes memory header = _builder.originHeader(105, STATE);
        bytes32 blockHash = OBSERVER.reportHeader(header);
        assertEq(blockHash, keccak256(header));
        OriginBlock memory observed = OBSERVER.observation(blockHash);
        assertEq(observed.number, 105);
        assertEq(observed.stateRoot, STATE);
    }

    /// @dev Frontier has 15 fields, London 16, Shanghai 17, Cancun 20, Prague 21; later ones more.
    function test_reportHeader_anyFork_isAccepted() public {
        bytes memory tail;
        for (uint256 fields = 15; fields <= 32; ++fields) {
            bytes memory header = _builder.header(110, STATE, 17 << 40, 1e6, "extra", tail);
            OBSERVER.reportHeader(header);
            assertEq(OBSERVER.observation(keccak256(header)).number, 110);
            tail = abi.encodePacked(tail, fields % 2 == 0 ? bytes(hex"80") : bytes(hex"8401020304"));
        }
        bytes memory tooMany = _builder.header(110, STATE, 0, 0, "", tail);
        VM.expectRevert(abi.encodeWithSelector(HeaderRlp.HeaderMalformed.selector, 32));
        OBSERVER.reportHeader(tooMany);
    }

    function test_reportHeader_negative02Again_changesNothing() public {
        bytes memory header = _builder.originHeader(105, STATE);
        bytes32 blockHash = OBSERVER.reportHeader(header);
        bytes32 finalized = OBSERVER.latestFinalized().blockHash;
        VM.recordLogs();
        assertEq(OBSERVER.reportHeader(header), blockHash);
        assertEq(VM.getRecordedLogs().length, 0);
        assertEq(OBSERVER.latestFinalized().blockHash, finalized);
        // Not after finalization either.
        _finalizeOrigin(keccak256("root"), ROOT_HEIGHT + 1, STATE, 4);
        finalized = OBSERVER.latestFinalized().blockHash;
        assertEq(finalized, blockHash);
        OBSERVER.reportHeader(header);
        assertEq(OBSERVER.latestFinalized().blockHash, finalized);
        assertEq(GADGET.status(_origin).finalizedCount, 2);
    }

    function test_reportHeader_notACheckpointAboveRoot_reverts() public {
        uint64[4] memory wrong = [uint64(0), 95, ROOT_NUMBER, 106];
        for (uint256 i; i < wrong.length; ++i) {
            bytes memory header = _builder.originHeader(wrong[i], STATE);
            VM.expectRevert(
                abi.encodeWithSelector(
                    OriginObserver.ObserverNotACheckpoint.selector,
                    wrong[i],
                    ROOT_NUMBER,
                    ORIGIN_EPOCH
                )
            );
            OBSERVER.reportHeader(header);
        }
    }

    /// @dev Cutting, extending, or changing the prefix of any item of the header.
    function testFuzz_reportHeader_malformed_reverts(uint256 seed) public {
        bytes memory header = _builder.originHeader(105, STATE);
        uint256 kind = seed % 3;
        if (kind == 0) {
            header = abi.encodePacked(header, uint8(seed >> 8));
        } else if (kind == 1) {
            uint256 size = (seed >> 8) % header.length;
            assembly ("memory-safe") {
                mstore(header, size)
            }
        } else {
            uint16[9] memory prefixes = [uint16(0), 1, 2, 3, 36, 69, 90, 123, 189];
            uint256 position = prefixes[(seed >> 8) % prefixes.length];
            header[position] ^= bytes1(uint8(1 + (seed >> 16) % 255));
        }
        VM.expectRevert();
        OBSERVER.reportHeader(header);
    }

    function test_reportHeader_nonCanonicalIntegers_reverts() public {
        bytes memory right = _builder.originHeader(105, STATE);
        // The number is the byte after difficulty (0x80 at 448): as 0x8169, as 0x820069, and as a list.
        bytes[3] memory wrong = [bytes(hex"8169"), hex"820069", hex"c169"];
        for (uint256 i; i < wrong.length; ++i) {
            bytes memory payload =
                abi.encodePacked(_cut(right, 3, 449), wrong[i], _cut(right, 450, right.length));
            bytes memory header = _builder.encodeList(payload);
            VM.expectRevert(abi.encodeWithSelector(HeaderRlp.HeaderMalformed.selector, 8));
            OBSERVER.reportHeader(header);
        }
        bytes memory large = abi.encodePacked(
            _cut(right, 3, 449), hex"89ffffffffffffffffff", _cut(right, 450, right.length)
        );
        large = _builder.encodeList(large);
        VM.expectRevert(
            abi.encodeWithSelector(HeaderRlp.HeaderNumberTooLarge.selector, (uint256(1) << 72) - 1)
        );
        OBSERVER.reportHeader(large);
    }

    function test_finalize_byStranger_reverts() public {
        VM.expectRevert(
            abi.encodeWithSelector(OriginObserver.ObserverNotGadget.selector, address(this))
        );
        OBSERVER.finalize(keccak256("root"));
    }

    function test_latestFinalized_afterFinality_isTheHighest() public {
        assertEq(OBSERVER.latestFinalized().number, ROOT_NUMBER);
        bytes32 observed = _finalizeOrigin(keccak256("root"), ROOT_HEIGHT + 1, STATE, 4);
        assertEq(OBSERVER.latestFinalized().blockHash, observed);
        assertEq(OBSERVER.latestFinalized().stateRoot, STATE);
        assertEq(OBSERVER.finalizedStateRoot((ROOT_HEIGHT + 1) * ORIGIN_EPOCH), STATE);
        assertEq(OBSERVER.finalizedStateRoot((ROOT_HEIGHT + 2) * ORIGIN_EPOCH), bytes32(0));
    }

    function _cut(bytes memory data, uint256 from, uint256 to)
        private
        pure
        returns (bytes memory part)
    {
        part = new bytes(to - from);
        for (uint256 i; i < part.length; ++i) {
            part[i] = data[from + i];
        }
    }
}
