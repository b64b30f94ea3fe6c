// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Core } from "../origin/Core.sol";
import { CoreState } from "../origin/CoreState.sol";
import { CompactSignature } from "../protocol/CompactSignature.sol";
import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { Kernel, VoteMessage } from "../protocol/Types.sol";
import { Reputation } from "./Reputation.sol";
import { ReputationFunction } from "./ReputationFunction.sol";

/// @title Work first, then weight
/// @notice A newcomer has no weight until it has worked for some heights, then more with each, up to its whole stake. Work of a height
///         is the validator's vote for the checkpoint that closed it, brought while the next height is open; by anyone.
/// @dev Spec: §2.7, "initial work by the validator before obtaining a non-zero reputation". The genesis set counts whole at once:
///      else there would be no weight to begin with. A vote that was made after the commit, by looking, counts too: the stake
///      answers for it as for any other. Serves all cores.
contract RampUpReputation is Reputation {
    /// @notice Reputation would never grow.
    error RampEmpty();
    /// @notice The kernel is not the one that is open on the core, or the first, before which nobody voted.
    error RampKernelNotOpen(bytes32 expected, bytes32 received);
    /// @notice The vote is not one for the checkpoint that closed the height before.
    error RampVoteForeign(bytes32 expectedParent, bytes32 receivedParent);
    /// @notice Who signed had no seat at that height, or has none any more.
    error RampNotSeated(address signer);
    /// @notice The work of that height is recorded.
    error RampWorkKnown(address validator, uint64 height);

    /// @notice The work of a validator at a height was shown.
    /// @param heights Heights for which it worked until now.
    event WorkRecorded(
        address indexed core, address indexed validator, uint64 indexed height, uint64 heights
    );

    /// @notice Work of one validator; one slot.
    /// @param heights Heights for which it was shown.
    /// @param lastHeight The last of them.
    struct Work {
        uint64 heights;
        uint64 lastHeight;
    }

    /// @notice Heights of work before any weight.
    uint64 public immutable probation;
    /// @notice Heights of work from then to the whole weight.
    uint64 public immutable ramp;

    mapping(address core => mapping(address validator => Work)) private _work;

    /// @param probation_ Heights of work before any weight.
    /// @param ramp_ Heights of work from then to the whole weight; 1 at least.
    constructor(uint64 probation_, uint64 ramp_) {
        if (ramp_ == 0) revert RampEmpty();
        probation = probation_;
        ramp = ramp_;
    }

    /// @notice Records that a validator voted for the checkpoint that closed the last height; by anyone.
    /// @param core The core.
    /// @param kernel Its open kernel.
    /// @param vote A vote whose source is that checkpoint.
    /// @param signature Its signature, of 64 (EIP-2098) or 65 bytes.
    function recordWork(
        Core core,
        Kernel calldata kernel,
        VoteMessage calldata vote,
        bytes calldata signature
    ) external {
        uint64 height = core.head().height;
        bytes32 received = ProtocolHashes.kernelHash(kernel);
        bytes32 expected = core.kernelHash(height);
        if (received != expected || height < 2) revert RampKernelNotOpen(expected, received);
        uint64 closed = height - 1;
        bytes32 parent = ProtocolHashes.metaBlockHash(core.kernelHash(closed), vote.transitionHash);
        if (parent != kernel.parent || vote.chain != core.coreIdentifier()) {
            revert RampVoteForeign(kernel.parent, parent);
        }
        address validator = _signerOf(core, vote, signature);
        CoreState.Validator memory entry = core.validatorOf(validator);
        bool isSeated = entry.status == CoreState.ValidatorStatus.Seated
            || entry.status == CoreState.ValidatorStatus.LogoutQueued;
        if (!isSeated || entry.startHeight > closed) revert RampNotSeated(validator);
        Work storage work = _work[address(core)][validator];
        if (work.lastHeight >= closed) revert RampWorkKnown(validator, closed);
        work.lastHeight = closed;
        ++work.heights;
        emit WorkRecorded(address(core), validator, closed, work.heights);
    }

    /// @inheritdoc Reputation
    function reputationOf(address core, address validator, uint64 startHeight, uint64)
        external
        view
        returns (uint256)
    {
        if (startHeight == 0) return ReputationFunction.WHOLE;
        uint256 heights = _work[core][validator].heights;
        if (heights <= probation) return 0;
        heights -= probation;
        return heights < ramp ? heights * ReputationFunction.WHOLE / ramp : ReputationFunction.WHOLE;
    }

    /// @notice What a validator of a core has shown.
    function workOf(address core, address validator) external view returns (Work memory) {
        return _work[core][validator];
    }

    function _signerOf(Core core, VoteMessage calldata vote, bytes calldata signature)
        private
        view
        returns (address)
    {
        (bool isWellFormed, bytes32 r, bytes32 yParityAndS) = CompactSignature.toWords(signature);
        if (!isWellFormed) return address(0);
        bytes32 digest = ProtocolHashes.voteDigest(core.domainSeparator(), vote);
        return CompactSignature.recover(digest, r, yParityAndS);
    }
}
