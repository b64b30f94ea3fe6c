// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CalldataTrie } from "../protocol/CalldataTrie.sol";
import { Predeploys } from "../protocol/Predeploys.sol";
import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { SealedHeader } from "../protocol/SealedHeader.sol";
import { Kernel, TransitionObject, VoteMessage } from "../protocol/Types.sol";
import { Bonds } from "./Bonds.sol";
import { CoreParameters } from "./CoreParameters.sol";
import { CoreStorage } from "./CoreStorage.sol";
import { Handover } from "./Handover.sol";
import { OriginHistory } from "./OriginHistory.sol";
import { ValidatorRegistry } from "./ValidatorRegistry.sol";

/// @title The core of one meta-blockchain, on origin
/// @notice Holds the stake and the chain of meta-blocks: opens kernels, takes proposals, commits what validators sealed.
/// @dev Spec: §2.5; docs/protocol.md §5.
contract Core is ValidatorRegistry, OriginHistory, Bonds, Handover {
    /// @notice Only the creator may open.
    error CoreNotCreator(address creator, address caller);
    /// @notice A proposal comes with exactly the bond.
    error CoreBondMismatch(uint256 expected, uint256 received);
    /// @notice The transition object is not above the last committed one.
    error CoreTransitionNotAbove(
        uint64 dynasty, uint64 committedDynasty, uint64 gas, uint64 committedGas
    );
    /// @notice An earlier finalized checkpoint has met the gas target of this height, so nothing later may close it.
    error CoreDynastyAboveCeiling(uint64 dynasty, uint64 ceiling);
    /// @notice The same transition is proposed already.
    error CoreProposalKnown(bytes32 transitionHash);
    /// @notice The proposal's challenge period is not over.
    error CoreChallengePeriodRunning(uint256 challengeEnd);
    /// @notice The header is not that of a checkpoint.
    error CoreSourceNotACheckpoint(uint64 number, uint64 epochLength);
    /// @notice The state of the source holds another transition hash.
    error CoreTransitionMismatch(bytes32 proven, bytes32 received);
    /// @notice Wei was sent without a call.
    error CorePaymentUnexpected();
    /// @notice The core exists. The definition is the JSON document that the auxiliary genesis is made from.
    event CoreCreated(
        address indexed creator,
        bytes32 indexed definitionHash,
        CoreParameters parameters,
        bytes definition
    );
    /// @notice The core opened: the genesis meta-block counts as committed, kernel 1 follows in {KernelOpened}.
    /// @param rootNumber Number of the origin block that is the root of the observation.
    /// @param rootHash Its hash.
    /// @param genesisKernelHash Hash of the kernel of height 0.
    /// @param genesisTransitionHash Hash of the transition object of the genesis meta-block.
    event CoreOpened(
        uint64 indexed rootNumber,
        bytes32 rootHash,
        bytes32 genesisKernelHash,
        bytes32 genesisTransitionHash
    );
    /// @notice A kernel was opened.
    /// @param height The meta-block height it opens.
    /// @param kernelHash Its hash.
    /// @param kernel Its content.
    /// @param updates The changes of the validator set, 64 bytes each.
    event KernelOpened(
        uint64 indexed height, bytes32 indexed kernelHash, Kernel kernel, bytes updates
    );
    /// @notice A transition was proposed for the open height.
    event MetaBlockProposed(
        uint64 indexed height,
        bytes32 indexed transitionHash,
        TransitionObject transition,
        address proposer,
        uint256 challengeEnd
    );
    /// @notice A meta-block was committed.
    event MetaBlockCommitted(
        uint64 indexed height,
        bytes32 indexed transitionHash,
        bytes32 source,
        bytes32 target,
        uint64 sourceHeight,
        bytes32 stateRoot
    );

    /// @notice The votes for the link from the source to the next checkpoint.
    /// @param target Block hash of the checkpoint after the source.
    /// @param signers One bit per seat, 256 to a word, the lowest bit first.
    /// @param signatures 64 bytes (EIP-2098) per signer, in index order.
    struct MetaBlockSeal {
        bytes32 target;
        uint256[] signers;
        bytes signatures;
    }

    bytes32 private constant NO_UPDATES_HASH = keccak256("");
    /// @dev Slot of TransitionTracker that holds the newest transition hash.
    bytes32 private constant TRANSITION_SLOT = 0;

    /// @notice Who may open the core.
    address public immutable creator;
    /// @notice Hash of the auxiliary definition.
    bytes32 public immutable definitionHash;
    /// @notice The contract whose code answers all functions that this one does not have, on this contract's storage.
    address public immutable arbiter;

    /// @param parameters_ What the core never changes.
    /// @param arbiter_ Contract with the code of {CoreArbiter}.
    /// @param creator_ Who may open it.
    /// @param definition JSON document that the auxiliary genesis is made from.
    constructor(
        CoreParameters memory parameters_,
        address arbiter_,
        address creator_,
        bytes memory definition
    ) CoreStorage(parameters_) {
        if (creator_ == address(0)) revert CoreParameterInvalid("creator");
        if (arbiter_.code.length == 0) revert CoreParameterInvalid("arbiter");
        arbiter = arbiter_;
        creator = creator_;
        bytes32 hash = keccak256(definition);
        definitionHash = hash;
        emit CoreCreated(creator_, hash, parameters_, definition);
    }

    /// @notice Takes no payment but with a call that asks for one.
    receive() external payable {
        revert CorePaymentUnexpected();
    }

    /// @notice Slashing, challenges and all else that is rare: the code of the arbiter on the storage of this core. The two
    ///         together do not fit in the 24,576 bytes of EIP-170.
    fallback() external payable {
        _handOver(arbiter);
    }

    /// @notice Takes the genesis set and opens kernel 1.
    /// @dev Spec: docs/protocol.md §2, "Genesis".
    function open() external onlyIn(Phase.Creation) {
        if (msg.sender != creator) revert CoreNotCreator(creator, msg.sender);
        uint64 rootNumber = uint64(((block.number - 1) / _originEpochLength) * _originEpochLength);
        bytes32 rootHash = _anchorOriginHash(rootNumber);
        NextSet memory genesis = _takeGenesisSet();
        Kernel memory kernel = Kernel({
            height: 0,
            parent: coreIdentifier,
            validatorSetHash: genesis.setHash,
            updatesHash: keccak256(genesis.updates),
            gasTarget: 0,
            forwardWeight: genesis.forwardWeight,
            rearWeight: genesis.rearWeight
        });
        bytes32 genesisKernelHash = ProtocolHashes.kernelHash(kernel);
        bytes32 genesisTransitionHash = ProtocolHashes.transitionHash(
            TransitionObject({
                dynasty: 0,
                originBlockNumber: rootNumber,
                originBlockHash: rootHash,
                accumulatedTransactionRoot: CalldataTrie.EMPTY_ROOT,
                accumulatedGas: 0,
                kernelHash: genesisKernelHash
            })
        );
        emit CoreOpened(rootNumber, rootHash, genesisKernelHash, genesisTransitionHash);
        kernel.height = 1;
        kernel.parent = ProtocolHashes.metaBlockHash(genesisKernelHash, genesisTransitionHash);
        kernel.gasTarget = _gasTarget;
        _openKernel(kernel, genesis.updates);
        _head = Head({
            phase: Phase.Open,
            height: 1,
            dynasty: 0,
            accumulatedGas: 0,
            queuedChanges: 0,
            slashedSeats: 0,
            lossPending: false
        });
        // Slots that are not zero are cheap to change when it matters.
        _verdict.accuser = address(this);
        _convicted[0] = type(uint256).max;
        _ceiling.height = NO_HEIGHT;
        _openLoss.height = NO_HEIGHT;
    }

    /// @notice Proposes the transition object that closes the open kernel.
    /// @dev A proposal needs no votes. Its bond comes back with the commit of the height, or is lost to who proves that an earlier
    ///      checkpoint had to be proposed.
    function propose(TransitionObject calldata transition) external payable onlyIn(Phase.Open) {
        if (msg.value != _proposalBond) revert CoreBondMismatch(_proposalBond, msg.value);
        Head memory current = _head;
        bytes32 openKernelHash = kernelHash(current.height);
        if (transition.kernelHash != openKernelHash) {
            revert CoreKernelNotOpen(openKernelHash, transition.kernelHash);
        }
        bool isAbove = transition.dynasty > current.dynasty
            && transition.accumulatedGas > current.accumulatedGas;
        if (!isAbove) {
            revert CoreTransitionNotAbove(
                transition.dynasty,
                current.dynasty,
                transition.accumulatedGas,
                current.accumulatedGas
            );
        }
        _requireObserved(transition);
        _requireBelowCeiling(current.height, transition.dynasty);
        bytes32 hash = ProtocolHashes.transitionHash(transition);
        if (_proposals[hash].proposer != address(0)) revert CoreProposalKnown(hash);
        uint256 challengeEnd = block.timestamp + _challengePeriod;
        _proposals[hash] = Proposal(msg.sender, uint48(challengeEnd), uint48(current.height));
        emit MetaBlockProposed(current.height, hash, transition, msg.sender, challengeEnd);
    }

    /// @notice Commits a proposed transition object with the votes that finalize its source. By anyone.
    /// @dev Spec: docs/protocol.md §5. Heights in the link come from the header, so they cannot be chosen.
    /// @param transition The proposed transition object.
    /// @param kernel The open kernel.
    /// @param validatorSet Its validator words, in index order.
    /// @param header RLP of the source's header.
    /// @param seal The votes for the link from the source to the next checkpoint.
    /// @param accountProof Nodes from the source's state root to the account of TransitionTracker.
    /// @param storageProof Nodes from its storage root to slot 0.
    function commit(
        TransitionObject calldata transition,
        Kernel calldata kernel,
        bytes calldata validatorSet,
        bytes calldata header,
        MetaBlockSeal calldata seal,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) external onlyIn(Phase.Open) {
        Head memory current = _head;
        bytes32 transitionHash = ProtocolHashes.transitionHash(transition);
        _requireBelowCeiling(current.height, transition.dynasty);
        address proposer = _takeProposal(transitionHash, current.height);
        bytes32 openKernelHash = _requireKernel(current.height, kernel, validatorSet);
        bytes32 anchored =
            _requireSealed(transitionHash, kernel, validatorSet, header, seal, current);
        _requireProven(anchored, transitionHash, accountProof, storageProof);
        _recordStateRoot(current.height, anchored);

        (Kernel memory next, bytes memory updates) = (kernel, "");
        next.height = current.height + 1;
        next.parent = ProtocolHashes.metaBlockHash(openKernelHash, transitionHash);
        next.gasTarget = _gasTarget;
        next.updatesHash = NO_UPDATES_HASH;
        bool anySlashed = current.slashedSeats != 0;
        bool changesItself = kernel.updatesHash != NO_UPDATES_HASH || current.queuedChanges != 0;
        if (changesItself || anySlashed || current.lossPending) {
            NextSet memory set = _advanceSet(
                validatorSet, next.height, current.queuedChanges, anySlashed, current.lossPending
            );
            updates = set.updates;
            next.validatorSetHash = set.setHash;
            next.updatesHash = keccak256(updates);
            next.forwardWeight = set.forwardWeight;
            next.rearWeight = set.rearWeight;
            current.queuedChanges = set.queuedChanges;
        }
        _openKernel(next, updates);
        _head = Head({
            phase: Phase.Open,
            height: next.height,
            dynasty: transition.dynasty,
            accumulatedGas: transition.accumulatedGas,
            queuedChanges: current.queuedChanges,
            slashedSeats: 0,
            lossPending: false
        });
        _returnBond(proposer, _proposalBond);
    }

    function _requireBelowCeiling(uint64 height, uint64 dynasty) private view {
        Ceiling memory ceiling = _ceiling;
        if (ceiling.height == height && dynasty > ceiling.dynasty) {
            revert CoreDynastyAboveCeiling(dynasty, ceiling.dynasty);
        }
    }

    function _takeProposal(bytes32 transitionHash, uint64 height)
        private
        returns (address proposer)
    {
        Proposal memory proposal = _proposals[transitionHash];
        if (proposal.proposer == address(0) || proposal.height != height) {
            revert CoreProposalUnknown(transitionHash);
        }
        if (block.timestamp < proposal.challengeEnd) {
            revert CoreChallengePeriodRunning(proposal.challengeEnd);
        }
        delete _proposals[transitionHash];
        return proposal.proposer;
    }

    /// @dev Both supermajorities for the link from the header's block over one epoch. Returns the header's state root.
    function _requireSealed(
        bytes32 transitionHash,
        Kernel calldata kernel,
        bytes calldata validatorSet,
        bytes calldata header,
        MetaBlockSeal calldata seal,
        Head memory current
    ) private returns (bytes32 anchored) {
        bytes32 source;
        uint64 number;
        (source, anchored, number) = SealedHeader.read(header);
        if (number % _epochLength != 0) revert CoreSourceNotACheckpoint(number, _epochLength);
        uint64 sourceHeight = number / _epochLength;
        bytes32 digest = ProtocolHashes.voteDigest(
            domainSeparator,
            VoteMessage({
                chain: coreIdentifier,
                transitionHash: transitionHash,
                source: source,
                target: seal.target,
                sourceHeight: sourceHeight,
                targetHeight: sourceHeight + 1
            })
        );
        _requireSupermajority(
            digest, kernel, validatorSet, seal.signers, seal.signatures, current.slashedSeats != 0
        );
        emit MetaBlockCommitted(
            current.height, transitionHash, source, seal.target, sourceHeight, anchored
        );
    }

    function _requireProven(
        bytes32 root,
        bytes32 transitionHash,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) private pure {
        bytes32 proven = CalldataTrie.storageValue(
            CalldataTrie.storageRoot(root, Predeploys.TRANSITION_TRACKER, accountProof),
            TRANSITION_SLOT,
            storageProof
        );
        if (proven != transitionHash) revert CoreTransitionMismatch(proven, transitionHash);
    }

    function _openKernel(Kernel memory kernel, bytes memory updates) private {
        bytes32 hash = ProtocolHashes.kernelHash(kernel);
        _recordKernel(kernel.height, hash);
        emit KernelOpened(kernel.height, hash, kernel, updates);
    }
}
