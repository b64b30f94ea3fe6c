import { openChain } from '@mosaic/chain'
import { createExecutionLayer, encodeBlock } from '@mosaic/execution'
import { toBlockNumber } from '@mosaic/primitives'
import { createMemoryStore } from '@mosaic/storage'
import { describe, expect, test } from 'vitest'
import { accountsOf, definitionOf, genesisOf } from '../src/genesis.ts'
import { createDevChain } from '../src/index.ts'
import { creation, NOTER, REVERTER } from './contracts.ts'

const TIME = 1_700_000_000n

describe('the blocks of a chain for tests', () => {
  test('are taken by a node that checks everything', async () => {
    await using chain = await createDevChain({ time: TIME })
    const ask = (method: string, ...params: readonly unknown[]): Promise<unknown> =>
      chain.provider.request({ method, params })
    const [from, to] = chain.accounts.map(({ address }) => address)
    for (const runtime of [NOTER, REVERTER]) {
      await ask('eth_sendTransaction', { from, data: creation(runtime) })
    }
    await ask('eth_sendTransaction', { from, to, value: '0x1', gasPrice: '0x77359400' })
    await chain.mine(3)
    await ask('eth_sendTransaction', { from, to, value: '0x1', accessList: [] })
    const id = await chain.snapshot()
    await ask('eth_sendTransaction', { from, to, value: '0x2' })
    await chain.revert(id)
    await ask('eth_sendTransaction', { from, to, value: '0x3' })
    await chain.reorg(4)
    chain.increaseTime(100)
    await Promise.all(
      chain.accounts.map(({ address }) =>
        ask('eth_sendTransaction', { from: address, to, value: '0x1' }),
      ),
    )
    await chain.mine(2)

    const options = { time: TIME }
    const genesis = genesisOf(options, accountsOf(options), TIME)
    const store = createMemoryStore()
    let node: Awaited<ReturnType<typeof openChain>> | undefined
    const execution = await createExecutionLayer({
      genesis,
      source: { node: (hash) => store.get('node', hash), code: (hash) => store.get('code', hash) },
      ancestorHash: (parentHash, number) => {
        const parent = node?.database.record(parentHash)
        return parent && node?.ancestor(parent, toBlockNumber(number))?.hash
      },
      tracker: 'absent',
    })
    node = await openChain({
      definition: definitionOf(genesis),
      execution,
      store,
      nowSeconds: () => TIME + 1000n,
    })
    const head = chain.chain.head()
    for (let number = 1n; number <= head.header.number; number++) {
      const record = chain.chain.canonical(toBlockNumber(number))
      const block = record && chain.chain.database.block(record.hash)
      if (block === undefined) throw new Error(`no block ${number}`)
      const verdict = await node.importBlock(encodeBlock(block))
      expect(verdict.ok ? 'taken' : verdict.fault).toBe('taken')
    }
    expect(node.head().hash).toBe(head.hash)
    expect(head.header.number).toBeGreaterThan(10n)
  })
})
