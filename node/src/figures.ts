import type { Chain, TransactionPool, VotePool } from '@mosaic/chain'
import type { Network } from '@mosaic/network'
import type { EthereumClient } from '@mosaic/origin'
import type { Address } from '@mosaic/primitives'
import type { Ledger, LedgerChain } from '@mosaic/relayer'
import { formatEther } from 'ethers'
import type { CoreWatch } from './core-watch.ts'
import type { Figure } from './metrics.ts'
import type { Synchroniser } from './sync/synchroniser.ts'

/** What a node's figures are read from. */
export type NodeParts = {
  readonly chain: Chain
  readonly transactions: TransactionPool
  readonly votes: VotePool
  readonly network: Network
  readonly sync: Synchroniser
  readonly coreWatch: CoreWatch
  /** Accounts that pay, and for what. */
  readonly accounts: readonly PayingAccount[]
}

/** An account that must not run dry. */
export type PayingAccount = {
  readonly chain: LedgerChain
  readonly use: string
  readonly account: Address
  readonly client: EthereumClient
}

/** The figures of a node. */
export function nodeFigures(parts: NodeParts): readonly Figure[] {
  const { chain, transactions, votes, network, sync, coreWatch, accounts } = parts
  const reorganised = { times: 0, blocks: 0 }
  const flow = { transactions: 0n, gas: 0n }
  chain.onHead(({ removed, added }) => {
    if (removed.length > 0) reorganised.times++
    reorganised.blocks += removed.length
    for (const block of added) {
      flow.transactions += BigInt(block.transactions.length)
      flow.gas += block.header.gasUsed
    }
  })
  const byChain = (
    read: (finality: ReturnType<Chain['head']>['auxiliary']) => bigint,
  ): ReturnType<Figure['read']> => {
    const { auxiliary, origin } = chain.head()
    return [
      { labels: { chain: 'auxiliary' }, value: read(auxiliary) },
      { labels: { chain: 'origin' }, value: read(origin) },
    ]
  }
  return [
    figure('head_number', 'Number of the head', () => chain.head().header.number),
    figure(
      'head_timestamp_seconds',
      'When the head was sealed, in seconds since 1970',
      () => chain.head().header.timestamp,
    ),
    figure('justified_height', 'Height of the highest justified checkpoint', () =>
      byChain(({ justified }) => justified.height),
    ),
    figure('finalized_height', 'Height of the highest finalized checkpoint', () =>
      byChain(({ finalized }) => finalized?.height ?? 0n),
    ),
    figure(
      'dynasty',
      'Number of finalized checkpoints of auxiliary',
      () => chain.head().auxiliary.finalizedCount,
    ),
    figure(
      'observed_origin_number',
      'Number of the origin block that is finalized on auxiliary',
      () => chain.head().observation.number,
    ),
    figure('signers', 'Signers that may seal blocks', () => chain.head().snapshot.signers.length),
    figure(
      'transactions_total',
      'Transactions that entered the chain since the start',
      () => flow.transactions,
    ),
    figure(
      'gas_used_total',
      'Gas of the blocks that entered the chain since the start',
      () => flow.gas,
    ),
    figure(
      'reorganisations_total',
      'Times that blocks left the chain since the start',
      () => reorganised.times,
    ),
    figure(
      'reorganised_blocks_total',
      'Blocks that left the chain since the start',
      () => reorganised.blocks,
    ),
    figure('pool_transactions', 'Transactions that wait', () => transactions.size()),
    figure('pool_votes', 'Votes that wait', () => votes.pending().length),
    figure('peers', 'Peers that are connected', () => network.peers().length),
    figure('missing_blocks', 'Blocks that peers have and this node fetches', () => {
      const target = sync.target()
      const missing = (target?.highest ?? 0n) - chain.head().header.number
      return target === undefined || missing < 0n ? 0 : missing
    }),
    figure(
      'slashed_validators',
      'Validators that were slashed on origin',
      () => coreWatch.accountability()?.slashed.length,
    ),
    figure('core_halted', '1 if the core is halted', () => (coreWatch.isHalted() ? 1 : 0)),
    ...balanceFigures(accounts),
  ]
}

/** The figures of a relayer. */
export function relayerFigures(
  ledger: Ledger,
  accounts: readonly PayingAccount[],
): readonly Figure[] {
  const chains = ['origin', 'auxiliary'] as const
  const perChain = (read: (chain: LedgerChain) => number): ReturnType<Figure['read']> =>
    chains.map((chain) => ({ labels: { chain }, value: read(chain) }))
  const outcomes = (chain: LedgerChain) => ledger.entries().filter((entry) => entry.chain === chain)
  return [
    figure('relayer_spent_ether', 'What the transactions in the ledger cost', () =>
      perChain((chain) =>
        Number(
          formatEther(
            outcomes(chain).reduce((sum, { outcome }) => sum + (outcome?.cost ?? 0n), 0n),
          ),
        ),
      ),
    ),
    figure('relayer_transactions', 'Transactions in the ledger', () =>
      perChain((chain) => outcomes(chain).length),
    ),
    figure('relayer_reverted', 'Transactions in the ledger that reverted', () =>
      perChain(
        (chain) => outcomes(chain).filter(({ outcome }) => outcome?.hasSucceeded === false).length,
      ),
    ),
    figure('relayer_waiting', 'Transactions in the ledger without a receipt', () =>
      perChain((chain) => outcomes(chain).filter(({ outcome }) => outcome === undefined).length),
    ),
    ...balanceFigures(accounts),
  ]
}

function balanceFigures(accounts: readonly PayingAccount[]): readonly Figure[] {
  if (accounts.length === 0) return []
  return [
    figure('account_ether', 'What accounts that pay for transactions hold', async () => {
      const readings = await Promise.all(
        accounts.map(async ({ chain, use, account, client }) => {
          const balance = await client.balance(account).catch(() => undefined)
          return balance === undefined
            ? []
            : [{ labels: { chain, use, account }, value: Number(formatEther(balance)) }]
        }),
      )
      return readings.flat()
    }),
  ]
}

function figure(name: string, help: string, read: Figure['read']): Figure {
  return { name, help, read }
}
