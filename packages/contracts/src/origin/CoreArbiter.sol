// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Challenges } from "./Challenges.sol";
import { Conflicts } from "./Conflicts.sol";
import { CoreKeeper } from "./CoreKeeper.sol";
import { Handover } from "./Handover.sol";

/// @title What a core does rarely: judge offences and challenges, and halt
/// @notice Second part of the code of every core: a core hands over each function that it does not have itself. Called
///         directly, these functions find no core and revert, or change nothing but storage that nobody reads.
/// @dev Has no state of its own; one arbiter serves all cores. What it has not either, its keeper has.
contract CoreArbiter is Conflicts, Challenges, Handover {
    /// @notice Third part of the code of every core.
    address public immutable keeper;

    /// @notice Creates the keeper.
    constructor() {
        keeper = address(new CoreKeeper());
    }

    /// @notice Runs the code of the keeper.
    fallback() external {
        _handOver(keeper);
    }
}
