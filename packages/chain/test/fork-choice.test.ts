import { genesisSnapshot } from '@mosaic/authority'
import { encodeBlock } from '@mosaic/execution'
import { toBlockNumber, toHash32, toHeight } from '@mosaic/primitives'
import { createMemoryStore } from '@mosaic/storage'
import { describe, expect, test } from 'vitest'
import { type BlockRecord, compareRecords, type HeadChange } from '../src/index.ts'
import {
  ALICE,
  createTestChain,
  outOfTurn,
  SIGNERS,
  type TestChain,
  VALIDATORS,
} from './test-chain.ts'

/** A branch of so many blocks on a parent, each sealed out of turn first if `light`. */
async function branch(
  { extend }: TestChain,
  parent: BlockRecord,
  length: number,
  light = false,
): Promise<BlockRecord> {
  let at = parent
  for (let i = 0; i < length; i++) {
    at = await extend(at, light && i === 0 ? { signer: outOfTurn(at) } : {})
  }
  return at
}

describe('compareRecords', () => {
  test('prefers the higher justified height to any difficulty', async () => {
    const { chain, extend } = await createTestChain()
    const light = await extend(chain.genesis, { signer: outOfTurn(chain.genesis) })
    const heavy = { ...light, totalDifficulty: 1000n }
    const justified = {
      ...light,
      auxiliary: { ...light.auxiliary, justified: { height: toHeight(1n), hash: light.hash } },
    }
    const parentOf = (): BlockRecord => chain.genesis
    expect(compareRecords(justified, heavy, parentOf)).toBeLessThan(0)
    expect(compareRecords(heavy, justified, parentOf)).toBeGreaterThan(0)
    expect(compareRecords(heavy, light, parentOf)).toBeLessThan(0)
  })

  test('takes the signers that were in force when a head was sealed, not those after it', async () => {
    const { chain, extend } = await createTestChain()
    const [first, second, third] = SIGNERS.map(({ address }) => address)
    if (first === undefined || second === undefined || third === undefined) throw new Error()
    const sealed = await extend(chain.genesis)
    const heads = [third, second].map((signer, i) => ({
      ...sealed,
      signer,
      // By hash alone the second would win.
      hash: toHash32(`0x${`${2 - i}1`.repeat(32)}`),
    }))
    const [byThird, bySecond] = heads
    if (byThird === undefined || bySecond === undefined) throw new Error()
    // (1 - 2) mod 3 = 2 beats (1 - 1) mod 3 = 0.
    const parentOf = (): BlockRecord => chain.genesis
    expect(compareRecords(byThird, bySecond, parentOf)).toBeLessThan(0)
    // The block itself dropped a signer: what its own snapshot says must not matter.
    const shrunk = { ...byThird, snapshot: { ...byThird.snapshot, signers: [second, third] } }
    expect(compareRecords(shrunk, bySecond, parentOf)).toBeLessThan(0)
    expect(compareRecords(chain.genesis, sealed, parentOf)).toBeGreaterThan(0)
    expect(genesisSnapshot(chain.genesis.header).signers).toEqual([first, second, third])
  })
})

