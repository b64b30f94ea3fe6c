// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { ProtocolHashes } from "../protocol/ProtocolHashes.sol";
import { Reputation } from "../reputation/Reputation.sol";
import { CoreParameters } from "./CoreParameters.sol";
import { CoreState } from "./CoreState.sol";

/// @title What a core was created with, and the state that everybody reads
/// @dev Spec: docs/protocol.md §5.
abstract contract CoreStorage is CoreState {
    /// @notice A parameter is outside of what makes a working core.
    error CoreParameterInvalid(string parameter);

    /// @notice Most of a slashed stake that a reporter may receive, in basis points: who slashes itself loses half at least.
    uint16 internal constant MAX_REPORTER_SHARE = 5_000;

    IERC20 internal immutable _token;
    Reputation internal immutable _reputation;
    uint96 internal immutable _minimumStake;
    uint64 internal immutable _auxiliaryChainId;
    uint64 internal immutable _epochLength;
    uint64 internal immutable _originEpochLength;
    uint64 internal immutable _maxVoteAge;
    uint64 internal immutable _gasTarget;
    uint64 internal immutable _challengePeriod;
    uint64 internal immutable _withdrawalDelay;
    uint96 internal immutable _proposalBond;
    uint16 internal immutable _maxJoins;
    uint16 internal immutable _maxLogouts;
    uint16 internal immutable _reporterShare;
    uint32 internal immutable _missedDynastyLoss;

    /// @notice EIP-712 domain separator of this core.
    bytes32 public immutable domainSeparator;
    /// @notice Identifier of this core: origin chain id and address.
    bytes32 public immutable coreIdentifier;

    constructor(CoreParameters memory parameters_) {
        _requireParameter(address(parameters_.token).code.length != 0, "token");
        _requireParameter(address(parameters_.reputation).code.length != 0, "reputation");
        _requireParameter(
            parameters_.minimumStake != 0 && parameters_.minimumStake < 1 << 94, "minimumStake"
        );
        _requireParameter(parameters_.auxiliaryChainId != 0, "auxiliaryChainId");
        _requireParameter(parameters_.epochLength != 0, "epochLength");
        _requireParameter(parameters_.originEpochLength != 0, "originEpochLength");
        // Bounds of a century keep the sums of times within 48 bits.
        _requireParameter(parameters_.challengePeriod <= 36_525 days, "challengePeriod");
        _requireParameter(parameters_.withdrawalDelay <= 36_525 days, "withdrawalDelay");
        _requireParameter(parameters_.maxJoins != 0, "maxJoins");
        _requireParameter(parameters_.maxLogouts != 0, "maxLogouts");
        _requireParameter(parameters_.reporterShare <= MAX_REPORTER_SHARE, "reporterShare");
        _requireParameter(parameters_.missedDynastyLoss <= MAX_LOSS, "missedDynastyLoss");
        _token = parameters_.token;
        _reputation = parameters_.reputation;
        _minimumStake = parameters_.minimumStake;
        _auxiliaryChainId = parameters_.auxiliaryChainId;
        _epochLength = parameters_.epochLength;
        _originEpochLength = parameters_.originEpochLength;
        _maxVoteAge = parameters_.maxVoteAge;
        _gasTarget = parameters_.gasTarget;
        _challengePeriod = parameters_.challengePeriod;
        _withdrawalDelay = parameters_.withdrawalDelay;
        _proposalBond = parameters_.proposalBond;
        _maxJoins = parameters_.maxJoins;
        _maxLogouts = parameters_.maxLogouts;
        _reporterShare = parameters_.reporterShare;
        _missedDynastyLoss = parameters_.missedDynastyLoss;
        domainSeparator = ProtocolHashes.domainSeparator(uint96(block.chainid), address(this));
        coreIdentifier = ProtocolHashes.coreIdentifier(uint96(block.chainid), address(this));
    }

    /// @notice What the core was created with.
    function parameters() external view returns (CoreParameters memory) {
        return CoreParameters({
            token: _token,
            reputation: _reputation,
            minimumStake: _minimumStake,
            auxiliaryChainId: _auxiliaryChainId,
            epochLength: _epochLength,
            originEpochLength: _originEpochLength,
            maxVoteAge: _maxVoteAge,
            gasTarget: _gasTarget,
            challengePeriod: _challengePeriod,
            withdrawalDelay: _withdrawalDelay,
            proposalBond: _proposalBond,
            maxJoins: _maxJoins,
            maxLogouts: _maxLogouts,
            reporterShare: _reporterShare,
            missedDynastyLoss: _missedDynastyLoss
        });
    }

    /// @notice Where the core stands.
    function head() external view returns (Head memory) {
        return _head;
    }

    /// @notice Hash of the kernel of a meta-block height; zero if it is not opened.
    function kernelHash(uint64 height) public view returns (bytes32) {
        return _kernelHashes[height];
    }

    /// @notice Auxiliary state root that the meta-block of a height anchored; zero if it is not committed.
    function stateRoot(uint64 height) external view returns (bytes32) {
        return _stateRoots[height];
    }

    /// @notice Where the staked tokens are.
    /// @return staked Stakes of all validators, and the rewards of reporters that are not paid yet.
    /// @return burned Stakes lost for good.
    /// @return haltedAt Time when the core halted, in seconds since 1970; 0 if it did not.
    function ledger() external view returns (uint128 staked, uint128 burned, uint48 haltedAt) {
        return (_ledger.staked, _ledger.burned, _verdict.haltedAt);
    }

    /// @notice What the arbiter needs to judge, in one call.
    function judgementTerms() external view returns (JudgementTerms memory) {
        return JudgementTerms({
            domain: domainSeparator,
            auxiliary: coreIdentifier,
            reporterShare: _reporterShare,
            missedDynastyLoss: _missedDynastyLoss,
            originEpochLength: _originEpochLength
        });
    }

    function _recordKernel(uint64 height, bytes32 hash) internal {
        _kernelHashes[height] = hash;
    }

    function _recordStateRoot(uint64 height, bytes32 root) internal {
        _stateRoots[height] = root;
    }

    function _requireParameter(bool holds, string memory parameter) private pure {
        if (!holds) revert CoreParameterInvalid(parameter);
    }
}
