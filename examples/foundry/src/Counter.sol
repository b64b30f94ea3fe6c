// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Counts, and says so.
contract Counter {
    uint256 public count;

    event Counted(uint256 count);

    error TooFar(uint256 most);

    function add(uint256 steps) external {
        if (steps > 10) revert TooFar(10);
        count += steps;
        emit Counted(count);
    }
}
