// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token to stake on development networks
/// @dev Its owner makes as much of it as it likes: for devnets and tests only.
contract DevnetToken is ERC20, Ownable {
    /// @param owner Who may mint.
    constructor(address owner) ERC20("Mosaic Devnet Token", "MDT") Ownable(owner) { }

    /// @notice Makes new tokens.
    function mint(address account, uint256 amount) external onlyOwner {
        _mint(account, amount);
    }
}
