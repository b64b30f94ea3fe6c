import {
  type Address,
  keccak256,
  toAddress,
  toHash32,
  toHeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import { createMemoryStore, type Store } from '@mosaic/storage'
import type { Fisherman, FishermanPorts, FishermanStore, SignedVote } from '../src/index.ts'

const CHAINS: readonly ReturnType<typeof toHash32>[] = ['aa', 'bb'].map((byte) =>
  toHash32(`0x${byte.repeat(32)}`),
)
const [AUXILIARY = toHash32(`0x${'00'.repeat(32)}`)] = CHAINS

export function validatorAt(index: number): Address {
  return toAddress(`0x${(index + 1).toString(16).padStart(40, '0')}`)
}

export function hashOf(text: string): ReturnType<typeof toHash32> {
  return keccak256(utf8ToBytes(text))
}

/** The shape of a vote; what it leaves out follows from what it has. */
export type Shape = {
  readonly source: number
  readonly target: number
  /** Which block at the source's or the target's height. */
  readonly sourceFork?: number
  readonly targetFork?: number
  /** 0 is the true T̃. */
  readonly lie?: number
  /** The height of the block that is named as source, if that is not the source's height. */
  readonly sourceBlock?: number
  readonly validator?: number
  readonly chain?: number
}

/** A vote of that shape. Its signature is not looked at here. */
export function voteOf(shape: Shape): SignedVote {
  const { source, target, sourceFork = 0, targetFork = 0, lie = 0, validator = 0 } = shape
  const from = hashOf(`block ${shape.sourceBlock ?? source} ${sourceFork}`)
  return {
    vote: {
      chain: CHAINS[shape.chain ?? 0] ?? AUXILIARY,
      transitionHash: lie === 0 ? trueTransition(from) : hashOf(`lie ${lie}`),
      source: from,
      target: hashOf(`block ${target} ${targetFork}`),
      sourceHeight: toHeight(BigInt(source)),
      targetHeight: toHeight(BigInt(target)),
    },
    signature: `0x${'01'.repeat(64)}`,
    validator: validatorAt(validator),
  }
}

export function trueTransition(source: string): ReturnType<typeof toHash32> {
  return hashOf(`T of ${source}`)
}

/** A space of a store as the fisherman wants it. */
export function storeOf(store: Store = createMemoryStore()): FishermanStore {
  return {
    get: (key) => store.get('fisherman', key),
    batch: (writes, options) =>
      store.batch(
        writes.map(({ key, value }) =>
          value === undefined
            ? { type: 'delete', space: 'fisherman', key }
            : { type: 'put', space: 'fisherman', key, value },
        ),
        options,
      ),
    entries: (range) => store.entries('fisherman', range),
  }
}

/** A fisherman that knows all T̃ and does nothing, but for what is changed. */
export function portsOf(change: Partial<FishermanPorts>): FishermanPorts {
  return {
    store: storeOf(),
    transitionHash: async (_chain, source) => trueTransition(source),
    horizon: () => toHeight(1000n),
    hiddenVotes: async () => [],
    courts: [],
    challenges: undefined,
    rewards: undefined,
    account: undefined,
    log: () => undefined,
    ...change,
  }
}

/** One round on both chains. */
export async function performDuties(fisherman: Fisherman): Promise<void> {
  for (const where of ['origin', 'auxiliary'] as const) await fisherman.performDuties(where)
}
