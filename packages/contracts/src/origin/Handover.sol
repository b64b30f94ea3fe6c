// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title A contract whose other functions another contract has
abstract contract Handover {
    /// @dev Runs the code of `target` on this contract's storage, with calldata and result as they are. Does not return.
    function _handOver(address target) internal {
        // Assembly: results of any size.
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let done := delegatecall(gas(), target, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if iszero(done) { revert(free, returndatasize()) }
            return(free, returndatasize())
        }
    }
}
