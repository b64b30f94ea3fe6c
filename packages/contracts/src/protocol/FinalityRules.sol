// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The rule of the supermajority
/// @dev Spec: docs/protocol.md §3. Twin of packages/finality.
library FinalityRules {
    /// @notice Whether `voted` is strictly more than two thirds of `total`; never true of an empty set.
    /// @dev Multiplies instead of dividing, so nothing is rounded. Weights are below 2^128.
    function isSupermajority(uint256 voted, uint256 total) internal pure returns (bool) {
        return total != 0 && voted * 3 > total * 2;
    }
}
