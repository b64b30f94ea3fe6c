// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { Challenges } from "../src/origin/Challenges.sol";
import { Core } from "../src/origin/Core.sol";
import { CoreArbiter } from "../src/origin/CoreArbiter.sol";
import { CoreKeeper } from "../src/origin/CoreKeeper.sol";
import { CoreState } from "../src/origin/CoreState.sol";
import { Deposits } from "../src/origin/Deposits.sol";
import { Seal } from "../src/origin/Seal.sol";
import { Slashing } from "../src/origin/Slashing.sol";
import { Offences } from "../src/protocol/Offences.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { TransitionObject, VoteMessage } from "../src/protocol/Types.sol";
import { CoreFixture } from "./CoreFixture.sol";

/// @dev What was signed once and for one core, brought again, elsewhere, or in another form.
contract ReplayTest is CoreFixture {
    Core private _other;

    /// @dev Two cores on one origin, with the same validators and stakes.
    function test_slash_offenceOnOneCore_isNoneOnTheOther() public {
        _openBoth();
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        (bytes memory sa, bytes memory sb) = (_signatureOf(1, a), _signatureOf(1, b));
        for (uint256 i; i < 2; ++i) {
            VM.expectRevert(abi.encodeWithSelector(Offences.OffenceChainForeign.selector, a.chain));
            CoreArbiter(address(_other)).slash(a, sa, b, sb);
            (a, sa, b, sb) = (b, sb, a, sa);
        }
        // Named as the other core's, the same messages were not signed.
        (VoteMessage memory c, VoteMessage memory d) = (_named(a), _named(b));
        for (uint256 i; i < 2; ++i) {
            VM.expectRevert();
            CoreArbiter(address(_other)).slash(c, sa, d, sb);
            (c, sa, d, sb) = (d, sb, c, sa);
        }
        assertEq(_other.validatorOf(_validator(1)).stake, STAKE);
        _judge().slash(a, sa, b, sb);
        _requireStatus(_core, 1, CoreState.ValidatorStatus.Slashed);
        _requireStatus(_other, 1, CoreState.ValidatorStatus.Seated);
        // Brought again it is nothing, in either order.
        for (uint256 i; i < 2; ++i) {
            VM.expectRevert(
                abi.encodeWithSelector(
                    Slashing.ArbiterNotSlashable.selector,
                    _validator(1),
                    CoreState.ValidatorStatus.Slashed
                )
            );
            _judge().slash(a, sa, b, sb);
            (a, sa, b, sb) = (b, sb, a, sa);
        }
    }

    /// @dev One vote for each of two cores would be an offence if both were for one.
    function test_slash_oneVoteForEachCore_isNoOffence() public {
        _openBoth();
        VoteMessage memory a = _vote(1, 4);
        VoteMessage memory b = _named(_vote(2, 3));
        bytes memory sa = _signatureOf(1, a);
        bytes memory sb = signCompact(1, ProtocolHashes.voteDigest(_other.domainSeparator(), b));
        bytes memory none = abi.encodePacked(Offences.OffenceNone.selector);
        bytes4 foreign = Offences.OffenceChainForeign.selector;
        for (uint256 i; i < 2; ++i) {
            CoreArbiter judge = CoreArbiter(i == 0 ? address(_core) : address(_other));
            // What comes first has to be about the chain of the core, and then the other is not.
            VM.expectRevert(i == 0 ? none : abi.encodePacked(foreign, a.chain));
            judge.slash(a, sa, b, sb);
            VM.expectRevert(i == 1 ? none : abi.encodePacked(foreign, b.chain));
            judge.slash(b, sb, a, sa);
        }
    }

    function test_deposit_registrationForAnotherCoreOrChain_isRefused() public {
        _openBoth();
        address validator = _validator(5);
        _token.mint(address(this), 2 * uint256(STAKE));
        _token.approve(address(_core), 2 * uint256(STAKE));
        bytes32[2] memory domains = [
            _other.domainSeparator(),
            ProtocolHashes.domainSeparator(uint96(block.chainid) + 1, address(_core))
        ];
        for (uint256 i; i < domains.length; ++i) {
            bytes memory foreign = signCompact(
                5, ProtocolHashes.registrationDigest(domains[i], validator, address(this))
            );
            VM.expectPartialRevert(Deposits.ValidatorNotAuthorized.selector);
            _keeper().deposit(validator, address(this), STAKE, foreign);
        }
        bytes32 digest =
            ProtocolHashes.registrationDigest(_core.domainSeparator(), validator, address(this));
        bytes memory signature = signCompact(5, digest);
        _keeper().deposit(validator, address(this), STAKE, signature);
        VM.expectRevert(abi.encodeWithSelector(Deposits.ValidatorKnown.selector, validator));
        _keeper().deposit(validator, address(this), STAKE, signature);
        // Also once it has left: no registration brings anybody back.
        VM.prank(validator);
        _keeper().logout(validator);
        VM.warp(block.timestamp + WITHDRAWAL_DELAY);
        _keeper().withdraw(validator);
        VM.expectRevert(abi.encodeWithSelector(Deposits.ValidatorKnown.selector, validator));
        _keeper().deposit(validator, address(this), STAKE, signature);
    }

    function test_commit_votesForAnotherChainId_areRefused() public {
        _openBoth();
        Commit memory commit = _proposeAndSign(1, 5_000, _firstKeys(4));
        bytes32[2] memory domains = [
            ProtocolHashes.domainSeparator(uint96(block.chainid) + 1, address(_core)),
            _other.domainSeparator()
        ];
        for (uint256 i; i < domains.length; ++i) {
            commit.seal.signatures = _signaturesUnder(domains[i], _linkOf(commit));
            VM.expectPartialRevert(Seal.SealSignatureInvalid.selector);
            _callCommit(commit);
        }
        _sign(commit, _firstKeys(4));
        _commit(commit);
    }

    /// @dev Halts and losses need signatures under this core's domain, in their one form.
    function test_challenges_foreignOrMalleatedVotes_areRefused() public {
        _openBoth();
        TransitionObject memory earlier = _transition(3, 1_000_000);
        VoteMessage memory about = _vote(198, 199);
        about.chain = ProtocolHashes.coreIdentifier(uint96(block.chainid), address(0));
        VoteMessage memory link = _vote(7, 8);
        link.transitionHash = ProtocolHashes.transitionHash(earlier);
        uint256[] memory signers = new uint256[](1);
        signers[0] = 15;
        for (uint256 i; i < 3; ++i) {
            bytes memory signatures = _wrong(i, about);
            VM.expectPartialRevert(Seal.SealSignatureInvalid.selector);
            _judge().challengeObservation(_kernel, _set, about, signers, signatures);
            Challenges.FinalizingLink memory finalizing = Challenges.FinalizingLink({
                source: link.source,
                target: link.target,
                sourceHeight: 7,
                signers: signers,
                signatures: _wrong(i, link)
            });
            VM.expectPartialRevert(Seal.SealSignatureInvalid.selector);
            _judge().capDynasty(earlier, finalizing, _kernel, _set);
        }
        assertTrue(_core.head().phase == CoreState.Phase.Open, "open");
    }

    function test_haltByConflict_foreignOrMalleatedVotes_areRefusedInBothOrders() public {
        _openBoth();
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        uint256[] memory signers = new uint256[](1);
        signers[0] = 15;
        bytes memory right = _votes(a, _firstKeys(4)).signatures;
        for (uint256 i; i < 3; ++i) {
            bytes memory wrong = _wrong(i, b);
            VM.expectPartialRevert(Seal.SealSignatureInvalid.selector);
            _judge().haltByConflict(_kernel, _set, a, b, signers, right, wrong);
            VM.expectPartialRevert(Seal.SealSignatureInvalid.selector);
            _judge().haltByConflict(_kernel, _set, b, a, signers, wrong, right);
        }
        bytes memory truth = _votes(b, _firstKeys(4)).signatures;
        _judge().haltByConflict(_kernel, _set, b, a, signers, truth, right);
        assertTrue(_core.head().phase == CoreState.Phase.Halted, "halted");
        assertTrue(_other.head().phase == CoreState.Phase.Open, "the other core goes on");
    }

    function _openBoth() private {
        _other = _createCore(IERC20(address(_token)));
        for (uint256 key = 1; key <= 4; ++key) {
            address validator = _validator(key);
            _token.mint(validator, STAKE);
            VM.prank(validator);
            _token.approve(address(_other), STAKE);
            VM.prank(validator);
            CoreKeeper(address(_other)).deposit(validator, _withdrawalOf(key), STAKE, "");
        }
        _other.open();
        _openWith(4);
    }

    /// @dev The same message about the other core's chain.
    function _named(VoteMessage memory vote) private view returns (VoteMessage memory named) {
        named = abi.decode(abi.encode(vote), (VoteMessage));
        named.chain = _other.coreIdentifier();
    }

    /// @dev Signatures of keys 1 to 4: for another core, for another origin, or with high s in 64 bytes.
    function _wrong(uint256 kind, VoteMessage memory vote) private view returns (bytes memory) {
        if (kind == 0) return _signaturesUnder(_other.domainSeparator(), vote);
        if (kind == 1) {
            return _signaturesUnder(
                ProtocolHashes.domainSeparator(uint96(block.chainid) + 1, address(_core)), vote
            );
        }
        bytes memory signatures = "";
        for (uint256 key = 1; key <= 4; ++key) {
            bytes memory long =
                malleate(key, ProtocolHashes.voteDigest(_core.domainSeparator(), vote));
            bytes32 r;
            uint256 s;
            assembly ("memory-safe") {
                r := mload(add(long, 0x20))
                s := mload(add(long, 0x40))
            }
            // Such an s fills the highest bit, where the parity of y belongs.
            signatures = abi.encodePacked(signatures, r, s | (uint256(uint8(long[64]) - 27) << 255));
        }
        return signatures;
    }

    function _signaturesUnder(bytes32 domain, VoteMessage memory vote)
        private
        pure
        returns (bytes memory signatures)
    {
        for (uint256 key = 1; key <= 4; ++key) {
            signatures = abi.encodePacked(
                signatures, signCompact(key, ProtocolHashes.voteDigest(domain, vote))
            );
        }
    }

    function _requireStatus(Core core, uint256 key, CoreState.ValidatorStatus status) private view {
        assertEq(uint256(core.validatorOf(_validator(key)).status), uint256(status));
    }
}
