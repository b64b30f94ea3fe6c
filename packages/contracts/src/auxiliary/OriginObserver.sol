// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CalldataRlp } from "../protocol/CalldataRlp.sol";
import { Predeploys } from "../protocol/Predeploys.sol";
import { OriginBlock } from "../protocol/Types.sol";
import { AuxiliaryConfiguration } from "./AuxiliaryConfiguration.sol";
import { HeaderRlp } from "./HeaderRlp.sol";

/// @title What the auxiliary chain knows of origin
/// @notice Takes headers of origin's checkpoints from anybody. A report alone means nothing: validators vote only for
///         headers they know to be origin's, and the finality gadget decides by their votes.
/// @dev Spec: docs/protocol.md §3.
contract OriginObserver {
    /// @notice The header's number is no checkpoint above the root.
    error ObserverNotACheckpoint(uint64 number, uint64 rootNumber, uint64 originEpochLength);
    /// @notice Only the finality gadget may finalize.
    error ObserverNotGadget(address caller);

    /// @notice A header was reported for the first time.
    event HeaderReported(
        uint64 indexed number, bytes32 indexed blockHash, bytes32 stateRoot, address reporter
    );
    /// @notice An observation became final.
    event ObservationFinalized(uint64 indexed number, bytes32 indexed blockHash, bytes32 stateRoot);

    /// @dev Reported headers and the root. The state root is never zero for a known hash.
    mapping(bytes32 blockHash => OriginBlock) private _observations;
    mapping(uint64 number => bytes32 stateRoot) private _finalizedStateRoots;
    bytes32 private _latestFinalizedHash;

    uint64 private immutable _originEpochLength;
    uint64 private immutable _rootNumber;

    /// @param configuration The chain's configuration.
    constructor(AuxiliaryConfiguration memory configuration) {
        _originEpochLength = configuration.originEpochLength;
        _rootNumber = configuration.originRootNumber;
        _observations[configuration.originRootHash] = OriginBlock({
            number: configuration.originRootNumber,
            blockHash: configuration.originRootHash,
            stateRoot: configuration.originRootStateRoot
        });
        _finalizedStateRoots[configuration.originRootNumber] = configuration.originRootStateRoot;
        _latestFinalizedHash = configuration.originRootHash;
    }

    /// @notice Records the header of an origin checkpoint. Reporting one again changes nothing.
    /// @param header RLP of the header, of any fork.
    /// @return blockHash The header's hash.
    function reportHeader(bytes calldata header) external returns (bytes32 blockHash) {
        (uint64 number, bytes32 stateRoot) = HeaderRlp.read(header);
        if (number % _originEpochLength != 0 || number <= _rootNumber) {
            revert ObserverNotACheckpoint(number, _rootNumber, _originEpochLength);
        }
        blockHash = CalldataRlp.hashOf(header);
        if (_observations[blockHash].stateRoot != 0) return blockHash;
        _observations[blockHash] = OriginBlock(number, blockHash, stateRoot);
        emit HeaderReported(number, blockHash, stateRoot, msg.sender);
    }

    /// @notice Takes over what the finality gadget finalized.
    function finalize(bytes32 blockHash) external {
        if (msg.sender != Predeploys.FINALITY_GADGET) revert ObserverNotGadget(msg.sender);
        OriginBlock memory observed = _observations[blockHash];
        _finalizedStateRoots[observed.number] = observed.stateRoot;
        if (observed.number > _observations[_latestFinalizedHash].number) {
            _latestFinalizedHash = blockHash;
        }
        emit ObservationFinalized(observed.number, blockHash, observed.stateRoot);
    }

    /// @notice A reported header or the root; all zero if the hash is unknown.
    function observation(bytes32 blockHash) external view returns (OriginBlock memory) {
        return _observations[blockHash];
    }

    /// @notice The highest finalized observation.
    function latestFinalized() external view returns (OriginBlock memory) {
        return _observations[_latestFinalizedHash];
    }

    /// @notice State root of a finalized observation; zero if none is final at that block number.
    function finalizedStateRoot(uint64 number) external view returns (bytes32) {
        return _finalizedStateRoots[number];
    }
}
