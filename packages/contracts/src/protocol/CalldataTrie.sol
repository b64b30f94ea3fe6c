// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CalldataRlp } from "./CalldataRlp.sol";

/// @title Merkle-Patricia proofs of accounts and storage slots, inclusion and exclusion
/// @dev Reads nodes in place. Every byte of every node is hashed and its shape checked: canonical RLP, hex-prefix flag and
///      padding, leaf or extension by flag only, no surplus nodes. Keys are hashes, so all paths have 64 nibbles and no
///      branch has a value. A path through an inlined node (below 32 bytes, possible only below 9 nibbles of shared path
///      and for values of 1 or 2 bytes) is refused, never accepted wrongly; inlined siblings do no harm.
///      Spec: yellow paper, appendix D. Oracle in the tests: OpenZeppelin's TrieProof.
library CalldataTrie {
    /// @notice A node does not hash to what its parent says.
    error TrieNodeMismatch(uint256 position, bytes32 expected, bytes32 received);
    /// @notice A node, or the value in it, is not in canonical form.
    error TrieNodeMalformed(uint256 position);
    /// @notice The path leads through a node that is inlined in its parent.
    error TrieNodeInlined(uint256 position);
    /// @notice The nodes end before the path does.
    error TrieProofIncomplete(uint256 nodes);
    /// @notice The path ends before the nodes do.
    error TrieProofSurplus(uint256 used, uint256 nodes);
    /// @notice The proof shows that the account does not exist.
    error TrieAccountAbsent(address account);

    /// @dev What one node says about the path.
    enum Step {
        Malformed,
        Inlined,
        Descend,
        Found,
        Absent
    }

    /// @dev keccak256(rlp("")).
    bytes32 internal constant EMPTY_ROOT =
        0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421;

    uint256 private constant KEY_NIBBLES = 64;
    /// @dev Size of a branch whose sixteen children are all hashes: 3 + 16 · 33 + 1.
    uint256 private constant FULL_BRANCH_SIZE = 532;

    /// @notice The storage root of an account under a state root. Reverts if the account does not exist.
    function storageRoot(bytes32 stateRoot, address account, bytes[] calldata proof)
        internal
        pure
        returns (bytes32)
    {
        (bool found, uint256 start, uint256 size) =
            find(stateRoot, keccak256(abi.encodePacked(account)), proof);
        if (!found) revert TrieAccountAbsent(account);
        return _storageRootIn(start, size, proof.length - 1);
    }

    /// @notice The value of a storage slot of an account under a state root; zero if the proofs show that the slot is not set, or
    ///         that there is no such account, and then there are no nodes of its storage.
    function storageValueOf(
        bytes32 stateRoot,
        address account,
        bytes32 slot,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) internal pure returns (bytes32) {
        (bool found, uint256 start, uint256 size) = find(
            stateRoot, keccak256(abi.encodePacked(account)), accountProof
        );
        if (!found) {
            if (storageProof.length != 0) revert TrieProofSurplus(0, storageProof.length);
            return 0;
        }
        bytes32 root = _storageRootIn(start, size, accountProof.length - 1);
        return storageValue(root, slot, storageProof);
    }

    /// @notice The value of a storage slot under a storage root; zero if the proof shows that it is not set.
    function storageValue(bytes32 root, bytes32 slot, bytes[] calldata proof)
        internal
        pure
        returns (bytes32)
    {
        (bool found, uint256 start, uint256 size) = find(root, keccak256(abi.encode(slot)), proof);
        if (!found) return 0;
        // Unchecked: positions in calldata. A slot of zero is never stored, so its encoding is not canonical here.
        unchecked {
            uint256 totalSize = CalldataRlp.integerAt(start, start + size, 32);
            uint256 value = totalSize == size ? CalldataRlp.integerOf(start, size) : 0;
            if (value == 0) revert TrieNodeMalformed(proof.length - 1);
            return bytes32(value);
        }
    }

    /// @notice Follows a key from a root through the nodes of a proof.
    /// @return found False when the proof shows that the key is not in the trie.
    /// @return start Position of the value in calldata.
    /// @return size Size of the value in bytes.
    function find(bytes32 root, bytes32 key, bytes[] calldata proof)
        internal
        pure
        returns (bool found, uint256 start, uint256 size)
    {
        uint256 nodes = proof.length;
        if (root == EMPTY_ROOT) {
            _requireEmpty(proof);
            return (false, 0, 0);
        }
        bytes32 expected = root;
        uint256 depth;
        // Unchecked: counters and positions bounded by calldata.
        unchecked {
            for (uint256 i; i < nodes; ++i) {
                bytes calldata node = proof[i];
                bytes32 received = CalldataRlp.hashOf(node);
                if (received != expected) revert TrieNodeMismatch(i, expected, received);
                Step step;
                (step, expected, depth, start, size) =
                    _follow(CalldataRlp.positionOf(node), node.length, key, depth);
                if (step == Step.Descend) continue;
                if (step == Step.Malformed) revert TrieNodeMalformed(i);
                if (step == Step.Inlined) revert TrieNodeInlined(i);
                if (i + 1 != nodes) revert TrieProofSurplus(i + 1, nodes);
                return (step == Step.Found, start, size);
            }
        }
        revert TrieProofIncomplete(nodes);
    }

    /// @dev The storage root in the RLP of an account.
    function _storageRootIn(uint256 start, uint256 size, uint256 node)
        private
        pure
        returns (bytes32)
    {
        // Unchecked: positions in calldata.
        unchecked {
            uint256 end = start + size;
            uint256 item = CalldataRlp.enterList(start, end);
            if (item == 0) revert TrieNodeMalformed(node);
            uint256 nonceSize = CalldataRlp.integerAt(item, end, 8);
            uint256 balance = item + nonceSize;
            uint256 balanceSize = CalldataRlp.integerAt(balance, end, 32);
            item = balance + balanceSize;
            bool shaped = nonceSize != 0 && balanceSize != 0 && item + 66 == end
                && CalldataRlp.byteAt(item) == 0xa0 && CalldataRlp.byteAt(item + 33) == 0xa0;
            if (!shaped) revert TrieNodeMalformed(node);
            return bytes32(CalldataRlp.wordAt(item + 1));
        }
    }

    /// @dev The proof for a trie without entries has no nodes, or the empty string as its only one.
    function _requireEmpty(bytes[] calldata proof) private pure {
        if (proof.length == 0) return;
        bytes32 received = CalldataRlp.hashOf(proof[0]);
        if (received != EMPTY_ROOT) revert TrieNodeMismatch(0, EMPTY_ROOT, received);
        if (proof.length != 1) revert TrieProofSurplus(1, proof.length);
    }

    function _follow(uint256 node, uint256 nodeSize, bytes32 key, uint256 depth)
        private
        pure
        returns (Step step, bytes32 child, uint256 newDepth, uint256 start, uint256 size)
    {
        unchecked {
            uint256 end = node + nodeSize;
            uint256 item = CalldataRlp.enterList(node, end);
            if (item == 0 || nodeSize < 32) return (Step.Malformed, 0, 0, 0, 0);
            if (nodeSize == FULL_BRANCH_SIZE && _isFullBranch(item)) {
                if (depth == KEY_NIBBLES) return (Step.Malformed, 0, 0, 0, 0);
                child = bytes32(CalldataRlp.wordAt(item + 1 + 33 * _nibble(key, depth)));
                return (Step.Descend, child, depth + 1, 0, 0);
            }
            (uint256 pathPrefix, uint256 pathSize) = CalldataRlp.stringAt(item, end);
            uint256 second = item + pathSize;
            if (pathSize != 0 && second < end) {
                (uint256 prefixSize, uint256 totalSize) = CalldataRlp.stringAt(second, end);
                if (totalSize == 0) {
                    // A list: no value of a leaf, and as child of an extension an inlined node. Its size counts as 0.
                    totalSize = _inlinedSize(second, end);
                    prefixSize = totalSize;
                }
                if (second + totalSize == end) {
                    (start, size) = (second + prefixSize, totalSize - prefixSize);
                    (step, child, newDepth) = _followPath(
                        item + pathPrefix, pathSize - pathPrefix, key, depth, start, size
                    );
                    return (step, child, newDepth, start, size);
                }
            }
            (step, child) = _followBranch(item, end, key, depth);
            return (step, child, depth + 1, 0, 0);
        }
    }

    /// @dev Leaf or extension: a hex-prefix path, then a value or a child.
    function _followPath(
        uint256 path,
        uint256 pathSize,
        bytes32 key,
        uint256 depth,
        uint256 start,
        uint256 size
    ) private pure returns (Step, bytes32, uint256) {
        unchecked {
            uint256 prefix = CalldataRlp.byteAt(path);
            bool odd = prefix & 0x10 != 0;
            // Flags above 3 do not exist, and the padding of an even path is zero.
            if (pathSize == 0 || prefix > 0x3f || (!odd && prefix & 0x0f != 0)) {
                return (Step.Malformed, 0, 0);
            }
            uint256 nibbles = 2 * pathSize - (odd ? 1 : 2);
            uint256 remaining = KEY_NIBBLES - depth;
            bool isLeaf = prefix & 0x20 != 0;
            bool isShaped = isLeaf
                ? nibbles == remaining && size != 0
                : nibbles != 0 && nibbles < remaining && (size == 32 || size == 0);
            if (!isShaped) return (Step.Malformed, 0, 0);
            uint256 given = odd ? CalldataRlp.wordAt(path) << 4 : CalldataRlp.wordAt(path + 1);
            bool isSame = (given ^ (uint256(key) << (4 * depth))) >> (256 - 4 * nibbles) == 0;
            if (!isSame) return (Step.Absent, 0, 0);
            if (isLeaf) return (Step.Found, 0, 0);
            if (size == 0) return (Step.Inlined, 0, 0);
            return (Step.Descend, bytes32(CalldataRlp.wordAt(start)), depth + nibbles);
        }
    }

    function _followBranch(uint256 item, uint256 end, bytes32 key, uint256 depth)
        private
        pure
        returns (Step step, bytes32 child)
    {
        unchecked {
            if (depth == KEY_NIBBLES) return (Step.Malformed, 0);
            uint256 nibble = _nibble(key, depth);
            for (uint256 i; i < 16; ++i) {
                if (item >= end) return (Step.Malformed, 0);
                uint256 prefix = CalldataRlp.byteAt(item);
                if (prefix == 0xa0) {
                    if (i == nibble) {
                        (step, child) = (Step.Descend, bytes32(CalldataRlp.wordAt(item + 1)));
                    }
                    item += 33;
                } else if (prefix == 0x80) {
                    if (i == nibble) step = Step.Absent;
                    ++item;
                } else {
                    uint256 inlined = _inlinedSize(item, end);
                    if (inlined == 0) return (Step.Malformed, 0);
                    if (i == nibble) step = Step.Inlined;
                    item += inlined;
                }
            }
            if (item + 1 != end || CalldataRlp.byteAt(item) != 0x80) return (Step.Malformed, 0);
        }
    }

    /// @dev Whether the items from `item` on are sixteen hashes and an empty value; the size is checked before.
    function _isFullBranch(uint256 item) private pure returns (bool) {
        unchecked {
            uint256 differences;
            uint256 last = item + 16 * 33;
            for (uint256 child = item; child < last; child += 33) {
                differences |= CalldataRlp.byteAt(child) ^ 0xa0;
            }
            return differences | (CalldataRlp.byteAt(last) ^ 0x80) == 0;
        }
    }

    /// @dev Size of a node inlined in its parent, which is a list of at most 31 bytes with its prefix; zero if it is none.
    function _inlinedSize(uint256 item, uint256 end) private pure returns (uint256 size) {
        unchecked {
            uint256 prefix = CalldataRlp.byteAt(item);
            if (prefix < 0xc1 || prefix > 0xde) return 0;
            size = prefix - 0xbf;
            if (item + size > end) return 0;
        }
    }

    function _nibble(bytes32 key, uint256 depth) private pure returns (uint256) {
        unchecked {
            return (uint256(key) >> (252 - 4 * depth)) & 0x0f;
        }
    }
}
