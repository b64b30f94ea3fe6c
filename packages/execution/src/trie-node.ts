import { concatBytes } from '@mosaic/primitives'

/** A child: in memory, or the hash of one that is not loaded, or none. */
export type TrieChild = TrieNode | Uint8Array | null

/** `reference` is what the parent embeds (0xa0 ‖ hash, or the node itself when shorter than 32 bytes); undefined while the node is dirty. */
type LeafNode = {
  readonly kind: 'leaf'
  path: Uint8Array
  value: Uint8Array
  reference: Uint8Array | undefined
}
type ExtensionNode = {
  readonly kind: 'extension'
  path: Uint8Array
  child: TrieNode | Uint8Array
  reference: Uint8Array | undefined
}
export type BranchNode = {
  readonly kind: 'branch'
  children: TrieChild[]
  value: Uint8Array | undefined
  reference: Uint8Array | undefined
}
export type TrieNode = LeafNode | ExtensionNode | BranchNode

const EMPTY_STRING = Uint8Array.of(0x80)

/** The nibbles of a key, one per byte. */
export function toNibbles(key: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(key.length * 2)
  for (let i = 0; i < key.length; i++) {
    const byte = key[i] ?? 0
    nibbles[2 * i] = byte >> 4
    nibbles[2 * i + 1] = byte & 15
  }
  return nibbles
}

/** Encodes a node; `referenceOf` gives what stands for a child. */
export function encodeNode(
  node: TrieNode,
  referenceOf: (child: TrieNode | Uint8Array) => Uint8Array,
): Uint8Array {
  if (node.kind === 'leaf') {
    return encodeList([encodeString(encodePath(node.path, true)), encodeString(node.value)])
  }
  if (node.kind === 'extension') {
    return encodeList([encodeString(encodePath(node.path, false)), referenceOf(node.child)])
  }
  const parts = node.children.map((child) => (child === null ? EMPTY_STRING : referenceOf(child)))
  parts.push(node.value === undefined ? EMPTY_STRING : encodeString(node.value))
  return encodeList(parts)
}

/** What a parent embeds for a child known by its hash. */
export function hashReference(hash: Uint8Array): Uint8Array {
  const reference = new Uint8Array(33)
  reference[0] = 0xa0
  reference.set(hash, 1)
  return reference
}

/** Decodes a stored node; children that are hashes stay hashes, embedded ones are decoded. */
export function decodeNode(bytes: Uint8Array): TrieNode {
  const first = bytes[0] ?? 0
  const long = first > 0xf7 ? first - 0xf7 : 0
  const items = readItems(bytes, 1 + long)
  const toChild = (item: Item | undefined): TrieChild => {
    if (item === undefined) return null
    if (item.isList) {
      const embedded = decodeNode(item.bytes)
      embedded.reference = item.bytes
      return embedded
    }
    return item.bytes.length === 0 ? null : item.bytes
  }
  if (items.length === 17) {
    const value = items[16]?.bytes
    return {
      kind: 'branch',
      children: items.slice(0, 16).map(toChild),
      value: value === undefined || value.length === 0 ? undefined : value,
      reference: undefined,
    }
  }
  const encodedPath = items[0]?.bytes ?? new Uint8Array()
  const flag = (encodedPath[0] ?? 0) >> 4
  const path = toNibbles(encodedPath).subarray((flag & 1) === 1 ? 1 : 2)
  if ((flag & 2) === 2) {
    return { kind: 'leaf', path, value: items[1]?.bytes ?? new Uint8Array(), reference: undefined }
  }
  const child = toChild(items[1])
  if (child === null) throw new RangeError('expected an extension with a child, received none')
  return { kind: 'extension', path, child, reference: undefined }
}

type Item = { readonly isList: boolean; readonly bytes: Uint8Array }

function readItems(bytes: Uint8Array, start: number): readonly Item[] {
  const items: Item[] = []
  let at = start
  while (at < bytes.length) {
    const first = bytes[at] ?? 0
    if (first < 0x80) {
      items.push({ isList: false, bytes: bytes.subarray(at, at + 1) })
      at += 1
    } else if (first >= 0xc0) {
      // A list inside a node is an embedded node, always shorter than 32 bytes.
      const end = at + 1 + (first - 0xc0)
      items.push({ isList: true, bytes: bytes.subarray(at, end) })
      at = end
    } else {
      const size = first > 0xb7 ? first - 0xb7 : 0
      let length = first - 0x80
      if (size > 0) {
        length = 0
        for (let i = 0; i < size; i++) length = length * 256 + (bytes[at + 1 + i] ?? 0)
      }
      const from = at + 1 + size
      items.push({ isList: false, bytes: bytes.subarray(from, from + length) })
      at = from + length
    }
  }
  return items
}

/** Hex-prefix encoding of a path (yellow paper, appendix C). */
function encodePath(path: Uint8Array, isLeaf: boolean): Uint8Array {
  const odd = path.length & 1
  const out = new Uint8Array((path.length >> 1) + 1)
  out[0] = (isLeaf ? 0x20 : 0) | (odd === 1 ? 0x10 | (path[0] ?? 0) : 0)
  for (let i = odd, j = 1; i < path.length; i += 2, j++) {
    out[j] = ((path[i] ?? 0) << 4) | (path[i + 1] ?? 0)
  }
  return out
}

function encodeString(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 1 && (bytes[0] ?? 0) < 0x80) return bytes
  return concatBytes(prefix(bytes.length, 0x80), bytes)
}

function encodeList(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const head = prefix(length, 0xc0)
  const out = new Uint8Array(head.length + length)
  out.set(head)
  let at = head.length
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function prefix(length: number, offset: number): Uint8Array {
  if (length < 56) return Uint8Array.of(offset + length)
  if (length < 256) return Uint8Array.of(offset + 56, length)
  if (length < 65_536) return Uint8Array.of(offset + 57, length >> 8, length & 255)
  return Uint8Array.of(offset + 58, length >> 16, (length >> 8) & 255, length & 255)
}
