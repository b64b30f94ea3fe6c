// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The 32-byte word of one validator seat
/// @dev Address 160 ‖ rear 1 ‖ forward 1 ‖ weight 94 bits, from the most significant. Zero is an empty seat.
///      Spec: docs/protocol.md §2.
library ValidatorWord {
    uint256 internal constant FORWARD = 1 << 94;
    uint256 internal constant REAR = 1 << 95;
    uint256 internal constant WEIGHT_MASK = FORWARD - 1;

    /// @notice The word of a validator that counts in neither set yet.
    function encode(address validator, uint256 weight) internal pure returns (uint256) {
        return (uint256(uint160(validator)) << 96) | weight;
    }

    /// @notice The word of a seat in a set; the caller keeps to the number of seats.
    function atSeat(bytes calldata validatorSet, uint256 seat)
        internal
        pure
        returns (uint256 word)
    {
        // Assembly: twice per seat and commit; a checked slice costs five times as much.
        assembly ("memory-safe") {
            word := calldataload(add(validatorSet.offset, shl(5, seat)))
        }
    }

    /// @notice The validator in the seat; zero when it is empty.
    function validatorOf(uint256 word) internal pure returns (address) {
        return address(uint160(word >> 96));
    }

    /// @notice What the seat adds to the forward weight.
    function forwardWeight(uint256 word) internal pure returns (uint256) {
        return word & FORWARD == 0 ? 0 : word & WEIGHT_MASK;
    }

    /// @notice What the seat adds to the rear weight.
    function rearWeight(uint256 word) internal pure returns (uint256) {
        return word & REAR == 0 ? 0 : word & WEIGHT_MASK;
    }
}
