import { prefixSize, stringSize, writePrefix, writeString } from './rlp-writing.ts'
import { EMPTY_ROOT } from './trie.ts'

const WIDTH = 16
const EMPTY_STRING = 0x80
const HASH_PREFIX = 0xa0
const HASH_BYTES = 32
/** Indices below are their own RLP, but for zero. */
const SELF_ENCODED = 128
const MAX_INDEX = 2 ** 24 - 1
/** The longest prefix of a branch stands before what it holds: sixteen hashes and no value. */
const BRANCH_PREFIX = 3
const BRANCH_BYTES = BRANCH_PREFIX + WIDTH * (1 + HASH_BYTES) + 1
const EXTENSION_BYTES = 64

/**
 * The root of a list, keyed by RLP of the index, as for transactions and receipts (yellow paper, 4.3.2). Only the root is wanted: the trie is hashed
 * from its leaves up, in the order of its keys, and no node of it is made.
 *
 * @throws RangeError for more than 2^24 items.
 */
export function orderedRoot(
  keccak: (bytes: Uint8Array) => Uint8Array,
  items: readonly Uint8Array[],
): Uint8Array {
  if (items.length > MAX_INDEX + 1) {
    throw new RangeError(`expected at most ${MAX_INDEX + 1} items, received ${items.length}`)
  }
  return items.length === 0 ? EMPTY_ROOT : new OrderedTrie(keccak, items).root()
}

class OrderedTrie {
  readonly #keccak: (bytes: Uint8Array) => Uint8Array
  readonly #items: readonly Uint8Array[]
  /** One at each depth: branches are begun inside of others. */
  readonly #branches: Uint8Array[] = []
  readonly #extension = new Uint8Array(EXTENSION_BYTES)
  #leaf = new Uint8Array(1024)

  constructor(keccak: (bytes: Uint8Array) => Uint8Array, items: readonly Uint8Array[]) {
    this.#keccak = keccak
    this.#items = items
  }

  root(): Uint8Array {
    return this.#keccak(this.#encode(0, this.#items.length, 0))
  }

  /** What stands below the first `depth` nibbles that the keys from place `from` to before place `to` have in common: valid until the next. */
  #encode(from: number, to: number, depth: number): Uint8Array {
    const first = this.#indexAt(from)
    if (to - from === 1) return this.#encodeLeaf(first, depth)
    const last = this.#indexAt(to - 1)
    let fork = depth
    while (nibbleAt(first, fork) === nibbleAt(last, fork)) fork++
    const branch = this.#encodeBranch(from, to, fork)
    return fork === depth ? branch : this.#encodeExtension(first, depth, fork, branch)
  }

  #encodeBranch(from: number, to: number, depth: number): Uint8Array {
    const out = this.#branches[depth] ?? new Uint8Array(BRANCH_BYTES)
    this.#branches[depth] = out
    let at = BRANCH_PREFIX
    let begin = from
    for (let slot = 0; slot < WIDTH; slot++) {
      let end = begin
      while (end < to && nibbleAt(this.#indexAt(end), depth) === slot) end++
      if (end === begin) out[at++] = EMPTY_STRING
      else at = this.#writeReference(out, at, this.#encode(begin, end, depth + 1))
      begin = end
    }
    // No key is the beginning of another, so no branch has a value.
    out[at++] = EMPTY_STRING
    const body = at - BRANCH_PREFIX
    const start = BRANCH_PREFIX - prefixSize(body)
    writePrefix(out, start, body, 0xc0)
    return out.subarray(start, at)
  }

  #encodeExtension(index: number, depth: number, end: number, branch: Uint8Array): Uint8Array {
    const path = pathSize(end - depth)
    const reference = branch.length < HASH_BYTES ? branch.length : 1 + HASH_BYTES
    const out = this.#extension
    let at = writePrefix(out, 0, stringSizeOf(path) + reference, 0xc0)
    at = writePath(out, at, index, depth, end, false)
    return out.subarray(0, this.#writeReference(out, at, branch))
  }

  #encodeLeaf(index: number, depth: number): Uint8Array {
    const item = this.#items[index]
    if (item === undefined) throw new RangeError(`expected an item ${index}, received none`)
    const end = keyLength(index)
    const body = stringSizeOf(pathSize(end - depth)) + stringSize(item)
    const size = prefixSize(body) + body
    if (size > this.#leaf.length) this.#leaf = new Uint8Array(2 * size)
    const out = this.#leaf
    const at = writePath(out, writePrefix(out, 0, body, 0xc0), index, depth, end, true)
    writeString(out, at, item)
    return out.subarray(0, size)
  }

  /** What a parent embeds for a node: its hash, or itself if that is shorter. */
  #writeReference(out: Uint8Array, at: number, encoding: Uint8Array): number {
    if (encoding.length < HASH_BYTES) {
      out.set(encoding, at)
      return at + encoding.length
    }
    out[at] = HASH_PREFIX
    out.set(this.#keccak(encoding), at + 1)
    return at + 1 + HASH_BYTES
  }

  /** The index whose key has so many keys before it: that of zero, 0x80, stands between those of one byte and the longer ones. */
  #indexAt(place: number): number {
    const ofOneByte = Math.min(this.#items.length, SELF_ENCODED)
    if (place >= ofOneByte) return place
    return place === ofOneByte - 1 ? 0 : place + 1
  }
}

/** Nibbles of the RLP of an index. */
function keyLength(index: number): number {
  return index < SELF_ENCODED ? 2 : 2 + 2 * byteLength(index)
}

/** One of them. */
function nibbleAt(index: number, position: number): number {
  if (index === 0) return position === 0 ? EMPTY_STRING >> 4 : 0
  if (index < SELF_ENCODED) return position === 0 ? index >> 4 : index & 15
  const length = byteLength(index)
  if (position === 0) return EMPTY_STRING >> 4
  if (position === 1) return length
  return (index >> (4 * (2 * length + 1 - position))) & 15
}

function byteLength(index: number): number {
  if (index < 2 ** 8) return 1
  return index < 2 ** 16 ? 2 : 3
}

/** Bytes of a path of so many nibbles (yellow paper, appendix C). */
function pathSize(nibbles: number): number {
  return 1 + (nibbles >> 1)
}

/** Bytes of such a path with its prefix: the first byte of a path is always below 0x40. */
function stringSizeOf(path: number): number {
  return path === 1 ? 1 : 1 + path
}

/** Writes the nibbles of a key from `start` to before `end` as a string. @returns where that ends. */
function writePath(
  out: Uint8Array,
  to: number,
  index: number,
  start: number,
  end: number,
  isLeaf: boolean,
): number {
  const nibbles = end - start
  const size = pathSize(nibbles)
  let at = size === 1 ? to : writePrefix(out, to, size, 0x80)
  let from = start
  const flag = isLeaf ? 0x20 : 0
  out[at++] = (nibbles & 1) === 0 ? flag : flag | 0x10 | nibbleAt(index, from++)
  for (; from < end; from += 2) out[at++] = (nibbleAt(index, from) << 4) | nibbleAt(index, from + 1)
  return at
}
