import { createMPT } from '@ethereumjs/mpt'
import { headerHash } from '@mosaic/authority'
import {
  bytesToHash32,
  bytesToHex,
  hexToBytes,
  type toHash32,
  toHex,
  toWord,
} from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import {
  type ChainGenesis,
  createGenesisBlock,
  loadCrypto,
  PredeployFailedError,
  runConstructor,
} from '../src/index.ts'
import { contractAt, creationCode, SETTER } from './contracts.ts'
import { ALICE, BOB } from './test-chain.ts'

const crypto = await loadCrypto()

function word(value: bigint): ReturnType<typeof toHash32> {
  return bytesToHash32(toWord(value))
}

const GENESIS: ChainGenesis = {
  chainId: 1337n,
  timestamp: 5n,
  gasLimit: 30_000_000n,
  baseFeePerGas: 7n,
  extraData: toHex(`0x${'00'.repeat(117)}`),
  alloc: {
    [ALICE.address]: { balance: 1n },
    [contractAt(0xc1)]: { nonce: 1n, code: SETTER, storage: { [word(1n)]: word(2n) } },
  },
}

describe('createGenesisBlock', () => {
  test('depends on the content of the definition, not on its order or on slots that are zero', async () => {
    const { block } = await createGenesisBlock(GENESIS, crypto)
    const reordered = Object.fromEntries(Object.entries(GENESIS.alloc).toReversed())
    const withZero = {
      ...GENESIS.alloc,
      [contractAt(0xc1)]: {
        nonce: 1n,
        code: SETTER,
        storage: { [word(9n)]: word(0n), [word(1n)]: word(2n) },
      },
    }
    for (const alloc of [reordered, withZero]) {
      expect((await createGenesisBlock({ ...GENESIS, alloc }, crypto)).block).toEqual(block)
    }
    for (const changed of [
      { ...GENESIS, timestamp: 6n },
      { ...GENESIS, baseFeePerGas: 8n },
      { ...GENESIS, alloc: { [BOB.address]: { balance: 1n } } },
    ]) {
      expect((await createGenesisBlock(changed, crypto)).block.hash).not.toBe(block.hash)
    }
    expect(block.hash).toBe(headerHash(block.header))
  })

  test('has the state root that @ethereumjs/mpt has, and hands out all of that state', async () => {
    const { block, writes } = await createGenesisBlock(GENESIS, crypto)
    const nodes = new Map(writes.nodes.map(([hash, node]) => [bytesToHex(hash), node]))
    expect(nodes.has(block.header.stateRoot)).toBe(true)
    expect(writes.codes.map(([, code]) => bytesToHex(code))).toEqual([SETTER])
    const trie = await createMPT({
      useKeyHashing: true,
      root: hexToBytes(block.header.stateRoot),
      db: {
        get: async (key) => {
          const node = nodes.get(toHex(`0x${key}`))
          return node === undefined ? undefined : Buffer.from(node).toString('hex')
        },
        put: async () => undefined,
        del: async () => undefined,
        batch: async () => undefined,
        shallowCopy() {
          return this
        },
        open: async () => undefined,
      },
    })
    for (const address of [ALICE.address, contractAt(0xc1)]) {
      expect(await trie.get(hexToBytes(address))).not.toBeNull()
    }
  })
})

describe('runConstructor', () => {
  test('gives the code and the storage that creation code leaves, without slots set back to zero', async () => {
    // sstore(1, 2); sstore(3, 4); sstore(3, 0); then the code.
    const prologue = hexToBytes('0x600260015560046003555f600355')
    const runtime = hexToBytes(SETTER)
    const size = runtime.length.toString(16).padStart(4, '0')
    const offset = (prologue.length + 10).toString(16).padStart(2, '0')
    const code = toHex(
      `${bytesToHex(prologue)}61${size}8060${offset}5f395ff3${bytesToHex(runtime).slice(2)}`,
    )
    expect(await runConstructor(code, 1337n, crypto)).toEqual({
      nonce: 1n,
      code: SETTER,
      storage: { [word(1n)]: word(2n) },
    })
    expect(await runConstructor(bytesToHex(creationCode(SETTER)), 1337n, crypto)).toMatchObject({
      code: SETTER,
    })
  })

  test('says what a constructor that reverts returned', async () => {
    const reverting = runConstructor('0x60aa5f5360015ffd', 1337n, crypto)
    await expect(reverting).rejects.toThrow(PredeployFailedError)
    await expect(reverting).rejects.toThrow('revert 0xaa')
  })
})
