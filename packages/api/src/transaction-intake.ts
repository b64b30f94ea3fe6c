import type { Chain, HeadChange, PoolFault, TransactionPool } from '@mosaic/chain'
import { PREDEPLOYS } from '@mosaic/contracts'
import {
  type Block,
  type TransactionFault as DecodingFault,
  isImpersonated,
  type Transaction,
} from '@mosaic/execution'
import { type Address, type Hash32, keccak256, refuse, type Verdict } from '@mosaic/primitives'
import type { TransactionFault } from '@mosaic/rpc'

/** The only way of transactions into the pool, from users, peers and removed blocks; keeps the pool in step with the head. */
export type TransactionIntake = {
  /** Decodes a transaction, checks it against the state of the head and adds it to the pool. */
  readonly add: (raw: Uint8Array) => Promise<Verdict<Transaction, TransactionFault>>
  /** Calls `listener` with each transaction that becomes executable, until the returned function is called. */
  readonly onAdded: (listener: (transaction: Transaction) => void) => () => void
  /** The nonce after the last executable transaction of a sender; undefined when it has none waiting. */
  readonly pendingNonce: (address: Address) => bigint | undefined
  /** What waits, and whether it could be included now or stands behind a gap. */
  readonly content: () => {
    readonly pending: readonly Transaction[]
    readonly queued: readonly Transaction[]
  }
  /** Stops following the head. */
  readonly close: () => void
}

const MAX_NONCE = 2n ** 64n - 1n
/** Code of an account that delegates (EIP-7702): such an account still sends. */
const DELEGATION_PREFIX = [0xef, 0x01, 0x00]

const EMPTY_CODE_HASH = keccak256(new Uint8Array())

/** Creates the intake of a chain's pool. */
export function createTransactionIntake(
  chain: Chain,
  transactions: TransactionPool,
): TransactionIntake {
  const { queries } = chain.execution
  const listeners = new Set<(transaction: Transaction) => void>()
  /** Nonces at the head of the senders that have something waiting. */
  const nonces = new Map<Address, bigint>()

  /** A replacement makes nothing executable but itself; what fills a gap, also what stood behind the gap. */
  const announce = (transaction: Transaction, isReplacement: boolean): void => {
    const { from, nonce } = transaction
    const end = transactions.nextNonce(from, nonces.get(from) ?? nonce)
    for (let at = nonce; at < (isReplacement && end > nonce ? nonce + 1n : end); at++) {
      const executable = transactions.at(from, at)
      if (executable === undefined) return
      for (const listener of listeners) listener(executable)
    }
  }

  const addDecoded = async (
    transaction: Transaction,
  ): Promise<Verdict<Transaction, TransactionFault>> => {
    const { from } = transaction
    if (transactions.get(transaction.hash) !== undefined) return refuse({ code: 'ALREADY_KNOWN' })
    for (;;) {
      const head = chain.head()
      const stateRoot = chain.stateRoot(head)
      const account = await queries.account(stateRoot, from)
      const code =
        account.codeHash === EMPTY_CODE_HASH ? undefined : await queries.code(stateRoot, from)
      // Checks must be against the head that the pool follows.
      if (chain.head().hash !== head.hash || chain.stateRoot(head) !== stateRoot) continue
      const fault = findFault(transaction, code)
      if (fault !== undefined) return refuse(fault)
      const isReplacement = transactions.at(from, transaction.nonce) !== undefined
      const added = transactions.add(transaction, account, head.header.gasLimit)
      if (!added.ok) return refuse(toFault(added.fault))
      nonces.set(from, account.nonce)
      announce(transaction, isReplacement)
      return added
    }
  }

  const follow = ({ removed, added, returnsTransactions }: HeadChange): void => {
    const included = added.flatMap((block) => block.transactions)
    transactions.included(included)
    for (const { from, nonce } of included) nonces.set(from, nonce + 1n)
    const again = new Set<Hash32>(included.map(({ hash }) => hash))
    const returning = returnsTransactions
      ? removed.flatMap(transactionsOfUsers).filter(({ hash }) => !again.has(hash))
      : []
    for (const { from, nonce } of removed.flatMap((block) => block.transactions).toReversed()) {
      if (nonces.has(from) && !included.some((other) => other.from === from))
        nonces.set(from, nonce)
    }
    for (const address of nonces.keys()) {
      if (!transactions.hasSender(address)) nonces.delete(address)
    }
    // What is refused now was made void by the new branch.
    void Promise.all(returning.map(addDecoded)).catch(() => undefined)
  }
  const unsubscribe = chain.onHead(follow)

  return {
    add: async (raw) => {
      const decoded = chain.execution.decodeTransaction(raw)
      return decoded.ok ? addDecoded(decoded.value) : refuse(toDecodingFault(decoded.fault))
    },
    onAdded: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    pendingNonce: (address) => {
      const nonce = nonces.get(address)
      if (nonce === undefined) return undefined
      const next = transactions.nextNonce(address, nonce)
      return next === nonce ? undefined : next
    },
    content: () => {
      const pending: Transaction[] = []
      const queued: Transaction[] = []
      for (const [sender, own] of transactions.senders()) {
        const end = transactions.nextNonce(sender, nonces.get(sender) ?? 0n)
        for (const transaction of own) {
          if (transaction.nonce < end) pending.push(transaction)
          else queued.push(transaction)
        }
      }
      return { pending, queued }
    },
    close: () => {
      unsubscribe()
      listeners.clear()
    },
  }
}

