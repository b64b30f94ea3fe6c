// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CompactSignature } from "../protocol/CompactSignature.sol";

/// @title The votes that seal a meta-block
/// @dev Spec: docs/protocol.md §2, §5.
library Seal {
    /// @notice A signer's bit lies beyond the last seat.
    error SealSeatOutOfRange(uint256 index, uint256 seats);
    /// @notice A signer's seat is empty.
    error SealSeatEmpty(uint256 index);
    /// @notice A signature is not by the validator in the seat, or has a high s.
    error SealSignatureInvalid(uint256 index, address expected, address recovered);
    /// @notice There are not exactly 64 bytes of signature per signer.
    error SealSignaturesLength(uint256 expected, uint256 received);

    /// @notice Weights of the validators that signed a digest, each once by the form of the bitmap.
    /// @param digest What they signed.
    /// @param validatorSet Validator words in index order.
    /// @param signers One bit per seat, 256 to a word, the lowest bit first.
    /// @param signatures 64 bytes (EIP-2098) per signer, in index order.
    /// @return forward Sum over the forward set.
    /// @return rear Sum over the rear set.
    function weigh(
        bytes32 digest,
        bytes calldata validatorSet,
        uint256[] calldata signers,
        bytes calldata signatures
    ) internal view returns (uint256 forward, uint256 rear) {
        uint256 failed;
        uint256 recovered;
        uint256 used;
        uint256 halfOrder = CompactSignature.HALF_ORDER;
        // Assembly: the loop runs once per validator and is most of a commit's gas; 4,400 per vote, of which 4,124 are the
        // precompile and the calldata. `failed` is one above the index at which it stopped.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, digest)
            let signature := signatures.offset
            for { let block_ := 0 } lt(block_, signers.length) { block_ := add(block_, 1) } {
                let bits := calldataload(add(signers.offset, shl(5, block_)))
                for { let i := shl(8, block_) } bits {
                    bits := shr(1, bits)
                    i := add(i, 1)
                } {
                    if iszero(and(bits, 1)) { continue }
                    let seat := shl(5, i)
                    if iszero(lt(seat, validatorSet.length)) {
                        failed := add(i, 1)
                        break
                    }
                    let word := calldataload(add(validatorSet.offset, seat))
                    let vs := calldataload(add(signature, 0x20))
                    let s := shr(1, shl(1, vs))
                    mstore(add(input, 0x20), add(27, shr(255, vs)))
                    mstore(add(input, 0x40), calldataload(signature))
                    mstore(add(input, 0x60), s)
                    mstore(0, 0)
                    pop(staticcall(gas(), 1, input, 0x80, 0, 0x20))
                    recovered := mload(0)
                    if or(gt(s, halfOrder), or(iszero(word), xor(recovered, shr(96, word)))) {
                        failed := add(i, 1)
                        break
                    }
                    signature := add(signature, 0x40)
                    let weight := and(word, 0x3fffffffffffffffffffffff)
                    forward := add(forward, mul(weight, and(1, shr(94, word))))
                    rear := add(rear, mul(weight, and(1, shr(95, word))))
                }
                if failed { break }
            }
            used := sub(signature, signatures.offset)
        }
        if (failed != 0) _refuse(failed - 1, validatorSet, recovered);
        if (used != signatures.length) revert SealSignaturesLength(used, signatures.length);
    }

    function _refuse(uint256 index, bytes calldata validatorSet, uint256 recovered) private pure {
        uint256 seats = validatorSet.length / 32;
        if (index >= seats) revert SealSeatOutOfRange(index, seats);
        bytes32 word = bytes32(validatorSet[32 * index:32 * index + 32]);
        if (word == 0) revert SealSeatEmpty(index);
        revert SealSignatureInvalid(index, address(bytes20(word)), address(uint160(recovered)));
    }
}
