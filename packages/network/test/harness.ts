import {
  type Hash32,
  keccak256,
  toBlockNumber,
  toHeight,
  utf8ToBytes,
  ZERO_HASH,
} from '@mosaic/primitives'
import {
  createNetwork,
  createNodeKey,
  createSystemClock,
  type GossipValidator,
  type Network,
  type NetworkBudgets,
  type NetworkTiming,
  type PeerMemory,
  type RequestHandlers,
  type Status,
} from '../src/index.ts'
import type { TopicName } from '../src/topics.ts'

export const GENESIS: Hash32 = keccak256(utf8ToBytes('genesis'))
export const OTHER_GENESIS: Hash32 = keccak256(utf8ToBytes('another genesis'))

/** Short intervals, so that a test spends its time on the behaviour. */
const FAST: Partial<NetworkTiming> = {
  maintenanceMs: 50,
  redialMinMs: 50,
  redialMaxMs: 200,
  localQueryMs: 100,
}

type Received = {
  readonly topic: TopicName
  readonly bytes: Uint8Array
  readonly from: string
}

export type TestNode = { readonly network: Network; readonly received: Received[] }

export type NodeOptions = {
  readonly seed: number
  readonly genesisHash?: Hash32
  readonly coreIdentifier?: Hash32
  readonly listen?: readonly string[]
  readonly peers?: readonly string[]
  readonly allowList?: readonly string[]
  readonly validate?: GossipValidator
  readonly handlers?: Partial<RequestHandlers>
  readonly budgets?: Partial<NetworkBudgets>
  readonly timing?: Partial<NetworkTiming>
  readonly wantedPeers?: number
  readonly mdns?: boolean
  readonly memory?: PeerMemory
  readonly unixMs?: number
  /** Milliseconds for budgets and intervals; timers run as always. */
  readonly now?: () => number
}

export function nodeKey(seed: number): Hash32 {
  return createNodeKey(new Uint8Array(32).fill(seed))
}

export function statusOf(genesisHash: Hash32, coreIdentifier: Hash32 = ZERO_HASH): Status {
  return {
    genesisHash,
    coreIdentifier,
    finalized: { height: toHeight(0n), hash: genesisHash },
    head: { number: toBlockNumber(7n), hash: ZERO_HASH, totalDifficulty: 14n },
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Nodes of one test; `stop` ends them all. */
export class Nodes {
  readonly #running = new Set<Network>()

  async start(options: NodeOptions): Promise<TestNode> {
    const genesisHash = options.genesisHash ?? GENESIS
    const received: Received[] = []
    const record =
      (topic: TopicName): GossipValidator =>
      async (bytes, from) => {
        received.push({ topic, bytes, from })
        return options.validate?.(bytes, from) ?? 'accept'
      }
    const network = await createNetwork(
      {
        nodeKey: nodeKey(options.seed),
        genesisHash,
        coreIdentifier: options.coreIdentifier ?? ZERO_HASH,
        listen: options.listen ?? ['/ip4/127.0.0.1/tcp/0'],
        ...(options.peers === undefined ? {} : { peers: options.peers }),
        ...(options.allowList === undefined ? {} : { allowList: options.allowList }),
        timing: { ...FAST, ...options.timing },
        ...(options.wantedPeers === undefined ? {} : { wantedPeers: options.wantedPeers }),
        ...(options.mdns === undefined ? {} : { mdns: options.mdns }),
        ...(options.memory === undefined ? {} : { memory: options.memory }),
        ...(options.budgets === undefined ? {} : { budgets: options.budgets }),
      },
      {
        validators: {
          block: record('block'),
          transactions: record('transactions'),
          vote: record('vote'),
        },
        handlers: {
          blocksByRange: nothing,
          blocksByHash: nothing,
          votesByHeight: nothing,
          transactionHashes: nothing,
          transactionsByHash: nothing,
          headersByRange: nothing,
          stateNodes: nothing,
          receiptsByHash: nothing,
          ...options.handlers,
        },
        status: () => statusOf(genesisHash, options.coreIdentifier),
        clock: {
          ...createSystemClock(),
          ...(options.now === undefined ? {} : { now: options.now }),
        },
        unixMs: () => options.unixMs ?? 1_750_000_000_000,
        random: () => 0.5,
      },
    )
    this.#running.add(network)
    await network.start()
    return { network, received }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((network) => network.stop()))
    this.#running.clear()
  }
}

export function addressOf({ network }: TestNode): string {
  const [address] = network.addresses()
  if (address === undefined) throw new Error('the node does not listen')
  return address
}

/**
 * Connects every node with every other; all have gossip and a handshake with all. Of each pair one dials: when both do, one of two
 * connections is closed a little later, and with it what gossip had under way on it.
 */
export async function connectAll(nodes: readonly TestNode[]): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    for (const other of nodes.slice(index + 1)) node.network.addPeer(addressOf(other))
  }
  await until(() => nodes.every(({ network }) => readyPeers(network).length === nodes.length - 1))
}

/** Peers with a handshake and gossip. */
export function readyPeers(network: Network): readonly string[] {
  return network
    .peers()
    .filter(({ status, gossip }) => status !== undefined && gossip)
    .map(({ peerId }) => peerId)
}

/** Resolves once `condition` holds. @throws Error when it does not within 20 seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    if (await condition()) return
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
  throw new Error(`never became true: ${String(condition)}`)
}

/** What a response holds. */
export async function collect<T>(chunks: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}
