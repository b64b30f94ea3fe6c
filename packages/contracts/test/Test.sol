// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Vm } from "./Vm.sol";

/// @dev What all tests share: cheat codes and comparisons.
abstract contract Test {
    error NotEqual(bytes32 left, bytes32 right);
    error NotTrue(string what);

    Vm internal constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function assertEq(uint256 left, uint256 right) internal pure {
        if (left != right) revert NotEqual(bytes32(left), bytes32(right));
    }

    function assertEq(bytes32 left, bytes32 right) internal pure {
        if (left != right) revert NotEqual(left, right);
    }

    function assertEq(address left, address right) internal pure {
        assertEq(uint256(uint160(left)), uint256(uint160(right)));
    }

    function assertEq(bool left, bool right) internal pure {
        if (left != right) {
            revert NotEqual(bytes32(uint256(left ? 1 : 0)), bytes32(uint256(right ? 1 : 0)));
        }
    }

    function assertTrue(bool holds, string memory what) internal pure {
        if (!holds) revert NotTrue(what);
    }

    /// @dev A signature of 64 bytes, EIP-2098.
    function signCompact(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        return abi.encodePacked(r, bytes32((uint256(v - 27) << 255) | uint256(s)));
    }

    /// @dev The malleated twin of a signature, with high s.
    function malleate(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        return abi.encodePacked(r, bytes32(order - uint256(s)), uint8(v == 27 ? 28 : 27));
    }
}
