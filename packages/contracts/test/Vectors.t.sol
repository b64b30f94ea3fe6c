// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { HeaderRlp } from "../src/auxiliary/HeaderRlp.sol";
import { CoreState } from "../src/origin/CoreState.sol";
import { CompactSignature } from "../src/protocol/CompactSignature.sol";
import { FinalityRules } from "../src/protocol/FinalityRules.sol";
import { Offence, Offences } from "../src/protocol/Offences.sol";
import { Predeploys } from "../src/protocol/Predeploys.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { SealedHeader } from "../src/protocol/SealedHeader.sol";
import { Kernel, OriginBlock, TransitionObject, VoteMessage } from "../src/protocol/Types.sol";
import { ValidatorWord } from "../src/protocol/ValidatorWord.sol";
import { ReputationFunction } from "../src/reputation/ReputationFunction.sol";
import { AuxiliaryFixture } from "./AuxiliaryFixture.sol";

/// @dev The libraries that read calldata, and a core's storage.
contract VectorHarness is CoreState {
    function readHeader(bytes calldata header) external pure returns (uint64, bytes32) {
        return HeaderRlp.read(header);
    }

    function readSealedHeader(bytes calldata header)
        external
        pure
        returns (bytes32, bytes32, uint64)
    {
        return SealedHeader.read(header);
    }

    /// @dev As the contracts recover signers; the words are those of EIP-2098.
    function recover(bytes32 digest, bytes calldata signature)
        external
        pure
        returns (address signer, bytes32 r, bytes32 yParityAndS)
    {
        bool wellFormed;
        (wellFormed, r, yParityAndS) = CompactSignature.toWords(signature);
        if (wellFormed) signer = CompactSignature.recover(digest, r, yParityAndS);
    }

    function requireOffence(
        bytes32 domain,
        bytes32 auxiliary,
        bytes32 origin,
        VoteMessage calldata first,
        bytes calldata firstSignature,
        VoteMessage calldata second,
        bytes calldata secondSignature
    ) external pure returns (address, Offence) {
        return Offences.requireOffence(
            domain, auxiliary, origin, first, firstSignature, second, secondSignature
        );
    }

    function storeKernelHash(uint64 height, bytes32 hash) external {
        _kernelHashes[height] = hash;
    }
}

