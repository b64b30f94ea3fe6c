// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Counter} from "../src/Counter.sol";

/// @notice What forge offers to scripts, as far as this one needs it; projects have it from forge-std.
interface Vm {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// @notice Deploys a counter, and counts to two.
contract Deploy {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function run() external returns (Counter counter) {
        VM.startBroadcast();
        counter = new Counter();
        counter.add(2);
        VM.stopBroadcast();
    }
}
