// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Reputation } from "./Reputation.sol";
import { ReputationFunction } from "./ReputationFunction.sol";

/// @title Stake alone decides
/// @dev Spec: §2.7, eq. 3 with R = 1.
contract ConstantReputation is Reputation {
    /// @inheritdoc Reputation
    function reputationOf(address, address, uint64, uint64) external pure returns (uint256) {
        return ReputationFunction.WHOLE;
    }
}
