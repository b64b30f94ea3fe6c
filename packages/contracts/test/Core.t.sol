// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { Bonds } from "../src/origin/Bonds.sol";
import { Core } from "../src/origin/Core.sol";
import { Withdrawals } from "../src/origin/Withdrawals.sol";
import { CoreFactory } from "../src/origin/CoreFactory.sol";
import { CoreParameters } from "../src/origin/CoreParameters.sol";
import { CoreState } from "../src/origin/CoreState.sol";
import { CoreStorage } from "../src/origin/CoreStorage.sol";
import { OriginHistory } from "../src/origin/OriginHistory.sol";
import { Seal } from "../src/origin/Seal.sol";
import { SealedLinks } from "../src/origin/SealedLinks.sol";
import { CalldataTrie } from "../src/protocol/CalldataTrie.sol";
import { Predeploys } from "../src/protocol/Predeploys.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { SealedHeader } from "../src/protocol/SealedHeader.sol";
import { Kernel, TransitionObject, VoteMessage } from "../src/protocol/Types.sol";
import { CoreFixture } from "./CoreFixture.sol";
import { BondRefuser } from "./HostileToken.sol";

contract CoreTest is CoreFixture {
    function test_open_genesisSet_opensKernelOne() public {
        _openWith(4);
        assertEq(_kernel.height, 1);
        assertEq(_kernel.gasTarget, 1_000_000);
        assertEq(_kernel.forwardWeight, 4 * uint256(STAKE));
        assertEq(_kernel.rearWeight, 4 * uint256(STAKE));
        assertEq(_kernel.updatesHash, keccak256(_lastUpdates));
        (uint256 word, uint256 index, uint64 start, uint64 end) = _updateAt(_lastUpdates, 2);
        assertEq(word, (uint256(uint160(_validator(3))) << 96) | (3 << 94) | STAKE);
        assertEq(index, 2);
        assertEq(start, 0);
        assertEq(end, type(uint64).max);
        // The root is the last origin checkpoint below block 1003.
        assertEq(_keeper().anchoredOriginHash(1_000), blockhash(1_000));
        assertEq(_kernel.parent, _genesisMetaBlock(1_000));
    }

    function test_open_twice_reverts() public {
        _openWith(1);
        VM.expectRevert(
            abi.encodeWithSelector(
                CoreState.CoreWrongPhase.selector, CoreState.Phase.Creation, CoreState.Phase.Open
            )
        );
        _core.open();
    }

    function test_open_byStranger_reverts() public {
        _deposit(1, STAKE);
        address stranger = address(0x5757);
        VM.prank(stranger);
        VM.expectRevert(
            abi.encodeWithSelector(Core.CoreNotCreator.selector, address(this), stranger)
        );
        _core.open();
    }

    function test_propose_beforeOpen_reverts() public {
        TransitionObject memory transition = _transition(1, 1);
        VM.expectRevert(
            abi.encodeWithSelector(
                CoreState.CoreWrongPhase.selector, CoreState.Phase.Open, CoreState.Phase.Creation
            )
        );
        _core.propose{ value: BOND }(transition);
    }

    function test_propose_dynastyOrGasNotAbove_reverts() public {
        _openWith(4);
        _commitNext(3, _firstKeys(4));
        uint64[2][3] memory wrong =
            [[uint64(3), 4_000_000], [uint64(4), 3_000_000], [uint64(2), 9_000_000]];
        for (uint256 i; i < wrong.length; ++i) {
            TransitionObject memory transition = _transition(wrong[i][0], wrong[i][1]);
            VM.expectRevert(
                abi.encodeWithSelector(
                    Core.CoreTransitionNotAbove.selector, wrong[i][0], 3, wrong[i][1], 3_000_000
                )
            );
            _core.propose{ value: BOND }(transition);
        }
        _propose(_transition(4, 3_000_001));
    }

    function test_propose_wrongKernel_reverts() public {
        _openWith(4);
        TransitionObject memory transition = _transition(1, 1);
        bytes32[2] memory wrong = [bytes32(0), keccak256("another kernel")];
        for (uint256 i; i < wrong.length; ++i) {
            transition.kernelHash = wrong[i];
            VM.expectRevert(
                abi.encodeWithSelector(
                    SealedLinks.CoreKernelNotOpen.selector, _core.kernelHash(1), wrong[i]
                )
            );
            _core.propose{ value: BOND }(transition);
        }
    }

    function test_propose_foreignObservation_reverts() public {
        _openWith(4);
        TransitionObject memory transition = _transition(1, 1);
        bytes32 expected = transition.originBlockHash;
        bytes32[2] memory wrong = [bytes32(0), keccak256("another chain")];
        for (uint256 i; i < wrong.length; ++i) {
            transition.originBlockHash = wrong[i];
            VM.expectRevert(
                abi.encodeWithSelector(
                    OriginHistory.CoreObservationForeign.selector,
                    transition.originBlockNumber,
                    expected,
                    wrong[i]
                )
            );
            _core.propose{ value: BOND }(transition);
        }
    }

    function test_propose_unknownOriginBlock_reverts() public {
        _openWith(4);
        TransitionObject memory transition = _transition(1, 1);
        // Older than BLOCKHASH and without EIP-2935, or not yet there; a zero hash must not match.
        uint64[2] memory numbers = [uint64(block.number - 300), uint64(block.number)];
        for (uint256 i; i < numbers.length; ++i) {
            transition.originBlockNumber = numbers[i];
            transition.originBlockHash = 0;
            VM.expectRevert(
                abi.encodeWithSelector(OriginHistory.CoreOriginHashUnknown.selector, numbers[i])
            );
            _core.propose{ value: BOND }(transition);
        }
    }

    function test_propose_anchoredObservation_isAcceptedLater() public {
        _openWith(4);
        TransitionObject memory transition = _transition(1, 1);
        _keeper().anchorOriginHash(transition.originBlockNumber);
        VM.roll(block.number + 9_000);
        _propose(transition);
    }

    function test_propose_observationKnownToHistoryContract_isAccepted() public {
        _openWith(4);
        TransitionObject memory transition = _transition(1, 1);
        VM.roll(block.number + 300);
        // Returns the hash it was made with, whatever the number.
        VM.etch(
            0x0000F90827F1C53a10cb7A02335B175320002935,
            abi.encodePacked(hex"7f", transition.originBlockHash, hex"5f5260205ff3")
        );
        _propose(transition);
    }

    function test_propose_wrongBond_reverts() public {
        _openWith(4);
        TransitionObject memory transition = _transition(1, 1);
        uint256[3] memory wrong = [uint256(0), BOND - 1, BOND + 1];
        for (uint256 i; i < wrong.length; ++i) {
            VM.expectRevert(abi.encodeWithSelector(Core.CoreBondMismatch.selector, BOND, wrong[i]));
            _core.propose{ value: wrong[i] }(transition);
        }
    }

    function test_propose_twice_reverts() public {
        _openWith(4);
        TransitionObject memory transition = _transition(1, 1);
        _propose(transition);
        VM.expectRevert(
            abi.encodeWithSelector(
                Core.CoreProposalKnown.selector, ProtocolHashes.transitionHash(transition)
            )
        );
        _core.propose{ value: BOND }(transition);
    }

    function test_commit_sealed_closesMetaBlock() public {
        _openWith(4);
        Kernel memory first = _kernel;
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(3));
        uint256 balance = address(this).balance;
        _commit(commit);
        bytes32 transitionHash = ProtocolHashes.transitionHash(commit.transition);
        assertEq(_kernel.height, 2);
        assertEq(
            _kernel.parent,
            ProtocolHashes.metaBlockHash(ProtocolHashes.kernelHash(first), transitionHash)
        );
        assertEq(_kernel.updatesHash, keccak256(""));
        assertEq(_core.stateRoot(1), bytes32(_slice(commit.header, 91)));
        assertEq(address(this).balance, balance + BOND);
        assertEq(_core.head().height, 2);
        assertEq(_core.head().dynasty, 1);
        assertEq(_core.head().accumulatedGas, 5_000);
        assertEq(_keeper().proposalOf(transitionHash).proposer, address(0));
    }

    function test_commit_replayed_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        _commit(commit);
        bytes32 transitionHash = ProtocolHashes.transitionHash(commit.transition);
        _expectCommitRevert(
            commit, abi.encodeWithSelector(Bonds.CoreProposalUnknown.selector, transitionHash)
        );
        // Nor with the new kernel's preimage.
        commit.kernel = _kernel;
        _expectCommitRevert(
            commit, abi.encodeWithSelector(Bonds.CoreProposalUnknown.selector, transitionHash)
        );
    }

    function test_commit_unproposed_reverts() public {
        _openWith(4);
        Commit memory commit = _prepare(_transition(1, 5_000), 2);
        _sign(commit, _firstKeys(4));
        _expectCommitRevert(
            commit,
            abi.encodeWithSelector(
                Bonds.CoreProposalUnknown.selector, ProtocolHashes.transitionHash(commit.transition)
            )
        );
    }

    function test_commit_withinChallengePeriod_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        uint256 challengeEnd =
            _keeper().proposalOf(ProtocolHashes.transitionHash(commit.transition)).challengeEnd;
        VM.warp(challengeEnd - 1);
        _expectCommitRevert(
            commit, abi.encodeWithSelector(Core.CoreChallengePeriodRunning.selector, challengeEnd)
        );
        VM.warp(challengeEnd);
        _commit(commit);
    }

    /// @dev N = 3k, 3k+1, 3k+2 equal weights: the least number of votes that is strictly more than two thirds.
    function test_commit_negative06QuorumRounding_isStrictlyMoreThanTwoThirds() public {
        for (uint256 n = 1; n <= 11; ++n) {
            _core = _createCore(IERC20(address(_token)));
            _set = "";
            _openWith(n);
            Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(n));
            uint256 quorum = 2 * n / 3 + 1;
            _sign(commit, _firstKeys(quorum - 1));
            uint256 total = n * STAKE;
            uint256 voted = (quorum - 1) * STAKE;
            _expectCommitRevert(
                commit,
                abi.encodeWithSelector(
                    SealedLinks.CoreNotSupermajority.selector, voted, total, voted, total
                )
            );
            _sign(commit, _firstKeys(quorum));
            _commit(commit);
        }
    }

    function test_commit_exactlyTwoThirdsOfUnequalWeights_reverts() public {
        _deposit(1, 200 ether);
        _deposit(2, 100 ether);
        _open();
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(1));
        _expectCommitRevert(
            commit,
            abi.encodeWithSelector(
                SealedLinks.CoreNotSupermajority.selector,
                200 ether,
                300 ether,
                200 ether,
                300 ether
            )
        );
    }

    function test_commit_oneWeiAboveTwoThirds_commits() public {
        _deposit(1, 200 ether + 1);
        _deposit(2, 100 ether);
        _open();
        _commit(_proposeAndSign(1, 5_000, _firstKeys(1)));
    }

    function test_commit_surplusValidVotes_commits() public {
        _openWith(7);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(5));
        _sign(commit, _firstKeys(6));
        _commit(commit);
    }

    function test_commit_headerOfAnotherBlock_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        bytes32 stateRoot = bytes32(_slice(commit.header, 91));
        // Same state, another checkpoint: the votes are for another source (negative test 4: foreign source).
        commit.header = _builder.auxiliaryHeader(3 * EPOCH, stateRoot);
        _expectCommitRevert(commit);
    }

    function test_commit_negative03SourceNotACheckpoint_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        bytes32 stateRoot = bytes32(_slice(commit.header, 91));
        commit.header = _builder.auxiliaryHeader(2 * EPOCH + 1, stateRoot);
        _expectCommitRevert(
            commit,
            abi.encodeWithSelector(Core.CoreSourceNotACheckpoint.selector, 2 * EPOCH + 1, EPOCH)
        );
    }

    function test_commit_negative04VotesForAnotherLink_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        VoteMessage memory right = _linkOf(commit);
        for (uint256 i; i < 6; ++i) {
            VoteMessage memory vote = _copy(right);
            if (i == 0) vote.targetHeight = right.sourceHeight + 2;
            if (i == 1) vote.sourceHeight = right.sourceHeight - 1;
            if (i == 2) {
                vote.chain = ProtocolHashes.coreIdentifier(uint96(block.chainid), address(0));
            }
            if (i == 3) vote.transitionHash = keccak256("another transition");
            if (i == 4) vote.source = keccak256("another source");
            if (i == 5) vote.target = keccak256("another target");
            _signVote(commit, _firstKeys(4), vote);
            _expectCommitRevert(commit);
        }
        _signVote(commit, _firstKeys(4), right);
        _commit(commit);
    }

    function test_commit_negative04MixedTargets_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        Commit memory other = commit;
        bytes memory right = commit.seal.signatures;
        VoteMessage memory vote = _linkOf(commit);
        vote.target = keccak256("another target");
        _signVote(other, _firstKeys(4), vote);
        bytes memory wrong = other.seal.signatures;
        for (uint256 i = 192; i < 256; ++i) {
            right[i] = wrong[i];
        }
        commit.seal.signatures = right;
        _expectCommitRevert(commit);
    }

    function test_commit_signaturesOfAnotherCore_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        bytes32 domain = ProtocolHashes.domainSeparator(uint96(block.chainid), address(0xdead));
        bytes32 digest = ProtocolHashes.voteDigest(domain, _linkOf(commit));
        commit.seal.signatures = abi.encodePacked(
            signCompact(1, digest),
            signCompact(2, digest),
            signCompact(3, digest),
            signCompact(4, digest)
        );
        _expectCommitRevert(commit);
    }

    function test_commit_sameSignatureInTwoSeats_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        uint256[] memory keys = _firstKeys(3);
        keys[1] = 1;
        _sign(commit, keys);
        _expectCommitRevert(
            commit,
            abi.encodeWithSelector(
                Seal.SealSignatureInvalid.selector, 1, _validator(2), _validator(1)
            )
        );
    }

    function test_commit_highS_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        bytes32 digest = ProtocolHashes.voteDigest(_core.domainSeparator(), _linkOf(commit));
        bytes memory twin = malleate(1, digest);
        // s of the twin has 255 bits, so EIP-2098 can carry it with the other parity only if its top bit is clear.
        bytes32 s = bytes32(_slice(twin, 32));
        bytes memory packed = abi.encodePacked(
            bytes32(_slice(twin, 0)),
            bytes32(
                (uint256(uint8(twin[64]) - 27) << 255) | (uint256(s) & (type(uint256).max >> 1))
            )
        );
        for (uint256 i; i < 64; ++i) {
            commit.seal.signatures[i] = packed[i];
        }
        _expectCommitRevert(commit);
    }

    function test_commit_zeroSignature_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        commit.seal.signatures = new bytes(256);
        _expectCommitRevert(
            commit,
            abi.encodeWithSelector(Seal.SealSignatureInvalid.selector, 0, _validator(1), address(0))
        );
    }

    function test_commit_surplusOrMissingSignatureBytes_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        bytes memory signatures = commit.seal.signatures;
        commit.seal.signatures = abi.encodePacked(signatures, uint8(0));
        _expectCommitRevert(
            commit, abi.encodeWithSelector(Seal.SealSignaturesLength.selector, 256, 257)
        );
        commit.seal.signatures = signatures;
        commit.seal.signers[0] = 7;
        _expectCommitRevert(
            commit, abi.encodeWithSelector(Seal.SealSignaturesLength.selector, 192, 256)
        );
    }

    function test_commit_bitBeyondLastSeat_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        commit.seal.signers[0] |= 1 << 4;
        _expectCommitRevert(commit, abi.encodeWithSelector(Seal.SealSeatOutOfRange.selector, 4, 4));
        commit.seal.signers[0] = 15;
        uint256[] memory longer = new uint256[](3);
        longer[0] = 15;
        longer[2] = 1;
        commit.seal.signers = longer;
        _expectCommitRevert(
            commit, abi.encodeWithSelector(Seal.SealSeatOutOfRange.selector, 512, 4)
        );
    }

    function test_commit_wrongValidatorSet_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        commit.validatorSet[31] ^= 0x01;
        _expectCommitRevert(
            commit,
            abi.encodeWithSelector(
                SealedLinks.CoreValidatorSetMismatch.selector,
                _kernel.validatorSetHash,
                keccak256(commit.validatorSet)
            )
        );
    }

    function test_commit_wrongKernel_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        commit.kernel.forwardWeight = 1;
        _expectCommitRevert(
            commit,
            abi.encodeWithSelector(
                SealedLinks.CoreKernelNotOpen.selector,
                _core.kernelHash(1),
                ProtocolHashes.kernelHash(commit.kernel)
            )
        );
    }

    function test_commit_transitionNotInStateOfSource_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        bytes32 transitionHash = ProtocolHashes.transitionHash(commit.transition);
        bytes32 stateRoot;
        (stateRoot, commit.accountProof, commit.storageProof) = _prove(keccak256("another"));
        commit.header = _builder.auxiliaryHeader(2 * EPOCH, stateRoot);
        _sign(commit, _firstKeys(4));
        _expectCommitRevert(
            commit,
            abi.encodeWithSelector(
                Core.CoreTransitionMismatch.selector, keccak256("another"), transitionHash
            )
        );
    }

    function test_commit_slotNotSetInStateOfSource_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        bytes32 transitionHash = ProtocolHashes.transitionHash(commit.transition);
        _builder.clear();
        _builder.add(
            keccak256(abi.encodePacked(Predeploys.TRANSITION_TRACKER)),
            _builder.encodeAccount(1, 0, keccak256(hex"80"), keccak256("code"))
        );
        bytes32 stateRoot;
        (stateRoot, commit.accountProof) =
            _builder.prove(keccak256(abi.encodePacked(Predeploys.TRANSITION_TRACKER)));
        commit.storageProof = new bytes[](0);
        commit.header = _builder.auxiliaryHeader(2 * EPOCH, stateRoot);
        _sign(commit, _firstKeys(4));
        _expectCommitRevert(
            commit,
            abi.encodeWithSelector(Core.CoreTransitionMismatch.selector, bytes32(0), transitionHash)
        );
    }

    function test_commit_proofOfAnotherAccount_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        bytes32 stateRoot;
        (stateRoot, commit.accountProof, commit.storageProof) = _builder.proveStorage(
            address(0xbeef), 0, ProtocolHashes.transitionHash(commit.transition)
        );
        commit.header = _builder.auxiliaryHeader(2 * EPOCH, stateRoot);
        _sign(commit, _firstKeys(4));
        _expectCommitRevert(commit);
    }

    function test_commit_emptyProof_reverts() public {
        _openWith(4);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        commit.accountProof = new bytes[](0);
        _expectCommitRevert(
            commit, abi.encodeWithSelector(CalldataTrie.TrieProofIncomplete.selector, 0)
        );
    }

    function testFuzz_commit_headerWithFlippedPrefix_reverts(uint256 position, uint8 flip) public {
        // Prefixes of list, parent, uncles, beneficiary, state root, roots, bloom.
        uint8[10] memory prefixes = [0, 1, 2, 3, 36, 69, 90, 123, 156, 189];
        VM.assume(flip != 0);
        _openWith(1);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(1));
        commit.header[prefixes[position % prefixes.length]] ^= bytes1(flip);
        _expectCommitRevert(commit, abi.encodeWithSelector(SealedHeader.HeaderMalformed.selector));
    }

    function test_commit_headerWithSurplusByte_reverts() public {
        _openWith(1);
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(1));
        commit.header = abi.encodePacked(commit.header, uint8(0));
        _expectCommitRevert(commit, abi.encodeWithSelector(SealedHeader.HeaderMalformed.selector));
        commit.header = hex"";
        _expectCommitRevert(commit, abi.encodeWithSelector(SealedHeader.HeaderMalformed.selector));
    }

    function test_commit_proposerThatRefusesPayment_commitsAndOwes() public {
        _openWith(4);
        BondRefuser refuser = new BondRefuser();
        VM.deal(address(refuser), BOND);
        TransitionObject memory transition = _transition(1, 5_000);
        refuser.forward(address(_core), BOND, abi.encodeCall(Core.propose, (transition)));
        Commit memory commit = _prepare(transition, 2);
        _sign(commit, _firstKeys(4));
        VM.warp(block.timestamp + CHALLENGE_PERIOD);
        _commit(commit);
        assertEq(_keeper().bondsOwed(address(refuser)), BOND);
        address payable recipient = payable(address(0x7777));
        refuser.forward(address(_core), 0, abi.encodeCall(Withdrawals.claimBonds, (recipient)));
        assertEq(recipient.balance, BOND);
        assertEq(_keeper().bondsOwed(address(refuser)), 0);
        VM.prank(address(refuser));
        VM.expectRevert(abi.encodeWithSelector(Bonds.CoreNoBond.selector, address(refuser)));
        _keeper().claimBonds(recipient);
    }

    function test_reclaimBond_staleProposal_isPaidOnce() public {
        _openWith(4);
        TransitionObject memory loser = _transition(2, 7_000);
        _propose(loser);
        bytes32 transitionHash = ProtocolHashes.transitionHash(loser);
        VM.expectRevert(abi.encodeWithSelector(Bonds.CoreProposalNotStale.selector, transitionHash));
        _keeper().reclaimBond(transitionHash);
        _commitNext(1, _firstKeys(4));
        uint256 balance = address(this).balance;
        VM.prank(address(0x5757));
        _keeper().reclaimBond(transitionHash);
        assertEq(address(this).balance, balance + BOND);
        VM.expectRevert(abi.encodeWithSelector(Bonds.CoreProposalUnknown.selector, transitionHash));
        _keeper().reclaimBond(transitionHash);
    }

    function test_constructor_invalidParameters_reverts() public {
        CoreParameters memory parameters = _parameters(IERC20(address(0x1234)));
        VM.expectRevert(abi.encodeWithSelector(CoreStorage.CoreParameterInvalid.selector, "token"));
        new Core(parameters, address(_arbiter), address(this), "");
        parameters = _parameters(IERC20(address(_token)));
        parameters.minimumStake = 0;
        VM.expectRevert(
            abi.encodeWithSelector(CoreStorage.CoreParameterInvalid.selector, "minimumStake")
        );
        new Core(parameters, address(_arbiter), address(this), "");
    }

    function test_createCore_predictedAddress_isTheOne() public {
        CoreFactory factory = new CoreFactory(keccak256(type(Core).creationCode), address(_arbiter));
        CoreParameters memory parameters = _parameters(IERC20(address(_token)));
        bytes memory code = type(Core).creationCode;
        address predicted =
            factory.predictCore(code, parameters, address(this), "definition", bytes32("salt"));
        address other =
            factory.predictCore(code, parameters, address(1), "definition", bytes32("salt"));
        assertTrue(predicted != other, "the salt is bound to the caller");
        address core = factory.createCore(code, parameters, "definition", bytes32("salt"));
        assertEq(core, predicted);
        assertEq(Core(payable(core)).creator(), address(this));
        assertEq(Core(payable(core)).definitionHash(), keccak256("definition"));
    }

    function test_createCore_otherCode_reverts() public {
        CoreFactory factory = new CoreFactory(keccak256(type(Core).creationCode), address(_arbiter));
        CoreParameters memory parameters = _parameters(IERC20(address(_token)));
        VM.expectRevert(
            abi.encodeWithSelector(
                CoreFactory.FactoryCreationCodeMismatch.selector,
                keccak256(type(Core).creationCode),
                keccak256(hex"00")
            )
        );
        factory.createCore(hex"00", parameters, "definition", bytes32("salt"));
    }

    function _genesisMetaBlock(uint64 rootNumber) private view returns (bytes32) {
        Kernel memory genesis = _kernel;
        genesis.height = 0;
        genesis.parent = bytes32((block.chainid << 160) | uint160(address(_core)));
        genesis.gasTarget = 0;
        bytes32 kernelHash = ProtocolHashes.kernelHash(genesis);
        bytes32 transitionHash = ProtocolHashes.transitionHash(
            TransitionObject(
                0, rootNumber, blockhash(rootNumber), keccak256(hex"80"), 0, kernelHash
            )
        );
        return ProtocolHashes.metaBlockHash(kernelHash, transitionHash);
    }

    function _copy(VoteMessage memory vote) private pure returns (VoteMessage memory) {
        return abi.decode(abi.encode(vote), (VoteMessage));
    }

    function _slice(bytes memory data, uint256 offset) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), offset))
        }
    }

    function _expectCommitRevert(Commit memory commit, bytes memory expected) private {
        VM.expectRevert(expected);
        _callCommit(commit);
    }

    function _expectCommitRevert(Commit memory commit) private {
        VM.expectRevert();
        _callCommit(commit);
    }
}
