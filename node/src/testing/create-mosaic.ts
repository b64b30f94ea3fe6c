import { coreViews } from '@mosaic/contracts'
import {
  accountOf,
  createDevChain,
  type DevAccount,
  type DevChain,
  type Provider,
} from '@mosaic/devchain'
import { buildGenesis, type NetworkGenesis } from '@mosaic/genesis'
import {
  createTransactionSender,
  type EthereumClient,
  readCoreGenesis,
  readView,
  type TransactionSender,
} from '@mosaic/origin'
import {
  type Address,
  hexToBytes,
  InvalidValueError,
  toBlockNumber,
  toGas,
  toWeight,
} from '@mosaic/primitives'
import { createRelayer, type RelayerAction } from '@mosaic/relayer'
import { deployCore } from '../devnet/deploy.ts'
import type { Log } from '../logger.ts'
import { createOriginViews } from '../origin-views.ts'
import { type AuxiliaryNode, openAuxiliaryNode } from './auxiliary-node.ts'
import { createStepper } from './stepper.ts'
import { createWire } from './wire.ts'

/** How a whole network in one process begins. Everything may be left out. */
export type MosaicOptions = {
  /** Nodes of the auxiliary chain, each with a signer; 1 unless told. */
  readonly nodes?: number
  /** Validators, one after the other on the nodes; 4 unless told. Each has the same stake. */
  readonly validators?: number
  /** Unix seconds at which origin begins; the same moment every time unless told. */
  readonly time?: bigint | number
  /** Blocks of a checkpoint on auxiliary; 2 unless told. */
  readonly epochLength?: bigint
  /** Is told what the parts say. */
  readonly log?: Log
}

