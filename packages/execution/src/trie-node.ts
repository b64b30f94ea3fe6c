import { prefixSize, stringSize, writePrefix, writeString } from './rlp-writing.ts'
import { allocate } from './slab.ts'

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

const EMPTY_STRING = 0x80
/** Of a child with a hash: the prefix and the hash. */
const REFERENCE_BYTES = 33
const BRANCH_ITEMS = 17
const NO_CHILDREN: readonly null[] = Array.from({ length: 16 }, () => null)

/** A branch without anything below it. */
export function emptyBranch(): BranchNode {
  return { kind: 'branch', children: NO_CHILDREN.slice(), value: undefined, reference: undefined }
}

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
  if (node.kind === 'branch') return encodeBranch(node, referenceOf)
  const isLeaf = node.kind === 'leaf'
  const second = isLeaf ? node.value : referenceOf(node.child)
  const pathSize = (node.path.length >> 1) + 1
  // A path of one byte is below 0x80 and stands for itself.
  const head = pathSize === 1 ? 0 : prefixSize(pathSize)
  const body = head + pathSize + (isLeaf ? stringSize(second) : second.length)
  const out = allocate(prefixSize(body) + body)
  let at = writePrefix(out, 0, body, 0xc0)
  if (head > 0) at = writePrefix(out, at, pathSize, 0x80)
  at = writePath(out, at, node.path, isLeaf)
  if (isLeaf) writeString(out, at, second)
  else out.set(second, at)
  return out
}

function encodeBranch(
  { children, value }: BranchNode,
  referenceOf: (child: TrieNode | Uint8Array) => Uint8Array,
): Uint8Array {
  let body = value === undefined ? 1 : stringSize(value)
  for (const child of children) {
    // What hashing below makes of a child stays in the child: asked again, it is at hand.
    if (child === null) body += 1
    else body += child instanceof Uint8Array ? REFERENCE_BYTES : referenceOf(child).length
  }
  const out = allocate(prefixSize(body) + body)
  let at = writePrefix(out, 0, body, 0xc0)
  for (const child of children) {
    if (child === null) out[at++] = EMPTY_STRING
    else if (child instanceof Uint8Array) {
      out[at] = 0xa0
      out.set(child, at + 1)
      at += REFERENCE_BYTES
    } else {
      const reference = referenceOf(child)
      out.set(reference, at)
      at += reference.length
    }
  }
  if (value === undefined) out[at] = EMPTY_STRING
  else writeString(out, at, value)
  return out
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
  const start = first > 0xf7 ? 1 + first - 0xf7 : 1
  const second = endOfItem(bytes, start)
  const third = endOfItem(bytes, second)
  if (third < bytes.length) return decodeBranch(bytes, start)
  const encodedPath = contentOf(bytes, start, second)
  const flag = (encodedPath[0] ?? 0) >> 4
  const path = toNibbles(encodedPath).subarray((flag & 1) === 1 ? 1 : 2)
  if ((flag & 2) === 2) {
    return { kind: 'leaf', path, value: contentOf(bytes, second, third), reference: undefined }
  }
  const child = toChild(bytes, second, third)
  if (child === null) throw new RangeError('expected an extension with a child, received none')
  return { kind: 'extension', path, child, reference: undefined }
}

function decodeBranch(bytes: Uint8Array, start: number): BranchNode {
  const branch = emptyBranch()
  let at = start
  for (let slot = 0; slot < BRANCH_ITEMS - 1; slot++) {
    if (bytes[at] === EMPTY_STRING) {
      at++
      continue
    }
    const end = endOfItem(bytes, at)
    branch.children[slot] = toChild(bytes, at, end)
    at = end
  }
  const value = contentOf(bytes, at, endOfItem(bytes, at))
  if (value.length > 0) branch.value = value
  return branch
}

function toChild(bytes: Uint8Array, at: number, end: number): TrieChild {
  if ((bytes[at] ?? 0) >= 0xc0) {
    const embedded = decodeNode(bytes.subarray(at, end))
    embedded.reference = bytes.subarray(at, end)
    return embedded
  }
  const content = contentOf(bytes, at, end)
  return content.length === 0 ? null : content
}

/** Where the item that begins at `at` ends. A list inside a node is an embedded node, always shorter than 32 bytes. */
function endOfItem(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  if (first < 0x80) return at + 1
  if (first >= 0xc0) return at + 1 + (first - 0xc0)
  if (first <= 0xb7) return at + 1 + (first - 0x80)
  const size = first - 0xb7
  let length = 0
  for (let i = 1; i <= size; i++) length = length * 256 + (bytes[at + i] ?? 0)
  return at + 1 + size + length
}

/** The bytes of the string from `at` to `end`. */
function contentOf(bytes: Uint8Array, at: number, end: number): Uint8Array {
  const first = bytes[at] ?? 0
  const head = first < 0x80 ? 0 : first <= 0xb7 ? 1 : 1 + first - 0xb7
  return bytes.subarray(at + head, end)
}

/** Hex-prefix encoding of a path (yellow paper, appendix C). @returns where it ends. */
function writePath(out: Uint8Array, start: number, path: Uint8Array, isLeaf: boolean): number {
  const odd = path.length & 1
  out[start] = (isLeaf ? 0x20 : 0) | (odd === 1 ? 0x10 | (path[0] ?? 0) : 0)
  let at = start + 1
  for (let i = odd; i < path.length; i += 2) {
    out[at++] = ((path[i] ?? 0) << 4) | (path[i + 1] ?? 0)
  }
  return at
}
