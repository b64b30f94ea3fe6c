import { type ExecutionLayer, isImpersonated } from '@mosaic/execution'
import { hexToBytes, toAddress } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { createDevChain, type DevChain } from '../src/index.ts'
import { createRecoveryAhead } from '../src/recovery-ahead.ts'

const FEES = { maxFeePerGas: 100n * 10n ** 9n, maxPriorityFeePerGas: 1n, gasLimit: 21_000n }
const STRANGER = toAddress(`0x${'5a'.repeat(20)}`)

/** Transfers of the first account, one after the other. */
function transfers({ chain, accounts: [from, to] }: DevChain, count: number, nonce = 0) {
  if (from === undefined || to === undefined) throw new TypeError('expected accounts')
  const key = hexToBytes(from.secretKey)
  return Array.from({ length: count }, (_, i) =>
    chain.execution.signTransaction(
      { ...FEES, nonce: BigInt(nonce + i), to: to.address, value: 1n, data: new Uint8Array() },
      key,
    ),
  )
}

describe('the recovery of senders ahead', () => {
  test('asks another thread when many come in one turn, and not before; then for a few at a time', async () => {
    await using chain = await createDevChain({ time: 1_700_000_000, mining: 'manual' })
    const batches: number[] = []
    const execution: ExecutionLayer = {
      ...chain.chain.execution,
      decodeTransactions: async (raws) => {
        batches.push(raws.length)
        return []
      },
    }
    const ahead = createRecoveryAhead()
    const prepare = (count: number) =>
      Promise.all(transfers(chain, count).map(({ raw }) => ahead.prepare(execution, raw)))
    await prepare(15)
    await prepare(40)
    expect(await ahead.recovery.start()).toBe(true)
    expect(batches).toEqual([])
    await prepare(40)
    expect(batches).toEqual([8, 8, 8, 8, 8])
    await prepare(11)
    expect(batches.slice(5)).toEqual([8, 3])
    await ahead.close()
  })

  test('takes of a flood what each sender sent, impersonated ones too', async () => {
    await using chain = await createDevChain({ time: 1_700_000_000, mining: 'manual' })
    // Another layer signs: what a layer signed itself it does not recover.
    await using signer = await createDevChain({ time: 1_700_000_000 })
    const { execution } = signer.chain
    await chain.setBalance(STRANGER, 10n ** 18n)
    const named = execution.impersonateTransaction(
      { ...FEES, nonce: 0n, to: STRANGER, value: 0n, data: new Uint8Array() },
      STRANGER,
    )
    let nonce = 0
    for (const size of [100, 100, 100]) {
      const signed = transfers(signer, size, nonce)
      nonce += size
      const raws = [...signed, ...(nonce === 300 ? [named] : [])].map(({ raw }) =>
        Buffer.from(raw).toString('hex'),
      )
      await Promise.all(
        raws.map((raw) =>
          chain.provider.request({ method: 'eth_sendRawTransaction', params: [`0x${raw}`] }),
        ),
      )
    }
    await chain.mine()
    const block = chain.chain.database.block(chain.chain.head().hash)
    expect(block?.transactions).toHaveLength(301)
    const senders = new Set(block?.transactions.map(({ from }) => from))
    expect(senders).toEqual(new Set([chain.accounts[0]?.address, STRANGER]))
    expect(block?.transactions.filter(isImpersonated)).toHaveLength(1)
  })
})
