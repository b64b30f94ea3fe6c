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

/// @dev Makes one call within its next transfer, and goes on whatever becomes of it.
contract CallbackToken is ERC20("Callback", "C") {
    address private _target;
    bytes private _call;
    bool public wasCalled;
    bool public hasSucceeded;
    bytes public reason;

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    /// @dev From here on; no target, no call.
    function callBack(address target, bytes calldata call) external {
        (_target, _call, wasCalled, hasSucceeded) = (target, call, false, false);
    }

    function _update(address from, address to, uint256 amount) internal override {
        address target = _target;
        bool isTransfer = from != address(0) && to != address(0);
        if (isTransfer && target != address(0)) {
            _target = address(0);
            wasCalled = true;
            (hasSucceeded, reason) = target.call(_call);
        }
        super._update(from, to, amount);
    }
}

/// @dev Takes a bond, and tries to have it again while it does.
contract ReentrantBondTaker {
    CoreKeeper private immutable _core;
    bytes32 private _transitionHash;
    bool public wasRefused;

    constructor(CoreKeeper core) {
        _core = core;
    }

    receive() external payable {
        if (_transitionHash != 0) {
            try _core.reclaimBond(_transitionHash) {
                return;
            } catch { }
        }
        try _core.claimBonds(payable(address(this))) { }
        catch {
            wasRefused = true;
        }
    }

    function aim(bytes32 transitionHash) external {
        _transitionHash = transitionHash;
    }

    function claim() external {
        _core.claimBonds(payable(address(this)));
    }
}

/// @dev Burns all gas it is given when it is paid.
contract GreedyBondTaker {
    receive() external payable {
        for (uint256 i;; ++i) { }
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
