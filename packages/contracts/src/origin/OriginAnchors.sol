// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CalldataTrie } from "../protocol/CalldataTrie.sol";
import { SealedHeader } from "../protocol/SealedHeader.sol";
import { OriginHistory } from "./OriginHistory.sol";

/// @title Hashes of origin blocks, recorded for later
/// @dev Part of the keeper. Spec: docs/protocol.md §5.
abstract contract OriginAnchors is OriginHistory {
    /// @notice The header is not that of the block whose hash is known.
    error CoreOriginHeaderMismatch(bytes32 expected, bytes32 received);
    /// @notice The state of a block holds the hashes of the 8,191 blocks before it.
    error CoreOriginHopOutOfRange(uint64 from, uint64 number);

    /// @dev EIP-2935: the system contract with the last hashes, at `number % 8191`.
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    uint64 private constant HISTORY_WINDOW = 8_191;

    /// @notice Records the hash of a block for later; by anyone.
    function anchorOriginHash(uint64 number) external returns (bytes32) {
        return _anchorOriginHash(number);
    }

    /// @notice Records the hash of a block that no window reaches any more, out of the state of a later block whose hash is
    ///         known. By anyone; repeated, it reaches any block since EIP-2935.
    /// @param from Number of the later block.
    /// @param header RLP of its header.
    /// @param accountProof Nodes from its state root to the account of the history contract.
    /// @param storageProof Nodes from there to slot `number % 8191`.
    /// @param number Number of the block, at most 8,191 below.
    function hopOriginHash(
        uint64 from,
        bytes calldata header,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof,
        uint64 number
    ) external returns (bytes32 blockHash) {
        if (number >= from || from - number > HISTORY_WINDOW) {
            revert CoreOriginHopOutOfRange(from, number);
        }
        bytes32 expected = _originHash(from);
        (bytes32 received, bytes32 stateRoot,) = SealedHeader.read(header);
        if (received != expected) revert CoreOriginHeaderMismatch(expected, received);
        blockHash = CalldataTrie.storageValueOf(
            stateRoot,
            HISTORY,
            bytes32(uint256(number % HISTORY_WINDOW)),
            accountProof,
            storageProof
        );
        if (blockHash == 0) revert CoreOriginHashUnknown(number);
        _anchoredHashes[number] = blockHash;
        emit OriginHashAnchored(number, blockHash);
    }

    /// @notice The recorded hash of a block; zero if there is none.
    function anchoredOriginHash(uint64 number) external view returns (bytes32) {
        return _anchoredHashes[number];
    }
}
