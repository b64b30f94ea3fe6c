import type { CoreEvent } from '@mosaic/contracts'
import { toAddress, toDynasty, toHash32, toMetaHeight, toWeight } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { type DevnetStatus, toVerdict } from '../src/devnet/monitor.ts'
import { createLineView, createLiveView } from '../src/devnet/view.ts'

const VALIDATOR = toAddress(`0x${'11'.repeat(20)}`)
const CHALLENGER = toAddress(`0x${'22'.repeat(20)}`)
const HASH = toHash32(`0x${'33'.repeat(32)}`)
const TX = toHash32(`0x${'44'.repeat(32)}`)
const HEIGHT = toMetaHeight(3n)
const ETHER = 10n ** 18n

const CASES: readonly (readonly [CoreEvent, string])[] = [
  [
    {
      name: 'ValidatorSlashed',
      validator: VALIDATOR,
      offence: 'double-vote',
      stake: toWeight(32n * ETHER),
      reporter: CHALLENGER,
      reward: toWeight(ETHER),
    },
    `slashed    ${VALIDATOR} for a double-vote: 32.0 lost, reported by ${CHALLENGER} in ${TX}`,
  ],
  [
    { name: 'DynastyCapped', height: HEIGHT, dynasty: toDynasty(7n), challenger: CHALLENGER },
    `capped     height 3 at dynasty 7, shown by ${CHALLENGER} in ${TX}`,
  ],
  [
    { name: 'ProposalStruck', height: HEIGHT, transitionHash: HASH, challenger: CHALLENGER },
    `struck     proposal ${HASH} of height 3: its bond is ${CHALLENGER}'s, in ${TX}`,
  ],
  [
    {
      name: 'GasTargetMissed',
      height: HEIGHT,
      missedDynasties: 2n,
      fraction: 20_000n,
      challenger: CHALLENGER,
    },
    `missed     gas target of height 3 by 2 dynasties: its validators lose 2 %, shown by ${CHALLENGER} in ${TX}`,
  ],
  [
    {
      name: 'StakeReduced',
      validator: VALIDATOR,
      loss: toWeight(ETHER / 2n),
      challenger: CHALLENGER,
      reward: toWeight(0n),
    },
    `reduced    stake of ${VALIDATOR} by 0.5, for ${CHALLENGER} in ${TX}`,
  ],
  [
    { name: 'Halted', height: HEIGHT, reason: 'conflicting-links', reporter: CHALLENGER },
    `HALTED     the core at height 3: conflicting-links, reported by ${CHALLENGER} in ${TX}`,
  ],
]

describe('the views of a local network', () => {
  test.each(CASES)('tell $name', (event, expected) => {
    const verdict = toVerdict(event, TX)
    if (verdict === undefined) throw new Error('expected a verdict')
    let lines = ''
    createLineView((text) => {
      lines += text
    }).event(verdict)
    expect(lines).toBe(`${expected}\n`)
  })

  test('show the last verdicts under the meta-blocks, each in a line that fits', () => {
    const verdicts = Array.from({ length: 5 }, () => CASES).flatMap((cases) =>
      cases.flatMap(([event]) => toVerdict(event, TX) ?? []),
    )
    const status: DevnetStatus = {
      head: 10n,
      justified: 1n,
      finalized: 1n,
      dynasty: 1n,
      openKernel: 2n,
      activeKernel: 2n,
      observation: 5n,
      votes: new Map([[VALIDATOR, 1n]]),
      metaBlocks: [],
      verdicts,
    }
    let drawn = ''
    createLiveView(
      (text) => {
        drawn += text
      },
      () => 40,
    ).refresh(status)
    const lines = drawn.split('\n').map((line) => line.replace('\u001b[2K', ''))
    expect(lines.slice(4, 12).map((line) => line.slice(0, 8))).toEqual([
      'reduced ',
      'HALTED  ',
      'slashed ',
      'capped  ',
      'struck  ',
      'missed  ',
      'reduced ',
      'HALTED  ',
    ])
    expect(Math.max(...lines.map((line) => line.length))).toBe(40)
  })
})
