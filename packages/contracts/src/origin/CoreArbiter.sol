// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Conflicts } from "./Conflicts.sol";
import { Withdrawals } from "./Withdrawals.sol";

/// @title What a core does rarely: judge offences, halt, and pay back
/// @notice Second part of the code of every core: a core hands over each function that it does not have itself. Called
///         directly, these functions find no core and revert, or change nothing but storage that nobody reads.
/// @dev Has no state of its own; one arbiter serves all cores.
contract CoreArbiter is Conflicts, Withdrawals { }
