import {
  type CoreEvent,
  type CoreParameters,
  coreEventTopics,
  decodeCoreEvent,
  type View,
} from '@mosaic/contracts'
import {
  type Address,
  type BlockNumber,
  CodedError,
  type Hash32,
  type Hex,
  hexToBytes,
  keccak256,
  toBlockNumber,
} from '@mosaic/primitives'
import {
  applyUpdates,
  decodeUpdates,
  type Kernel,
  type ValidatorSet,
  validatorSetHash,
} from '@mosaic/protocol'
import { HeaderMismatchError } from './errors.ts'
import type { BlockTag, ChainLog, EthereumClient } from './ethereum-client.ts'

/** Everything on origin that an auxiliary genesis is made from. */
export type CoreGenesis = {
  readonly core: Address
  readonly originChainId: bigint
  /** Block that created the core: its logs begin there. */
  readonly createdAt: BlockNumber
  /** Seconds since 1970: time of the block that opened the core. */
  readonly openedTimestamp: bigint
  readonly parameters: CoreParameters
  /** The auxiliary definition, a JSON document. */
  readonly definition: Uint8Array
  readonly originRoot: {
    readonly number: BlockNumber
    readonly hash: Hash32
    readonly stateRoot: Hash32
  }
  /** K_1 and its set. */
  readonly kernel: Kernel
  readonly validatorSet: ValidatorSet
}

/** There is no open core at the address. */
export class CoreNotOpenError extends CodedError<{
  readonly code: 'CORE_NOT_OPEN'
  readonly core: Address
  readonly missing: 'creation' | 'opening' | 'kernel'
}> {
  override readonly name = 'CoreNotOpenError'

  constructor(core: Address, missing: 'creation' | 'opening' | 'kernel') {
    super(
      { code: 'CORE_NOT_OPEN', core, missing },
      `expected an open core at ${core}, found no ${missing}`,
    )
  }
}

/** A kernel that the core opened, with the validator set that holds under it. */
export type OpenedKernel = {
  readonly kernel: Kernel
  readonly kernelHash: Hash32
  readonly validatorSet: ValidatorSet
  readonly openedAt: { readonly blockNumber: BlockNumber; readonly transactionHash: Hash32 }
}

/** A log of the core with its event. */
export type CoreLog = { readonly event: CoreEvent; readonly log: ChainLog }

/** Reads a view of a contract. */
export async function readView<A extends readonly unknown[], T>(
  client: EthereumClient,
  to: Address,
  view: View<A, T>,
  values: A,
  at: BlockTag = 'latest',
): Promise<T> {
  return view.decode(await client.call(to, view.encode(...values), at))
}

/** Logs of a core of the named events, oldest first. */
export async function readCoreLogs(
  client: EthereumClient,
  core: Address,
  names: readonly (keyof typeof coreEventTopics)[],
  fromBlock: BlockNumber,
  toBlock: BlockTag = 'latest',
): Promise<readonly CoreLog[]> {
  const topics = [names.map((name) => coreEventTopics[name])]
  const logs = await client.logs({ address: core, topics, fromBlock, toBlock })
  return logs.flatMap((log) => {
    const event = decodeCoreEvent(log)
    return event === undefined ? [] : [{ event, log }]
  })
}

/**
 * Reads what an auxiliary genesis is made from. Everything is checked against hashes that the core holds.
 *
 * @throws {@link CoreNotOpenError}; {@link HeaderMismatchError} if the root's header is not the recorded one.
 */
export async function readCoreGenesis(
  client: EthereumClient,
  core: Address,
  fromBlock: BlockNumber = toBlockNumber(0n),
): Promise<CoreGenesis> {
  const logs = await readCoreLogs(
    client,
    core,
    ['CoreCreated', 'CoreOpened', 'KernelOpened'],
    fromBlock,
  )
  const created = logs.find(({ event }) => event.name === 'CoreCreated')
  const opened = logs.find(({ event }) => event.name === 'CoreOpened')
  const kernel = logs.find(({ event }) => event.name === 'KernelOpened')
  if (created?.event.name !== 'CoreCreated') throw new CoreNotOpenError(core, 'creation')
  if (opened?.event.name !== 'CoreOpened') throw new CoreNotOpenError(core, 'opening')
  if (kernel?.event.name !== 'KernelOpened') throw new CoreNotOpenError(core, 'kernel')
  const definition = hexToBytes(created.event.definition)
  if (keccak256(definition) !== created.event.definitionHash) {
    throw new HeaderMismatchError(created.event.definitionHash, keccak256(definition))
  }
  const root = await client.header(opened.event.rootHash)
  const openingBlock = await client.header(opened.log.blockHash)
  if (root === undefined || openingBlock === undefined) throw new CoreNotOpenError(core, 'opening')
  return {
    core,
    originChainId: client.chainId,
    createdAt: created.log.blockNumber,
    openedTimestamp: openingBlock.timestamp,
    parameters: created.event.parameters,
    definition,
    originRoot: { number: root.number, hash: root.hash, stateRoot: root.stateRoot },
    kernel: kernel.event.kernel,
    validatorSet: setAfter([], kernel.event.updates, kernel.event.kernel),
  }
}

/** All kernels that the core has opened, oldest first, each with its validator set; sets are checked against the kernels. */
export async function readKernels(
  client: EthereumClient,
  core: Address,
  fromBlock: BlockNumber,
  toBlock: BlockTag = 'latest',
): Promise<readonly OpenedKernel[]> {
  const kernels: OpenedKernel[] = []
  for (const log of await readCoreLogs(client, core, ['KernelOpened'], fromBlock, toBlock)) {
    const kernel = followKernel(kernels.at(-1)?.validatorSet ?? [], log)
    if (kernel !== undefined) kernels.push(kernel)
  }
  return kernels
}

/**
 * The kernel that a log of a core tells of, with the set that follows from the one before; undefined if it tells of something else.
 *
 * @throws {@link HeaderMismatchError} if the set is not the one in the kernel.
 */
export function followKernel(
  before: ValidatorSet,
  { event, log }: CoreLog,
): OpenedKernel | undefined {
  if (event.name !== 'KernelOpened') return undefined
  return {
    kernel: event.kernel,
    kernelHash: event.kernelHash,
    validatorSet: setAfter(before, event.updates, event.kernel),
    openedAt: { blockNumber: log.blockNumber, transactionHash: log.transactionHash },
  }
}

function setAfter(before: ValidatorSet, updates: Hex, kernel: Kernel): ValidatorSet {
  const set = applyUpdates(before, decodeUpdates(hexToBytes(updates)))
  const hash = validatorSetHash(set)
  if (hash !== kernel.validatorSetHash) throw new HeaderMismatchError(kernel.validatorSetHash, hash)
  return set
}
