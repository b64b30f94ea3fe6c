import { findOffence } from '@mosaic/finality'
import { type Address, toAddress } from '@mosaic/primitives'
import { recoverSigner, type VoteMessage, voteDigest } from '@mosaic/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createMemoryJournal,
  GuardUnusableError,
  openSigningGuard,
  type SigningGuard,
  SigningRefusedError,
} from '../src/index.ts'
import {
  AUXILIARY,
  hashOf,
  heightOf,
  IDENTITY,
  numbered,
  ORIGIN,
  signWithKey,
  voteOf,
} from './votes.ts'

const { validator, domain } = IDENTITY

describe('a signing guard', () => {
  test('signs a vote that the validator’s address is recovered from', async () => {
    const guard = await openSigningGuard(createMemoryJournal(), IDENTITY, signWithKey)
    const vote = voteOf(0n, 1n)
    expect(recoverSigner(voteDigest(domain, vote), await guard.sign(vote))).toBe(validator)
    expect(guard.highestTarget(AUXILIARY)).toBe(1n)
    expect(guard.highestTarget(ORIGIN)).toBeUndefined()
  })

  test.each<[string, VoteMessage, string]>([
    ['another target at the same height', voteOf(2n, 5n, { target: hashOf('x') }), 'double-vote'],
    ['another source to the same target', voteOf(3n, 5n), 'double-vote'],
    [
      'another T̃ to the same target',
      voteOf(2n, 5n, { transitionHash: hashOf('x') }),
      'double-vote',
    ],
    ['a vote around an earlier one', voteOf(1n, 6n), 'surround-vote'],
    ['a vote within an earlier one', voteOf(3n, 4n), 'surround-vote'],
    [
      'another T̃ of the same source',
      voteOf(2n, 6n, { transitionHash: hashOf('x') }),
      'contradicting-transition',
    ],
    ['an older target that would be harmless', voteOf(2n, 3n), 'target-not-above-watermark'],
    ['an older history that would be harmless', voteOf(0n, 1n), 'target-not-above-watermark'],
  ])('refuses %s', async (_, vote, refusal) => {
    const guard = await guardAfter([voteOf(2n, 5n)])
    await expect(guard.sign(vote)).rejects.toMatchObject({
      shape: {
        code: 'SIGNING_REFUSED',
        refusal,
        vote,
        watermark: { sourceHeight: 2n, targetHeight: 5n },
      },
    })
  })

  test('refuses another T̃ of a source of long ago under any height', async () => {
    const first = voteOf(1n, 2n)
    const guard = await guardAfter([first, voteOf(2n, 3n), voteOf(3n, 4n)])
    const lie = voteOf(4n, 5n, { source: first.source, transitionHash: hashOf('x') })
    expect(findOffence(first, lie)).toBe('contradicting-transition')
    await expect(guard.sign(lie)).rejects.toMatchObject({
      shape: { refusal: 'contradicting-transition' },
    })
  })

  test('keeps the two chains apart', async () => {
    const guard = await guardAfter([voteOf(2n, 5n)])
    await expect(guard.sign(voteOf(0n, 1n, { chain: ORIGIN }))).resolves.toMatch(/^0x/)
    expect(guard.highestTarget(ORIGIN)).toBe(1n)
    expect(guard.highestTarget(AUXILIARY)).toBe(5n)
  })

  test('signs the last vote again without another record', async () => {
    const journal = createMemoryJournal()
    const guard = await openSigningGuard(journal, IDENTITY, signWithKey)
    const signature = await guard.sign(voteOf(0n, 1n))
    const lines = journal.written.length
    expect(await guard.sign({ ...voteOf(0n, 1n) })).toBe(signature)
    expect(journal.written).toHaveLength(lines)
  })

  test('gives one signature to concurrent requests that contradict each other', async () => {
    const guard = await guardAfter([voteOf(0n, 1n)])
    const rivals = Array.from({ length: 10 }, (_, i) => voteOf(1n, 2n, { target: numbered(i) }))
    const outcomes = await Promise.allSettled(rivals.map((vote) => guard.sign(vote)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(outcomes.slice(1)).toEqual(
      Array.from({ length: 9 }, () => ({
        status: 'rejected',
        reason: expect.any(SigningRefusedError),
      })),
    )
  })

  test('signs nothing before the record is on disk', async () => {
    const steps: string[] = []
    const journal = createMemoryJournal()
    const guard = await openSigningGuard(
      { ...journal, append: async (line) => void steps.push(`append ${line.length > 0}`) },
      IDENTITY,
      async (vote) => {
        steps.push('sign')
        return signWithKey(vote)
      },
    )
    await guard.sign(voteOf(0n, 1n))
    expect(steps).toEqual(['append true', 'append true', 'sign'])
  })

  test('signs nothing that the journal cannot take, and stays where it was', async () => {
    const journal = createMemoryJournal()
    let isFull = false
    const signed: VoteMessage[] = []
    const guard = await openSigningGuard(
      {
        ...journal,
        append: async (line) => {
          if (isFull) throw new GuardUnusableError('the disk is full')
          await journal.append(line)
        },
      },
      IDENTITY,
      async (vote) => {
        signed.push(vote)
        return signWithKey(vote)
      },
    )
    await guard.sign(voteOf(0n, 1n))
    isFull = true
    await expect(guard.sign(voteOf(1n, 2n))).rejects.toThrow(GuardUnusableError)
    await expect(guard.sign(voteOf(1n, 2n))).rejects.toThrow(GuardUnusableError)
    expect(signed).toEqual([voteOf(0n, 1n)])
    expect(guard.highestTarget(AUXILIARY)).toBe(1n)
  })

  test('holds to a vote that was recorded though its signer failed', async () => {
    const journal = createMemoryJournal()
    const failing = await openSigningGuard(journal, IDENTITY, async () => {
      throw new Error('no signer')
    })
    await expect(failing.sign(voteOf(0n, 1n))).rejects.toThrow('no signer')
    const guard = await openSigningGuard(
      createMemoryJournal(journal.written),
      IDENTITY,
      signWithKey,
    )
    const rival = voteOf(0n, 1n, { target: hashOf('x') })
    await expect(guard.sign(rival)).rejects.toThrow(SigningRefusedError)
    expect(guard.lastVotes()).toEqual([voteOf(0n, 1n)])
    await expect(guard.sign(voteOf(0n, 1n))).resolves.toMatch(/^0x/)
  })
})

describe('the record of a guard', () => {
  const HISTORY = [voteOf(0n, 1n), voteOf(1n, 2n, { chain: ORIGIN }), voteOf(1n, 3n)]

  test('brings a new guard to the same place, whatever the order of members was', async () => {
    const journal = createMemoryJournal()
    const guard = await openSigningGuard(journal, IDENTITY, signWithKey)
    for (const vote of HISTORY) await guard.sign(reordered(vote))
    const again = await openSigningGuard(
      createMemoryJournal(journal.written),
      { domain, validator },
      signWithKey,
    )
    expect(again.lastVotes()).toEqual([HISTORY[2], HISTORY[1]])
    expect(again.highestTarget(AUXILIARY)).toBe(3n)
    expect(again.highestTarget(ORIGIN)).toBe(2n)
  })

  test('of another key or another core is refused', async () => {
    const lines = await linesAfter(HISTORY)
    for (const other of [
      { validator, domain: hashOf('other core') },
      { domain, validator: otherAddress() },
    ]) {
      await expect(
        openSigningGuard(createMemoryJournal(lines), other, signWithKey),
      ).rejects.toThrow('expected a journal that begins with')
    }
  })

  test('is refused when a line is missing, doubled, moved or cut', async () => {
    const lines = await linesAfter(HISTORY)
    const [header = '', first = '', second = '', third = ''] = lines
    for (const damaged of [
      [first, second, third],
      [header, second, third],
      [header, first, third],
      [header, first, first, second, third],
      [header, second, first, third],
      [header, header, first],
      [header, first, ''],
      [header, first, second.slice(0, -1)],
      [header, first, `${second} `],
      [header, first, 'null'],
      [header, first, '{"vote":7}'],
    ]) {
      await expect(
        openSigningGuard(createMemoryJournal(damaged), IDENTITY, signWithKey),
      ).rejects.toThrow(GuardUnusableError)
    }
  })

  test('is refused when any byte changed before the last line', async () => {
    const lines = await linesAfter(HISTORY)
    const before = lines.slice(0, -1).join('\n').length
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: before - 1 }),
        fc.integer({ min: 32, max: 126 }),
        async (at, code) => {
          const text = lines.join('\n')
          fc.pre(text.charCodeAt(at) !== code)
          const damaged = text.slice(0, at) + String.fromCodePoint(code) + text.slice(at + 1)
          await expect(
            openSigningGuard(createMemoryJournal(damaged.split('\n')), IDENTITY, signWithKey),
          ).rejects.toThrow(GuardUnusableError)
        },
      ),
      { seed: 1, numRuns: 400 },
    )
  })
})

