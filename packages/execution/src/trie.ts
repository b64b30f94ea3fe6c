import { bytesToHex, equalBytes, hexToBytes } from '@mosaic/primitives'
import { EMPTY_TRIE_ROOT } from '@mosaic/protocol'
import { StateUnavailableError } from './errors.ts'
import {
  type BranchNode,
  decodeNode,
  emptyBranch,
  encodeNode,
  hashReference,
  type TrieChild,
  type TrieNode,
} from './trie-node.ts'

/** Root of a trie without entries, as bytes. */
export const EMPTY_ROOT: Uint8Array = hexToBytes(EMPTY_TRIE_ROOT)

/** What stands in a parent for a node of 32 bytes and more: a prefix and the hash. */
const HASH_REFERENCE_BYTES = 33

/** Where a trie reads nodes that are not in memory. */
export type NodeSource = (hash: Uint8Array) => Uint8Array | undefined

/** A node to write: its hash and its encoding. */
export type NodeWrite = readonly [hash: Uint8Array, encoding: Uint8Array]

/**
 * A Merkle-Patricia trie that keeps decoded nodes in memory, changes them in place and hashes once per {@link Trie.root}: a block that
 * writes a thousand slots hashes each touched node once. Keys are nibbles ({@link toNibbles}); roots equal those of any other
 * implementation.
 */
export class Trie {
  readonly #keccak: (bytes: Uint8Array) => Uint8Array
  readonly #source: NodeSource
  readonly #reference = (child: TrieNode | Uint8Array): Uint8Array => this.#referenceOf(child)
  #top: TrieChild
  #writes: NodeWrite[] = []

  constructor(
    keccak: (bytes: Uint8Array) => Uint8Array,
    source: NodeSource = () => undefined,
    root?: Uint8Array,
  ) {
    this.#keccak = keccak
    this.#source = source
    this.#top = root === undefined || equalBytes(root, EMPTY_ROOT) ? null : root
  }

