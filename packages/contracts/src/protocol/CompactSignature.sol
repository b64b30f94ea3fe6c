// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Signatures as this protocol accepts them
/// @dev 64 bytes (EIP-2098: r ‖ yParityAndS) or 65 (r ‖ s ‖ v with v in {27, 28}); s at most half the curve order, so
///      that nobody can make a second signature from a first. Spec: docs/protocol.md §2.
library CompactSignature {
    /// @dev Half the order of secp256k1, rounded down.
    uint256 internal constant HALF_ORDER =
        0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    uint256 private constant S_MASK = type(uint256).max >> 1;

    /// @notice Brings a signature of either length into the two words of EIP-2098.
    /// @return wellFormed False when the length or v is neither of the two forms; the words are zero then.
    /// @return r The word r.
    /// @return yParityAndS The parity of y in the highest bit, then s.
    function toWords(bytes calldata signature)
        internal
        pure
        returns (bool wellFormed, bytes32 r, bytes32 yParityAndS)
    {
        if (signature.length == 64) {
            return (true, bytes32(signature[0:32]), bytes32(signature[32:64]));
        }
        if (signature.length != 65) return (false, 0, 0);
        uint256 s = uint256(bytes32(signature[32:64]));
        uint256 v = uint8(signature[64]);
        if ((v != 27 && v != 28) || s > S_MASK) return (false, 0, 0);
        return (true, bytes32(signature[0:32]), bytes32(((v - 27) << 255) | s));
    }

    /// @notice The signer of a digest; zero when the signature is not valid.
    function recover(bytes32 digest, bytes32 r, bytes32 yParityAndS)
        internal
        pure
        returns (address)
    {
        uint256 s = uint256(yParityAndS) & S_MASK;
        if (s > HALF_ORDER) return address(0);
        return ecrecover(digest, uint8(27 + (uint256(yParityAndS) >> 255)), r, bytes32(s));
    }
}
