// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CompactSignature } from "./CompactSignature.sol";
import { ProtocolHashes } from "./ProtocolHashes.sol";
import { VoteMessage } from "./Types.sol";

/// @notice The slashing conditions, by number; `None` where no condition is broken.
enum Offence {
    None,
    DoubleVote,
    SurroundVote,
    ContradictingTransition,
    FalseTransition
}

/// @title The slashing conditions that two votes can break together
/// @dev Spec: §2.2; docs/protocol.md §3. Twin of packages/finality/src/offence.ts. Used on both chains.
library Offences {
    /// @notice A signature is not valid: wrong length, wrong v, high s, or by nobody.
    error OffenceSignatureInvalid();
    /// @notice The two messages are signed by different validators.
    error OffenceSignersDiffer(address first, address second);
    /// @notice The message is about a chain that this core does not vote about.
    error OffenceChainForeign(bytes32 chain);
    /// @notice The two messages break no slashing condition.
    error OffenceNone();

    /// @notice The signer of two votes that break a slashing condition together. Reverts if there is none.
    /// @param domain EIP-712 domain separator of the core.
    /// @param auxiliary Identifier of the core.
    /// @param origin Identifier of the origin.
    function requireOffence(
        bytes32 domain,
        bytes32 auxiliary,
        bytes32 origin,
        VoteMessage calldata first,
        bytes calldata firstSignature,
        VoteMessage calldata second,
        bytes calldata secondSignature
    ) internal pure returns (address signer, Offence offence) {
        bytes32 firstDigest;
        bytes32 secondDigest;
        (firstDigest, secondDigest, offence) =
            requireConflict(domain, auxiliary, origin, first, second);
        signer = requireSigner(firstDigest, firstSignature);
        address other = requireSigner(secondDigest, secondSignature);
        if (signer != other) revert OffenceSignersDiffer(signer, other);
    }

    /// @notice The digests of two messages that nobody may sign both, and the condition that this would break. Reverts if there
    ///         is none.
    /// @param domain EIP-712 domain separator of the core.
    /// @param auxiliary Identifier of the core.
    /// @param origin Identifier of the origin.
    function requireConflict(
        bytes32 domain,
        bytes32 auxiliary,
        bytes32 origin,
        VoteMessage calldata first,
        VoteMessage calldata second
    ) internal pure returns (bytes32 firstDigest, bytes32 secondDigest, Offence offence) {
        if (first.chain != auxiliary && first.chain != origin) {
            revert OffenceChainForeign(first.chain);
        }
        firstDigest = ProtocolHashes.voteDigest(domain, first);
        secondDigest = ProtocolHashes.voteDigest(domain, second);
        offence = firstDigest == secondDigest ? Offence.None : find(first, second);
        if (offence == Offence.None) revert OffenceNone();
    }

    /// @notice The first condition that two different messages break, in either order.
    function find(VoteMessage calldata first, VoteMessage calldata second)
        internal
        pure
        returns (Offence)
    {
        if (first.chain != second.chain) return Offence.None;
        if (first.targetHeight == second.targetHeight) return Offence.DoubleVote;
        if (_surrounds(first, second) || _surrounds(second, first)) return Offence.SurroundVote;
        bool contradicts =
            first.source == second.source && first.transitionHash != second.transitionHash;
        return contradicts ? Offence.ContradictingTransition : Offence.None;
    }

    /// @notice The signer of a digest, never zero.
    function requireSigner(bytes32 digest, bytes calldata signature)
        internal
        pure
        returns (address signer)
    {
        (bool wellFormed, bytes32 r, bytes32 yParityAndS) = CompactSignature.toWords(signature);
        if (wellFormed) signer = CompactSignature.recover(digest, r, yParityAndS);
        if (signer == address(0)) revert OffenceSignatureInvalid();
    }

    function _surrounds(VoteMessage calldata outer, VoteMessage calldata inner)
        private
        pure
        returns (bool)
    {
        return outer.sourceHeight < inner.sourceHeight && inner.targetHeight < outer.targetHeight;
    }
}
