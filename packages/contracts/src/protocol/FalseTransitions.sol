// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CalldataTrie } from "./CalldataTrie.sol";
import { Offences } from "./Offences.sol";
import { Predeploys } from "./Predeploys.sol";
import { ProtocolHashes } from "./ProtocolHashes.sol";
import { SealedHeader } from "./SealedHeader.sol";
import { OriginBlock, VoteMessage } from "./Types.sol";

/// @title The slashing condition that one vote can break alone: its T is not that of its source
/// @dev Spec: docs/protocol.md §3, condition 4. Used on both chains.
library FalseTransitions {
    /// @notice The header is not that of the vote's source.
    error OffenceSourceMismatch(bytes32 expected, bytes32 received);

    /// @dev Slot of TransitionTracker that holds the newest transition hash; at a checkpoint, that of the checkpoint.
    bytes32 private constant TRANSITION_SLOT = 0;

    /// @notice The signer of a vote whose transition hash is false under its own source. Reverts if it is true.
    /// @dev For the auxiliary chain the truth is what TransitionTracker holds in the state of the source. The state transition
    ///      writes it at every checkpoint, genesis included, so a source without the slot or the account is no checkpoint of
    ///      this core's chain, and no hash is true under it. For origin the header itself is the truth.
    /// @param domain EIP-712 domain separator of the core.
    /// @param auxiliary Identifier of the core.
    /// @param header RLP of the source's header.
    /// @param accountProof Nodes from the source's state root to the account of TransitionTracker; unused for origin.
    /// @param storageProof Nodes from its storage root to slot 0; unused for origin.
    function requireFalse(
        bytes32 domain,
        bytes32 auxiliary,
        VoteMessage calldata vote,
        bytes calldata signature,
        bytes calldata header,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) internal pure returns (address signer) {
        (bytes32 source, bytes32 stateRoot, uint64 number) = SealedHeader.read(header);
        if (source != vote.source) revert OffenceSourceMismatch(vote.source, source);
        bytes32 truth;
        if (vote.chain == auxiliary) {
            truth = CalldataTrie.storageValueOf(
                stateRoot,
                Predeploys.TRANSITION_TRACKER,
                TRANSITION_SLOT,
                accountProof,
                storageProof
            );
        } else if (vote.chain == ProtocolHashes.originOf(auxiliary)) {
            truth = ProtocolHashes.originTransitionHash(OriginBlock(number, source, stateRoot));
        } else {
            revert Offences.OffenceChainForeign(vote.chain);
        }
        if (truth == vote.transitionHash) revert Offences.OffenceNone();
        return Offences.requireSigner(ProtocolHashes.voteDigest(domain, vote), signature);
    }
}
