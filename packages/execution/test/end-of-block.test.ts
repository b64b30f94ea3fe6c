import { bytesToHash32, type toHash32, toWord } from '@mosaic/primitives'
import { EMPTY_TRIE_ROOT } from '@mosaic/protocol'
import { describe, expect, test } from 'vitest'
import { SYSTEM_CALLER, SystemCallError, TRANSITION_TRACKER } from '../src/index.ts'
import { TRACKER_CODE } from './contracts.ts'
import { ALICE, BOB, createTestChain, SIGNER, sealHeader } from './test-chain.ts'
import { sign } from './transactions.ts'

const ALLOC = { [TRANSITION_TRACKER]: { code: TRACKER_CODE } }

function word(value: bigint): ReturnType<typeof toHash32> {
  return bytesToHash32(toWord(value))
}

describe('the end of a block', () => {
  test('tells the tracker transactions root and gas, in builder and importer alike', async () => {
    const chain = await createTestChain({ alloc: ALLOC, tracker: 'required' })
    const importer = await createTestChain({ alloc: ALLOC, tracker: 'required' })
    const empty = await chain.mine(chain.genesis)
    const full = await chain.mine(empty, {
      transactions: [sign(chain, ALICE, { to: BOB.address })],
    })
    const slot = (root: typeof full.header.stateRoot, index: bigint): Promise<string> =>
      chain.layer.queries.slot(root, TRANSITION_TRACKER, word(index))
    expect(await slot(chain.genesis.header.stateRoot, 2n)).toBe(word(0n))
    expect(await slot(empty.header.stateRoot, 0n)).toBe(EMPTY_TRIE_ROOT)
    expect(await slot(empty.header.stateRoot, 1n)).toBe(word(0n))
    expect(await slot(full.header.stateRoot, 0n)).toBe(full.header.transactionsRoot)
    expect(await slot(full.header.stateRoot, 1n)).toBe(word(21_000n))
    expect(await slot(full.header.stateRoot, 2n)).toBe(word(2n))
    for (const block of [empty, full]) {
      expect(await importer.accept(block)).toHaveProperty('systemLogs', [
        { address: TRANSITION_TRACKER, topics: [word(0x2an)], data: new Uint8Array() },
      ])
    }
  })

  test('costs nothing and leaves no trace but the tracker: no gas, no receipt, no bloom, no caller', async () => {
    const chain = await createTestChain({ alloc: ALLOC, tracker: 'required' })
    const { block, execution } = await chain.seal(chain.genesis)
    chain.store(block, execution.writes)
    expect(execution.receipts).toEqual([])
    expect(execution.systemLogs.length).toBe(1)
    expect(block.header.gasUsed).toBe(0n)
    expect(block.header.logsBloom).toEqual(new Uint8Array(256))
    const { queries } = chain.layer
    const root = block.header.stateRoot
    expect(await queries.account(root, SYSTEM_CALLER)).toMatchObject({ nonce: 0n, balance: 0n })
    expect(await queries.account(root, SIGNER.address)).toMatchObject({ nonce: 0n, balance: 0n })
  })

  test('leaves the account of the caller as it was when somebody funded it', async () => {
    const chain = await createTestChain({ alloc: ALLOC, tracker: 'required' })
    const block = await chain.mine(chain.genesis, {
      transactions: [sign(chain, ALICE, { to: SYSTEM_CALLER, value: 7n })],
    })
    expect(await chain.layer.queries.account(block.header.stateRoot, SYSTEM_CALLER)).toMatchObject({
      nonce: 0n,
      balance: 7n,
    })
  })

  test('makes the block invalid if it fails', async () => {
    const chain = await createTestChain({ alloc: ALLOC, tracker: 'required' })
    const breaking = sign(chain, ALICE, { to: TRANSITION_TRACKER, data: toWord(1n) })
    await expect(chain.seal(chain.genesis, { transactions: [breaking] })).rejects.toThrow(
      SystemCallError,
    )
    const { block } = await chain.seal(chain.genesis)
    const forged = sealHeader({ ...block.header, gasUsed: 21_000n }, [breaking], SIGNER)
    expect(await chain.accept(forged)).toMatchObject({
      code: 'EXECUTION_HOOK_FAILED',
      reason: expect.stringContaining('revert'),
    })
    expect(await chain.accept(block)).toHaveProperty('systemLogs.length', 1)
  })

  test('is not left out by who has no tracker', async () => {
    const plain = await createTestChain()
    const { block } = await plain.seal(plain.genesis)
    const chain = await createTestChain({ tracker: 'required' })
    expect(await chain.accept(block)).toMatchObject({ code: 'EXECUTION_HOOK_FAILED' })
    await expect(chain.seal(chain.genesis)).rejects.toThrow(SystemCallError)
  })

  test('has no tracker on a chain that says so', async () => {
    const chain = await createTestChain({ alloc: ALLOC, tracker: 'absent' })
    await expect(chain.seal(chain.genesis)).rejects.toThrow(SystemCallError)
  })
})
