// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Reputation } from "./Reputation.sol";
import { ReputationFunction } from "./ReputationFunction.sol";

/// @title Nobody stays for ever
/// @notice Every validator, honest or not, counts whole for a number of heights and not at all afterwards: churn makes it hard to keep
///         more than a third of the weight together. The number is drawn from the validator's address, the height at which it
///         joined and the core, so that those who join together do not leave together.
/// @dev Spec: §2.7, "finite (probabilistic) lifetime". A drawn number is known before the stake is paid in: who tries many
///      addresses comes close to `lifetime + spread`, nobody over it.
contract FiniteLifetimeReputation is Reputation {
    /// @notice Nobody would ever be in both sets of a height, or the heights would not fit in 64 bits.
    error LifetimeOutOfBounds(uint64 lifetime, uint64 spread);

    /// @notice Heights for which every validator counts.
    uint64 public immutable lifetime;
    /// @notice Most heights that are drawn in addition.
    uint64 public immutable spread;

    uint64 private constant MAX_HEIGHTS = 1 << 48;

    /// @param lifetime_ Heights for which every validator counts; 2 at least: in its first it is not in the rear set yet, and the
    ///        genesis set begins at height 0, which nobody votes for.
    /// @param spread_ Most heights that are drawn in addition.
    constructor(uint64 lifetime_, uint64 spread_) {
        if (lifetime_ < 2 || lifetime_ > MAX_HEIGHTS || spread_ > MAX_HEIGHTS) {
            revert LifetimeOutOfBounds(lifetime_, spread_);
        }
        lifetime = lifetime_;
        spread = spread_;
    }

    /// @inheritdoc Reputation
    function reputationOf(address core, address validator, uint64 startHeight, uint64 height)
        external
        view
        returns (uint256)
    {
        uint256 end = startHeight + lifetimeOf(core, validator, startHeight);
        return height < end ? ReputationFunction.WHOLE : 0;
    }

    /// @notice Heights for which a validator counts.
    function lifetimeOf(address core, address validator, uint64 startHeight)
        public
        view
        returns (uint256)
    {
        uint256 drawn = uint256(keccak256(abi.encode(core, validator, startHeight)));
        return lifetime + drawn % (uint256(spread) + 1);
    }
}
