import { type Hash32, toBlockNumber, toHeight } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import {
  type AuxiliaryView,
  createMemoryJournal,
  createValidator,
  GuardUnusableError,
  type Journal,
  openJournalFile,
  openSigningGuard,
  type SignedVote,
  type Validator,
} from '../src/index.ts'
import { temporaryFile } from './temporary-file.ts'
import { AUXILIARY, hashOf, IDENTITY, ORIGIN, signWithKey, voteOf } from './votes.ts'

describe('a validator', () => {
  test('publishes one signed vote per new checkpoint', async () => {
    const world = createWorld()
    const validator = await world.start()
    await validator.performDuties()
    await validator.performDuties()
    world.height = 2
    await validator.performDuties()
    expect(world.published).toEqual([await signed(0, 1), await signed(0, 2)])
  })

  test('votes about origin as well', async () => {
    const world = createWorld()
    world.originHeight = 3
    const validator = await world.start()
    await validator.performDuties()
    expect(world.published.map(({ vote }) => vote.chain)).toEqual([AUXILIARY, ORIGIN])
  })

  test('does nothing while its node cannot vouch for a chain', async () => {
    const world = createWorld()
    world.height = undefined
    const validator = await world.start()
    await validator.performDuties()
    expect(world.published).toEqual([])
  })

  test('loses one vote, and nothing else, to a refusal of the guard', async () => {
    const world = createWorld()
    const validator = await world.start()
    await validator.performDuties()
    world.branch = 'other '
    world.height = 2
    await validator.performDuties()
    expect(world.published).toHaveLength(1)
    expect(world.events).toContain('vote refused')
    world.branch = ''
    await validator.performDuties()
    expect(world.published).toEqual([await signed(0, 1), await signed(0, 2)])
  })

  test('throws when its guard is unusable, and publishes nothing', async () => {
    const world = createWorld()
    const journal = createMemoryJournal()
    let isFull = false
    const validator = await world.start({
      ...journal,
      append: async (line) => {
        if (isFull) throw new GuardUnusableError('the disk is full')
        await journal.append(line)
      },
    })
    isFull = true
    await expect(validator.performDuties()).rejects.toThrow(GuardUnusableError)
    expect(world.published).toEqual([])
  })

  test('folds calls made while one runs into one more look', async () => {
    const world = createWorld()
    const validator = await world.start()
    await Promise.all([1, 2, 3, 4].map(() => validator.performDuties()))
    expect(world.looks).toBe(2)
    expect(world.published).toEqual([await signed(0, 1)])
  })

  test('does nothing once it is stopped', async () => {
    const world = createWorld()
    const validator = await world.start()
    await validator.stop()
    await validator.performDuties()
    expect(world.looks).toBe(0)
    expect(world.published).toEqual([])
  })
})

