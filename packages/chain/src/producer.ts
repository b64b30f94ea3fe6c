import {
  type AuthorityHeader,
  buildExtraData,
  chooseProposal,
  EMPTY_UNCLE_HASH,
  headerHash,
  nextBaseFee,
  nextGasLimit,
  sealHash,
  sealPlan,
} from '@mosaic/authority'
import { decodeSubmitVotes, encodeSubmitVotes, PREDEPLOYS } from '@mosaic/contracts'
import type { Block, Transaction } from '@mosaic/execution'
import {
  type Address,
  bytesToHex,
  concatBytes,
  type Hash32,
  hexToBytes,
  toBlockNumber,
  ZERO_HASH,
} from '@mosaic/primitives'
import { EMPTY_TRIE_ROOT, secretKeyToAddress, signDigest } from '@mosaic/protocol'
import type { BlockRecord } from './block-record.ts'
import type { Chain } from './chain.ts'
import type { TransactionPool } from './transaction-pool.ts'
import type { PendingVote, VotePool } from './vote-pool.ts'

/** What a producer needs from the node around it. */
export type ProducerPorts = {
  readonly chain: Chain
  readonly transactions: TransactionPool
  readonly votes: VotePool
  /** Hands a sealed block to gossip. */
  readonly publish: (block: Block) => Promise<void>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Calls `step` once after `ms`; the returned function cancels it. */
  readonly schedule: (ms: number, step: () => void) => () => void
  /** A fraction in [0, 1). */
  readonly random: () => number
  /** Votes of this node's operator on signers: authorise or drop. */
  readonly proposals: () => ReadonlyMap<Address, boolean>
  readonly log: (
    level: 'debug' | 'info' | 'warn',
    event: string,
    fields: Record<string, unknown>,
  ) => void
}

/** How blocks are made. */
export type ProducerOptions = {
  readonly secretKey: Uint8Array
  /** Gas limit that the producer moves towards. */
  readonly gasLimit: bigint
  /** At most 32 bytes, padded with zeros. */
  readonly vanity?: Uint8Array
}

/** Seals blocks when it is this signer's time. */
export type Producer = {
  readonly address: Address
  readonly start: () => void
  readonly stop: () => Promise<void>
}

/** Votes carried by one transaction. */
const MAX_VOTES = 64
const VOTE_GAS = 400_000n
const BASE_VOTE_GAS = 150_000n
const RETRY_MS = 250

