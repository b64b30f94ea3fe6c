// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Reputation } from "./Reputation.sol";

/// @title Weights from stakes and reputations
/// @notice Asks a contract that nobody vouches for: whatever it does, the caller goes on, with a value in range or with none.
/// @dev Spec: §2.7, eq. 3; docs/protocol.md §5, "Reputation".
library ReputationFunction {
    /// @notice R = 1.
    uint256 internal constant WHOLE = 10_000;
    /// @notice Most gas that an answer may take.
    uint256 internal constant GAS = 100_000;

    /// @notice A validator's weight: its stake times its reputation, rounded down.
    /// @dev Twin of `reputedWeight` in packages/finality.
    function weigh(uint256 stake, uint256 reputation) internal pure returns (uint256) {
        return stake * (reputation > WHOLE ? WHOLE : reputation) / WHOLE;
    }

    /// @notice R of a validator, 10,000 at most. No answer is a call that fails, or less than one word.
    /// @dev Who brings so little gas that the contract fails by it has a 64th of that left (EIP-150): the caller has to do more
    ///      afterwards than 1,600 gas can pay for, or to revert.
    /// @param reputation The contract that is asked; the other parameters are those of {Reputation}.
    function ask(Reputation reputation, address validator, uint64 startHeight, uint64 height)
        internal
        view
        returns (bool isAnswered, uint256 value)
    {
        bytes memory question = abi.encodeCall(
            Reputation.reputationOf, (address(this), validator, startHeight, height)
        );
        uint256 gasLimit = GAS;
        // Assembly: of an answer no more than one word is copied, whatever its length.
        assembly ("memory-safe") {
            isAnswered := staticcall(
                gasLimit,
                reputation,
                add(question, 0x20),
                mload(question),
                0,
                0x20
            )
            isAnswered := and(isAnswered, gt(returndatasize(), 0x1f))
            if isAnswered { value := mload(0) }
        }
        if (value > WHOLE) value = WHOLE;
    }
}
