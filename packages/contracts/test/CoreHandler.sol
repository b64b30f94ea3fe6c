// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Challenges } from "../src/origin/Challenges.sol";
import { Core } from "../src/origin/Core.sol";
import { CoreState } from "../src/origin/CoreState.sol";
import { Reweighings } from "../src/origin/Reweighings.sol";
import { Slashing } from "../src/origin/Slashing.sol";
import { Deposits } from "../src/origin/Deposits.sol";
import { Withdrawals } from "../src/origin/Withdrawals.sol";
import { Predeploys } from "../src/protocol/Predeploys.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { Kernel, TransitionObject, VoteMessage } from "../src/protocol/Types.sol";
import { CoreFixture } from "./CoreFixture.sol";
import { ToldReputation } from "./HostileReputation.sol";

/// @dev All that validators, relayers and fishermen do to a core, in any order. Each action says itself whether the rules allow
///      it: if so it must succeed, else it is left out, or tried and must fail.
contract CoreHandler is CoreFixture {
    enum Action {
        Join,
        Leave,
        Commit,
        Propose,
        RefusePropose,
        StrikeProposal,
        ReclaimBond,
        Slash,
        Cap,
        MissTarget,
        Conflict,
        Observe,
        ExecuteVerdict,
        SettleLoss,
        Claim,
        Reweigh,
        RefuseReweigh,
        Withdraw,
        RefuseWithdrawal,
        RefuseSlash,
        RefuseAfterHalt
    }

    uint256 public constant KEYS = 24;
    address public constant REPORTER = address(0x4e90);
    address public constant CHALLENGER = address(0xc4a1);
    uint64 private constant TARGET = 1_000_000;

    /// @dev Tokens that validators paid in.
    uint256 public deposited;
    /// @dev Height, dynasty and gas as the actions made them.
    uint64 public height = 1;
    uint64 public dynasty;
    uint64 public gas;
    /// @dev The head when the core halted.
    CoreState.Head private _last;
    bool public isHalted;
    bool private _isConflict;

    /// @dev Times that an action was carried out, or refused.
    mapping(Action action => uint256) public timesOf;

    uint256 private _keysUsed;
    uint256 private _transitions;
    uint64 private _ceilingHeight;
    uint64 private _ceilingDynasty;
    mapping(address validator => uint256) private _keyOf;
    ToldReputation private _told;
    TransitionObject[] private _standing;
    uint256 public bonds;

    Kernel private _closedKernel;
    bytes private _closedSet;
    TransitionObject private _closedPrevious;
    bytes32 private _closedPreviousKernelHash;
    TransitionObject private _committed;

    function start(uint256 validators) external {
        _told = new ToldReputation();
        _reputation = _told;
        setUp();
        for (uint256 i; i < validators; ++i) {
            _join(STAKE + uint96(i));
        }
        _open();
    }

    function core() external view returns (address) {
        return address(_core);
    }

    function token() external view returns (address) {
        return address(_token);
    }

    function lastHead() external view returns (CoreState.Head memory) {
        return _last;
    }

    function validatorAt(uint256 index) external view returns (address) {
        return index < _keysUsed ? _validator(index + 1) : address(0);
    }

    function openWords() external view returns (bytes memory) {
        return _set;
    }

    function openKernel() external view returns (Kernel memory) {
        return _kernel;
    }

    function join(uint256 seed) external {
        if (isHalted || _keysUsed == KEYS) return;
        if (seed % 5 == 0) _told.tell(_validator(_keysUsed + 1), (seed >> 8) % 10_001);
        _join(STAKE + uint96(seed % 3) * STAKE + uint96(seed % 997));
        ++timesOf[Action.Join];
    }

    function leave(uint256 seed) external {
        (uint256 key,) = _pick(seed);
        _leave(key);
    }

    /// @dev Seldom: whoever is left then keeps the sets from being without weight.
    function leaveAll(uint256 seed) external {
        if (seed % 5 != 0) return;
        for (uint256 key = 1; key <= _keysUsed; ++key) {
            _leave(key);
        }
    }

    /// @dev Closes the open height at a dynasty that the ceiling allows.
    function advance(uint256 seed) external {
        if (isHalted) return;
        uint64 next = dynasty + 1 + uint64(seed % 5);
        if (_ceilingHeight == height && next > _ceilingDynasty) next = _ceilingDynasty;
        TransitionObject memory transition = _unique(next, gas + 1 + uint64(seed % (3 * TARGET)));
        _propose(transition);
        VM.warp(block.timestamp + CHALLENGE_PERIOD);
        Commit memory commit = _prepareLean(transition);
        _sign(commit, _keysOfSet());
        _closedPreviousKernelHash =
            _closedKernel.height == 0 ? bytes32(0) : ProtocolHashes.kernelHash(_closedKernel);
        _closedPrevious = _committed;
        _closedKernel = _kernel;
        _closedSet = _set;
        _committed = transition;
        _commit(commit);
        (height, dynasty, gas) = (height + 1, transition.dynasty, transition.accumulatedGas);
        ++timesOf[Action.Commit];
    }

    function proposeOnly(uint256 seed) external {
        uint64 next = dynasty + 1 + uint64(seed % 9);
        if (isHalted || (_ceilingHeight == height && next > _ceilingDynasty)) return;
        TransitionObject memory transition = _unique(next, gas + 1 + uint64(seed % TARGET));
        _propose(transition);
        _standing.push(transition);
        ++bonds;
        ++timesOf[Action.Propose];
    }

    /// @dev A transition object that is not above the last committed one in dynasty, or in gas.
    function proposeBelow(uint256 seed) external {
        bool isDynasty = seed % 2 == 0;
        uint64 below = uint64((seed >> 8) % 2);
        if (isHalted || (isDynasty ? dynasty : gas) < below) return;
        TransitionObject memory transition =
            isDynasty ? _unique(dynasty - below, gas + 1) : _unique(dynasty + 1, gas - below);
        (bool done,) =
            address(_core).call{ value: BOND }(abi.encodeCall(Core.propose, (transition)));
        assertEq(done, false);
        ++timesOf[Action.RefusePropose];
    }

    /// @dev Strikes a proposal above the ceiling, or reclaims the bond of one that is stale.
    function endProposal(uint256 seed) external {
        if (_standing.length == 0) return;
        uint256 index = seed % _standing.length;
        TransitionObject memory transition = _standing[index];
        bytes32 hash = ProtocolHashes.transitionHash(transition);
        uint48 proposed = _keeper().proposalOf(hash).height;
        if (proposed == _ceilingHeight && transition.dynasty > _ceilingDynasty) {
            _judge().strikeProposal(transition);
            ++timesOf[Action.StrikeProposal];
        } else if (proposed == height && !isHalted) {
            return;
        }
        _keeper().reclaimBond(hash);
        ++timesOf[Action.ReclaimBond];
        _standing[index] = _standing[_standing.length - 1];
        _standing.pop();
        --bonds;
    }

    function slash(uint256 seed) external {
        (uint256 key, CoreState.ValidatorStatus status) = _pick(seed);
        bool isSlashable = status != CoreState.ValidatorStatus.Unknown
            && status != CoreState.ValidatorStatus.Withdrawn
            && status != CoreState.ValidatorStatus.Slashed;
        // Seldom, else every run halts at once. Whom a verdict slashes cannot be slashed again; who only pays can.
        if (isSlashable && seed % 11 != 0) return;
        bool isGuilty = _keeper().isConvicted(_validator(key)) && _isConflict;
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        bytes memory call =
            abi.encodeCall(Slashing.slash, (a, _signatureOf(key, a), b, _signatureOf(key, b)));
        VM.prank(REPORTER);
        (bool done,) = address(_core).call(call);
        assertEq(done, isSlashable && !isGuilty);
        ++timesOf[done ? Action.Slash : Action.RefuseSlash];
        _noteHalt();
    }

    function cap(uint256 seed) external {
        uint64 most = _ceilingHeight == height ? _ceilingDynasty - 1 : dynasty + 8;
        if (isHalted || most <= dynasty) return;
        uint64 proven = dynasty + 1 + uint64(seed % (most - dynasty));
        TransitionObject memory earlier = _unique(proven, gas + TARGET);
        Challenges.FinalizingLink memory link = _linkFor(earlier, _keysOfSet());
        VM.prank(CHALLENGER);
        _judge().capDynasty(earlier, link, _kernel, _set);
        (_ceilingHeight, _ceilingDynasty) = (height, proven);
        ++timesOf[Action.Cap];
    }

    function missTarget(uint256 seed) external {
        if (isHalted || _closedPreviousKernelHash == 0) return;
        uint64 between = dynasty - _closedPrevious.dynasty - 1;
        if (between == 0) return;
        uint64 missed = 1 + uint64(seed % between);
        (, CoreState.Loss memory open) = _keeper().losses();
        if (_core.head().lossPending && open.fraction >= missed * DYNASTY_LOSS) return;
        TransitionObject memory earlier =
            _unique(dynasty - missed, _closedPrevious.accumulatedGas + TARGET);
        earlier.kernelHash = ProtocolHashes.kernelHash(_closedKernel);
        Challenges.FinalizingLink memory link = _linkFor(earlier, _keysOfWords(_closedSet, true));
        VM.prank(CHALLENGER);
        _judge()
            .challengeGasTarget(
                earlier, link, _closedKernel, _closedSet, _closedPrevious, _closedPreviousKernelHash
            );
        ++timesOf[Action.MissTarget];
    }

    function conflict(uint256 seed) external {
        if (isHalted || seed % 17 != 0) return;
        (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
        uint256[] memory keys = _keysOfSet();
        (LinkVotes memory votesA, LinkVotes memory votesB) = (_votes(a, keys), _votes(b, keys));
        VM.prank(REPORTER);
        _judge()
            .haltByConflict(
                _kernel, _set, a, b, votesA.signers, votesA.signatures, votesB.signatures
            );
        ++timesOf[Action.Conflict];
        _isConflict = true;
        _noteHalt();
    }

    function observe(uint256 seed) external {
        if (isHalted || seed % 17 != 0) return;
        VoteMessage memory vote = _vote(198, 199);
        vote.chain = ProtocolHashes.coreIdentifier(uint96(block.chainid), address(0));
        LinkVotes memory votes = _votes(vote, _keysOfSet());
        VM.prank(CHALLENGER);
        _judge().challengeObservation(_kernel, _set, vote, votes.signers, votes.signatures);
        ++timesOf[Action.Observe];
        _noteHalt();
    }

    function execute(uint256 seed) external {
        (uint256 key,) = _pick(seed);
        if (!_keeper().isConvicted(_validator(key))) return;
        _keeper().executeVerdict(_validator(key));
        ++timesOf[Action.ExecuteVerdict];
    }

    function settle(uint256 seed) external {
        (uint256 key,) = _pick(seed);
        address[] memory validators = new address[](1);
        validators[0] = _validator(key);
        uint256 burned = _burned();
        _keeper().settleLosses(validators);
        if (_burned() != burned) ++timesOf[Action.SettleLoss];
    }

    function claim() external {
        if (_keeper().rewardOf(CHALLENGER) == 0) return;
        _keeper().claimReward(CHALLENGER);
        ++timesOf[Action.Claim];
    }

    /// @dev A reputation changes, and the core hears of it.
    function reweigh(uint256 seed) external {
        (uint256 key, CoreState.ValidatorStatus status) = _pick(seed);
        address validator = _validator(key);
        if (seed % 3 != 0) _told.tell(validator, seed % 8 == 0 ? 0 : (seed >> 128) % 20_000);
        (bool done, bytes memory why) =
            address(_core).call(abi.encodeCall(Reweighings.reweigh, (validator)));
        bool isOfSet = status == CoreState.ValidatorStatus.Queued
            || status == CoreState.ValidatorStatus.Seated;
        bool isSame = bytes4(why) == Reweighings.ValidatorWeightUnchanged.selector;
        assertEq(done, isOfSet && !isHalted && !isSame);
        ++timesOf[done ? Action.Reweigh : Action.RefuseReweigh];
    }

    function wait(uint256 seed) external {
        VM.warp(block.timestamp + seed % WITHDRAWAL_DELAY);
    }

    function withdraw(uint256 seed) external {
        (uint256 key,) = _pick(seed);
        bool isDue = _canWithdraw(_validator(key));
        uint256 before = _token.balanceOf(address(_core));
        (bool done,) = address(_core).call(abi.encodeCall(Withdrawals.withdraw, (_validator(key))));
        assertEq(done, isDue);
        assertTrue(done == (_token.balanceOf(address(_core)) < before), "paid");
        ++timesOf[done ? Action.Withdraw : Action.RefuseWithdrawal];
    }

    /// @dev Whatever would go on needs a core that is not halted.
    function defyHalt(uint256 seed) external {
        if (!isHalted) return;
        TransitionObject memory transition = _unique(dynasty + 1, gas + 1);
        (bool proposed,) =
            address(_core).call{ value: BOND }(abi.encodeCall(Core.propose, (transition)));
        (bool opened,) = address(_core).call(abi.encodeCall(Core.open, ()));
        address validator = _validator(1 + seed % _keysUsed);
        VM.prank(validator);
        (bool left,) = address(_core).call(abi.encodeCall(Withdrawals.logout, (validator)));
        bytes memory deposit =
            abi.encodeCall(Deposits.deposit, (address(this), address(this), STAKE, ""));
        (bool joined,) = address(_core).call(deposit);
        bool committed = _standing.length != 0 && _commitsAfterHalt();
        assertTrue(!(proposed || opened || left || joined || committed), "halted for good");
        ++timesOf[Action.RefuseAfterHalt];
    }

    /// @dev Halts the core if it is not, and has everybody take what is theirs.
    function drain() external {
        for (uint256 key = 1; key <= _keysUsed && !isHalted; ++key) {
            CoreState.ValidatorStatus status = _core.validatorOf(_validator(key)).status;
            if (uint256(status) < 2 || uint256(status) > 4) continue;
            (VoteMessage memory a, VoteMessage memory b) = (_vote(1, 4), _vote(2, 3));
            _judge().slash(a, _signatureOf(key, a), b, _signatureOf(key, b));
            _noteHalt();
        }
        VM.warp(block.timestamp + 2 * uint256(WITHDRAWAL_DELAY));
        for (uint256 key = 1; key <= _keysUsed; ++key) {
            address validator = _validator(key);
            if (_keeper().isConvicted(validator)) _keeper().executeVerdict(validator);
            if (_canWithdraw(validator)) _keeper().withdraw(validator);
            (bool again,) = address(_core).call(abi.encodeCall(Withdrawals.withdraw, (validator)));
            assertTrue(!again, "paid twice");
        }
        if (_keeper().rewardOf(CHALLENGER) != 0) _keeper().claimReward(CHALLENGER);
        for (; _standing.length != 0; _standing.pop()) {
            TransitionObject memory transition = _standing[_standing.length - 1];
            _keeper().reclaimBond(ProtocolHashes.transitionHash(transition));
            --bonds;
        }
    }

    function settleAll() external {
        address[] memory validators = new address[](_keysUsed);
        for (uint256 i; i < _keysUsed; ++i) {
            validators[i] = _validator(i + 1);
        }
        _keeper().settleLosses(validators);
    }

    function _canWithdraw(address validator) private view returns (bool) {
        CoreState.Validator memory entry = _core.validatorOf(validator);
        // A withdrawal carries the verdict out by itself; of who conflicted the accuser's share is left, at once.
        if (_isConflict && _keeper().isConvicted(validator)) return true;
        if (entry.status == CoreState.ValidatorStatus.Slashed) return entry.stake != 0;
        if (entry.status == CoreState.ValidatorStatus.Removed) {
            bool isContestable = !isHalted && uint256(entry.endHeight) + 1 == height;
            return !isContestable && block.timestamp >= uint256(entry.removedAt) + WITHDRAWAL_DELAY;
        }
        bool isIn = entry.status != CoreState.ValidatorStatus.Unknown
            && entry.status != CoreState.ValidatorStatus.Withdrawn;
        return isHalted && isIn && block.timestamp >= _haltedAt() + WITHDRAWAL_DELAY;
    }

    /// @dev The commit of a proposal for the height at which the core halted, with all votes.
    function _commitsAfterHalt() private returns (bool done) {
        VM.warp(block.timestamp + CHALLENGE_PERIOD);
        Commit memory commit = _prepareLean(_standing[_standing.length - 1]);
        _sign(commit, _keysOfWords(_set, true));
        bytes memory call = abi.encodeCall(
            Core.commit,
            (
                commit.transition,
                commit.kernel,
                commit.validatorSet,
                commit.header,
                commit.seal,
                commit.accountProof,
                commit.storageProof
            )
        );
        (done,) = address(_core).call(call);
    }

    function _leave(uint256 key) private {
        address validator = _validator(key);
        CoreState.ValidatorStatus status = _core.validatorOf(validator).status;
        bool canLeave = status == CoreState.ValidatorStatus.Queued
            || status == CoreState.ValidatorStatus.Seated;
        if (isHalted || !canLeave) return;
        VM.prank(validator);
        _keeper().logout(validator);
        ++timesOf[Action.Leave];
    }

    function _join(uint96 stake) private {
        uint256 key = ++_keysUsed;
        _keyOf[_validator(key)] = key;
        _deposit(key, stake);
        deposited += stake;
    }

    function _pick(uint256 seed)
        private
        view
        returns (uint256 key, CoreState.ValidatorStatus status)
    {
        key = 1 + (seed >> 8) % _keysUsed;
        status = _core.validatorOf(_validator(key)).status;
    }

    function _noteHalt() private {
        CoreState.Head memory head = _core.head();
        if (isHalted || head.phase != CoreState.Phase.Halted) return;
        isHalted = true;
        _last = head;
    }

    function _unique(uint64 dynasty_, uint64 gas_)
        private
        returns (TransitionObject memory transition)
    {
        transition = _transition(dynasty_, gas_);
        transition.accumulatedTransactionRoot = bytes32(++_transitions);
    }

    function _keysOfSet() private view returns (uint256[] memory) {
        return _keysOfWords(_set, false);
    }

    /// @dev The keys of all seats that may vote; of an earlier set, also those that are slashed by now.
    function _keysOfWords(bytes memory words, bool withSlashed)
        private
        view
        returns (uint256[] memory keys)
    {
        keys = new uint256[](words.length / 32);
        for (uint256 seat; seat < keys.length; ++seat) {
            uint256 word;
            assembly ("memory-safe") {
                word := mload(add(add(words, 0x20), shl(5, seat)))
            }
            address validator = address(uint160(word >> 96));
            if (validator == address(0)) continue;
            bool isSlashed =
                _core.validatorOf(validator).status == CoreState.ValidatorStatus.Slashed;
            if (withSlashed || !isSlashed) keys[seat] = _keyOf[validator];
        }
    }

    function _linkFor(TransitionObject memory transition, uint256[] memory keys)
        private
        view
        returns (Challenges.FinalizingLink memory link)
    {
        VoteMessage memory vote = _vote(7, 8);
        vote.transitionHash = ProtocolHashes.transitionHash(transition);
        LinkVotes memory votes = _votes(vote, keys);
        (link.source, link.target, link.sourceHeight) = (vote.source, vote.target, 7);
        (link.signers, link.signatures) = (votes.signers, votes.signatures);
    }

    /// @dev A commit whose state is two tries of one leaf each: many are needed.
    function _prepareLean(TransitionObject memory transition)
        private
        returns (Commit memory commit)
    {
        commit.transition = transition;
        commit.kernel = _kernel;
        commit.validatorSet = _set;
        bytes32 slotKey = keccak256(abi.encode(uint256(0)));
        bytes32 accountKey = keccak256(abi.encodePacked(Predeploys.TRANSITION_TRACKER));
        bytes32 root;
        _builder.clear();
        _builder.add(
            slotKey, _builder.encodeInteger(uint256(ProtocolHashes.transitionHash(transition)))
        );
        (root, commit.storageProof) = _builder.prove(slotKey);
        _builder.clear();
        _builder.add(accountKey, _builder.encodeAccount(1, 0, root, keccak256("code")));
        (root, commit.accountProof) = _builder.prove(accountKey);
        commit.header = _builder.auxiliaryHeader(transition.dynasty * EPOCH, root);
        commit.seal.target = keccak256(abi.encode("target", transition.dynasty + 1));
    }
}