  /** The value at a key. @throws {@link StateUnavailableError} */
  get(key: Uint8Array): Uint8Array | undefined {
    if (this.#top === null) return undefined
    let node = this.#load(this.#top)
    this.#top = node
    let at = 0
    for (;;) {
      if (node.kind === 'branch') {
        if (at === key.length) return node.value
        const slot = key[at++] ?? 0
        const child: TrieChild = node.children[slot] ?? null
        if (child === null) return undefined
        const loaded = this.#load(child)
        node.children[slot] = loaded
        node = loaded
      } else {
        if (!startsWith(key, node.path, at)) return undefined
        at += node.path.length
        if (node.kind === 'leaf') return at === key.length ? node.value : undefined
        const loaded: TrieNode = this.#load(node.child)
        node.child = loaded
        node = loaded
      }
    }
  }

  /** Sets the value at a key; it must not be empty. */
  put(key: Uint8Array, value: Uint8Array): void {
    this.#top = this.#insert(this.#top, key, 0, value)
  }

  /** Removes a key, if it is there. */
  delete(key: Uint8Array): void {
    if (this.#top !== null) this.#top = this.#remove(this.#top, key, 0)
  }

  /** The root hash; encodes and hashes what changed since the last call. */
  root(): Uint8Array {
    if (this.#top === null) return EMPTY_ROOT
    if (this.#top instanceof Uint8Array) return this.#top
    const known = this.#top.reference
    if (known?.length === 33) return known.subarray(1)
    const encoding = encodeNode(this.#top, this.#reference)
    const hash = this.#keccak(encoding)
    this.#top.reference = hashReference(hash)
    this.#writes.push([hash, encoding])
    return hash
  }

  /** Hands over the nodes that {@link root} made since the last call. */
  takeWrites(): readonly NodeWrite[] {
    const writes = this.#writes
    this.#writes = []
    return writes
  }

  /**
   * Forgets all nodes but those nearest to the root; they are read again when they are needed. Only when the nodes that {@link root} made are
   * stored.
   *
   * @param most of the nodes that stay. Those that are part of their parents stay with them and do not count.
   * @returns how many stay.
   */
  prune(most: number): number {
    this.root()
    if (this.#top === null || this.#top instanceof Uint8Array) return 0
    let kept = 1
    const keep = (child: TrieNode | Uint8Array, next: TrieNode[]): TrieNode | Uint8Array => {
      if (child instanceof Uint8Array) return child
      const reference = this.#referenceOf(child)
      if (reference.length === HASH_REFERENCE_BYTES) {
        if (kept >= most) return reference.subarray(1)
        kept++
      }
      next.push(child)
      return child
    }
    for (let level: TrieNode[] = [this.#top]; level.length > 0; ) {
      const next: TrieNode[] = []
      for (const node of level) {
        if (node.kind === 'extension') node.child = keep(node.child, next)
        else if (node.kind === 'branch') {
          for (const [slot, child] of node.children.entries()) {
            if (child !== null) node.children[slot] = keep(child, next)
          }
        }
      }
      level = next
    }
    return kept
  }

  /** Encodings of the nodes from the root towards a key, as `eth_getProof` lists them: also when the key is absent. */
  prove(key: Uint8Array): readonly Uint8Array[] {
    const nodes: Uint8Array[] = []
    this.root()
    let child: TrieChild = this.#top
    let at = 0
    let embedded = false
    while (child !== null) {
      const node: TrieNode = this.#load(child)
      if (!embedded) nodes.push(encodeNode(node, this.#reference))
      if (node.kind === 'branch') {
        if (at === key.length) break
        child = node.children[key[at++] ?? 0] ?? null
      } else {
        if (node.kind === 'leaf' || !startsWith(key, node.path, at)) break
        at += node.path.length
        child = node.child
      }
      embedded = child !== null && this.#referenceOf(child).length < 33
    }
    return nodes
  }

  #load(child: TrieNode | Uint8Array): TrieNode {
    if (!(child instanceof Uint8Array)) return child
    const encoding = this.#source(child)
    if (encoding === undefined) {
      throw new StateUnavailableError(`trie node ${bytesToHex(child)} in the store`)
    }
    const node = decodeNode(encoding)
    node.reference = hashReference(child)
    return node
  }

  #insert(child: TrieChild, key: Uint8Array, at: number, value: Uint8Array): TrieNode {
    if (child === null) {
      return { kind: 'leaf', path: key.subarray(at), value, reference: undefined }
    }
    const node = this.#load(child)
    if (node.kind === 'branch') {
      if (at === key.length) node.value = value
      else {
        const slot = key[at] ?? 0
        node.children[slot] = this.#insert(node.children[slot] ?? null, key, at + 1, value)
      }
      node.reference = undefined
      return node
    }
    const shared = sharedLength(key, node.path, at)
    if (shared === node.path.length) {
      if (node.kind === 'extension') {
        node.child = this.#insert(node.child, key, at + shared, value)
        node.reference = undefined
        return node
      }
      if (at + shared === key.length) {
        node.value = value
        node.reference = undefined
        return node
      }
    }
    const branch = this.#split(node, shared)
    if (at + shared === key.length) branch.value = value
    else {
      branch.children[key[at + shared] ?? 0] = {
        kind: 'leaf',
        path: key.subarray(at + shared + 1),
        value,
        reference: undefined,
      }
    }
    if (shared === 0) return branch
    return {
      kind: 'extension',
      path: key.subarray(at, at + shared),
      child: branch,
      reference: undefined,
    }
  }

  /** A branch at `depth` nibbles into the path of a leaf or extension, with that node's rest below it. */
  #split(node: Exclude<TrieNode, BranchNode>, depth: number): BranchNode {
    const branch = emptyBranch()
    if (depth === node.path.length) {
      if (node.kind === 'leaf') branch.value = node.value
      return branch
    }
    const slot = node.path[depth] ?? 0
    const rest = node.path.subarray(depth + 1)
    if (node.kind === 'leaf') {
      branch.children[slot] = { kind: 'leaf', path: rest, value: node.value, reference: undefined }
    } else {
      branch.children[slot] =
        rest.length === 0
          ? node.child
          : { kind: 'extension', path: rest, child: node.child, reference: undefined }
    }
    return branch
  }

  #remove(child: TrieNode | Uint8Array, key: Uint8Array, at: number): TrieChild {
    const node = this.#load(child)
    if (node.kind === 'leaf') {
      const isIt = node.path.length === key.length - at && startsWith(key, node.path, at)
      return isIt ? null : node
    }
    if (node.kind === 'extension') {
      if (!startsWith(key, node.path, at)) return node
      const below = this.#remove(node.child, key, at + node.path.length)
      if (below === null) return null
      if (!(below instanceof Uint8Array) && below === node.child && below.reference !== undefined)
        return node
      return this.#join(node.path, below)
    }
    if (at === key.length) {
      if (node.value === undefined) return node
      node.value = undefined
    } else {
      const slot = key[at] ?? 0
      const old = node.children[slot] ?? null
      if (old === null) return node
      const below = this.#remove(old, key, at + 1)
      node.children[slot] = below
      // Nothing was there to remove: the subtree came back with the reference it had.
      if (below !== null && !(below instanceof Uint8Array) && below.reference !== undefined)
        return node
    }
    node.reference = undefined
    const left = node.children.flatMap((c, slot) => (c === null ? [] : [{ slot, child: c }]))
    const [only] = left
    if (only === undefined) {
      return node.value === undefined
        ? null
        : { kind: 'leaf', path: new Uint8Array(), value: node.value, reference: undefined }
    }
    if (left.length === 1 && node.value === undefined) {
      return this.#join(Uint8Array.of(only.slot), only.child)
    }
    return node
  }

  /** Puts a path in front of a node, merging paths where two would follow each other. */
  #join(path: Uint8Array, child: TrieNode | Uint8Array): TrieNode {
    const node = this.#load(child)
    if (node.kind === 'branch')
      return { kind: 'extension', path, child: node, reference: undefined }
    const joined = new Uint8Array(path.length + node.path.length)
    joined.set(path)
    joined.set(node.path, path.length)
    return { ...node, path: joined, reference: undefined }
  }

  #referenceOf(child: TrieNode | Uint8Array): Uint8Array {
    if (child instanceof Uint8Array) return hashReference(child)
    if (child.reference !== undefined) return child.reference
    const encoding = encodeNode(child, this.#reference)
    if (encoding.length < 32) {
      child.reference = encoding
      return encoding
    }
    const hash = this.#keccak(encoding)
    child.reference = hashReference(hash)
    this.#writes.push([hash, encoding])
    return child.reference
  }
}

function startsWith(key: Uint8Array, path: Uint8Array, at: number): boolean {
  for (let i = 0; i < path.length; i++) if (path[i] !== key[at + i]) return false
  return true
}

function sharedLength(key: Uint8Array, path: Uint8Array, at: number): number {
  const limit = Math.min(path.length, key.length - at)
  let shared = 0
  while (shared < limit && path[shared] === key[at + shared]) shared++
  return shared
}
