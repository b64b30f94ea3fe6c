import { type CoreParameters, encodeSlash } from '@mosaic/contracts'
import { createEthereumClient, type EthereumClient, readKernels } from '@mosaic/origin'
import {
  type Address,
  type Hash32,
  keccak256,
  toBlockNumber,
  toHeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  secretKeyToAddress,
  signDigest,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import { openPaidFisherman } from '../../node/src/fisherman-role.ts'
import type { Fisherman, SignedVote } from '../../packages/fisherman/src/index.ts'
import { createMemoryStore, type Store } from '../../packages/storage/src/index.ts'
import { readFields, toQuantity } from '../contracts/anvil.ts'
import { ORIGIN_CHAIN_ID } from '../contracts/meta-block.ts'
import { createRig, FISHERMEN, type Rig } from '../relayer/rig.ts'
import { openStakeBooks, type StakeBooks } from '../stake-books.ts'

/** A rig with fishermen, each with an account and a disk of its own. */
export type FishingRig = Rig & {
  /** Sees origin; final is what is two blocks deep. */
  readonly client: EthereumClient
  readonly auxiliaryClient: EthereumClient
  /** Opens a fisherman, or opens it again after it was killed; `seat` is that of its own validator, if it has one. */
  readonly openFisherman: (index: number, seat?: number) => Promise<Fisherman>
  readonly fishermanAt: (index: number) => Address
  readonly validatorAt: (seat: number) => Address
  readonly books: StakeBooks
  /** Wei that an account has paid for gas, by its transactions. */
  readonly gasPaidBy: (account: Address) => Promise<bigint>
  /** Two votes of the validator in a seat for targets that exclude each other. */
  readonly conflict: (seat: number) => readonly [SignedVote, SignedVote]
  /** Brings such votes of some seats to the core. Returns the validators. */
  readonly slash: (seats: readonly number[]) => Promise<readonly Address[]>
  /** Identifier of auxiliary in votes. */
  readonly chainIdentifier: Hash32
  readonly openKernel: () => Promise<Awaited<ReturnType<typeof readKernels>>[number]>
}

/** Creates one. */
export async function createFishingRig(
  parameters: Partial<CoreParameters> = {},
): Promise<FishingRig> {
  const rig = await createRig(parameters)
  const { address } = rig.core
  const client = createEthereumClient(
    rig.origin,
    { kind: 'confirmations', depth: 2n },
    ORIGIN_CHAIN_ID,
  )
  const auxiliaryClient = createEthereumClient(
    rig.auxiliary,
    { kind: 'finalized-tag' },
    rig.chain.execution.chainId,
  )
  const disks = new Map<number, Store>()
  const validatorAt = (seat: number): Address => {
    const found = rig.core.validators[seat]
    if (found === undefined) throw new RangeError(`expected validator ${seat}`)
    return found.address
  }
  const conflict = (seat: number): readonly [SignedVote, SignedVote] => {
    const source = rig.chain.head().auxiliary.justified
    const secret = rig.core.keys[seat] ?? new Uint8Array()
    const voteFor = (name: string): SignedVote => {
      const vote: VoteMessage = {
        chain: coreIdentifier(rig.relayed.identity),
        transitionHash: keccak256(utf8ToBytes('T')),
        source: source.hash,
        target: keccak256(utf8ToBytes(name)),
        sourceHeight: source.height,
        targetHeight: toHeight(source.height + 1n),
      }
      const digest = voteDigest(domainSeparator(rig.relayed.identity), vote)
      return { vote, signature: signDigest(digest, secret), validator: validatorAt(seat) }
    }
    return [voteFor('one'), voteFor('other')]
  }

  return {
    ...rig,
    client,
    auxiliaryClient,
    fishermanAt: (index) => secretKeyToAddress(secretOf(index)),
    validatorAt,
    openFisherman: async (index, seat) => {
      const disk = disks.get(index) ?? createMemoryStore()
      disks.set(index, disk)
      const owner = {
        secretKey: secretOf(index),
        validator: seat === undefined ? undefined : validatorAt(seat),
      }
      return openPaidFisherman(owner, {
        chain: rig.chain,
        store: withOwnDisk(rig.store, disk),
        origin: client,
        coreCreatedAt: rig.relayed.createdAt,
        ownRpc: rig.auxiliary,
        sleep: rig.turn,
        signal: new AbortController().signal,
        log: (level, event, fields) => rig.logged.push({ level, event, ...fields }),
      })
    },
    books: openStakeBooks(client, address, auxiliaryClient),
    gasPaidBy: async (account) => {
      let paid = 0n
      const newest = await client.blockNumber()
      for (let number = 0n; number <= newest; number++) {
        const block = await rig.anvil.request('eth_getBlockReceipts', toQuantity(number))
        for (const each of Array.isArray(block) ? block : []) {
          const receipt = readFields(each)
          if (receipt['from'] === account)
            paid +=
              BigInt(String(receipt['gasUsed'])) * BigInt(String(receipt['effectiveGasPrice']))
        }
      }
      return paid
    },
    conflict,
    slash: async (seats) => {
      const validators: Address[] = []
      for (const seat of seats) {
        const [first, second] = conflict(seat)
        await rig.anvil.send({ to: address, data: encodeSlash(first, second) })
        validators.push(first.validator)
      }
      return validators
    },
    chainIdentifier: coreIdentifier(rig.relayed.identity),
    openKernel: async () => {
      const kernel = (await readKernels(client, address, toBlockNumber(0n))).at(-1)
      if (kernel === undefined) throw new Error('expected a kernel')
      return kernel
    },
  }
}

/** One round on both chains. */
export async function performDuties(fisherman: Fisherman): Promise<void> {
  for (const where of ['origin', 'auxiliary'] as const) await fisherman.performDuties(where)
}

function secretOf(index: number): Uint8Array {
  const secret = FISHERMEN[index]
  if (secret === undefined) throw new RangeError(`expected fisherman ${index}`)
  return secret
}

/** The node's store, but for what the fisherman keeps. */
function withOwnDisk(store: Store, disk: Store): Store {
  const of = (space: Parameters<Store['get']>[0]): Store => (space === 'fisherman' ? disk : store)
  return {
    get: (space, key) => of(space).get(space, key),
    batch: (operations, options) => disk.batch(operations, options),
    entries: (space, range) => of(space).entries(space, range),
    close: async () => undefined,
  }
}