describe('a vote that was signed and not taken', () => {
  test('is published again with the same bytes after a crash before gossip', async () => {
    const path = await temporaryFile('guard.journal')
    const world = createWorld()
    world.failure = new Error('killed before gossip')
    const journal = await openJournalFile(path, { create: true })
    const crashed = await world.start(journal)
    await crashed.performDuties()
    await crashed.stop()
    expect(world.attempted).toEqual([await signed(0, 1)])
    expect(world.published).toEqual([])

    world.failure = undefined
    world.height = undefined
    const restarted = await world.start(await openJournalFile(path, { create: false }))
    await restarted.performDuties()
    await restarted.performDuties()
    expect(world.published).toEqual([await signed(0, 1)])
    await restarted.stop()
  })

  test('is signed and published after a crash between record and signature', async () => {
    const world = createWorld()
    const journal = createMemoryJournal()
    const failing = await world.start(journal, async () => {
      throw new Error('killed before signing')
    })
    await expect(failing.performDuties()).rejects.toThrow('killed before signing')
    expect(world.published).toEqual([])
    const restarted = await world.start(createMemoryJournal(journal.written))
    await restarted.performDuties()
    expect(world.published).toEqual([await signed(0, 1)])
  })

  test('goes out before any newer one, on every chain it is about', async () => {
    const world = createWorld()
    world.originHeight = 3
    const journal = createMemoryJournal()
    await (await world.start(journal)).performDuties()
    world.published.length = 0
    world.height = 2
    const restarted = await world.start(createMemoryJournal(journal.written))
    await restarted.performDuties()
    expect(world.published.map(({ vote }) => vote)).toEqual([
      voteOf(0n, 1n),
      voteOf(0n, 3n, { chain: ORIGIN }),
      voteOf(0n, 2n),
    ])
  })

  test('is tried again at every look until it is taken, and holds up no other duty', async () => {
    const world = createWorld()
    world.failure = new Error('no gossip yet')
    world.originHeight = 3
    const validator = await world.start()
    await validator.performDuties()
    expect(world.attempted.map(({ vote }) => vote.chain)).toEqual([AUXILIARY, ORIGIN])
    expect(world.events.filter((event) => event === 'vote not published')).toHaveLength(2)
    world.failure = undefined
    await validator.performDuties()
    await validator.performDuties()
    expect(world.published).toEqual([await signed(0, 1), await signed(0, 3, ORIGIN)])
  })
})

type World = {
  /** Newest checkpoint of auxiliary; undefined: the node vouches for nothing. */
  height: number | undefined
  originHeight: number | undefined
  /** Names the branch, in hashes and in what T̃ is. */
  branch: string
  failure: Error | undefined
  looks: number
  readonly attempted: SignedVote[]
  readonly published: SignedVote[]
  readonly events: string[]
  readonly start: (journal?: Journal, sign?: typeof signWithKey) => Promise<Validator>
}

/** Two chains of checkpoints of which only the roots are justified, and a gossip that records. */
function createWorld(): World {
  const world: World = {
    height: 1,
    originHeight: undefined,
    branch: '',
    failure: undefined,
    looks: 0,
    attempted: [],
    published: [],
    events: [],
    start: async (journal = createMemoryJournal(), sign = signWithKey) =>
      createValidator({
        guard: await openSigningGuard(journal, IDENTITY, sign),
        auxiliary: async () => {
          world.looks++
          return world.height === undefined ? undefined : auxiliaryAt(world, world.height)
        },
        origin: async () =>
          world.originHeight === undefined
            ? undefined
            : {
                chain: ORIGIN,
                epochLength: 1n,
                justified: { height: toHeight(0n), hash: checkpoint(0n) },
                finalNumber: toBlockNumber(BigInt(world.originHeight)),
                checkpointHash: async (height) => checkpoint(height),
                isReported: async () => true,
                transitionHash: async (height) => hashOf(`transition ${height}`),
              },
        publish: async (vote) => {
          world.attempted.push(vote)
          if (world.failure !== undefined) throw world.failure
          world.published.push(vote)
        },
        log: (_, event) => world.events.push(event),
      }),
  }
  return world
}

function auxiliaryAt({ branch }: World, height: number): AuxiliaryView {
  return {
    chain: AUXILIARY,
    head: { number: toBlockNumber(BigInt(height)), hash: checkpoint(BigInt(height)) },
    epochLength: 1n,
    justified: { height: toHeight(0n), hash: checkpoint(0n) },
    checkpointHash: async (at) => checkpoint(at),
    transitionHash: async (at) => hashOf(`${branch}transition ${at}`),
  }
}

function checkpoint(height: bigint): Hash32 {
  return hashOf(`checkpoint ${height}`)
}

async function signed(source: number, target: number, chain = AUXILIARY): Promise<SignedVote> {
  const vote = voteOf(BigInt(source), BigInt(target), { chain })
  return { vote, signature: await signWithKey(vote), validator: IDENTITY.validator }
}
