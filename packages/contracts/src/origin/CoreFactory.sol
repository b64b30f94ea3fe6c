// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Create2 } from "@openzeppelin/contracts/utils/Create2.sol";

import { CoreParameters } from "./CoreParameters.sol";

/// @title Makes cores at addresses that are known before
/// @notice Everybody who trusts this factory knows that its cores run the one code it was made for.
/// @dev The creation code comes in calldata and is checked by its hash: within the factory it would not fit in the 24,576
///      bytes of EIP-170.
contract CoreFactory {
    /// @notice The creation code is not the one this factory makes cores from.
    error FactoryCreationCodeMismatch(bytes32 expected, bytes32 received);

    /// @notice A core was created.
    event CoreDeployed(address indexed core, address indexed creator, bytes32 salt);

    /// @notice Hash of the creation code of all cores of this factory.
    bytes32 public immutable coreCreationCodeHash;
    /// @notice The arbiter of all cores of this factory.
    address public immutable arbiter;

    /// @param coreCreationCodeHash_ Hash of the core's creation code, without constructor arguments.
    /// @param arbiter_ Contract with the code of {CoreArbiter}.
    constructor(bytes32 coreCreationCodeHash_, address arbiter_) {
        coreCreationCodeHash = coreCreationCodeHash_;
        arbiter = arbiter_;
    }

    /// @notice Creates a core whose creator is the caller.
    /// @param coreCreationCode Creation code of the core, without constructor arguments.
    /// @param parameters What the core never changes.
    /// @param definition JSON document that the auxiliary genesis is made from.
    /// @param salt Any value; the address depends on it and on the caller.
    function createCore(
        bytes calldata coreCreationCode,
        CoreParameters calldata parameters,
        bytes calldata definition,
        bytes32 salt
    ) external returns (address core) {
        core = Create2.deploy(
            0,
            _boundSalt(msg.sender, salt),
            _initCode(coreCreationCode, parameters, msg.sender, definition)
        );
        emit CoreDeployed(core, msg.sender, salt);
    }

    /// @notice The address that {createCore} gives to a core when `creator` calls it.
    function predictCore(
        bytes calldata coreCreationCode,
        CoreParameters calldata parameters,
        address creator,
        bytes calldata definition,
        bytes32 salt
    ) external view returns (address) {
        return Create2.computeAddress(
            _boundSalt(creator, salt),
            keccak256(_initCode(coreCreationCode, parameters, creator, definition))
        );
    }

    function _initCode(
        bytes calldata coreCreationCode,
        CoreParameters calldata parameters,
        address creator,
        bytes calldata definition
    ) private view returns (bytes memory) {
        bytes32 received = keccak256(coreCreationCode);
        if (received != coreCreationCodeHash) {
            revert FactoryCreationCodeMismatch(coreCreationCodeHash, received);
        }
        return bytes.concat(coreCreationCode, abi.encode(parameters, arbiter, creator, definition));
    }

    /// @dev Binds the salt to the caller: nobody can take the address of another's core.
    function _boundSalt(address creator, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(creator, salt));
    }
}
