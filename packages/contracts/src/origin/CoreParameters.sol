// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { Reputation } from "../reputation/Reputation.sol";

/// @notice What a core is created with and never changes.
/// @param token The staked token.
/// @param reputation Decides how much of each stake counts.
/// @param minimumStake Least stake of a validator, in base units of the token.
/// @param auxiliaryChainId Chain id of the auxiliary chain.
/// @param epochLength Blocks between checkpoints of the auxiliary chain.
/// @param originEpochLength Blocks between checkpoints of origin.
/// @param maxVoteAge Checkpoints after its target for which a vote counts on the auxiliary chain.
/// @param gasTarget Auxiliary gas at which a meta-block is to be closed.
/// @param challengePeriod Seconds between proposal and commit, at least.
/// @param withdrawalDelay Seconds between the removal of a validator and the withdrawal of its stake, at least.
/// @param proposalBond Wei that a proposal is made with.
/// @param maxJoins Validators that can join per meta-block height.
/// @param maxLogouts Validators that can log out per meta-block height.
/// @param reporterShare Share of a slashed stake that the reporter receives, in basis points; the rest is burned.
/// @param missedDynastyLoss Part of their stake that the validators of a height lose for each dynasty by which they missed their
///        gas target, in millionths.
struct CoreParameters {
    IERC20 token;
    Reputation reputation;
    uint96 minimumStake;
    uint64 auxiliaryChainId;
    uint64 epochLength;
    uint64 originEpochLength;
    uint64 maxVoteAge;
    uint64 gasTarget;
    uint64 challengePeriod;
    uint64 withdrawalDelay;
    uint96 proposalBond;
    uint16 maxJoins;
    uint16 maxLogouts;
    uint16 reporterShare;
    uint32 missedDynastyLoss;
}
