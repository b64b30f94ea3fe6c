import { createTransactionIntake } from '@mosaic/api'
import { type Chain, createTransactionPool, createVoteIntake, createVotePool } from '@mosaic/chain'
import { type Block, encodeBlock } from '@mosaic/execution'
import type { NetworkPorts, Status } from '@mosaic/network'
import { toBlockNumber, ZERO_HASH } from '@mosaic/primitives'
import { createMemoryStore } from '@mosaic/storage'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGossipValidators } from '../src/gossip-validators.ts'
import { openNodeChain } from '../src/open-chain.ts'
import { createMosaic, type Mosaic } from '../src/testing/index.ts'

let mosaic: Mosaic
let blocks: readonly Block[]

beforeAll(async () => {
  mosaic = await createMosaic()
  await mosaic.mine(12)
  const { database } = mosaic.auxiliary.chain
  blocks = Array.from({ length: 10 }, (_, index) => index + 1).flatMap((number) => {
    const hash = database.canonicalHash(toBlockNumber(BigInt(number)))
    return (hash && database.block(hash)) ?? []
  })
}, 120_000)
afterAll(() => mosaic.close())

/** A node that hears gossip and has genesis only. */
async function listener(): Promise<{
  readonly chain: Chain
  readonly validators: NetworkPorts['validators']
  readonly noticed: readonly string[]
}> {
  const chain = await openNodeChain(mosaic.genesis, createMemoryStore(), {
    nowSeconds: () => 10n ** 12n,
  })
  const noticed: string[] = []
  const status: Status = {
    genesisHash: chain.genesis.hash,
    coreIdentifier: ZERO_HASH,
    finalized: chain.finalized(),
    head: { number: toBlockNumber(0n), hash: chain.genesis.hash, totalDifficulty: 1n },
  }
  const validators = createGossipValidators({
    chain,
    intake: createVoteIntake(chain, createVotePool()),
    transactionIntake: createTransactionIntake(chain, createTransactionPool()),
    sync: {
      notice: (peerId) => void noticed.push(peerId),
      target: () => undefined,
      onBegun: (run) => run(),
      stop: () => Promise.resolve(),
    },
    statusOf: () => status,
    log: () => undefined,
  })
  return { chain, validators, noticed }
}

function blockAt(index: number): Block {
  const block = blocks[index]
  if (block === undefined) throw new Error(`expected block ${index + 1}`)
  return block
}

function withHeader(block: Block, change: Partial<Block['header']>): Uint8Array {
  return encodeBlock({ ...block, header: { ...block.header, ...change } })
}

describe('a gossiped block', () => {
  test('is passed on once', async () => {
    const { validators } = await listener()
    const bytes = encodeBlock(blockAt(0))
    expect(await validators.block(bytes, 'a')).toBe('accept')
    expect(await validators.block(bytes.slice(), 'b')).toBe('ignore')
  })

  test('costs its sender if nobody honest sends it, whatever its parent is', async () => {
    const { validators, noticed } = await listener()
    const block = blockAt(0)
    const junk = [
      new Uint8Array(100),
      withHeader(block, { extraData: block.header.extraData.slice().fill(9, -1) }),
      withHeader(block, { gasUsed: block.header.gasUsed + 1n }),
      withHeader(block, { parentHash: ZERO_HASH, mixHash: block.hash }),
      encodeBlock({ ...block, transactions: blocks.flatMap(({ transactions }) => transactions) }),
    ]
    for (const [index, bytes] of junk.entries()) {
      expect(await validators.block(bytes, 'liar'), `${index}`).toBe('reject')
    }
    expect(noticed).toEqual([])
  })

  test('is asked for with its parents when those are missing, and costs nobody', async () => {
    const { validators, noticed, chain } = await listener()
    expect(await validators.block(encodeBlock(blockAt(1)), 'ahead')).toBe('ignore')
    expect(noticed).toEqual(['ahead'])
    expect(chain.head().header.number).toBe(0n)
  })
})
