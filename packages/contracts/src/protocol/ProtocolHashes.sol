// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Kernel, OriginBlock, TransitionObject, VoteMessage } from "./Types.sol";

/// @title Hashes of the protocol's messages
/// @dev Spec: docs/protocol.md §2. Twin of packages/protocol; both agree on every vector in the tests.
library ProtocolHashes {
    bytes32 internal constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 internal constant VOTE_TYPEHASH = keccak256(
        "VoteMessage(bytes32 chain,bytes32 transitionHash,bytes32 source,bytes32 target,uint64 sourceHeight,uint64 targetHeight)"
    );
    bytes32 internal constant TRANSITION_TYPEHASH = keccak256(
        "TransitionObject(uint64 dynasty,uint64 originBlockNumber,bytes32 originBlockHash,bytes32 accumulatedTransactionRoot,uint64 accumulatedGas,bytes32 kernelHash)"
    );
    bytes32 internal constant ORIGIN_TRANSITION_TYPEHASH =
        keccak256("OriginTransitionObject(uint64 blockNumber,bytes32 blockHash,bytes32 stateRoot)");
    bytes32 internal constant KERNEL_TYPEHASH = keccak256(
        "Kernel(uint64 height,bytes32 parent,bytes32 validatorSetHash,bytes32 updatesHash,uint64 gasTarget,uint128 forwardWeight,uint128 rearWeight)"
    );
    bytes32 internal constant META_BLOCK_TYPEHASH =
        keccak256("MetaBlock(bytes32 kernelHash,bytes32 transitionHash)");
    bytes32 internal constant REGISTRATION_TYPEHASH =
        keccak256("Registration(address validator,address withdrawal)");

    bytes32 private constant NAME_HASH = keccak256("Mosaic");
    bytes32 private constant VERSION_HASH = keccak256("1");

    /// @notice The identifier of a core; of the origin itself when `core` is zero.
    function coreIdentifier(uint96 originChainId, address core) internal pure returns (bytes32) {
        return bytes32((uint256(originChainId) << 160) | uint160(core));
    }

    /// @notice The identifier of the origin that a core is on.
    function originOf(bytes32 core) internal pure returns (bytes32) {
        return core & ~bytes32(uint256(type(uint160).max));
    }

    /// @notice The EIP-712 domain separator of a core.
    function domainSeparator(uint96 originChainId, address core) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, uint256(originChainId), core)
        );
    }

    /// @notice The EIP-712 digest of a struct hash under a domain.
    function typedDataDigest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @notice The digest that a validator signs for a vote; it names the link.
    function voteDigest(bytes32 domain, VoteMessage memory vote) internal pure returns (bytes32) {
        return typedDataDigest(domain, keccak256(abi.encode(VOTE_TYPEHASH, vote)));
    }

    /// @notice The digest that a validator signs to be registered by somebody else.
    function registrationDigest(bytes32 domain, address validator, address withdrawal)
        internal
        pure
        returns (bytes32)
    {
        return typedDataDigest(
            domain, keccak256(abi.encode(REGISTRATION_TYPEHASH, validator, withdrawal))
        );
    }

    /// @notice Hash of the transition object of an auxiliary checkpoint.
    function transitionHash(TransitionObject memory transition) internal pure returns (bytes32) {
        return keccak256(abi.encode(TRANSITION_TYPEHASH, transition));
    }

    /// @notice Hash of the transition object of an origin checkpoint.
    function originTransitionHash(OriginBlock memory observed) internal pure returns (bytes32) {
        return keccak256(abi.encode(ORIGIN_TRANSITION_TYPEHASH, observed));
    }

    /// @notice Hash of a kernel.
    function kernelHash(Kernel memory kernel) internal pure returns (bytes32) {
        return keccak256(abi.encode(KERNEL_TYPEHASH, kernel));
    }

    /// @notice Hash of the meta-block that closes a kernel with a transition.
    function metaBlockHash(bytes32 kernel, bytes32 transition) internal pure returns (bytes32) {
        return keccak256(abi.encode(META_BLOCK_TYPEHASH, kernel, transition));
    }
}
