// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import { CoreKeeper } from "../src/origin/CoreKeeper.sol";

/// @dev Tokens that do not do what an ERC-20 promises.
contract FalseReturningToken is ERC20("False", "F") {
    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}

contract FeeToken is ERC20("Fee", "F") {
    constructor(address holder) {
        _mint(holder, 1e30);
    }

    function _update(address from, address to, uint256 amount) internal override {
        bool isTransfer = from != address(0) && to != address(0);
        super._update(from, to, isTransfer ? amount - amount / 100 : amount);
        if (isTransfer) super._update(from, address(0), amount / 100);
    }
}

/// @dev Calls the core again while the core waits for the transfer.
contract ReentrantToken is ERC20("Reentrant", "R") {
    address public victim;

    constructor(address holder) {
        _mint(holder, 1e30);
    }

    function attack(address victim_) external {
        victim = victim_;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (victim != address(0)) {
            address inner = address(0xbad);
            victim = address(0);
            CoreKeeper(to).deposit(inner, inner, amount, "");
        }
        return super.transferFrom(from, to, amount);
    }
}

/// @dev Refuses all payments.
contract BondRefuser {
    receive() external payable {
        revert();
    }

    function forward(address target, uint256 value, bytes calldata data)
        external
        returns (bytes memory)
    {
        (bool done, bytes memory result) = target.call{ value: value }(data);
        require(done);
        return result;
    }
}