describe('whatever is asked of it', () => {
  const request = fc.record({
    chain: fc.constantFrom(AUXILIARY, ORIGIN),
    source: fc.nat({ max: 5 }),
    sourceHash: fc.nat({ max: 5 }),
    rise: fc.nat({ max: 4 }),
    targetHash: fc.nat({ max: 2 }),
    transition: fc.nat({ max: 1 }),
    crash: fc.constantFrom('none', 'none', 'none', 'restart', 'before append', 'before signature'),
  })

  test('a guard with any number of restarts never releases two votes that offend', async () => {
    let released = 0
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 40 }), async (requests) => {
        let journal = createMemoryJournal()
        const votes: VoteMessage[] = []
        for (const { chain, source, sourceHash, rise, targetHash, transition, crash } of requests) {
          const vote = voteOf(BigInt(source), BigInt(source + rise), {
            chain,
            source: numbered(sourceHash),
            target: numbered(100 * (source + rise) + targetHash),
            transitionHash: numbered(transition),
          })
          // Nothing but the lines survives; where the crash is decides what they are.
          journal = createMemoryJournal(journal.written)
          const guard = await openSigningGuard(
            crash === 'before append' ? { ...journal, append: crashed } : journal,
            IDENTITY,
            crash === 'before signature' ? crashed : async () => '0x',
          ).catch(() => undefined)
          if (guard !== undefined && (await isReleased(guard, vote))) votes.push(vote)
        }
        released += votes.length
        for (const [i, vote] of votes.entries()) {
          for (const other of votes.slice(0, i)) {
            expect(findOffence(other, vote)).toBeUndefined()
            expect(findOffence(vote, other)).toBeUndefined()
          }
        }
      }),
      { seed: 1, numRuns: 300 },
    )
    expect(released).toBeGreaterThan(500)
  })

  test('an honest validator’s votes along one history are all signed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 3 })), { minLength: 1 }),
        async (steps) => {
          const guard = await guardAfter([])
          let source = 0
          let target = 0
          for (const [lag, rise] of steps) {
            source = Math.max(source, target - lag)
            target += rise
            const vote = voteOf(BigInt(source), BigInt(target))
            await expect(guard.sign(vote)).resolves.toMatch(/^0x/)
          }
          expect(guard.highestTarget(AUXILIARY)).toBe(heightOf(target))
        },
      ),
      { seed: 1, numRuns: 30 },
    )
  })
})

