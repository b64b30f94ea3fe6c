// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Deposits } from "./Deposits.sol";
import { OriginAnchors } from "./OriginAnchors.sol";
import { Withdrawals } from "./Withdrawals.sol";

/// @title What a core keeps for others: stakes on their way in and out, rewards, bonds, and hashes of origin
/// @notice Third part of the code of every core; see {CoreArbiter}.
/// @dev Has no state of its own; made by the arbiter, and serves the same cores.
contract CoreKeeper is Deposits, Withdrawals, OriginAnchors { }
