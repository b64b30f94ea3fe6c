// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev Builds Merkle-Patricia tries over 32-byte keys, and the nodes from the root towards one key, in the straightforward
///      way of the yellow paper, for the verifier to be tested against.
contract TrieBuilder {
    bytes32[] private _keys;
    bytes[] private _values;
    bytes[] private _path;
    bytes32 private _target;

    function add(bytes32 key, bytes memory value) public {
        for (uint256 i; i < _keys.length; ++i) {
            if (_keys[i] == key) return;
        }
        _keys.push(key);
        _values.push(value);
    }

    function clear() public {
        delete _keys;
        delete _values;
    }

    function length() public view returns (uint256) {
        return _keys.length;
    }

    function keyAt(uint256 index) public view returns (bytes32) {
        return _keys[index];
    }

    function valueAt(uint256 index) public view returns (bytes memory) {
        return _values[index];
    }

    /// @dev The root, and the nodes on the way to `target`, whether it is there or not.
    function prove(bytes32 target) public returns (bytes32 root, bytes[] memory proof) {
        delete _path;
        _target = target;
        uint256[] memory all = new uint256[](_keys.length);
        for (uint256 i; i < all.length; ++i) {
            all[i] = i;
        }
        bytes memory node = _encode(all, 0, true);
        if (all.length != 0 && node.length < 32) _path.push(node);
        proof = new bytes[](_path.length);
        for (uint256 i; i < proof.length; ++i) {
            proof[i] = _path[proof.length - 1 - i];
        }
        return (keccak256(node), proof);
    }

    function encodeString(bytes memory content) public pure returns (bytes memory) {
        if (content.length == 1 && uint8(content[0]) < 0x80) return content;
        return abi.encodePacked(_prefix(content.length, 0x80), content);
    }

    function encodeList(bytes memory payload) public pure returns (bytes memory) {
        return abi.encodePacked(_prefix(payload.length, 0xc0), payload);
    }

    function encodeInteger(uint256 value) public pure returns (bytes memory) {
        bytes memory content;
        while (value != 0) {
            content = abi.encodePacked(uint8(value), content);
            value >>= 8;
        }
        return encodeString(content);
    }

    function encodeAccount(uint64 nonce, uint256 balance, bytes32 storageRoot, bytes32 codeHash)
        public
        pure
        returns (bytes memory)
    {
        return encodeList(
            abi.encodePacked(
                encodeInteger(nonce),
                encodeInteger(balance),
                encodeString(abi.encodePacked(storageRoot)),
                encodeString(abi.encodePacked(codeHash))
            )
        );
    }

    function encodePath(bytes32 key, uint256 from, uint256 to, bool isLeaf)
        public
        pure
        returns (bytes memory path)
    {
        uint256 count = to - from;
        uint256 flag = isLeaf ? 2 : 0;
        if (count % 2 == 1) {
            path = abi.encodePacked(uint8(((flag + 1) << 4) | nibble(key, from)));
            ++from;
        } else {
            path = abi.encodePacked(uint8(flag << 4));
        }
        for (; from < to; from += 2) {
            path = abi.encodePacked(path, uint8((nibble(key, from) << 4) | nibble(key, from + 1)));
        }
        return encodeString(path);
    }

    function nibble(bytes32 key, uint256 depth) public pure returns (uint256) {
        return (uint256(key) >> (252 - 4 * depth)) & 0x0f;
    }

    function _encode(uint256[] memory members, uint256 depth, bool isOnPath)
        private
        returns (bytes memory node)
    {
        if (members.length == 0) return hex"80";
        bytes32 first = _keys[members[0]];
        if (members.length == 1) {
            node = encodeList(
                abi.encodePacked(
                    encodePath(first, depth, 64, true), encodeString(_values[members[0]])
                )
            );
        } else {
            uint256 shared = _sharedDepth(members, depth);
            if (shared == depth) {
                node = _encodeBranch(members, depth, isOnPath);
            } else {
                bool continues = isOnPath && _isSame(first, depth, shared);
                node = encodeList(
                    abi.encodePacked(
                        encodePath(first, depth, shared, false),
                        _reference(_encodeBranchNode(members, shared, continues))
                    )
                );
            }
        }
        if (isOnPath && node.length >= 32) _path.push(node);
    }

    function _encodeBranchNode(uint256[] memory members, uint256 depth, bool isOnPath)
        private
        returns (bytes memory node)
    {
        node = _encodeBranch(members, depth, isOnPath);
        if (isOnPath && node.length >= 32) _path.push(node);
    }

    function _encodeBranch(uint256[] memory members, uint256 depth, bool isOnPath)
        private
        returns (bytes memory)
    {
        bytes memory payload;
        for (uint256 i; i < 16; ++i) {
            bool continues = isOnPath && nibble(_target, depth) == i;
            payload = abi.encodePacked(
                payload, _reference(_encode(_with(members, depth, i), depth + 1, continues))
            );
        }
        return encodeList(abi.encodePacked(payload, uint8(0x80)));
    }

    function _with(uint256[] memory members, uint256 depth, uint256 value)
        private
        view
        returns (uint256[] memory chosen)
    {
        uint256 count;
        for (uint256 i; i < members.length; ++i) {
            if (nibble(_keys[members[i]], depth) == value) ++count;
        }
        chosen = new uint256[](count);
        for (uint256 i = members.length; i > 0; --i) {
            if (nibble(_keys[members[i - 1]], depth) == value) chosen[--count] = members[i - 1];
        }
    }

    function _sharedDepth(uint256[] memory members, uint256 from)
        private
        view
        returns (uint256 depth)
    {
        for (depth = from;; ++depth) {
            uint256 value = nibble(_keys[members[0]], depth);
            for (uint256 i = 1; i < members.length; ++i) {
                if (nibble(_keys[members[i]], depth) != value) return depth;
            }
        }
    }

    function _isSame(bytes32 key, uint256 from, uint256 to) private view returns (bool) {
        for (; from < to; ++from) {
            if (nibble(key, from) != nibble(_target, from)) return false;
        }
        return true;
    }

    function _reference(bytes memory node) private pure returns (bytes memory) {
        return node.length < 32 ? node : abi.encodePacked(uint8(0xa0), keccak256(node));
    }

    function _prefix(uint256 size, uint256 offset) private pure returns (bytes memory) {
        if (size < 56) return abi.encodePacked(uint8(offset + size));
        if (size < 256) return abi.encodePacked(uint8(offset + 56), uint8(size));
        return abi.encodePacked(uint8(offset + 57), uint16(size));
    }
}
