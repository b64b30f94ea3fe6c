// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { AuxiliaryConfiguration } from "../src/auxiliary/AuxiliaryConfiguration.sol";
import { FinalityGadget } from "../src/auxiliary/FinalityGadget.sol";
import { KernelRegistry } from "../src/auxiliary/KernelRegistry.sol";
import { OriginObserver } from "../src/auxiliary/OriginObserver.sol";
import { TransitionTracker } from "../src/auxiliary/TransitionTracker.sol";
import { Predeploys } from "../src/protocol/Predeploys.sol";
import { ProtocolHashes } from "../src/protocol/ProtocolHashes.sol";
import { Kernel, OriginBlock, VoteMessage } from "../src/protocol/Types.sol";
import { ValidatorWord } from "../src/protocol/ValidatorWord.sol";
import { ChainBuilder } from "./ChainBuilder.sol";
import { Test } from "./Test.sol";

/// @dev The predeploys in their places on a chain whose blocks the tests make, with validators whose keys they have.
abstract contract AuxiliaryFixture is Test {
    uint64 internal constant EPOCH = 4;
    uint64 internal constant ORIGIN_EPOCH = 5;
    uint64 internal constant MAX_VOTE_AGE = 2;
    uint64 internal constant ROOT_NUMBER = 100;
    uint64 internal constant ROOT_HEIGHT = 20;
    uint96 internal constant ORIGIN_CHAIN_ID = 31_337;
    address internal constant CORE = address(0xc0de);
    bytes32 internal constant ROOT_STATE = keccak256("root state");
    bytes32 internal constant GENESIS_TRANSACTIONS_ROOT = keccak256(hex"80");
    uint256 internal constant STAKE = 100 ether;

    TransitionTracker internal constant TRACKER = TransitionTracker(Predeploys.TRANSITION_TRACKER);
    FinalityGadget internal constant GADGET = FinalityGadget(Predeploys.FINALITY_GADGET);
    OriginObserver internal constant OBSERVER = OriginObserver(Predeploys.ORIGIN_OBSERVER);
    KernelRegistry internal constant REGISTRY = KernelRegistry(Predeploys.KERNEL_REGISTRY);

    ChainBuilder internal _builder = new ChainBuilder();
    Kernel internal _kernel;
    bytes32 internal _auxiliary;
    bytes32 internal _origin;
    bytes32 internal _domain;
    uint64 internal _number;

    function setUp() public virtual {
        _start(4);
    }

    /// @dev A new chain, at block 1, with validators of keys 1 to `validators` in seats 0 to `validators` - 1.
    function _start(uint256 validators) internal {
        uint256[] memory words = new uint256[](validators);
        for (uint256 i; i < validators; ++i) {
            words[i] = _word(i + 1, ValidatorWord.FORWARD | ValidatorWord.REAR);
        }
        _kernel = Kernel({
            height: 1,
            parent: keccak256("genesis meta-block"),
            validatorSetHash: keccak256(abi.encodePacked(words)),
            updatesHash: keccak256("updates"),
            gasTarget: 1_000_000,
            forwardWeight: uint128(validators * STAKE),
            rearWeight: uint128(validators * STAKE)
        });
        AuxiliaryConfiguration memory configuration = AuxiliaryConfiguration({
            originChainId: ORIGIN_CHAIN_ID,
            core: CORE,
            epochLength: EPOCH,
            originEpochLength: ORIGIN_EPOCH,
            maxVoteAge: MAX_VOTE_AGE,
            originRootNumber: ROOT_NUMBER,
            originRootHash: keccak256("root"),
            originRootStateRoot: ROOT_STATE
        });
        bytes32 kernelHash = ProtocolHashes.kernelHash(_kernel);
        _place(
            address(TRACKER),
            address(new TransitionTracker(configuration, GENESIS_TRANSACTIONS_ROOT, kernelHash))
        );
        _place(address(GADGET), address(new FinalityGadget(configuration, words)));
        _place(address(OBSERVER), address(new OriginObserver(configuration)));
        _place(address(REGISTRY), address(new KernelRegistry(configuration, _kernel)));
        (_auxiliary, _origin, _domain) = GADGET.identifiers();
        _number = 1;
        VM.roll(1);
    }

    function _place(address predeploy, address constructed) private {
        VM.etch(predeploy, constructed.code);
        VM.copyStorage(constructed, predeploy);
    }

    function _word(uint256 key, uint256 flags) internal pure returns (uint256) {
        return ValidatorWord.encode(VM.addr(key), STAKE) | flags;
    }

    /// @dev Ends the block under execution and begins the next.
    function _endBlock() internal {
        VM.prank(Predeploys.SYSTEM);
        TRACKER.endBlock(keccak256(abi.encode("transactions", _number)), 21_000);
        ++_number;
        VM.roll(_number);
    }

    /// @dev Ends blocks until block `number` is under execution.
    function _advanceTo(uint64 number) internal {
        while (_number < number) _endBlock();
    }

    function _checkpoint(uint64 height) internal view returns (bytes32) {
        return blockhash(height * EPOCH);
    }

    function _auxiliaryVote(uint64 sourceHeight, uint64 targetHeight)
        internal
        view
        returns (VoteMessage memory)
    {
        return VoteMessage({
            chain: _auxiliary,
            transitionHash: TRACKER.transitionHash(sourceHeight),
            source: _checkpoint(sourceHeight),
            target: _checkpoint(targetHeight),
            sourceHeight: sourceHeight,
            targetHeight: targetHeight
        });
    }

    function _originVote(bytes32 source, bytes32 target)
        internal
        view
        returns (VoteMessage memory)
    {
        OriginBlock memory from = OBSERVER.observation(source);
        return VoteMessage({
            chain: _origin,
            transitionHash: ProtocolHashes.originTransitionHash(from),
            source: source,
            target: target,
            sourceHeight: from.number / ORIGIN_EPOCH,
            targetHeight: OBSERVER.observation(target).number / ORIGIN_EPOCH
        });
    }

    /// @dev Votes by keys `first` to `last`.
    function _submit(VoteMessage memory vote, uint256 first, uint256 last)
        internal
        returns (FinalityGadget.VoteResult[] memory)
    {
        uint256 count = last + 1 - first;
        VoteMessage[] memory votes = new VoteMessage[](count);
        bytes[] memory signatures = new bytes[](count);
        bytes32 digest = ProtocolHashes.voteDigest(_domain, vote);
        for (uint256 i; i < count; ++i) {
            votes[i] = vote;
            signatures[i] = signCompact(first + i, digest);
        }
        return GADGET.submitVotes(votes, signatures);
    }

    function _submitOne(VoteMessage memory vote, bytes memory signature)
        internal
        returns (FinalityGadget.VoteResult)
    {
        VoteMessage[] memory votes = new VoteMessage[](1);
        bytes[] memory signatures = new bytes[](1);
        (votes[0], signatures[0]) = (vote, signature);
        return GADGET.submitVotes(votes, signatures)[0];
    }

    function _submitOne(VoteMessage memory vote, uint256 key)
        internal
        returns (FinalityGadget.VoteResult)
    {
        return _submitOne(vote, signCompact(key, ProtocolHashes.voteDigest(_domain, vote)));
    }

    function _requireResult(FinalityGadget.VoteResult given, FinalityGadget.VoteResult expected)
        internal
        pure
    {
        assertEq(uint256(given), uint256(expected));
    }

    /// @dev All validators of `keys` vote for the next link over one epoch, one block after its target.
    function _finalizeNext(uint64 sourceHeight, uint256 keys) internal {
        _advanceTo((sourceHeight + 1) * EPOCH + 1);
        _submit(_auxiliaryVote(sourceHeight, sourceHeight + 1), 1, keys);
    }

    /// @dev Reports a header with this state root as the checkpoint at `height`, and finalizes it from `parent`.
    function _finalizeOrigin(bytes32 parent, uint64 height, bytes32 stateRoot, uint256 keys)
        internal
        returns (bytes32 observed)
    {
        observed = OBSERVER.reportHeader(_builder.originHeader(height * ORIGIN_EPOCH, stateRoot));
        bytes32 next = OBSERVER.reportHeader(
            _builder.originHeader((height + 1) * ORIGIN_EPOCH, keccak256(abi.encode(stateRoot)))
        );
        _submit(_originVote(parent, observed), 1, keys);
        _submit(_originVote(observed, next), 1, keys);
    }
}
