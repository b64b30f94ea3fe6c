// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { DevnetToken } from "../src/devnet/DevnetToken.sol";
import { Core } from "../src/origin/Core.sol";
import { CoreArbiter } from "../src/origin/CoreArbiter.sol";
import { CoreKeeper } from "../src/origin/CoreKeeper.sol";
import { CoreParameters } from "../src/origin/CoreParameters.sol";
import { CoreState } from "../src/origin/CoreState.sol";
import { Predeploys } from "../src/protocol/Predeploys.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { Kernel, TransitionObject, VoteMessage } from "../src/protocol/Types.sol";
import { ConstantReputation } from "../src/reputation/ConstantReputation.sol";
import { Reputation } from "../src/reputation/Reputation.sol";
import { ChainBuilder } from "./ChainBuilder.sol";
import { Test } from "./Test.sol";
import { Vm } from "./Vm.sol";

/// @dev A core with validators whose keys the tests have, and all that a commit needs. The open kernel and its validator
///      set are followed from events alone, as a stranger would.
abstract contract CoreFixture is Test {
    uint256 internal constant BOND = 1 ether;
    uint64 internal constant EPOCH = 10;
    uint64 internal constant ORIGIN_EPOCH = 5;
    uint64 internal constant CHALLENGE_PERIOD = 60;
    uint64 internal constant WITHDRAWAL_DELAY = 1 days;
    uint96 internal constant STAKE = 100 ether;
    uint16 internal constant REPORTER_SHARE = 1_000;
    uint32 internal constant DYNASTY_LOSS = 10_000;

    DevnetToken internal _token;
    Core internal _core;
    CoreArbiter internal _arbiter = new CoreArbiter();
    ChainBuilder internal _builder = new ChainBuilder();
    Reputation internal _reputation = new ConstantReputation();
    Kernel internal _kernel;
    bytes internal _set;
    bytes internal _lastUpdates;

    /// @dev Who voted for a link: one bit per seat, and 64 bytes of signature for each.
    struct LinkVotes {
        uint256[] signers;
        bytes signatures;
    }

    /// @dev Everything `commit` takes.
    struct Commit {
        TransitionObject transition;
        Kernel kernel;
        bytes validatorSet;
        bytes header;
        Core.MetaBlockSeal seal;
        bytes[] accountProof;
        bytes[] storageProof;
    }

    function setUp() public virtual {
        VM.roll(1_003);
        VM.warp(1_700_000_000);
        _token = new DevnetToken(address(this));
        _core = _createCore(IERC20(address(_token)));
        VM.deal(address(this), 1_000 ether);
    }

    receive() external payable { }

    function _parameters(IERC20 token) internal view returns (CoreParameters memory) {
        return CoreParameters({
            token: token,
            reputation: _reputation,
            minimumStake: STAKE,
            auxiliaryChainId: 1414,
            epochLength: EPOCH,
            originEpochLength: ORIGIN_EPOCH,
            maxVoteAge: 2,
            gasTarget: 1_000_000,
            challengePeriod: CHALLENGE_PERIOD,
            withdrawalDelay: WITHDRAWAL_DELAY,
            proposalBond: uint96(BOND),
            maxJoins: 2,
            maxLogouts: 2,
            reporterShare: REPORTER_SHARE,
            missedDynastyLoss: DYNASTY_LOSS
        });
    }

    function _createCore(IERC20 token) internal returns (Core) {
        return new Core(_parameters(token), address(_arbiter), address(this), "definition");
    }

    /// @dev The core with the functions of its arbiter.
    function _judge() internal view returns (CoreArbiter) {
        return CoreArbiter(address(_core));
    }

    /// @dev The core with the functions of its keeper.
    function _keeper() internal view returns (CoreKeeper) {
        return CoreKeeper(address(_core));
    }

    function _staked() internal view returns (uint256 staked) {
        (staked,,) = _core.ledger();
    }

    function _burned() internal view returns (uint256 burned) {
        (, burned,) = _core.ledger();
    }

    function _haltedAt() internal view returns (uint256 haltedAt) {
        (,, haltedAt) = _core.ledger();
    }

    /// @dev Keys of validators are 1, 2, 3, …; a key's validator is the one that staked with it.
    function _validator(uint256 key) internal pure returns (address) {
        return VM.addr(key);
    }

    function _deposit(uint256 key, uint256 stake) internal {
        address validator = _validator(key);
        _token.mint(validator, stake);
        VM.prank(validator);
        _token.approve(address(_core), stake);
        VM.prank(validator);
        _keeper().deposit(validator, _withdrawalOf(key), stake, "");
    }

    function _withdrawalOf(uint256 key) internal pure returns (address) {
        return address(uint160(0xa000 + key));
    }

    function _openWith(uint256 validators) internal {
        for (uint256 key = 1; key <= validators; ++key) {
            _deposit(key, STAKE);
        }
        _open();
    }

    function _open() internal {
        VM.recordLogs();
        _core.open();
        _followKernels();
    }

    /// @dev Applies KernelOpened events: the kernel, and the updates to the validator set.
    function _followKernels() internal {
        Vm.Log[] memory logs = VM.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != Core.KernelOpened.selector) continue;
            (_kernel, _lastUpdates) = abi.decode(logs[i].data, (Kernel, bytes));
            _set = _applyUpdates(_set, _lastUpdates);
        }
        assertEq(keccak256(_set), _kernel.validatorSetHash);
        assertEq(ProtocolHashes.kernelHash(_kernel), _core.kernelHash(_kernel.height));
    }

    function _applyUpdates(bytes memory set, bytes memory updates)
        internal
        pure
        returns (bytes memory next)
    {
        uint256 seats = set.length / 32;
        for (uint256 i; i < updates.length / 64; ++i) {
            (, uint256 index,,) = _updateAt(updates, i);
            if (index + 1 > seats) seats = index + 1;
        }
        next = new bytes(32 * seats);
        for (uint256 i; i < set.length; ++i) {
            next[i] = set[i];
        }
        for (uint256 i; i < updates.length / 64; ++i) {
            (uint256 word, uint256 index,,) = _updateAt(updates, i);
            assembly ("memory-safe") {
                mstore(add(add(next, 0x20), shl(5, index)), word)
            }
        }
    }

    function _updateAt(bytes memory updates, uint256 position)
        internal
        pure
        returns (uint256 word, uint256 index, uint64 startHeight, uint64 endHeight)
    {
        uint256 place;
        assembly ("memory-safe") {
            word := mload(add(add(updates, 0x20), mul(position, 64)))
            place := mload(add(add(updates, 0x40), mul(position, 64)))
        }
        return (word, uint128(place), uint64(place >> 192), uint64(place >> 128));
    }

    function _wordAt(uint256 seat) internal view returns (uint256 word) {
        bytes memory set = _set;
        assembly ("memory-safe") {
            word := mload(add(add(set, 0x20), shl(5, seat)))
        }
    }

    function _transition(uint64 dynasty, uint64 gas)
        internal
        view
        returns (TransitionObject memory)
    {
        return TransitionObject({
            dynasty: dynasty,
            originBlockNumber: uint64(block.number - 3),
            originBlockHash: blockhash(block.number - 3),
            accumulatedTransactionRoot: keccak256("transactions"),
            accumulatedGas: gas,
            kernelHash: ProtocolHashes.kernelHash(_kernel)
        });
    }

    function _propose(TransitionObject memory transition) internal {
        _core.propose{ value: BOND }(transition);
    }

    /// @dev A commit for the open kernel; the source is the checkpoint at `sourceHeight`, all but the votes are right.
    function _prepare(TransitionObject memory transition, uint64 sourceHeight)
        internal
        returns (Commit memory commit)
    {
        commit.transition = transition;
        commit.kernel = _kernel;
        commit.validatorSet = _set;
        (bytes32 stateRoot, bytes[] memory accountProof, bytes[] memory storageProof) =
            _prove(ProtocolHashes.transitionHash(transition));
        commit.accountProof = accountProof;
        commit.storageProof = storageProof;
        commit.header = _builder.auxiliaryHeader(sourceHeight * EPOCH, stateRoot);
        commit.seal.target = keccak256(abi.encode("target", sourceHeight + 1));
    }

    /// @dev The auxiliary state in which TransitionTracker holds `value` in slot 0.
    function _prove(bytes32 value)
        internal
        returns (bytes32 stateRoot, bytes[] memory accountProof, bytes[] memory storageProof)
    {
        return _builder.proveStorage(Predeploys.TRANSITION_TRACKER, 0, value);
    }

    function _linkOf(Commit memory commit) internal view returns (VoteMessage memory) {
        uint64 sourceHeight = _numberOf(commit.header) / EPOCH;
        return VoteMessage({
            chain: _core.coreIdentifier(),
            transitionHash: ProtocolHashes.transitionHash(commit.transition),
            source: keccak256(commit.header),
            target: commit.seal.target,
            sourceHeight: sourceHeight,
            targetHeight: sourceHeight + 1
        });
    }

    /// @dev Difficulty 2 is one byte at 448, so the number begins at 449.
    function _numberOf(bytes memory header) private pure returns (uint64) {
        uint256 prefix = uint8(header[449]);
        if (prefix < 0x80) return uint64(prefix);
        uint256 value;
        for (uint256 i; i < prefix - 0x80; ++i) {
            value = (value << 8) | uint8(header[450 + i]);
        }
        return uint64(value);
    }

    /// @dev Has the seats sign, given the key of each; key 0 does not sign.
    function _sign(Commit memory commit, uint256[] memory keyOfSeat) internal view {
        _signVote(commit, keyOfSeat, _linkOf(commit));
    }

    function _signVote(Commit memory commit, uint256[] memory keyOfSeat, VoteMessage memory vote)
        internal
        view
    {
        LinkVotes memory votes = _votes(vote, keyOfSeat);
        commit.seal.signers = votes.signers;
        commit.seal.signatures = votes.signatures;
    }

    /// @dev Keys 1 to `count` in the seats 0 to `count` - 1.
    function _firstKeys(uint256 count) internal pure returns (uint256[] memory keys) {
        keys = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            keys[i] = i + 1;
        }
    }

    function _commit(Commit memory commit) internal {
        VM.recordLogs();
        _callCommit(commit);
        _followKernels();
    }

    function _callCommit(Commit memory commit) internal {
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

    /// @dev Proposes, waits, and prepares a commit that all of `keyOfSeat` signed.
    function _proposeAndSign(uint64 dynasty, uint64 gas, uint256[] memory keyOfSeat)
        internal
        returns (Commit memory commit)
    {
        TransitionObject memory transition = _transition(dynasty, gas);
        _propose(transition);
        commit = _prepare(transition, dynasty + 1);
        _sign(commit, keyOfSeat);
        VM.warp(block.timestamp + CHALLENGE_PERIOD);
    }

    function _commitNext(uint64 dynasty, uint256[] memory keyOfSeat) internal {
        _commit(_proposeAndSign(dynasty, dynasty * 1_000_000, keyOfSeat));
    }

    function _vote(uint64 sourceHeight, uint64 targetHeight)
        internal
        view
        returns (VoteMessage memory)
    {
        return VoteMessage({
            chain: _core.coreIdentifier(),
            transitionHash: keccak256(abi.encode("transition", sourceHeight)),
            source: keccak256(abi.encode("checkpoint", sourceHeight)),
            target: keccak256(abi.encode("checkpoint", targetHeight)),
            sourceHeight: sourceHeight,
            targetHeight: targetHeight
        });
    }

    function _signatureOf(uint256 key, VoteMessage memory vote)
        internal
        view
        returns (bytes memory)
    {
        return signCompact(key, ProtocolHashes.voteDigest(_core.domainSeparator(), vote));
    }

    /// @dev Key i + 1 in seat i if bit i is set.
    function _keysOf(uint256 seats, uint256 bits) internal pure returns (uint256[] memory keys) {
        keys = new uint256[](seats);
        for (uint256 i; i < seats; ++i) {
            if ((bits >> i) & 1 != 0) keys[i] = i + 1;
        }
    }

    /// @dev The key of each seat, if it is one of the first `keys` and may vote.
    function _keysInSeats(uint256 keys) internal view returns (uint256[] memory seats) {
        seats = new uint256[](_set.length / 32);
        for (uint256 seat; seat < seats.length; ++seat) {
            address validator = address(uint160(_wordAt(seat) >> 96));
            bool isSlashed =
                _core.validatorOf(validator).status == CoreState.ValidatorStatus.Slashed;
            for (uint256 key = 1; key <= keys && !isSlashed; ++key) {
                if (_validator(key) == validator) seats[seat] = key;
            }
        }
    }

    /// @dev The votes of the seats' keys for a link; key 0 does not vote.
    function _votes(VoteMessage memory vote, uint256[] memory keyOfSeat)
        internal
        view
        returns (LinkVotes memory votes)
    {
        votes.signers = new uint256[]((keyOfSeat.length + 255) / 256);
        for (uint256 seat; seat < keyOfSeat.length; ++seat) {
            if (keyOfSeat[seat] == 0) continue;
            votes.signers[seat / 256] |= 1 << (seat % 256);
            votes.signatures =
                abi.encodePacked(votes.signatures, _signatureOf(keyOfSeat[seat], vote));
        }
    }
}
