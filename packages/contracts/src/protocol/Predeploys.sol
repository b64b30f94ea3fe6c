// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Fixed addresses of the auxiliary chain
/// @dev Spec: docs/protocol.md §4.
library Predeploys {
    address internal constant TRANSITION_TRACKER = 0x0000000000000000000000000000000000004D00;
    address internal constant FINALITY_GADGET = 0x0000000000000000000000000000000000004D01;
    address internal constant ORIGIN_OBSERVER = 0x0000000000000000000000000000000000004d02;
    address internal constant KERNEL_REGISTRY = 0x0000000000000000000000000000000000004D03;

    /// @dev Who makes the call at the end of a block.
    address internal constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
}
