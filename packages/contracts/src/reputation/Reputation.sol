// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What decides how much of a validator's stake counts
/// @notice The reputation function R of §2.7, eq. 3: weight = stake · R.
/// @dev Called with 100,000 gas at most, and without the right to change anything. What a core makes of answers, and of none:
///      docs/protocol.md §5, "Reputation".
interface Reputation {
    /// @notice R of a validator for a meta-block height, in basis points: 0 to 10,000. More counts as 10,000.
    /// @param core The core that asks.
    /// @param validator The validator.
    /// @param startHeight Its first meta-block height n_0; 0 for the genesis set.
    /// @param height The height n whose weight is asked for, not below `startHeight`.
    function reputationOf(address core, address validator, uint64 startHeight, uint64 height)
        external
        view
        returns (uint256);
}
