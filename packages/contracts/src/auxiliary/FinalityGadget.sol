// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CompactSignature } from "../protocol/CompactSignature.sol";
import { FalseTransitions } from "../protocol/FalseTransitions.sol";
import { FinalityRules } from "../protocol/FinalityRules.sol";
import { Offence, Offences } from "../protocol/Offences.sol";
import { Predeploys } from "../protocol/Predeploys.sol";
import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { OriginBlock, VoteMessage } from "../protocol/Types.sol";
import { ValidatorWord } from "../protocol/ValidatorWord.sol";
import { AuxiliaryConfiguration } from "./AuxiliaryConfiguration.sol";
import { OriginObserver } from "./OriginObserver.sol";
import { TransitionTracker } from "./TransitionTracker.sol";

/// @title Finality of the auxiliary chain and of its observation of origin
/// @notice Counts the validators' votes for links between checkpoints of both chains, justifies and finalizes.
/// @dev A vote costs the same whatever the size of the set. Spec: docs/protocol.md §3. Twin of packages/finality.
contract FinalityGadget {
    /// @notice As many signatures as votes are needed.
    error GadgetLengthMismatch(uint256 votes, uint256 signatures);
    /// @notice Only the kernel registry may change the validator set.
    error GadgetNotRegistry(address caller);
    /// @notice No vote for this link was ever recorded.
    error GadgetLinkUnknown(bytes32 link);
    /// @notice Votes for this link do not count any more.
    error GadgetLinkRefused(bytes32 link, VoteResult fault);
    /// @notice The dynasty before a block lies further back than the gadget remembers.
    error GadgetDynastyForgotten(uint64 blockNumber, uint64 oldestKnown);

    /// @notice The signer has no seat in the active set, or is slashed already.
    error GadgetNotSlashable(address signer);

    /// @notice The first vote for a link was recorded.
    event LinkOpened(bytes32 indexed link, VoteMessage vote);
    /// @notice A vote was recorded. From these events anyone can collect the signatures for a seal.
    event VoteRecorded(
        bytes32 indexed link, uint256 indexed validatorIndex, bytes32 r, bytes32 yParityAndS
    );
    /// @notice A link with a supermajority justified its target.
    event CheckpointJustified(
        bytes32 indexed chain, uint64 indexed height, bytes32 hash, bytes32 link
    );
    /// @notice A link with a supermajority over one epoch finalized its source.
    /// @param dynasty Number of finalized checkpoints of that chain, this one included.
    event CheckpointFinalized(
        bytes32 indexed chain, uint64 indexed height, bytes32 hash, uint64 dynasty
    );

    /// @notice A validator broke a slashing condition; its weight counts no more.
    event ValidatorSlashed(
        address indexed validator,
        uint256 indexed validatorIndex,
        Offence offence,
        address indexed reporter
    );

    /// @notice What became of a submitted vote.
    enum VoteResult {
        Recorded,
        AlreadyRecorded,
        SignatureInvalid,
        SignerNotSeated,
        SignerSlashed,
        ChainForeign,
        HeightsNotRising,
        TooOld,
        SourceNotJustified,
        TargetUnknown,
        TransitionWrong,
        TargetConflicts
    }

    /// @notice How far one chain has come.
    /// @param justifiedHeight Height of the highest justified checkpoint.
    /// @param finalizedHeight Height of the highest finalized checkpoint.
    /// @param finalizedCount Number of finalized checkpoints.
    /// @param justifiedHash Block hash of the highest justified checkpoint.
    /// @param finalizedHash Block hash of the highest finalized checkpoint.
    struct ChainStatus {
        uint64 justifiedHeight;
        uint64 finalizedHeight;
        uint64 finalizedCount;
        bytes32 justifiedHash;
        bytes32 finalizedHash;
    }

    /// @notice The votes for one link.
    /// @param forward Weight voted in the forward set of the kernel at `kernelHeight`.
    /// @param rear Weight voted in its rear set.
    /// @param kernelHeight Height of the kernel under which the weights were taken; 0: no vote was recorded.
    /// @param hasSupermajority Whether the link ever had both supermajorities.
    /// @param slashings Number of validators slashed when the weights were taken.
    struct LinkTally {
        uint128 forward;
        uint128 rear;
        uint64 kernelHeight;
        bool hasSupermajority;
        uint32 slashings;
    }

    uint256[] private _words;
    mapping(address validator => uint256 indexPlusOne) private _seatOf;
    /// @dev Kernel height since which the validator now in the seat has it. Recorded voters of earlier kernels are others.
    mapping(uint256 index => uint64 kernelHeight) private _seatedSince;
    /// @dev One bit per seat. A validator whose bit is set has no effective weight.
    mapping(uint256 indexWord => uint256 bits) private _slashed;
    uint128 private _forwardWeight;
    uint128 private _rearWeight;
    uint64 private _kernelHeight;
    uint64 private _lastFinalizationBlock;
    uint64 private _dynastyBeforeFinalization;
    uint32 private _slashings;

    mapping(bytes32 chain => ChainStatus) private _status;
    mapping(bytes32 chain => mapping(uint64 height => bytes32 hash)) private _justified;
    mapping(bytes32 link => LinkTally) private _tallies;
    mapping(bytes32 link => mapping(uint256 indexWord => uint256 bits)) private _voters;

    bytes32 private immutable _domain;
    bytes32 private immutable _auxiliary;
    bytes32 private immutable _origin;
    uint64 private immutable _epochLength;
    uint64 private immutable _originEpochLength;
    uint64 private immutable _maxVoteAge;

    /// @param configuration The chain's configuration.
    /// @param validatorWords_ The validator words of kernel 1, in index order.
    constructor(AuxiliaryConfiguration memory configuration, uint256[] memory validatorWords_) {
        _domain = ProtocolHashes.domainSeparator(configuration.originChainId, configuration.core);
        _auxiliary = ProtocolHashes.coreIdentifier(configuration.originChainId, configuration.core);
        _origin = ProtocolHashes.coreIdentifier(configuration.originChainId, address(0));
        _epochLength = configuration.epochLength;
        _originEpochLength = configuration.originEpochLength;
        _maxVoteAge = configuration.maxVoteAge;

        uint64 rootHeight = configuration.originRootNumber / configuration.originEpochLength;
        _status[_origin].justifiedHeight = rootHeight;
        _status[_origin].justifiedHash = configuration.originRootHash;
        _justified[_origin][rootHeight] = configuration.originRootHash;

        _kernelHeight = 1;
        for (uint256 i; i < validatorWords_.length; ++i) {
            _placeSeat(i, validatorWords_[i]);
        }
    }

    /// @notice Counts votes. Anyone may submit; a vote that does not count is skipped and never reverts the others.
    /// @param votes The messages.
    /// @param signatures A signature for each, of 64 (EIP-2098) or 65 bytes.
    /// @return results What became of each vote.
    function submitVotes(VoteMessage[] calldata votes, bytes[] calldata signatures)
        external
        returns (VoteResult[] memory results)
    {
        if (votes.length != signatures.length) {
            revert GadgetLengthMismatch(votes.length, signatures.length);
        }
        results = new VoteResult[](votes.length);
        for (uint256 i; i < votes.length; ++i) {
            results[i] = _submitVote(votes[i], signatures[i]);
        }
    }

    /// @notice Slashes the signer of two votes that break condition 1, 2 or 3 together. By anyone, in any order.
    /// @dev The offender's recorded votes count no more either; see {retally}. What is finalized stays so.
    /// @param first A vote.
    /// @param firstSignature Its signature, of 64 (EIP-2098) or 65 bytes.
    /// @param second Another vote of the same validator.
    /// @param secondSignature Its signature.
    function slash(
        VoteMessage calldata first,
        bytes calldata firstSignature,
        VoteMessage calldata second,
        bytes calldata secondSignature
    ) external {
        (address signer, Offence offence) = Offences.requireOffence(
            _domain, _auxiliary, _origin, first, firstSignature, second, secondSignature
        );
        _slash(signer, offence);
    }

    /// @notice Slashes the signer of a vote whose transition hash is false under its own source (condition 4). By anyone.
    /// @param vote The vote.
    /// @param signature Its signature, of 64 (EIP-2098) or 65 bytes.
    /// @param header RLP of the source's header.
    /// @param accountProof Nodes from the source's state root to the account of TransitionTracker; none for votes about origin.
    /// @param storageProof Nodes from its storage root to slot 0; none for votes about origin.
    function slashFalseTransition(
        VoteMessage calldata vote,
        bytes calldata signature,
        bytes calldata header,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) external {
        address signer = FalseTransitions.requireFalse(
            _domain, _auxiliary, vote, signature, header, accountProof, storageProof
        );
        _slash(signer, Offence.FalseTransition);
    }

    /// @notice Takes the weights of a link's recorded voters anew if a kernel was activated or a validator slashed since.
    /// @param vote The link's message.
    function retally(VoteMessage calldata vote) external {
        bytes32 link = linkOf(vote);
        if (_tallies[link].kernelHeight == 0) revert GadgetLinkUnknown(link);
        VoteResult fault = _findFault(vote);
        if (fault != VoteResult.Recorded) revert GadgetLinkRefused(link, fault);
        _refresh(link);
        _conclude(link, vote);
    }

    /// @notice Puts words in the place of those at the given seats; called when a kernel becomes active.
    function replaceSeats(
        uint64 kernelHeight_,
        uint16[] calldata indices,
        uint256[] calldata newWords
    ) external {
        if (msg.sender != Predeploys.KERNEL_REGISTRY) {
            revert GadgetNotRegistry(msg.sender);
        }
        _kernelHeight = kernelHeight_;
        // All old seats go before the first new one is placed: a validator may change its seat.
        for (uint256 i; i < indices.length; ++i) {
            if (indices[i] < _words.length) {
                delete _seatOf[ValidatorWord.validatorOf(_words[indices[i]])];
            }
        }
        for (uint256 i; i < indices.length; ++i) {
            _placeSeat(indices[i], newWords[i]);
        }
    }

    /// @notice The name of a link: the digest that validators sign.
    function linkOf(VoteMessage calldata vote) public view returns (bytes32) {
        return ProtocolHashes.voteDigest(_domain, vote);
    }

    /// @notice How far a chain has come. Genesis and the root of origin are justified by definition.
    function status(bytes32 chain) external view returns (ChainStatus memory current) {
        current = _status[chain];
        if (current.justifiedHeight == 0) current.justifiedHash = justifiedHash(chain, 0);
    }

    /// @notice Block hash of the justified checkpoint at a height; zero if there is none.
    function justifiedHash(bytes32 chain, uint64 height) public view returns (bytes32) {
        if (height == 0 && chain == _auxiliary) return _checkpointHash(0);
        return _justified[chain][height];
    }

    /// @notice Number of auxiliary checkpoints that were finalized before a block began.
    /// @dev Knows it of the block of the last finalization and all later ones.
    function dynastyBefore(uint64 blockNumber) external view returns (uint64) {
        if (blockNumber > _lastFinalizationBlock) return _status[_auxiliary].finalizedCount;
        if (blockNumber < _lastFinalizationBlock) {
            revert GadgetDynastyForgotten(blockNumber, _lastFinalizationBlock);
        }
        return _dynastyBeforeFinalization;
    }

    /// @notice The votes for a link, as last tallied.
    function tally(bytes32 link) external view returns (LinkTally memory) {
        return _tallies[link];
    }

    /// @notice Whether the validator that now has a seat voted for a link.
    function hasVoted(bytes32 link, uint256 validatorIndex) external view returns (bool) {
        if (_seatedSince[validatorIndex] > _tallies[link].kernelHeight) return false;
        return _isSet(_voters[link], validatorIndex);
    }

    /// @notice Whether the validator in a seat is slashed.
    function isSlashed(uint256 validatorIndex) external view returns (bool) {
        return _isSet(_slashed, validatorIndex);
    }

    /// @notice The validator words of the active kernel, in index order.
    function validatorWords() external view returns (uint256[] memory) {
        return _words;
    }

    /// @notice The seat of a validator.
    function seatOf(address validator) external view returns (bool isSeated, uint256 index) {
        uint256 indexPlusOne = _seatOf[validator];
        return indexPlusOne == 0 ? (false, 0) : (true, indexPlusOne - 1);
    }

    /// @notice Height of the active kernel, and the weights that a supermajority is measured against.
    function weights()
        external
        view
        returns (uint64 kernelHeight, uint128 forwardWeight, uint128 rearWeight)
    {
        return (_kernelHeight, _forwardWeight, _rearWeight);
    }

    /// @notice The identifiers of the two chains that votes may be about, and the domain they are signed in.
    function identifiers()
        external
        view
        returns (bytes32 auxiliary, bytes32 origin, bytes32 domainSeparator)
    {
        return (_auxiliary, _origin, _domain);
    }

    function _submitVote(VoteMessage calldata vote, bytes calldata signature)
        private
        returns (VoteResult)
    {
        VoteResult fault = _findFault(vote);
        if (fault != VoteResult.Recorded) return fault;
        bytes32 link = linkOf(vote);
        (bool wellFormed, bytes32 r, bytes32 yParityAndS) = CompactSignature.toWords(signature);
        if (!wellFormed) return VoteResult.SignatureInvalid;
        address signer = CompactSignature.recover(link, r, yParityAndS);
        if (signer == address(0)) return VoteResult.SignatureInvalid;
        uint256 indexPlusOne = _seatOf[signer];
        if (indexPlusOne == 0) return VoteResult.SignerNotSeated;
        uint256 index = indexPlusOne - 1;
        if (_isSet(_slashed, index)) return VoteResult.SignerSlashed;

        if (_tallies[link].kernelHeight == 0) {
            _tallies[link].kernelHeight = _kernelHeight;
            _tallies[link].slashings = _slashings;
            emit LinkOpened(link, vote);
        }
        _refresh(link);
        bool isNew = !_isSet(_voters[link], index);
        if (isNew) {
            _voters[link][index >> 8] |= 1 << (index & 0xff);
            (uint256 forward, uint256 rear) = _effectiveWeights(index);
            _tallies[link].forward += uint128(forward);
            _tallies[link].rear += uint128(rear);
            emit VoteRecorded(link, index, r, yParityAndS);
        }
        _conclude(link, vote);
        return isNew ? VoteResult.Recorded : VoteResult.AlreadyRecorded;
    }

    /// @dev Why a vote does not count, signature apart; `Recorded` when there is no reason.
    function _findFault(VoteMessage calldata vote) private view returns (VoteResult) {
        bool isAuxiliary = vote.chain == _auxiliary;
        if (!isAuxiliary && vote.chain != _origin) return VoteResult.ChainForeign;
        if (vote.targetHeight <= vote.sourceHeight) return VoteResult.HeightsNotRising;
        uint256 current =
            isAuxiliary ? block.number / _epochLength : uint256(_status[_origin].justifiedHeight);
        if (current > uint256(vote.targetHeight) + _maxVoteAge) return VoteResult.TooOld;
        bytes32 sourceHash = justifiedHash(vote.chain, vote.sourceHeight);
        if (sourceHash == 0 || sourceHash != vote.source) return VoteResult.SourceNotJustified;
        bytes32 transitionHash;
        bool targetKnown;
        if (isAuxiliary) {
            bytes32 targetHash = _checkpointHash(vote.targetHeight);
            targetKnown = targetHash != 0 && targetHash == vote.target;
            transitionHash =
                TransitionTracker(Predeploys.TRANSITION_TRACKER).transitionHash(vote.sourceHeight);
        } else {
            OriginBlock memory target = _observation(vote.target);
            targetKnown = target.stateRoot != 0
                && target.number == uint256(vote.targetHeight) * _originEpochLength;
            transitionHash = ProtocolHashes.originTransitionHash(_observation(vote.source));
        }
        if (!targetKnown) return VoteResult.TargetUnknown;
        if (transitionHash != vote.transitionHash) return VoteResult.TransitionWrong;
        bytes32 rival = _justified[vote.chain][vote.targetHeight];
        if (rival != 0 && rival != vote.target) return VoteResult.TargetConflicts;
        return VoteResult.Recorded;
    }

    function _slash(address signer, Offence offence) private {
        uint256 indexPlusOne = _seatOf[signer];
        if (indexPlusOne == 0 || _isSet(_slashed, indexPlusOne - 1)) {
            revert GadgetNotSlashable(signer);
        }
        uint256 index = indexPlusOne - 1;
        (uint256 forward, uint256 rear) = _effectiveWeights(index);
        _slashed[index >> 8] |= 1 << (index & 0xff);
        _forwardWeight -= uint128(forward);
        _rearWeight -= uint128(rear);
        ++_slashings;
        emit ValidatorSlashed(signer, index, offence, msg.sender);
    }

    /// @dev Brings a tally to the active kernel and to the validators not slashed. Votes of validators that have lost their
    ///      seat do not count, not even for the validator who took it.
    function _refresh(bytes32 link) private {
        LinkTally storage links = _tallies[link];
        uint64 talliedAt = links.kernelHeight;
        if (talliedAt == _kernelHeight && links.slashings == _slashings) return;
        uint256 seats = _words.length;
        uint256 forward;
        uint256 rear;
        for (uint256 first; first < seats; first += 256) {
            uint256 bits = _voters[link][first >> 8];
            if (bits == 0) continue;
            uint256 kept;
            for (uint256 i = first; i < seats && i < first + 256; ++i) {
                uint256 bit = 1 << (i & 0xff);
                if (bits & bit == 0 || _seatedSince[i] > talliedAt) continue;
                kept |= bit;
                (uint256 seatForward, uint256 seatRear) = _effectiveWeights(i);
                forward += seatForward;
                rear += seatRear;
            }
            if (kept != bits) _voters[link][first >> 8] = kept;
        }
        links.forward = uint128(forward);
        links.rear = uint128(rear);
        links.kernelHeight = _kernelHeight;
        links.slashings = _slashings;
    }

    /// @dev Justifies and finalizes once a link has both supermajorities.
    function _conclude(bytes32 link, VoteMessage calldata vote) private {
        LinkTally storage links = _tallies[link];
        bool isFirst = !links.hasSupermajority
            && FinalityRules.isSupermajority(links.forward, _forwardWeight)
            && FinalityRules.isSupermajority(links.rear, _rearWeight);
        if (!isFirst) return;
        links.hasSupermajority = true;
        _justify(link, vote);
        if (vote.targetHeight == vote.sourceHeight + 1) _finalize(vote);
    }

    function _justify(bytes32 link, VoteMessage calldata vote) private {
        if (_justified[vote.chain][vote.targetHeight] != 0) return;
        _justified[vote.chain][vote.targetHeight] = vote.target;
        ChainStatus storage current = _status[vote.chain];
        if (vote.targetHeight > current.justifiedHeight) {
            current.justifiedHeight = vote.targetHeight;
            current.justifiedHash = vote.target;
        }
        emit CheckpointJustified(vote.chain, vote.targetHeight, vote.target, link);
    }

    /// @dev Once per checkpoint: source, target and T are fixed for a pair of heights, so one link alone can do it.
    function _finalize(VoteMessage calldata vote) private {
        ChainStatus storage current = _status[vote.chain];
        if (vote.chain == _auxiliary && _lastFinalizationBlock != block.number) {
            _dynastyBeforeFinalization = current.finalizedCount;
            _lastFinalizationBlock = uint64(block.number);
        }
        ++current.finalizedCount;
        if (vote.sourceHeight >= current.finalizedHeight) {
            current.finalizedHeight = vote.sourceHeight;
            current.finalizedHash = vote.source;
        }
        emit CheckpointFinalized(vote.chain, vote.sourceHeight, vote.source, current.finalizedCount);
        if (vote.chain == _origin) {
            OriginObserver(Predeploys.ORIGIN_OBSERVER).finalize(vote.source);
        }
    }

    function _placeSeat(uint256 index, uint256 word) private {
        if (index == _words.length) _words.push();
        (uint256 forwardBefore, uint256 rearBefore) = _effectiveWeights(index);
        address validator = ValidatorWord.validatorOf(word);
        if (validator != ValidatorWord.validatorOf(_words[index])) {
            _seatedSince[index] = _kernelHeight;
            if (_isSet(_slashed, index)) _slashed[index >> 8] ^= 1 << (index & 0xff);
        }
        _words[index] = word;
        if (validator != address(0)) _seatOf[validator] = index + 1;
        (uint256 forwardAfter, uint256 rearAfter) = _effectiveWeights(index);
        _forwardWeight = uint128(_forwardWeight + forwardAfter - forwardBefore);
        _rearWeight = uint128(_rearWeight + rearAfter - rearBefore);
    }

    /// @dev What a seat adds to the forward and the rear weight; nothing when its validator is slashed.
    function _effectiveWeights(uint256 index) private view returns (uint256, uint256) {
        if (_isSet(_slashed, index)) return (0, 0);
        uint256 word = _words[index];
        return (ValidatorWord.forwardWeight(word), ValidatorWord.rearWeight(word));
    }

    /// @dev Hash of the chain's own checkpoint; zero if it is not below the block under execution.
    function _checkpointHash(uint64 height) private view returns (bytes32 hash) {
        uint256 number = uint256(height) * _epochLength;
        if (number >= block.number) return 0;
        hash = blockhash(number);
        if (hash == 0) {
            hash = TransitionTracker(Predeploys.TRANSITION_TRACKER).checkpointHash(height);
        }
    }

    function _observation(bytes32 blockHash) private view returns (OriginBlock memory) {
        return OriginObserver(Predeploys.ORIGIN_OBSERVER).observation(blockHash);
    }

    function _isSet(mapping(uint256 => uint256) storage bits, uint256 index)
        private
        view
        returns (bool)
    {
        return (bits[index >> 8] >> (index & 0xff)) & 1 != 0;
    }
}