/// @dev The Solidity against `vectors/protocol.json`, which the TypeScript of the protocol has written.
contract VectorsTest is AuxiliaryFixture {
    VectorHarness private _harness = new VectorHarness();
    string private _json = VM.readFile("vectors/protocol.json");

    function test_identity_allVectors_agree() public view {
        uint256[] memory chainIds = _uints("identity.originChainId");
        address[] memory cores = _addresses("identity.core");
        bytes32[] memory identifiers = _words("identity.identifier");
        bytes32[] memory origins = _words("identity.origin");
        bytes32[] memory domains = _words("identity.domain");
        _requireRows(chainIds.length, 12);
        for (uint256 i; i < chainIds.length; ++i) {
            uint96 chainId = uint96(chainIds[i]);
            bytes32 identifier = ProtocolHashes.coreIdentifier(chainId, cores[i]);
            assertEq(identifier, identifiers[i]);
            assertEq(ProtocolHashes.originOf(identifier), origins[i]);
            assertEq(ProtocolHashes.coreIdentifier(chainId, address(0)), origins[i]);
            assertEq(ProtocolHashes.domainSeparator(chainId, cores[i]), domains[i]);
        }
    }

    function test_transitionHash_allVectors_agree() public view {
        uint256[] memory dynasties = _uints("transition.dynasty");
        uint256[] memory numbers = _uints("transition.originBlockNumber");
        bytes32[] memory blockHashes = _words("transition.originBlockHash");
        bytes32[] memory roots = _words("transition.accumulatedTransactionRoot");
        uint256[] memory gas = _uints("transition.accumulatedGas");
        bytes32[] memory kernels = _words("transition.kernelHash");
        bytes32[] memory hashes = _words("transition.hash");
        _requireRows(hashes.length, 16);
        for (uint256 i; i < hashes.length; ++i) {
            TransitionObject memory transition = TransitionObject({
                dynasty: uint64(dynasties[i]),
                originBlockNumber: uint64(numbers[i]),
                originBlockHash: blockHashes[i],
                accumulatedTransactionRoot: roots[i],
                accumulatedGas: uint64(gas[i]),
                kernelHash: kernels[i]
            });
            assertEq(ProtocolHashes.transitionHash(transition), hashes[i]);
        }
    }

    function test_originTransitionHash_allVectors_agree() public view {
        uint256[] memory numbers = _uints("originTransition.blockNumber");
        bytes32[] memory blockHashes = _words("originTransition.blockHash");
        bytes32[] memory stateRoots = _words("originTransition.stateRoot");
        bytes32[] memory hashes = _words("originTransition.hash");
        _requireRows(hashes.length, 12);
        for (uint256 i; i < hashes.length; ++i) {
            OriginBlock memory observed = OriginBlock({
                number: uint64(numbers[i]), blockHash: blockHashes[i], stateRoot: stateRoots[i]
            });
            assertEq(ProtocolHashes.originTransitionHash(observed), hashes[i]);
        }
    }

    function test_kernelHash_allVectors_agree() public view {
        uint256[] memory heights = _uints("kernel.height");
        bytes32[] memory parents = _words("kernel.parent");
        bytes32[] memory sets = _words("kernel.validatorSetHash");
        bytes32[] memory updates = _words("kernel.updatesHash");
        uint256[] memory gasTargets = _uints("kernel.gasTarget");
        uint256[] memory forward = _uints("kernel.forwardWeight");
        uint256[] memory rear = _uints("kernel.rearWeight");
        bytes32[] memory hashes = _words("kernel.hash");
        _requireRows(hashes.length, 16);
        for (uint256 i; i < hashes.length; ++i) {
            Kernel memory kernel = Kernel({
                height: uint64(heights[i]),
                parent: parents[i],
                validatorSetHash: sets[i],
                updatesHash: updates[i],
                gasTarget: uint64(gasTargets[i]),
                forwardWeight: uint128(forward[i]),
                rearWeight: uint128(rear[i])
            });
            assertEq(ProtocolHashes.kernelHash(kernel), hashes[i]);
        }
    }

    function test_metaBlockHash_allVectors_agree() public view {
        bytes32[] memory kernels = _words("metaBlock.kernel");
        bytes32[] memory transitions = _words("metaBlock.transition");
        bytes32[] memory hashes = _words("metaBlock.hash");
        _requireRows(hashes.length, 8);
        for (uint256 i; i < hashes.length; ++i) {
            assertEq(ProtocolHashes.metaBlockHash(kernels[i], transitions[i]), hashes[i]);
        }
    }

    function test_voteDigest_allVectors_agree() public view {
        bytes32[] memory domains = _words("vote.domain");
        bytes32[] memory digests = _words("vote.digest");
        VoteMessage[] memory votes = _votes("vote");
        _requireRows(digests.length, 16);
        for (uint256 i; i < digests.length; ++i) {
            assertEq(ProtocolHashes.voteDigest(domains[i], votes[i]), digests[i]);
        }
    }

    function test_registrationDigest_allVectors_agree() public view {
        bytes32[] memory domains = _words("registration.domain");
        address[] memory validators = _addresses("registration.validator");
        address[] memory withdrawals = _addresses("registration.withdrawal");
        bytes32[] memory digests = _words("registration.digest");
        _requireRows(digests.length, 8);
        for (uint256 i; i < digests.length; ++i) {
            bytes32 digest =
                ProtocolHashes.registrationDigest(domains[i], validators[i], withdrawals[i]);
            assertEq(digest, digests[i]);
        }
    }

    function test_signatures_allVectors_agree() public view {
        bytes32[] memory digests = _words("signature.digest");
        bytes[] memory signatures = _bytes("signature.signature");
        bytes[] memory compact = _bytes("signature.compact");
        address[] memory signers = _addresses("signature.signer");
        _requireRows(digests.length, 120);
        for (uint256 i; i < digests.length; ++i) {
            (address signer, bytes32 r, bytes32 yParityAndS) =
                _harness.recover(digests[i], signatures[i]);
            assertEq(signer, signers[i]);
            if (signer == address(0)) continue;
            assertEq(keccak256(abi.encodePacked(r, yParityAndS)), keccak256(compact[i]));
        }
    }

    function test_accumulators_allVectors_agree() public {
        bytes32[] memory transactionsRoots = _words("accumulator.transactionsRoot");
        uint256[] memory gasUsed = _uints("accumulator.gasUsed");
        bytes32[] memory roots = _words("accumulator.accumulatedTransactionRoot");
        uint256[] memory gas = _uints("accumulator.accumulatedGas");
        _requireRows(roots.length, 24);
        for (uint256 i; i < roots.length; ++i) {
            VM.prank(Predeploys.SYSTEM);
            TRACKER.endBlock(transactionsRoots[i], uint64(gasUsed[i]));
            VM.roll(i + 2);
            assertEq(TRACKER.accumulatedTransactionRoot(), roots[i]);
            assertEq(TRACKER.accumulatedGas(), gas[i]);
            assertEq(VM.load(address(TRACKER), bytes32(uint256(1))), roots[i]);
            assertEq(
                VM.load(address(TRACKER), bytes32(uint256(2))), bytes32((i + 1) << 64 | gas[i])
            );
        }
        assertEq(VM.load(address(TRACKER), 0), ProtocolHashes.transitionHash(TRACKER.transition()));
    }

    function test_kernelSlot_allVectors_agree() public {
        uint256[] memory heights = _uints("kernelSlot.height");
        bytes32[] memory slots = _words("kernelSlot.slot");
        _requireRows(slots.length, 12);
        for (uint256 i; i < slots.length; ++i) {
            bytes32 hash = keccak256(abi.encode("kernel", i));
            _harness.storeKernelHash(uint64(heights[i]), hash);
            assertEq(VM.load(address(_harness), slots[i]), hash);
        }
    }

    function test_validatorWord_allVectors_agree() public view {
        address[] memory validators = _addresses("validatorWord.address");
        uint256[] memory weights = _uints("validatorWord.weight");
        bool[] memory forward = VM.parseJsonBoolArray(_json, ".validatorWord.forward");
        bool[] memory rear = VM.parseJsonBoolArray(_json, ".validatorWord.rear");
        bytes32[] memory words = _words("validatorWord.word");
        uint256[] memory forwardWeights = _uints("validatorWord.forwardWeight");
        uint256[] memory rearWeights = _uints("validatorWord.rearWeight");
        _requireRows(words.length, 16);
        for (uint256 i; i < words.length; ++i) {
            uint256 word = ValidatorWord.encode(validators[i], weights[i]);
            if (forward[i]) word |= ValidatorWord.FORWARD;
            if (rear[i]) word |= ValidatorWord.REAR;
            assertEq(bytes32(word), words[i]);
            assertEq(ValidatorWord.validatorOf(word), validators[i]);
            assertEq(ValidatorWord.forwardWeight(word), forwardWeights[i]);
            assertEq(ValidatorWord.rearWeight(word), rearWeights[i]);
        }
    }

    function test_validatorSet_allVectors_agree() public view {
        bytes[] memory sets = _bytes("validatorSet.words");
        bytes32[] memory hashes = _words("validatorSet.hash");
        uint256[] memory forwardWeights = _uints("validatorSet.forwardWeight");
        uint256[] memory rearWeights = _uints("validatorSet.rearWeight");
        _requireRows(hashes.length, 8);
        for (uint256 i; i < hashes.length; ++i) {
            assertEq(keccak256(sets[i]), hashes[i]);
            assertEq(sets[i].length % 32, 0);
            uint256 forward;
            uint256 rear;
            for (uint256 at; at < sets[i].length; at += 32) {
                uint256 word = _wordAt(sets[i], at);
                forward += ValidatorWord.forwardWeight(word);
                rear += ValidatorWord.rearWeight(word);
            }
            assertEq(forward, forwardWeights[i]);
            assertEq(rear, rearWeights[i]);
        }
    }

    function test_reputedWeight_allVectors_agree() public view {
        uint256[] memory stakes = _uints("reputedWeight.stake");
        uint256[] memory reputations = _uints("reputedWeight.reputation");
        uint256[] memory weights = _uints("reputedWeight.weight");
        _requireRows(weights.length, 60);
        for (uint256 i; i < weights.length; ++i) {
            assertEq(ReputationFunction.weigh(stakes[i], reputations[i]), weights[i]);
        }
    }

    /// @dev What a kernel changes of a set, seats that are weighed anew among it, as the auxiliary chain takes it.
    function test_updates_allVectors_giveTheGadgetTheSet() public {
        bytes[] memory before = _bytes("update.before");
        bytes[] memory updates = _bytes("update.updates");
        bytes32[] memory updatesHashes = _words("update.updatesHash");
        bytes32[] memory setHashes = _words("update.validatorSetHash");
        uint256[] memory forwardWeights = _uints("update.forwardWeight");
        uint256[] memory rearWeights = _uints("update.rearWeight");
        _requireRows(setHashes.length, 16);
        for (uint256 i; i < setHashes.length; ++i) {
            assertEq(keccak256(updates[i]), updatesHashes[i]);
            _start(before[i].length / 32);
            _replaceSeats(2, before[i], 32);
            _replaceSeats(3, updates[i], 64);
            uint256[] memory words = GADGET.validatorWords();
            assertEq(keccak256(abi.encodePacked(words)), setHashes[i]);
            uint256 forward;
            uint256 rear;
            for (uint256 seat; seat < words.length; ++seat) {
                forward += ValidatorWord.forwardWeight(words[seat]);
                rear += ValidatorWord.rearWeight(words[seat]);
            }
            assertEq(forward, forwardWeights[i]);
            assertEq(rear, rearWeights[i]);
        }
    }

    /// @dev Words of 32 bytes, each for the seat of its position, or updates of 64 bytes, which name the seat.
    function _replaceSeats(uint64 height, bytes memory entries, uint256 size) private {
        uint16[] memory indices = new uint16[](entries.length / size);
        uint256[] memory words = new uint256[](indices.length);
        for (uint256 i; i < indices.length; ++i) {
            words[i] = _wordAt(entries, size * i);
            indices[i] = size == 32 ? uint16(i) : uint16(_wordAt(entries, size * i + 32));
        }
        VM.prank(Predeploys.KERNEL_REGISTRY);
        GADGET.replaceSeats(height, indices, words);
    }

    function test_supermajority_allVectors_agree() public view {
        uint256[] memory voted = _uints("supermajority.voted");
        uint256[] memory totals = _uints("supermajority.total");
        bool[] memory holds = VM.parseJsonBoolArray(_json, ".supermajority.holds");
        _requireRows(holds.length, 68);
        for (uint256 i; i < holds.length; ++i) {
            bool given = FinalityRules.isSupermajority(voted[i], totals[i]);
            assertTrue(given == holds[i], "a verdict as in TypeScript");
        }
    }

    function test_offences_allVectorsInBothOrders_agree() public view {
        VoteMessage[] memory first = _votes("offence.rows.first");
        VoteMessage[] memory second = _votes("offence.rows.second");
        uint256[] memory conditions = _uints("offence.rows.condition");
        uint96 chainId = uint96(VM.parseJsonUint(_json, ".offence.originChainId"));
        address core = VM.parseJsonAddress(_json, ".offence.core");
        bytes32 auxiliary = ProtocolHashes.coreIdentifier(chainId, core);
        bytes32 domain = ProtocolHashes.domainSeparator(chainId, core);
        _requireRows(conditions.length, 64);
        for (uint256 i; i < conditions.length; ++i) {
            assertEq(_offenceOf(domain, auxiliary, first[i], second[i]), conditions[i]);
            assertEq(_offenceOf(domain, auxiliary, second[i], first[i]), conditions[i]);
        }
    }

    function test_headers_allVectors_agree() public view {
        bytes[] memory headers = _bytes("header.rlp");
        bytes32[] memory hashes = _words("header.hash");
        bool[] memory accepted = VM.parseJsonBoolArray(_json, ".header.accepted");
        bytes32[] memory stateRoots = _words("header.stateRoot");
        uint256[] memory numbers = _uints("header.number");
        _requireRows(hashes.length, 93);
        for (uint256 i; i < hashes.length; ++i) {
            assertEq(keccak256(headers[i]), hashes[i]);
            try _harness.readHeader(headers[i]) returns (uint64 number, bytes32 stateRoot) {
                assertTrue(accepted[i], "a header refused as in TypeScript");
                assertEq(number, numbers[i]);
                assertEq(stateRoot, stateRoots[i]);
            } catch {
                assertTrue(!accepted[i], "a header read as in TypeScript");
                continue;
            }
            (bytes32 hash, bytes32 root, uint64 sealedNumber) =
                _harness.readSealedHeader(headers[i]);
            assertEq(hash, hashes[i]);
            assertEq(root, stateRoots[i]);
            assertEq(sealedNumber, numbers[i]);
        }
    }

    /// @dev The condition that two votes of key 1 break together; zero if none.
    function _offenceOf(
        bytes32 domain,
        bytes32 auxiliary,
        VoteMessage memory first,
        VoteMessage memory second
    ) private view returns (uint256) {
        try _harness.requireOffence(
            domain,
            auxiliary,
            ProtocolHashes.originOf(auxiliary),
            first,
            signCompact(1, ProtocolHashes.voteDigest(domain, first)),
            second,
            signCompact(1, ProtocolHashes.voteDigest(domain, second))
        ) returns (
            address signer, Offence offence
        ) {
            assertEq(signer, VM.addr(1));
            return uint256(offence);
        } catch (bytes memory reason) {
            assertEq(bytes32(reason), bytes32(Offences.OffenceNone.selector));
            return 0;
        }
    }

    function _votes(string memory rows) private view returns (VoteMessage[] memory votes) {
        bytes32[] memory chains = _words(string.concat(rows, ".chain"));
        bytes32[] memory transitions = _words(string.concat(rows, ".transitionHash"));
        bytes32[] memory sources = _words(string.concat(rows, ".source"));
        bytes32[] memory targets = _words(string.concat(rows, ".target"));
        uint256[] memory sourceHeights = _uints(string.concat(rows, ".sourceHeight"));
        uint256[] memory targetHeights = _uints(string.concat(rows, ".targetHeight"));
        votes = new VoteMessage[](chains.length);
        for (uint256 i; i < chains.length; ++i) {
            votes[i] = VoteMessage({
                chain: chains[i],
                transitionHash: transitions[i],
                source: sources[i],
                target: targets[i],
                sourceHeight: uint64(sourceHeights[i]),
                targetHeight: uint64(targetHeights[i])
            });
        }
    }

    function _uints(string memory key) private view returns (uint256[] memory) {
        return VM.parseJsonUintArray(_json, string.concat(".", key));
    }

    function _words(string memory key) private view returns (bytes32[] memory) {
        return VM.parseJsonBytes32Array(_json, string.concat(".", key));
    }

    function _addresses(string memory key) private view returns (address[] memory) {
        return VM.parseJsonAddressArray(_json, string.concat(".", key));
    }

    function _bytes(string memory key) private view returns (bytes[] memory) {
        return VM.parseJsonBytesArray(_json, string.concat(".", key));
    }

    function _wordAt(bytes memory data, uint256 at) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), at))
        }
    }

    /// @dev A path that matches nothing must not make a test pass.
    function _requireRows(uint256 rows, uint256 expected) private pure {
        assertEq(rows, expected);
    }
}