/** All but the transaction in which the producer carried votes: the next producer makes its own. */
export function transactionsOfUsers(block: Block): readonly Transaction[] {
  return block.transactions.filter(
    ({ from, to }) => from !== block.signer || to !== PREDEPLOYS.finalityGadget,
  )
}

/** What the pool does not check. `code` is that of the sender. */
function findFault(
  transaction: Transaction,
  code: Uint8Array | undefined,
): TransactionFault | undefined {
  const { from, nonce } = transaction
  if (nonce === MAX_NONCE) return { code: 'NONCE_AT_MAXIMUM' }
  if (
    code !== undefined &&
    !isImpersonated(transaction) &&
    !DELEGATION_PREFIX.every((byte, i) => code[i] === byte)
  ) {
    return { code: 'SENDER_HAS_CODE', address: from, codeHash: keccak256(code) }
  }
  return undefined
}

function toDecodingFault({ code, message }: DecodingFault): TransactionFault {
  switch (code) {
    case 'TRANSACTION_TYPE':
      return { code: 'TYPE_NOT_SUPPORTED' }
    case 'TRANSACTION_UNPROTECTED':
      return { code: 'UNPROTECTED' }
    case 'TRANSACTION_FOREIGN_CHAIN':
      return { code: 'INVALID_SENDER' }
    case 'TRANSACTION_MALFORMED':
      return message === 'invalid sender'
        ? { code: 'INVALID_SENDER' }
        : { code: 'MALFORMED', reason: message }
    default:
      return code satisfies never
  }
}

function toFault(fault: PoolFault): TransactionFault {
  switch (fault.code) {
    case 'POOL_ALREADY_KNOWN':
      return { code: 'ALREADY_KNOWN' }
    case 'POOL_NONCE_TOO_LOW':
      return { code: 'NONCE_TOO_LOW', next: fault.next, given: fault.given }
    case 'POOL_INTRINSIC_GAS':
      return { code: 'INTRINSIC_GAS', gas: fault.gas, needed: fault.needed }
    case 'POOL_ABOVE_BLOCK_GAS_LIMIT':
      return { code: 'ABOVE_BLOCK_GAS_LIMIT' }
    case 'POOL_INSUFFICIENT_FUNDS': {
      const { balance, cost, queued, replaced } = fault
      return { code: 'INSUFFICIENT_FUNDS', balance, cost, queued, replaced }
    }
    case 'POOL_TIP_ABOVE_FEE_CAP':
      return { code: 'TIP_ABOVE_FEE_CAP' }
    case 'POOL_REPLACEMENT_UNDERPRICED':
      return { code: 'REPLACEMENT_UNDERPRICED' }
    case 'POOL_ACCOUNT_LIMIT':
      return { code: 'ACCOUNT_LIMIT', pooled: fault.limit }
    case 'POOL_OVERSIZED':
      return { code: 'OVERSIZED', size: fault.size, limit: fault.limit }
    case 'POOL_UNDERPRICED':
      return { code: 'UNDERPRICED' }
    case 'POOL_FUTURE_REPLACES_PENDING':
      return { code: 'FUTURE_REPLACES_PENDING' }
    case 'POOL_FULL':
      return { code: 'POOL_FULL' }
    default:
      return fault satisfies never
  }
}
