// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A number that only grows
contract Counter {
    uint256 public number;

    event Increased(uint256 number);

    error TooFar(uint256 limit);

    function increase(uint256 by) external {
        if (by > 10) revert TooFar(10);
        number += by;
        emit Increased(number);
    }
}
