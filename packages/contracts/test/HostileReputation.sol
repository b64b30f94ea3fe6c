// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CoreKeeper } from "../src/origin/CoreKeeper.sol";
import { Reputation } from "../src/reputation/Reputation.sol";

/// @dev Says what it is told to, 10,000 of those it was told nothing of.
contract ToldReputation is Reputation {
    mapping(address validator => uint256) private _toldPlusOne;

    function tell(address validator, uint256 reputation) external {
        _toldPlusOne[validator] = reputation + 1;
    }

    function reputationOf(address, address validator, uint64, uint64)
        external
        view
        returns (uint256)
    {
        uint256 told = _toldPlusOne[validator];
        return told == 0 ? 10_000 : told - 1;
    }
}

/// @dev Answers with bytes of any number, whatever is asked.
contract ByteReputation {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return _answer;
    }
}

/// @dev Does not answer.
contract RevertingReputation {
    fallback() external {
        revert();
    }
}

/// @dev Comes to an end without an answer.
contract SilentReputation {
    fallback() external { }
}

/// @dev Answers with one byte less than a word.
contract ShortReputation {
    fallback(bytes calldata) external returns (bytes memory) {
        return new bytes(31);
    }
}

/// @dev Answers truly, for nearly all the gas it gets of a core.
contract DearReputation is Reputation {
    function reputationOf(address, address, uint64, uint64) external view returns (uint256) {
        uint256 start = gasleft();
        while (start - gasleft() < 95_000) { }
        return 10_000;
    }
}

/// @dev Takes all gas that there is.
contract GreedyReputation {
    fallback() external {
        for (uint256 i;; ++i) { }
    }
}

/// @dev Answers with a megabyte, for the caller to copy.
contract BulkyReputation {
    fallback() external {
        assembly ("memory-safe") {
            return(0, 0x8000)
        }
    }
}

/// @dev Tries to change the core that asks.
contract ReentrantReputation is Reputation {
    function reputationOf(address core, address validator, uint64, uint64)
        external
        view
        returns (uint256)
    {
        // A call in a view: the compiler would refuse it, the chain has to.
        (bool done,) = _asView(_call)(core, abi.encodeCall(CoreKeeper(core).reweigh, (validator)));
        return done ? 10_000 : 5_000;
    }

    function _call(address target, bytes memory data) private returns (bool done, bytes memory) {
        return target.call(data);
    }

    function _asView(function(address, bytes memory) internal returns (bool, bytes memory) callee)
        private
        pure
        returns (function(address, bytes memory) internal view returns (bool, bytes memory) viewed)
    {
        assembly ("memory-safe") {
            viewed := callee
        }
    }
}