/** Creates a stopped producer. */
export function createProducer(ports: ProducerPorts, options: ProducerOptions): Producer {
  const { chain, transactions, votes, now, log } = ports
  const { definition, execution } = chain
  const address = secretKeyToAddress(options.secretKey)
  const vanity = new Uint8Array(32)
  vanity.set((options.vanity ?? new Uint8Array()).subarray(0, 32))
  let cancel: (() => void) | undefined
  let unsubscribe: (() => void) | undefined
  let running: Promise<void> | undefined
  let stopped = true

  const plan = (): void => {
    cancel?.()
    cancel = undefined
    if (stopped) return
    const head = chain.head()
    const turn = sealPlan(head.snapshot, address, head.header.timestamp, definition.rules)
    if (!turn.canSeal) return
    const wiggle = turn.inTurn ? 0 : 1 + ports.random() * turn.wiggleMs
    const due = Number(turn.earliestTimestamp) * 1000 + wiggle
    cancel = ports.schedule(Math.max(0, due - now()), () => {
      running ??= produce(head, turn.difficulty).finally(() => {
        running = undefined
        if (!stopped && chain.head().hash === head.hash) cancel = ports.schedule(RETRY_MS, plan)
      })
    })
  }

  const produce = async (parent: BlockRecord, difficulty: 1n | 2n): Promise<void> => {
    try {
      await chain.exclusive(async () => {
        if (stopped || chain.head().hash !== parent.hash) return
        const block = await build(parent, difficulty)
        if (block !== undefined) await ports.publish(block)
      })
    } catch (error) {
      log('warn', 'block not produced', { number: parent.header.number + 1n, error })
    }
  }

  const build = async (parent: BlockRecord, difficulty: 1n | 2n): Promise<Block | undefined> => {
    const number = toBlockNumber(parent.header.number + 1n)
    const earliest = parent.header.timestamp + definition.rules.period
    const clock = BigInt(Math.floor(now() / 1000))
    const isEpoch = number % definition.rules.epoch === 0n
    const draft = {
      parentHash: parent.hash,
      number,
      timestamp: clock > earliest ? clock : earliest,
      gasLimit: nextGasLimit(parent.header, options.gasLimit),
      difficulty,
      baseFeePerGas: nextBaseFee(parent.header),
    }
    const candidates = await collectCandidates(parent, draft)
    const built = await execution.processor.build(
      draft,
      parent.header.stateRoot,
      address,
      candidates,
    )
    const unsealed: AuthorityHeader = {
      ...draft,
      uncleHash: EMPTY_UNCLE_HASH,
      ...chooseProposal(parent.snapshot, ports.proposals(), ports.random, definition.rules.epoch),
      stateRoot: built.stateRoot,
      transactionsRoot: built.transactions.length === 0 ? EMPTY_TRIE_ROOT : built.transactionsRoot,
      receiptsRoot: built.receiptsRoot,
      logsBloom: built.logsBloom,
      gasUsed: built.gasUsed,
      extraData: buildExtraData({ vanity, signers: isEpoch ? parent.snapshot.signers : [] }),
      mixHash: ZERO_HASH,
    }
    const header: AuthorityHeader = {
      ...unsealed,
      extraData: concatBytes(
        unsealed.extraData.slice(0, -65),
        seal(sealHash(unsealed), options.secretKey),
      ),
    }
    const block: Block = {
      hash: headerHash(header),
      header,
      transactions: built.transactions,
      signer: address,
    }
    const adopted = await chain.adopt(block, built)
    if (adopted.ok) {
      log('debug', 'block sealed', {
        number,
        hash: block.hash,
        transactions: block.transactions.length,
      })
      return block
    }
    log('warn', 'own block refused', { number, fault: adopted.fault })
    return undefined
  }

  /** First the votes, in a transaction of the producer's own account; then the pool by tip. */
  const collectCandidates = async (
    parent: BlockRecord,
    draft: Pick<
      AuthorityHeader,
      'parentHash' | 'number' | 'timestamp' | 'gasLimit' | 'difficulty' | 'baseFeePerGas'
    >,
  ): Promise<Parameters<typeof execution.processor.build>[3]> => {
    const nonces = new Map<Address, bigint>()
    for (const sender of transactions.senders().keys()) {
      nonces.set(sender, (await execution.queries.account(parent.header.stateRoot, sender)).nonce)
    }
    const carried = await carryVotes(parent, draft)
    const ranked = transactions.best(
      draft.baseFeePerGas ?? 0n,
      (sender) => nonces.get(sender) ?? 0n,
    )
    let first: Transaction | undefined = carried
    return {
      next: () => {
        if (first !== undefined) {
          const transaction = first
          first = undefined
          return transaction
        }
        const { value } = ranked.next()
        return value
      },
      skipped: ({ transaction, reason }) => {
        if (transaction.hash === carried?.hash) {
          log('warn', 'votes not carried', { reason })
          return
        }
        ranked.skipSender()
        if (reason === 'nonce-too-low' || reason === 'invalid')
          transactions.remove(transaction.hash)
      },
    }
  }

  const carryVotes = async (
    parent: BlockRecord,
    draft: Pick<
      AuthorityHeader,
      'parentHash' | 'number' | 'timestamp' | 'gasLimit' | 'difficulty' | 'baseFeePerGas'
    >,
  ): Promise<Transaction | undefined> => {
    const due = await selectVotes(chain, votes, { ...parent.header, ...draft }, address)
    if (due.length === 0) return undefined
    const account = await execution.queries.account(parent.header.stateRoot, address)
    const limit = BASE_VOTE_GAS + VOTE_GAS * BigInt(due.length)
    return execution.signTransaction(
      {
        nonce: account.nonce,
        gasLimit: limit < draft.gasLimit ? limit : draft.gasLimit,
        maxFeePerGas: draft.baseFeePerGas ?? 0n,
        maxPriorityFeePerGas: 0n,
        to: PREDEPLOYS.finalityGadget,
        value: 0n,
        data: hexToBytes(encodeSubmitVotes(due)),
      },
      options.secretKey,
    )
  }

  return {
    address,
    start: () => {
      stopped = false
      unsubscribe = chain.onHead(plan)
      plan()
    },
    stop: async () => {
      stopped = true
      cancel?.()
      unsubscribe?.()
      await running
    },
  }
}

/**
 * The pending votes that the gadget would count in the next block. Those it can never count leave the pool; those that wait for a
 * justification or for a block stay.
 */
async function selectVotes(
  chain: Chain,
  pool: VotePool,
  at: AuthorityHeader,
  feeRecipient: Address,
): Promise<readonly PendingVote[]> {
  const pending = pool.pending().slice(0, MAX_VOTES)
  if (pending.length === 0) return []
  const result = await chain.execution.queries.call(at, feeRecipient, {
    from: feeRecipient,
    to: PREDEPLOYS.finalityGadget,
    data: hexToBytes(encodeSubmitVotes(pending)),
  })
  if (!result.ok) return []
  const outcomes = decodeSubmitVotes(bytesToHex(result.value.returned))
  return pending.filter((vote, index) => {
    const outcome = outcomes[index]
    if (
      outcome === 'already-recorded' ||
      outcome === 'too-old' ||
      outcome === 'signature-invalid'
    ) {
      pool.remove(vote.link, vote.validator)
    }
    return outcome === 'recorded'
  })
}

/** The 65-byte seal of EIP-225: r ‖ s ‖ recovery bit. */
function seal(digest: Hash32, secretKey: Uint8Array): Uint8Array {
  const compact = hexToBytes(signDigest(digest, secretKey))
  const parity = (compact[32] ?? 0) >> 7
  compact[32] = (compact[32] ?? 0) & 0x7f
  return concatBytes(compact, Uint8Array.of(parity))
}
