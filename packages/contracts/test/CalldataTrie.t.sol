// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { TrieProof } from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";

import { CalldataTrie } from "../src/protocol/CalldataTrie.sol";
import { Test } from "./Test.sol";
import { TrieBuilder } from "./TrieBuilder.sol";

/// @dev Makes the libraries callable, and their reverts catchable.
contract TrieHarness {
    function find(bytes32 root, bytes32 key, bytes[] calldata proof)
        external
        pure
        returns (bool found, bytes memory value)
    {
        uint256 start;
        uint256 size;
        (found, start, size) = CalldataTrie.find(root, key, proof);
        value = new bytes(size);
        assembly ("memory-safe") {
            calldatacopy(add(value, 0x20), start, size)
        }
    }

    function storageRoot(bytes32 stateRoot, address account, bytes[] calldata proof)
        external
        pure
        returns (bytes32)
    {
        return CalldataTrie.storageRoot(stateRoot, account, proof);
    }

    function storageValue(bytes32 root, bytes32 slot, bytes[] calldata proof)
        external
        pure
        returns (bytes32)
    {
        return CalldataTrie.storageValue(root, slot, proof);
    }

    function oracle(bytes32 root, bytes32 key, bytes[] memory proof)
        external
        pure
        returns (bool found, bytes memory value)
    {
        TrieProof.ProofError err;
        (value, err) = TrieProof.tryTraverse(root, abi.encodePacked(key), proof);
        found = err == TrieProof.ProofError.NO_ERROR;
    }
}