/** A core on origin, its auxiliary chain, validators and a relayer, in this process and with hand-turned time. */
export type Mosaic = {
  readonly origin: DevChain
  readonly core: Address
  readonly genesis: NetworkGenesis
  readonly auxiliary: { readonly provider: Provider; readonly chain: AuxiliaryNode['chain'] }
  readonly nodes: readonly AuxiliaryNode[]
  /** Accounts with ether on both chains, whose keys both providers have. */
  readonly accounts: readonly DevAccount[]
  /**
   * Turns: in each, time goes on by a second, origin grows by a block, the validators vote, auxiliary grows by a block wherever enough
   * signers are together, and the relayer does what it can.
   */
  readonly mine: (turns?: number) => Promise<void>
  /** Turns until the present head of auxiliary is finalized. @throws InvalidValueError if that does not come. */
  readonly finalize: () => Promise<void>
  /** Turns until the core has one more meta-block; returns its height. @throws InvalidValueError if that does not come. */
  readonly commitMetaBlock: () => Promise<bigint>
  /** Replaces the last blocks of auxiliary by others, on all nodes; none that is finalized. */
  readonly reorg: (depth: number) => Promise<void>
  /** Cuts the nodes into sides that do not hear each other; the relayer is with node 0. */
  readonly partition: (...sides: readonly (readonly number[])[]) => void
  /** Joins the sides again and tells everybody everything. */
  readonly heal: () => Promise<void>
  /** Unix seconds of both chains; not before the present ones. */
  readonly setTime: (timestamp: bigint | number) => void
  /** What the relayer has done. */
  readonly relayed: readonly RelayerAction[]
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const ETHER = 10n ** 18n
const START = 1_750_000_000n
const AUXILIARY_CHAIN_ID = 1410n
const ORIGIN_CHAIN_ID = 31_337n
const USERS = 10
/** Turns after which what was waited for is taken not to come. */
const PATIENCE = 400
/** Blocks under which a block of origin is final. */
const ORIGIN_DEPTH = 2n

/** Starts a network: deploys the core, stakes, makes the genesis. @throws InvalidValueError for an option that is none. */
export async function createMosaic(options: MosaicOptions = {}): Promise<Mosaic> {
  const nodeCount = requireCount('nodes', options.nodes ?? 1)
  const validatorCount = requireCount('validators', options.validators ?? 4)
  const stepper = createStepper()
  const log: Log = (...entry) => {
    // What fails of being ended is no news.
    if (!stepper.signal.aborted) options.log?.(...entry)
  }
  let seconds = BigInt(options.time ?? START)
  const nowSeconds = (): bigint => seconds

  const deployer = accountOf('deployer')
  const relayerAccount = accountOf('relayer')
  const validators = named('validator', validatorCount)
  const signers = named('signer', nodeCount)

  const rich = { balance: 10_000n * ETHER }
  const origin = await createDevChain({
    chainId: ORIGIN_CHAIN_ID,
    accounts: USERS,
    clock: nowSeconds,
    gasLimit: 60_000_000n,
    alloc: { [deployer.address]: rich, [relayerAccount.address]: rich },
  })
  const onOrigin = stepper.client(
    origin.provider,
    { kind: 'confirmations', depth: ORIGIN_DEPTH },
    ORIGIN_CHAIN_ID,
  )
  const senderOf = (client: EthereumClient, { secretKey }: DevAccount): TransactionSender =>
    createTransactionSender(client, hexToBytes(secretKey), {
      sleep: stepper.sleep,
      pollMs: 0,
      ownsAccount: true,
      signal: stepper.signal,
    })
  const core = await deployCore(onOrigin, senderOf(onOrigin, deployer), {
    parameters: {
      minimumStake: toWeight(ETHER),
      auxiliaryChainId: AUXILIARY_CHAIN_ID,
      epochLength: options.epochLength ?? 2n,
      originEpochLength: 2n,
      maxVoteAge: 16n,
      gasTarget: toGas(1_000_000n),
      challengePeriod: 3n,
      withdrawalDelay: 30n,
      proposalBond: 10n ** 17n,
      maxJoins: 4n,
      maxLogouts: 4n,
      reporterShare: 1_000n,
      missedDynastyLoss: 10_000n,
    },
    definition: {
      period: 1n,
      cliqueEpoch: 30_000n,
      gasLimit: 60_000_000n,
      baseFeePerGas: 10n ** 9n,
      signers: signers.map(({ address }) => address),
      balances: Object.fromEntries(
        [...origin.accounts, ...signers, relayerAccount].map(({ address }) => [
          address,
          10_000n * ETHER,
        ]),
      ),
    },
    validators: validators.map(({ address, secretKey }) => ({
      account: { address, secretKey: hexToBytes(secretKey) },
      stake: toWeight(1000n * ETHER),
    })),
    holders: { accounts: [], tokens: toWeight(0n) },
  })
  const genesis = await buildGenesis(await readCoreGenesis(onOrigin, core, toBlockNumber(0n)))

  const wire = createWire()
  const nodes: AuxiliaryNode[] = []
  for (const [index, signer] of signers.entries()) {
    nodes.push(
      await openAuxiliaryNode({
        index,
        genesis,
        wire,
        signer,
        validators: validators.filter((_, each) => each % nodeCount === index),
        accounts: origin.accounts,
        origin: onOrigin,
        core: createOriginViews(onOrigin, core, genesis.coreCreatedAt),
        nowSeconds,
        log,
      }),
    )
  }
  const [first] = nodes
  if (first === undefined) throw new InvalidValueError('a node', undefined)
  const onAuxiliary = stepper.client(first.provider, { kind: 'finalized-tag' }, AUXILIARY_CHAIN_ID)
  const relayed: RelayerAction[] = []
  const relayer = createRelayer(
    {
      origin: { client: onOrigin, sender: senderOf(onOrigin, relayerAccount) },
      auxiliary: { client: onAuxiliary, sender: senderOf(onAuxiliary, relayerAccount) },
      log,
    },
    {
      identity: { originChainId: ORIGIN_CHAIN_ID, core },
      createdAt: genesis.coreCreatedAt,
      epochLength: genesis.epochLength,
      originEpochLength: genesis.originEpochLength,
    },
    { maxIntervalSeconds: 1n },
  )

  /** One block on each side where a signer may seal, by the one who is most ready. */
  const grow = async (): Promise<void> => {
    for (const side of wire.sides()) {
      const ready = side
        .map((index) => nodes[index])
        .filter((node) => node !== undefined)
        .toSorted((a, b) => b.readiness() - a.readiness())
      await ready[0]?.seal()
    }
  }
  const turn = async (): Promise<void> => {
    // Blocks that follow each other within a second run ahead of the clock.
    for (const { header } of [first.chain.head(), origin.chain.head()]) {
      if (header.timestamp > seconds) seconds = header.timestamp
    }
    seconds++
    origin.setTime(seconds)
    await origin.mine()
    for (const node of nodes) await node.vote()
    await grow()
    await stepper.step(async () => {
      relayed.push(...(await relayer.relayOnce()))
    })
  }
  const turnUntil = async (what: string, isDone: () => Promise<boolean>): Promise<void> => {
    for (let i = 0; i < PATIENCE; i++) {
      if (await isDone()) return
      await turn()
    }
    throw new InvalidValueError(`${what} within ${PATIENCE} turns`, 'none')
  }
  const openHeight = async (): Promise<bigint> =>
    (await readView(onOrigin, core, coreViews.head, [])).height

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await stepper.finish()
      for (const node of nodes) await node.close()
      await origin.close()
    })()
    return closing
  }

  return {
    origin,
    core,
    genesis,
    auxiliary: { provider: first.provider, chain: first.chain },
    nodes,
    accounts: origin.accounts,
    mine: async (turns = 1) => {
      for (let i = 0; i < turns; i++) await turn()
    },
    finalize: () => {
      const { number } = first.chain.head().header
      return turnUntil(
        `a finalized checkpoint at ${number} or above`,
        async () => first.chain.finalized().height * genesis.epochLength >= number,
      )
    },
    commitMetaBlock: async () => {
      const height = await openHeight()
      await turnUntil('a meta-block', async () => (await openHeight()) > height)
      return height
    },
    reorg: async (depth) => {
      await reorganise(nodes, BigInt(depth))
      for (let i = 0; i < depth; i++) {
        seconds++
        await grow()
      }
    },
    partition: (...sides) => wire.cut(sides),
    heal: async () => {
      wire.heal()
      for (const node of nodes) await node.tellAll()
    },
    setTime: (timestamp) => {
      if (BigInt(timestamp) < seconds) {
        throw new InvalidValueError(`a time from ${seconds} on`, timestamp)
      }
      seconds = BigInt(timestamp)
    },
    relayed,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Takes every node back to the same block, from where they grow differently. */
async function reorganise(nodes: readonly AuxiliaryNode[], depth: bigint): Promise<void> {
  for (const { chain, branchOff } of nodes) {
    const { number } = chain.head().header
    if (depth < 1n || depth > number) {
      throw new InvalidValueError(`a depth from 1 to ${number}`, depth)
    }
    const target = chain.ancestor(chain.head(), toBlockNumber(number - depth))
    if (target === undefined) throw new InvalidValueError('an ancestor', number - depth)
    branchOff()
    await chain.exclusive(() =>
      chain.moveTo(
        { head: target.hash, stateRoot: chain.stateRoot(target) },
        { returnsTransactions: true },
      ),
    )
  }
}

function requireCount(what: string, count: number): number {
  if (!Number.isSafeInteger(count) || count < 1 || count > 64) {
    throw new InvalidValueError(`${what} from 1 to 64`, count)
  }
  return count
}

/** Accounts of a role, the same every time. */
function named(role: string, count: number): readonly DevAccount[] {
  return Array.from({ length: count }, (_, index) => accountOf(`${role} ${index}`))
}
