import {
  bytesToHex,
  decodeRlp,
  equalBytes,
  type Hash32,
  hexToBytes,
  InvalidValueError,
} from '@mosaic/primitives'
import { StateUnavailableError } from './errors.ts'
import type { StateSource } from './state.ts'
import { EMPTY_ROOT } from './trie.ts'
import { decodeNode, type TrieNode } from './trie-node.ts'

/** What a walk over a state comes by. */
export type StateVisitor = {
  /** Whether the walk goes below a node, by its hash. Only nodes with a hash of their own are asked about. */
  readonly enter: (hash: Uint8Array) => boolean
  /** The code of an account, by its hash. */
  readonly code?: (hash: Uint8Array) => void
  /** Asked after some hundred nodes; the walk goes on when it resolves. */
  readonly pause: () => Promise<void>
}

/** An account's fields, as the trie has them: nonce, balance, storage root, code hash. */
const ACCOUNT_FIELDS = 4
const NODES_AT_ONCE = 512
const EMPTY_CODE = hexToBytes('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470')

/** What a trie node leads to: nodes with a hash of their own, and code. */
export type NodeReferences = {
  /** Nodes of the same trie. */
  readonly below: readonly Uint8Array[]
  /** Roots of the storage of accounts in this node. */
  readonly storage: readonly Uint8Array[]
  readonly codes: readonly Uint8Array[]
}

/**
 * Reads what a node refers to. Empty tries and empty code are left out.
 *
 * @param bytes the node's encoding, whose hash was compared: anything else may be refused in any way.
 * @throws InvalidValueError if an account in it is none.
 */
export function readReferences(bytes: Uint8Array, isAccountTrie: boolean): NodeReferences {
  const below: Uint8Array[] = []
  const storage: Uint8Array[] = []
  const codes: Uint8Array[] = []
  const collect = (node: TrieNode): void => {
    switch (node.kind) {
      case 'leaf':
        if (isAccountTrie) enterAccount(node.value)
        return
      case 'extension':
        if (node.child instanceof Uint8Array) below.push(node.child)
        else collect(node.child)
        return
      case 'branch':
        for (const child of node.children) {
          if (child instanceof Uint8Array) below.push(child)
          else if (child !== null) collect(child)
        }
        return
      default:
        node satisfies never
    }
  }
  const enterAccount = (value: Uint8Array): void => {
    const fields = decodeRlp(value)
    const [, , storageRoot, codeHash] = fields instanceof Uint8Array ? [] : fields
    if (
      fields.length !== ACCOUNT_FIELDS ||
      !(storageRoot instanceof Uint8Array) ||
      !(codeHash instanceof Uint8Array)
    ) {
      throw new InvalidValueError('an account in the trie', bytesToHex(value))
    }
    if (!equalBytes(storageRoot, EMPTY_ROOT)) storage.push(storageRoot)
    if (!equalBytes(codeHash, EMPTY_CODE)) codes.push(codeHash)
  }
  collect(decodeNode(bytes))
  return { below, storage, codes }
}

/**
 * Walks over all trie nodes of a state, storage included, depth first.
 *
 * @throws {@link StateUnavailableError} if a node is not there.
 */
export async function walkState(
  source: StateSource,
  stateRoot: Hash32,
  visitor: StateVisitor,
): Promise<void> {
  const accounts: Uint8Array[] = [hexToBytes(stateRoot)]
  const slots: Uint8Array[] = []
  let count = 0
  const visit = (hash: Uint8Array, isAccountTrie: boolean): void => {
    if (equalBytes(hash, EMPTY_ROOT) || !visitor.enter(hash)) return
    const bytes = source.node(hash)
    if (bytes === undefined) {
      throw new StateUnavailableError(`trie node ${bytesToHex(hash)} in the store`)
    }
    const { below, storage, codes } = readReferences(bytes, isAccountTrie)
    for (const each of below) (isAccountTrie ? accounts : slots).push(each)
    for (const each of storage) slots.push(each)
    for (const each of codes) visitor.code?.(each)
  }
  for (;;) {
    // Storage first, so that no more than one account's is waiting.
    const slot = slots.pop()
    const hash = slot ?? accounts.pop()
    if (hash === undefined) return
    visit(hash, slot === undefined)
    count++
    if (count % NODES_AT_ONCE === 0) await visitor.pause()
  }
}