async function guardAfter(votes: readonly VoteMessage[]): Promise<SigningGuard> {
  return openSigningGuard(createMemoryJournal(await linesAfter(votes)), IDENTITY, signWithKey)
}

async function linesAfter(votes: readonly VoteMessage[]): Promise<readonly string[]> {
  const journal = createMemoryJournal()
  const guard = await openSigningGuard(journal, IDENTITY, signWithKey)
  for (const vote of votes) await guard.sign(vote)
  return journal.written
}

async function isReleased(guard: SigningGuard, vote: VoteMessage): Promise<boolean> {
  try {
    await guard.sign(vote)
    return true
  } catch (error) {
    if (error instanceof SigningRefusedError || error instanceof CrashError) return false
    throw error
  }
}

class CrashError extends Error {}

async function crashed(): Promise<never> {
  throw new CrashError('the process was killed')
}

/** The same vote with its members in another order, and one that is none of a vote's. */
function reordered(vote: VoteMessage): VoteMessage & { readonly note: string } {
  const { chain, transitionHash, source, target, sourceHeight, targetHeight } = vote
  return { note: '', targetHeight, sourceHeight, target, source, transitionHash, chain }
}

function otherAddress(): Address {
  return toAddress(`0x${'0a'.repeat(20)}`)
}
