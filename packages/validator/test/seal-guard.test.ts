import { readFile, stat } from 'node:fs/promises'
import { keccak256, toBlockNumber, toHeight, utf8ToBytes } from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createMemoryJournal,
  GuardUnusableError,
  openJournalFile,
  openSealGuard,
  type SealGuard,
  SealRefusedError,
  type SealRequest,
} from '../src/index.ts'
import { temporaryFile } from './temporary-file.ts'
import { IDENTITY } from './votes.ts'

const SIGNER = { signer: IDENTITY.validator, domain: IDENTITY.domain }
const SEAL = '0x11'

function blockOf(number: number, justified = 0, variant = ''): SealRequest {
  const preimage = utf8ToBytes(`${number} ${justified} ${variant}`)
  return {
    number: toBlockNumber(BigInt(number)),
    justifiedHeight: toHeight(BigInt(justified)),
    sealHash: keccak256(preimage),
    preimage,
  }
}

async function guardAfter(...blocks: readonly SealRequest[]): Promise<SealGuard> {
  const guard = await openSealGuard(createMemoryJournal(), SIGNER, async () => SEAL)
  for (const block of blocks) await guard.seal(block)
  return guard
}

describe('a seal guard', () => {
  test('seals blocks that rise', async () => {
    const guard = await guardAfter(blockOf(1), blockOf(2), blockOf(7))
    expect(guard.highest()).toMatchObject({ number: 7n })
    expect(guard.lastSealHash()).toBe(blockOf(7).sealHash)
  })

  test.each([
    ['another block of the same number', blockOf(5, 2, 'other')],
    ['a block below', blockOf(4, 2)],
    ['a block above upon a branch that is justified less', blockOf(6, 1)],
  ])('refuses %s', async (_, block) => {
    const guard = await guardAfter(blockOf(5, 2))
    expect(guard.maySeal(block)).toBe(false)
    await expect(guard.seal(block)).rejects.toMatchObject({
      shape: {
        code: 'SEAL_REFUSED',
        place: { number: block.number, justifiedHeight: block.justifiedHeight },
        last: { number: 5n, justifiedHeight: 2n },
      },
    })
  })

  test('goes on upon a shorter branch that is justified further', async () => {
    const guard = await guardAfter(blockOf(9, 1))
    const block = blockOf(7, 2)
    expect(guard.maySeal(block)).toBe(true)
    await expect(guard.seal(block)).resolves.toBe(SEAL)
    await expect(guard.seal(blockOf(9, 1))).rejects.toThrow(SealRefusedError)
  })

  test('seals the last block again without another record', async () => {
    const journal = createMemoryJournal()
    const guard = await openSealGuard(journal, SIGNER, async () => SEAL)
    await guard.seal(blockOf(3))
    const lines = journal.written.length
    await expect(guard.seal(blockOf(3))).resolves.toBe(SEAL)
    expect(journal.written).toHaveLength(lines)
    await guard.seal(blockOf(4))
    await expect(guard.seal(blockOf(3))).rejects.toThrow(SealRefusedError)
  })

  test('seals one of ten blocks that are asked for at a time', async () => {
    const guard = await guardAfter(blockOf(1))
    const rivals = Array.from({ length: 10 }, (_, i) => blockOf(2, 0, `rival ${i}`))
    const outcomes = await Promise.allSettled(rivals.map((block) => guard.seal(block)))
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      ...Array.from({ length: 9 }, () => 'rejected'),
    ])
  })

  test('seals nothing before the record is on disk, and nothing that the disk does not take', async () => {
    const steps: string[] = []
    const journal = createMemoryJournal()
    let isFull = false
    const guard = await openSealGuard(
      {
        ...journal,
        append: async () => {
          if (isFull) throw new GuardUnusableError('no space')
          steps.push('record')
        },
      },
      SIGNER,
      async () => {
        steps.push('seal')
        return SEAL
      },
    )
    await guard.seal(blockOf(1))
    expect(steps).toEqual(['record', 'record', 'seal'])
    isFull = true
    await expect(guard.seal(blockOf(2))).rejects.toThrow(GuardUnusableError)
    expect(steps).toHaveLength(3)
    expect(guard.highest()).toMatchObject({ number: 1n })
  })

  test('seals the block again whose seal a signer did not give', async () => {
    let isAway = true
    const guard = await openSealGuard(createMemoryJournal(), SIGNER, async () => {
      if (isAway) throw new Error('away')
      return SEAL
    })
    await expect(guard.seal(blockOf(1))).rejects.toThrow('away')
    isAway = false
    await expect(guard.seal(blockOf(1, 0, 'other'))).rejects.toThrow(SealRefusedError)
    await expect(guard.seal(blockOf(1))).resolves.toBe(SEAL)
  })

  test('holds what was taken over on every branch', async () => {
    const guard = await guardAfter(blockOf(5, 1))
    await guard.takeOver(toBlockNumber(20n))
    await guard.takeOver(toBlockNumber(10n))
    expect(guard.highest()).toEqual({ number: 20n, sealHash: undefined })
    await expect(guard.seal(blockOf(20, 9))).rejects.toMatchObject({ shape: { floor: 20n } })
    await expect(guard.seal(blockOf(21, 1))).resolves.toBe(SEAL)
  })

  test('is as careful after a restart, of another key it is none', async () => {
    const journal = createMemoryJournal()
    const guard = await openSealGuard(journal, SIGNER, async () => SEAL)
    await guard.takeOver(toBlockNumber(3n))
    await guard.seal(blockOf(5, 2))
    const again = await openSealGuard(
      createMemoryJournal(journal.written),
      SIGNER,
      async () => SEAL,
    )
    await expect(again.seal(blockOf(5, 2, 'other'))).rejects.toThrow(SealRefusedError)
    await expect(again.seal(blockOf(3, 3))).rejects.toThrow(SealRefusedError)
    expect(again.lastSealHash()).toBe(blockOf(5, 2).sealHash)
    const other = { ...SIGNER, domain: keccak256(utf8ToBytes('another core')) }
    await expect(
      openSealGuard(createMemoryJournal(journal.written), other, async () => SEAL),
    ).rejects.toThrow(GuardUnusableError)
    const damaged = journal.written.map((line, i) => (i === 1 ? line.replace('3', '2') : line))
    await expect(
      openSealGuard(createMemoryJournal(damaged), SIGNER, async () => SEAL),
    ).rejects.toThrow('damaged')
  })

  test('keeps its journal small, and forgets nothing that counts', async () => {
    const path = await temporaryFile('seals.journal')
    const journal = await openJournalFile(path, { create: true })
    const guard = await openSealGuard({ ...journal, append: swallow }, SIGNER, async () => SEAL)
    await guard.takeOver(toBlockNumber(3n))
    for (let number = 4; number < 4 + 4095; number++) await guard.seal(blockOf(number))
    expect((await stat(path)).size).toBe(0)
    await guard.seal(blockOf(5000, 1))
    const lines = (await readFile(path, 'utf8')).split('\n')
    expect(lines).toHaveLength(4)
    await guard.close()
    const again = await openJournalFile(path, { create: false })
    const reopened = await openSealGuard(again, SIGNER, async () => SEAL)
    expect(reopened.highest()).toMatchObject({ number: 5000n })
    expect(reopened.maySeal(blockOf(3, 2))).toBe(false)
    expect(reopened.maySeal(blockOf(5000, 1))).toBe(false)
    await reopened.seal(blockOf(5001, 1))
    await reopened.close()
    expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(5)
  })

  test('with any restarts and any requests, no two blocks share a place', async () => {
    const request = fc.record({
      number: fc.integer({ min: 0, max: 8 }),
      justified: fc.integer({ min: 0, max: 3 }),
      variant: fc.constantFrom('a', 'b'),
      restarts: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 40 }), async (requests) => {
        let journal = createMemoryJournal()
        const sealed = new Map<string, string>()
        let highest = ''
        let guard = await openSealGuard(journal, SIGNER, async () => SEAL)
        for (const { number, justified, variant, restarts } of requests) {
          if (restarts) {
            journal = createMemoryJournal(journal.written)
            guard = await openSealGuard(journal, SIGNER, async () => SEAL)
          }
          const block = blockOf(number, justified, variant)
          const isSealed = await guard.seal(block).then(
            () => true,
            () => false,
          )
          if (!isSealed) continue
          const place = `${justified} ${number}`
          expect(sealed.get(place) ?? block.sealHash).toBe(block.sealHash)
          expect(place >= highest).toBe(true)
          highest = place
          sealed.set(place, block.sealHash)
        }
      }),
      { seed: 7, numRuns: 200 },
    )
  })
})

async function swallow(): Promise<void> {
  await Promise.resolve()
}
