// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FalseTransitions } from "../protocol/FalseTransitions.sol";
import { Offence, Offences } from "../protocol/Offences.sol";
import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { VoteMessage } from "../protocol/Types.sol";
import { CoreState } from "./CoreState.sol";
import { CoreStorage } from "./CoreStorage.sol";

/// @title What a core decides about offences
/// @notice Second part of the code of every core: a core hands over each function that it does not have itself. Called
///         directly, these functions find no core and revert.
/// @dev Has no state; one arbiter serves all cores. Parameters are asked of the core, which is `address(this)` here.
///      Spec: §2.2; docs/protocol.md §3, §5.
contract CoreArbiter is CoreState {
    /// @notice The signer has no stake in this core: it never had, has it back, or is slashed already.
    error ArbiterNotSlashable(address validator, ValidatorStatus current);

    /// @notice A validator broke a slashing condition and lost its stake and its weight.
    /// @param stake What it lost.
    /// @param reporter Who brought the proof.
    /// @param reward What of the stake the reporter may claim; the rest is burned.
    event ValidatorSlashed(
        address indexed validator,
        Offence offence,
        uint256 stake,
        address indexed reporter,
        uint256 reward
    );

    uint256 private constant BASIS_POINTS = 10_000;

    /// @notice Slashes the signer of two votes that break condition 1, 2 or 3 together. By anyone, in any order, in any phase;
    ///         a validator is slashable until its stake is withdrawn.
    /// @param first A vote.
    /// @param firstSignature Its signature, of 64 (EIP-2098) or 65 bytes.
    /// @param second Another vote of the same validator.
    /// @param secondSignature Its signature.
    function slash(
        VoteMessage calldata first,
        bytes calldata firstSignature,
        VoteMessage calldata second,
        bytes calldata secondSignature
    ) external {
        (bytes32 domain, bytes32 auxiliary, uint256 reporterShare) =
            CoreStorage(address(this)).slashingTerms();
        (address validator, Offence offence) = Offences.requireOffence(
            domain,
            auxiliary,
            ProtocolHashes.originOf(auxiliary),
            first,
            firstSignature,
            second,
            secondSignature
        );
        _slash(validator, offence, reporterShare);
    }

    /// @notice Slashes the signer of a vote whose transition hash is false under its own source (condition 4). By anyone.
    /// @param vote The vote.
    /// @param signature Its signature, of 64 (EIP-2098) or 65 bytes.
    /// @param header RLP of the source's header.
    /// @param accountProof Nodes from the source's state root to the account of TransitionTracker; none for votes about origin.
    /// @param storageProof Nodes from its storage root to slot 0; none for votes about origin.
    function slashFalseTransition(
        VoteMessage calldata vote,
        bytes calldata signature,
        bytes calldata header,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) external {
        (bytes32 domain, bytes32 auxiliary, uint256 reporterShare) =
            CoreStorage(address(this)).slashingTerms();
        address validator = FalseTransitions.requireFalse(
            domain, auxiliary, vote, signature, header, accountProof, storageProof
        );
        _slash(validator, Offence.FalseTransition, reporterShare);
    }

    /// @dev Only the core's own books change: no token can stand in the way of a slashing. The reporter's share stays in the
    ///      entry, to be paid by `withdraw`.
    function _slash(address validator, Offence offence, uint256 reporterShare) private {
        Validator storage entry = _validators[validator];
        ValidatorStatus status = entry.status;
        bool isSlashable = status != ValidatorStatus.Unknown && status != ValidatorStatus.Withdrawn
            && status != ValidatorStatus.Slashed;
        if (!isSlashable) revert ArbiterNotSlashable(validator, status);
        if (_isSeated(status)) _countSlashed(entry);

        uint256 stake = entry.stake;
        uint256 reward = stake * reporterShare / BASIS_POINTS;
        entry.stake = uint96(reward);
        entry.withdrawal = msg.sender;
        entry.status = ValidatorStatus.Slashed;
        uint128 burned = uint128(stake - reward);
        _ledger.staked -= burned;
        _ledger.burned += burned;
        emit ValidatorSlashed(validator, offence, stake, msg.sender, reward);
    }

    /// @dev Takes the weight of a validator of the open kernel out of all that is counted from now on.
    function _countSlashed(Validator storage entry) private {
        uint64 height = _head.height;
        (uint256 forward, uint256 rear) = _weightsAt(entry, height);
        _slashedWeights.forward += uint104(forward);
        _slashedWeights.rear += uint104(rear);
        ++_head.slashedSeats;
        if (entry.endHeight > height) entry.endHeight = height;
    }
}