contract CalldataTrieTest is Test {
    TrieHarness private _harness = new TrieHarness();
    TrieBuilder private _trie = new TrieBuilder();

    function testFuzz_find_generatedTrie_agreesWithOracle(uint256 seed) public {
        _fill(seed);
        uint256 chosen = _random(seed, 1) % _trie.length();
        bytes32 key = _trie.keyAt(chosen);
        (bytes32 root, bytes[] memory proof) = _trie.prove(key);
        (bool found, bytes memory value) = _harness.find(root, key, proof);
        assertTrue(found, "a key of the trie is found");
        assertEq(keccak256(value), keccak256(_trie.valueAt(chosen)));
        _requireOracleAgrees(root, key, proof);
    }

    function testFuzz_find_absentKey_provesExclusion(uint256 seed) public {
        _fill(seed);
        bytes32 key = _trie.keyAt(_random(seed, 2) % _trie.length());
        // Changing one nibble takes the path away from the key at a chosen depth.
        uint256 depth = _random(seed, 3) % 64;
        key ^= bytes32((1 + _random(seed, 4) % 15) << (252 - 4 * depth));
        for (uint256 i; i < _trie.length(); ++i) {
            VM.assume(_trie.keyAt(i) != key);
        }
        (bytes32 root, bytes[] memory proof) = _trie.prove(key);
        (bool found,) = _harness.find(root, key, proof);
        assertTrue(!found, "an absent key is proven absent");
        try _harness.oracle(root, key, proof) returns (bool foundByOracle, bytes memory) {
            assertTrue(!foundByOracle, "the oracle does not find it either");
        } catch { }
    }

    function testFuzz_find_flippedByte_reverts(uint256 seed) public {
        _fill(seed);
        bytes32 key = _trie.keyAt(_random(seed, 5) % _trie.length());
        (bytes32 root, bytes[] memory proof) = _trie.prove(key);
        bytes memory node = proof[_random(seed, 6) % proof.length];
        uint256 position = _random(seed, 7) % node.length;
        node[position] ^= bytes1(uint8(1 + _random(seed, 8) % 255));
        VM.expectRevert();
        _harness.find(root, key, proof);
    }

    /// @dev The adversary picks the root too, so only the shape of the node can give it away.
    function testFuzz_find_flippedByteUnderItsOwnRoot_neverAcceptsMoreThanOracle(uint256 seed)
        public
    {
        _fill(seed);
        bytes32 key = _trie.keyAt(_random(seed, 9) % _trie.length());
        (, bytes[] memory proof) = _trie.prove(key);
        bytes[] memory single = new bytes[](1);
        single[0] = proof[proof.length - 1];
        uint256 flips = 1 + _random(seed, 10) % 3;
        for (uint256 i; i < flips; ++i) {
            // Mostly near the front, where the prefixes and the path are.
            uint256 range = _random(seed, 20 + i) % 2 == 0 ? 8 : single[0].length;
            uint256 position = _random(seed, 30 + i) % range % single[0].length;
            single[0][position] = bytes1(uint8(_random(seed, 40 + i)));
        }
        _requireNoMoreThanOracle(keccak256(single[0]), key, single);
    }

    function testFuzz_find_droppedDuplicatedOrSwappedNodes_reverts(uint256 seed) public {
        _fill(seed);
        bytes32 key = _trie.keyAt(_random(seed, 11) % _trie.length());
        (bytes32 root, bytes[] memory proof) = _trie.prove(key);
        VM.assume(proof.length > 1);
        uint256 chosen = _random(seed, 12) % proof.length;

        bytes[] memory dropped = new bytes[](proof.length - 1);
        bytes[] memory duplicated = new bytes[](proof.length + 1);
        for (uint256 i; i < proof.length; ++i) {
            if (i != chosen) dropped[i < chosen ? i : i - 1] = proof[i];
            duplicated[i <= chosen ? i : i + 1] = proof[i];
        }
        duplicated[chosen + 1] = proof[chosen];
        VM.expectRevert();
        _harness.find(root, key, dropped);
        VM.expectRevert();
        _harness.find(root, key, duplicated);

        uint256 other = (chosen + 1) % proof.length;
        (proof[chosen], proof[other]) = (proof[other], proof[chosen]);
        VM.expectRevert();
        _harness.find(root, key, proof);
    }

    /// @dev Sixty patterns of shared prefixes: extensions of every length at every small depth.
    function test_find_negative10ExtensionPatterns_agreesWithOracle() public {
        for (uint256 pattern; pattern < 60; ++pattern) {
            _trie.clear();
            uint256 shared = 4 * (1 + pattern % 20);
            bytes32 base = keccak256(abi.encode("pattern", pattern));
            bytes32 sibling = base ^ bytes32(uint256(1 + pattern % 15) << (252 - shared));
            _trie.add(base, _longValue(pattern));
            _trie.add(sibling, _longValue(pattern + 1));
            if (pattern % 3 == 0) _trie.add(keccak256(abi.encode(base)), _longValue(pattern + 2));
            (bytes32 root, bytes[] memory proof) = _trie.prove(base);
            (bool found, bytes memory value) = _harness.find(root, base, proof);
            assertTrue(found, "found behind the extension");
            assertEq(keccak256(value), keccak256(_longValue(pattern)));
            _requireOracleAgrees(root, base, proof);
        }
    }

    function test_find_negative10BranchWithValue_reverts() public {
        bytes memory payload;
        for (uint256 i; i < 16; ++i) {
            payload = abi.encodePacked(payload, uint8(0xa0), keccak256(abi.encode(i)));
        }
        bytes[] memory proof = new bytes[](1);
        proof[0] = _trie.encodeList(abi.encodePacked(payload, uint8(0x01)));
        VM.expectRevert(abi.encodeWithSelector(CalldataTrie.TrieNodeMalformed.selector, 0));
        _harness.find(keccak256(proof[0]), keccak256("key"), proof);
    }

    function test_find_inlinedChildOnPath_reverts() public {
        // Keys that share 60 nibbles, with values of one byte: the leaves are inlined in the branch.
        bytes32 key = keccak256("inlined");
        _trie.add(key, hex"01");
        _trie.add(key ^ bytes32(uint256(0x1000)), hex"02");
        (bytes32 root, bytes[] memory proof) = _trie.prove(key);
        VM.expectRevert(abi.encodeWithSelector(CalldataTrie.TrieNodeInlined.selector, 0));
        _harness.find(root, key, proof);
    }

    function test_find_inlinedSibling_findsTheOther() public {
        bytes32 key = keccak256("inlined sibling");
        _trie.add(key, _longValue(1));
        _trie.add(key ^ bytes32(uint256(0x1000)), hex"02");
        (bytes32 root, bytes[] memory proof) = _trie.prove(key);
        (bool found, bytes memory value) = _harness.find(root, key, proof);
        assertTrue(found, "the inlined sibling does no harm");
        assertEq(keccak256(value), keccak256(_longValue(1)));
    }

    function test_find_emptyTrie_provesExclusion() public view {
        bytes[] memory none = new bytes[](0);
        bytes[] memory emptyString = new bytes[](1);
        emptyString[0] = hex"80";
        (bool found,) = _harness.find(keccak256(hex"80"), keccak256("key"), none);
        (bool foundAgain,) = _harness.find(keccak256(hex"80"), keccak256("key"), emptyString);
        assertTrue(!found && !foundAgain, "nothing is in an empty trie");
    }

    function test_find_zeroRootWithoutNodes_reverts() public {
        bytes[] memory none = new bytes[](0);
        VM.expectRevert(abi.encodeWithSelector(CalldataTrie.TrieProofIncomplete.selector, 0));
        _harness.find(0, keccak256("key"), none);
    }

    function test_find_badHexPrefix_reverts() public {
        bytes32 key = keccak256("flags");
        for (uint256 flag; flag < 16; ++flag) {
            for (uint256 padding; padding < 2; ++padding) {
                // A leaf at depth 0 has 64 nibbles: flag 2, padding 0. All else is wrong.
                if (flag == 2 && padding == 0) continue;
                bytes[] memory proof = new bytes[](1);
                proof[0] = _trie.encodeList(
                    abi.encodePacked(
                        _trie.encodeString(abi.encodePacked(uint8((flag << 4) | padding), key)),
                        _trie.encodeString(_longValue(1))
                    )
                );
                VM.expectRevert(abi.encodeWithSelector(CalldataTrie.TrieNodeMalformed.selector, 0));
                _harness.find(keccak256(proof[0]), key, proof);
            }
        }
    }

    function test_find_longFormsOfShortLengths_reverts() public {
        bytes32 key = keccak256("long form");
        bytes memory path = _trie.encodePath(key, 0, 64, true);
        bytes[] memory proof = new bytes[](1);
        // The list as f8 with 40 bytes, and the value as b8 with one byte.
        proof[0] = abi.encodePacked(hex"f827", path, hex"8401020304");
        VM.expectRevert(abi.encodeWithSelector(CalldataTrie.TrieNodeMalformed.selector, 0));
        _harness.find(keccak256(proof[0]), key, proof);
        proof[0] = abi.encodePacked(hex"e5", path, hex"b801ff");
        VM.expectRevert(abi.encodeWithSelector(CalldataTrie.TrieNodeMalformed.selector, 0));
        _harness.find(keccak256(proof[0]), key, proof);
    }

    function testFuzz_storageValue_anyValue_roundTrips(uint256 seed, uint256 value, uint8 shift)
        public
    {
        value >>= shift;
        VM.assume(value != 0);
        _fillStorage(seed);
        bytes32 slot = bytes32(_random(seed, 13));
        _trie.add(keccak256(abi.encode(slot)), _trie.encodeInteger(value));
        (bytes32 root, bytes[] memory proof) = _trie.prove(keccak256(abi.encode(slot)));
        assertEq(uint256(_harness.storageValue(root, slot, proof)), value);
    }

    function test_storageValue_absentSlot_isZero() public {
        _fillStorage(7);
        bytes32 slot = bytes32(uint256(0xabcdef));
        (bytes32 root, bytes[] memory proof) = _trie.prove(keccak256(abi.encode(slot)));
        assertEq(_harness.storageValue(root, slot, proof), bytes32(0));
    }

    function test_storageValue_zeroOrLeadingZeroOrTooLong_reverts() public {
        bytes[4] memory wrong = [
            bytes(hex"80"), hex"00", hex"8200ff", abi.encodePacked(hex"a1", bytes32("x"), hex"01")
        ];
        for (uint256 i; i < wrong.length; ++i) {
            _trie.clear();
            _trie.add(keccak256(abi.encode(uint256(0))), wrong[i]);
            (bytes32 root, bytes[] memory proof) = _trie.prove(keccak256(abi.encode(uint256(0))));
            VM.expectRevert(abi.encodeWithSelector(CalldataTrie.TrieNodeMalformed.selector, 0));
            _harness.storageValue(root, 0, proof);
        }
    }

    function testFuzz_storageRoot_anyAccount_roundTrips(
        uint256 seed,
        address account,
        uint64 nonce,
        uint256 balance,
        bytes32 storageRoot
    ) public {
        _fill(seed);
        _trie.add(
            keccak256(abi.encodePacked(account)),
            _trie.encodeAccount(nonce, balance, storageRoot, keccak256("code"))
        );
        (bytes32 root, bytes[] memory proof) = _trie.prove(keccak256(abi.encodePacked(account)));
        assertEq(_harness.storageRoot(root, account, proof), storageRoot);
    }

    function test_storageRoot_absentAccount_reverts() public {
        _fill(3);
        address account = address(0x1234);
        (bytes32 root, bytes[] memory proof) = _trie.prove(keccak256(abi.encodePacked(account)));
        VM.expectRevert(abi.encodeWithSelector(CalldataTrie.TrieAccountAbsent.selector, account));
        _harness.storageRoot(root, account, proof);
    }

    function test_storageRoot_threeOrFiveFields_reverts() public {
        bytes memory word = abi.encodePacked(uint8(0xa0), keccak256("word"));
        bytes[4] memory wrong = [
            _trie.encodeList(abi.encodePacked(uint8(1), word, word)),
            _trie.encodeList(abi.encodePacked(uint8(1), uint8(2), word, word, uint8(3))),
            _trie.encodeList(abi.encodePacked(hex"00", uint8(2), word, word)),
            _trie.encodeList(abi.encodePacked(uint8(1), hex"8101", word, word))
        ];
        address account = address(0x1234);
        for (uint256 i; i < wrong.length; ++i) {
            _trie.clear();
            _trie.add(keccak256(abi.encodePacked(account)), wrong[i]);
            (bytes32 root, bytes[] memory proof) = _trie.prove(keccak256(abi.encodePacked(account)));
            VM.expectRevert(abi.encodeWithSelector(CalldataTrie.TrieNodeMalformed.selector, 0));
            _harness.storageRoot(root, account, proof);
        }
    }

    /// @dev One to forty keys, some of them with long shared prefixes, values of 32 to 90 bytes.
    function _fill(uint256 seed) private {
        uint256 count = 1 + _random(seed, 100) % 40;
        for (uint256 i; i < count; ++i) {
            bytes32 key = bytes32(_random(seed, 200 + i));
            if (i > 0 && _random(seed, 300 + i) % 3 == 0) {
                uint256 shared = 4 * (1 + _random(seed, 400 + i) % 20);
                uint256 mask = type(uint256).max >> shared;
                key = bytes32(
                    (uint256(_trie.keyAt(i % _trie.length())) & ~mask) | (uint256(key) & mask)
                );
            }
            _trie.add(key, _longValue(_random(seed, 500 + i)));
        }
    }

    function _fillStorage(uint256 seed) private {
        uint256 count = 1 + _random(seed, 100) % 20;
        for (uint256 i; i < count; ++i) {
            uint256 value = _random(seed, 300 + i) >> (_random(seed, 400 + i) % 250);
            _trie.add(bytes32(_random(seed, 200 + i)), _trie.encodeInteger(value + 1));
        }
    }

    function _longValue(uint256 seed) private pure returns (bytes memory value) {
        value = new bytes(32 + seed % 59);
        for (uint256 i; i < value.length; ++i) {
            value[i] = bytes1(uint8(_random(seed, i)));
        }
    }

    function _random(uint256 seed, uint256 index) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, index)));
    }

    function _requireOracleAgrees(bytes32 root, bytes32 key, bytes[] memory proof) private view {
        (bool found, bytes memory value) = _harness.find(root, key, proof);
        (bool foundByOracle, bytes memory expected) = _harness.oracle(root, key, proof);
        assertTrue(found == foundByOracle, "both find it");
        assertEq(keccak256(value), keccak256(expected));
    }

    /// @dev Whatever is accepted here, as present or as absent, the oracle says the same.
    function _requireNoMoreThanOracle(bytes32 root, bytes32 key, bytes[] memory proof)
        private
        view
    {
        try _harness.find(root, key, proof) returns (bool found, bytes memory value) {
            try _harness.oracle(root, key, proof) returns (
                bool foundByOracle, bytes memory expected
            ) {
                assertTrue(found == foundByOracle, "accepted where the oracle refuses");
                if (found) assertEq(keccak256(value), keccak256(expected));
            } catch {
                assertTrue(!found, "found where the oracle cannot even decode");
            }
        } catch { }
    }
}
