import { createTransactionIntake } from '@mosaic/api'
import { type Chain, createTransactionPool, createVoteIntake, createVotePool } from '@mosaic/chain'
import { type Block, encodeBlock } from '@mosaic/execution'
import type { NetworkPorts, Status } from '@mosaic/network'
import { encodeRlp, hexToBytes, toBlockNumber, ZERO_ADDRESS, ZERO_HASH } from '@mosaic/primitives'
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
    now: () => 0,
    log: () => undefined,
  })
  return { chain, validators, noticed }
}

/** Transfers of one account, by nonce. */
function transfers(chain: Chain, secretKey: Uint8Array, nonces: readonly bigint[]): Uint8Array[] {
  return nonces.map((nonce) => {
    const fields = {
      nonce,
      gasLimit: 21_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 10n ** 9n,
      to: ZERO_ADDRESS,
      value: 1n,
      data: new Uint8Array(),
    }
    return chain.execution.signTransaction(fields, secretKey).raw
  })
}

const range = (from: number, to: number): readonly bigint[] =>
  Array.from({ length: to - from }, (_, index) => BigInt(from + index))

describe('gossiped transactions', () => {
  test('are passed on if most of them are good', async () => {
    const { chain, validators } = await listener()
    const [rich] = mosaic.accounts
    if (rich === undefined) throw new Error('expected an account')
    const good = transfers(chain, hexToBytes(rich.secretKey), range(0, 4))
    const poor = transfers(chain, new Uint8Array(32).fill(7), range(0, 5))
    expect(await validators.transactions(encodeRlp(good.slice(0, 2)), 'a')).toBe('accept')
    expect(await validators.transactions(encodeRlp(good.slice(0, 2)), 'b')).toBe('ignore')
    expect(await validators.transactions(encodeRlp([...good, ...poor.slice(0, 2)]), 'a')).toBe(
      'accept',
    )
    expect(await validators.transactions(encodeRlp(poor), 'a')).toBe('ignore')
  })

  test('cost their sender if one of them is none', async () => {
    const { chain, validators } = await listener()
    const [one = new Uint8Array()] = transfers(chain, new Uint8Array(32).fill(7), [0n])
    expect(await validators.transactions(encodeRlp([one, one.subarray(1)]), 'a')).toBe('reject')
    expect(await validators.transactions(encodeRlp([]), 'a')).toBe('reject')
    expect(await validators.transactions(new Uint8Array(9), 'a')).toBe('reject')
  })

  test('that are not taken are looked at a thousand times per peer, and not for ever', async () => {
    const { chain, validators } = await listener()
    const [rich] = mosaic.accounts
    if (rich === undefined) throw new Error('expected an account')
    const poor = transfers(chain, new Uint8Array(32).fill(7), range(0, 1500))
    const good = transfers(chain, hexToBytes(rich.secretKey), range(0, 1400))
    expect(await validators.transactions(encodeRlp(poor), 'flooder')).toBe('ignore')
    expect(await validators.transactions(encodeRlp(good.slice(0, 100)), 'flooder')).toBe('ignore')
    // Others are heard, and good ones are not counted.
    expect(await validators.transactions(encodeRlp(good.slice(0, 700)), 'friend')).toBe('accept')
    expect(await validators.transactions(encodeRlp(good.slice(700)), 'friend')).toBe('accept')
  })
})

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
