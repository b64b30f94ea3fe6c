/** What a program does when its transaction is taken back: a thing that other chains for tests do not let you see. */
import { createDevChain } from '@mosaic/devchain'
import { expect, test } from 'vitest'

test('a payment that is taken back counts again when it is mined again', async () => {
  await using chain = await createDevChain()
  const [from, to] = chain.accounts.map(({ address }) => address)
  const ask = (method: string, ...params: readonly unknown[]): Promise<unknown> =>
    chain.provider.request({ method, params })

  const hash = await ask('eth_sendTransaction', { from, to, value: '0x1' })
  await chain.mine(2)
  expect(await ask('eth_getTransactionReceipt', hash)).toMatchObject({ blockNumber: '0x1' })

  await chain.reorg(3)
  expect(await ask('eth_blockNumber')).toBe('0x3')
  expect(await ask('eth_getTransactionReceipt', hash)).toBeNull()

  await chain.mine()
  expect(await ask('eth_getTransactionReceipt', hash)).toMatchObject({ blockNumber: '0x4' })
})
