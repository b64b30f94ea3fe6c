// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CoreState } from "./CoreState.sol";

/// @title Wei that is put up and comes back
abstract contract Bonds is CoreState {
    /// @notice The transition is not proposed for the open height.
    error CoreProposalUnknown(bytes32 transitionHash);
    /// @notice The proposal's height is still open.
    error CoreProposalNotStale(bytes32 transitionHash);
    /// @notice Nothing is owed to the caller.
    error CoreNoBond(address proposer);
    /// @notice The recipient refused the payment.
    error CoreBondRefused(address recipient);

    /// @notice A bond was paid back, or is owed because the proposer took no payment.
    event BondReturned(address indexed proposer, uint256 bond, bool paid);

    /// @dev Pays with the stipend of 2,300 gas only, and owes what was not taken: no recipient can block others.
    function _returnBond(address proposer, uint256 bond) internal {
        if (bond == 0) return;
        (bool paid,) = proposer.call{ value: bond, gas: 0 }("");
        if (!paid) _bondsOwed[proposer] += bond;
        emit BondReturned(proposer, bond, paid);
    }
}
