// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CompactSignature } from "../protocol/CompactSignature.sol";
import { ValidatorWord } from "../protocol/ValidatorWord.sol";

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
        (uint256 faults, uint256 used) = (0, 0);
        uint256 halfOrder = CompactSignature.HALF_ORDER;
        // Assembly: the loop runs once per validator and is most of a commit's gas. Nothing is decided within it: faults are
        // gathered, and looked for one by one only if there are any. Bits beyond the last seat are faults of their whole word.
        assembly ("memory-safe") {
            let input := mload(0x40)
            let parity := add(input, 0x20)
            let inputR := add(input, 0x40)
            let inputS := add(input, 0x60)
            mstore(input, digest)
            let signature := signatures.offset
            let end := add(validatorSet.offset, validatorSet.length)
            for { let block_ := 0 } lt(block_, signers.length) { block_ := add(block_, 1) } {
                let bits := calldataload(add(signers.offset, shl(5, block_)))
                let seat := add(validatorSet.offset, shl(13, block_))
                // Shifts by 256 and more give zero; no seats are left in a word that begins at the end.
                let left := mul(lt(seat, end), shr(5, sub(end, seat)))
                faults := or(faults, shr(left, bits))
                for { } bits {
                    bits := shr(1, bits)
                    seat := add(seat, 0x20)
                } {
                    if iszero(and(bits, 1)) { continue }
                    let word := calldataload(seat)
                    let vs := calldataload(add(signature, 0x20))
                    let s := shr(1, shl(1, vs))
                    mstore(parity, add(27, shr(255, vs)))
                    mstore(inputR, calldataload(signature))
                    mstore(inputS, s)
                    mstore(0, 0)
                    pop(staticcall(gas(), 1, input, 0x80, 0, 0x20))
                    faults := or(
                        faults,
                        or(gt(s, halfOrder), or(iszero(word), xor(mload(0), shr(96, word))))
                    )
                    signature := add(signature, 0x40)
                    let weight := and(word, 0x3fffffffffffffffffffffff)
                    forward := add(forward, mul(weight, and(1, shr(94, word))))
                    rear := add(rear, mul(weight, and(1, shr(95, word))))
                }
            }
            used := sub(signature, signatures.offset)
        }
        if (faults != 0) _refuse(digest, validatorSet, signers, signatures);
        if (used != signatures.length) revert SealSignaturesLength(used, signatures.length);
    }

    /// @dev Names the first fault.
    function _refuse(
        bytes32 digest,
        bytes calldata validatorSet,
        uint256[] calldata signers,
        bytes calldata signatures
    ) private pure {
        uint256 seats = validatorSet.length / 32;
        uint256 position;
        for (uint256 index; index < 256 * signers.length; ++index) {
            if ((signers[index >> 8] >> (index & 0xff)) & 1 == 0) continue;
            if (index >= seats) revert SealSeatOutOfRange(index, seats);
            uint256 word = ValidatorWord.atSeat(validatorSet, index);
            if (word == 0) revert SealSeatEmpty(index);
            if (position + 64 > signatures.length) {
                revert SealSignaturesLength(position + 64, signatures.length);
            }
            address expected = ValidatorWord.validatorOf(word);
            address recovered = CompactSignature.recover(
                digest,
                bytes32(signatures[position:position + 32]),
                bytes32(signatures[position + 32:position + 64])
            );
            if (recovered != expected) revert SealSignatureInvalid(index, expected, recovered);
            position += 64;
        }
    }
}