describe('the head', () => {
  test('is the same whatever the order in which branches arrive', async () => {
    const maker = await createTestChain()
    const { genesis } = maker.chain
    const a = await maker.seal(genesis)
    const b = await maker.seal(genesis, { signer: outOfTurn(genesis) })
    const heads = []
    for (const order of [
      [a, b],
      [b, a],
    ]) {
      const taker = await createTestChain()
      for (const block of order) expect(await taker.refusal(block)).toBeUndefined()
      heads.push(taker.chain.head().hash)
    }
    expect(heads).toEqual([a.hash, a.hash])
  })

  test('moves to a heavier branch, and tells what left and what came', async () => {
    const rig = await createTestChain()
    const { chain, extend, sign } = rig
    const changes: HeadChange[] = []
    const stop = chain.onHead((change) => changes.push(change))
    const payment = await sign(chain.genesis, ALICE, { value: 1n })
    const light = await extend(chain.genesis, {
      signer: outOfTurn(chain.genesis),
      transactions: [payment],
    })
    expect(chain.database.position(payment.hash)?.blockHash).toBe(light.hash)
    const heavy = await extend(chain.genesis)
    expect(chain.head().hash).toBe(heavy.hash)
    expect(
      changes.map(({ head, removed, added }) => [
        head.hash,
        removed.map(({ hash }) => hash),
        added.map(({ hash }) => hash),
      ]),
    ).toEqual([
      [light.hash, [], [light.hash]],
      [heavy.hash, [light.hash], [heavy.hash]],
    ])
    expect(chain.isCanonical(light.hash)).toBe(false)
    expect(chain.canonical(toBlockNumber(1n))?.hash).toBe(heavy.hash)
    expect(chain.database.position(payment.hash)).toBeUndefined()
    stop()
    await extend(heavy)
    expect(changes.length).toBe(2)
  })

  test('comes back over several blocks in rising order', async () => {
    const rig = await createTestChain()
    const { chain } = rig
    const light = await branch(rig, chain.genesis, 2, true)
    const changes: HeadChange[] = []
    chain.onHead((change) => changes.push(change))
    const heavy = await branch(rig, chain.genesis, 2)
    expect(chain.head().hash).toBe(heavy.hash)
    const [change, ...others] = changes
    expect(others).toEqual([])
    expect(change?.removed.map(({ hash }) => hash)).toEqual([light.header.parentHash, light.hash])
    expect(change?.added.map(({ hash }) => hash)).toEqual([heavy.header.parentHash, heavy.hash])
    expect(chain.ancestor(light, toBlockNumber(1n))?.hash).toBe(light.header.parentHash)
    expect(chain.ancestor(light, toBlockNumber(0n))?.hash).toBe(chain.genesis.hash)
    expect(chain.ancestor(light, toBlockNumber(3n))).toBeUndefined()
    expect(chain.checkpoint(heavy, toHeight(1n))?.hash).toBe(heavy.hash)
  })

  test('follows justification on to a branch with less difficulty, also a shorter one', async () => {
    const rig = await createTestChain()
    const { chain, extend, vote } = rig
    const fork = await branch(rig, chain.genesis, 2)
    const long = await branch(rig, fork, 3)
    expect(chain.head().hash).toBe(long.hash)
    const justified = await extend(fork, {
      signer: outOfTurn(fork),
      votes: [vote(fork, 0n, 1n)],
    })
    expect(justified.totalDifficulty).toBeLessThan(long.totalDifficulty)
    expect(chain.head().hash).toBe(justified.hash)
    expect(chain.canonical(toBlockNumber(4n))).toBeUndefined()
    expect(chain.canonical(toBlockNumber(5n))).toBeUndefined()
    // And no length brings it back.
    const longer = await branch(rig, long, 4)
    expect(longer.header.number).toBe(9n)
    expect(chain.head().hash).toBe(justified.hash)
  })

  test('never goes below a finalized checkpoint', async () => {
    const rig = await createTestChain()
    const { chain, extend, vote, seal, refusal } = rig
    const first = await branch(rig, chain.genesis, 2)
    const rival = await branch(rig, chain.genesis, 3, true)
    const second = await branch(rig, await extend(first, { votes: [vote(first, 0n, 1n)] }), 1)
    const final = await extend(second, { votes: [vote(second, 1n, 2n)] })
    expect(chain.finalized()).toEqual({ height: 1n, hash: first.hash })
    const onRival = await seal(rival)
    expect(await refusal(onRival)).toMatchObject({
      code: 'CHAIN_CONFLICTS_WITH_FINALITY',
      finalized: first.hash,
    })
    const early = await seal(chain.genesis, { timestamp: chain.genesis.header.timestamp + 9n })
    expect(await refusal(early)).toMatchObject({ code: 'CHAIN_CONFLICTS_WITH_FINALITY' })
    expect(chain.head().hash).toBe(final.hash)
  })

  test('obeys what a branch finalized that is not the head, after a restart too', async () => {
    const store = createMemoryStore()
    const rig = await createTestChain({ store })
    const { chain, extend, vote } = rig
    // Both 1 and 2 are justified from 0; the link 1 to 2 then finalizes 1 and justifies nothing new.
    const two = await branch(rig, chain.genesis, 4)
    const justified = await extend(two, { votes: [vote(two, 0n, 1n), vote(two, 0n, 2n)] })
    const head = await extend(justified)
    const side = await extend(justified, {
      signer: outOfTurn(justified),
      votes: [vote(justified, 1n, 2n)],
    })
    expect(chain.head().hash).toBe(head.hash)
    expect(side.auxiliary.finalized?.height).toBe(1n)
    expect(head.auxiliary.finalized?.height).toBe(0n)
    const expected = { height: 1n, hash: side.auxiliary.finalized?.hash }
    expect(chain.finalized()).toEqual(expected)
    const again = await createTestChain({ store })
    expect(again.chain.finalized()).toEqual(expected)
    expect(again.chain.head().hash).toBe(head.hash)
  })

  test('leaves its branch for a finalized checkpoint, whatever its own justified height', async () => {
    // Only guilty validators get there: 0 to 4 surrounds 1 to 2.
    const rig = await createTestChain()
    const { chain, extend, vote } = rig
    const heavy = await branch(rig, chain.genesis, 8)
    const high = await extend(heavy, { votes: [vote(heavy, 0n, 4n)] })
    const light = await branch(rig, chain.genesis, 4, true)
    const first = await extend(light, { votes: [vote(light, 0n, 1n)] })
    expect(chain.head().hash).toBe(high.hash)
    const final = await extend(first, { votes: [vote(first, 1n, 2n)] })
    expect(chain.finalized().height).toBe(1n)
    expect(chain.head().hash).toBe(final.hash)
    expect(await rig.refusal(await rig.seal(high))).toMatchObject({
      code: 'CHAIN_CONFLICTS_WITH_FINALITY',
    })
  })

  test('stays when a later branch finalizes something else: the first one counts', async () => {
    const rig = await createTestChain()
    const { chain, extend, vote } = rig
    const ours = await branch(rig, chain.genesis, 4)
    const theirs = await branch(rig, chain.genesis, 4, true)
    const justified = await extend(ours, { votes: [vote(ours, 0n, 1n)] })
    const rival = await extend(theirs, { votes: [vote(theirs, 0n, 1n)] })
    const final = await extend(justified, { votes: [vote(justified, 1n, 2n)] })
    const block = await rig.seal(rival, { votes: [vote(rival, 1n, 2n)], voters: VALIDATORS })
    const verdict = await chain.importBlock(encodeBlock(block))
    expect(verdict).toMatchObject({ ok: false, fault: { code: 'CHAIN_CONFLICTS_WITH_FINALITY' } })
    expect(chain.head().hash).toBe(final.hash)
  })
})
