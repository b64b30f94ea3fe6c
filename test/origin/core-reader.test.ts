import { encodeDefinition } from '@mosaic/genesis'
import {
  CoreNotOpenError,
  createEthereumClient,
  createJsonRpcClient,
  type EthereumClient,
  readCoreGenesis,
  readCoreLogs,
  readKernels,
} from '@mosaic/origin'
import { bytesToHex, toBlockNumber } from '@mosaic/primitives'
import { kernelHash, validatorSetHash } from '@mosaic/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCoreHistory } from '../../packages/relayer/src/core-history.ts'
import { type Anvil, startAnvil } from '../contracts/anvil.ts'
import { getHeader } from '../contracts/anvil-header.ts'
import {
  closeMetaBlock,
  ORIGIN_CHAIN_ID,
  openCore,
  type RunningCore,
} from '../contracts/meta-block.ts'

const FROM = toBlockNumber(0n)
const DEFINITION = encodeDefinition({
  period: 1n,
  cliqueEpoch: 30_000n,
  gasLimit: 6_000_000n,
  baseFeePerGas: 7n,
  signers: [],
  balances: {},
})

describe('a core read from anvil', () => {
  let anvil: Anvil
  let core: RunningCore
  let client: EthereumClient
  let requests: string[]

  beforeEach(async () => {
    anvil = await startAnvil(['--slots-in-an-epoch', '2'])
    core = await openCore(anvil, 4, { definition: bytesToHex(DEFINITION) })
    requests = []
    client = clientOf({ kind: 'confirmations', depth: 2n })
  })

  afterEach(async () => {
    await anvil.stop()
  })

  function clientOf(policy: Parameters<typeof createEthereumClient>[1]): EthereumClient {
    const request = createJsonRpcClient(anvil.url)
    return createEthereumClient(
      async (method, params) => {
        requests.push(method === 'eth_getLogs' ? `${method} ${JSON.stringify(params[0])}` : method)
        return request(method, params)
      },
      policy,
      ORIGIN_CHAIN_ID,
    )
  }

  /** First blocks of the ranges of logs that were asked for since the last look. */
  function rangesAsked(): readonly number[] {
    const found = requests.flatMap((text) => /"fromBlock":"(0x[0-9a-f]+)"/.exec(text)?.[1] ?? [])
    requests.length = 0
    return found.map(Number)
  }

  test('gives all that a genesis is made from', async () => {
    const genesis = await readCoreGenesis(client, core.address)
    expect(genesis).toMatchObject({
      core: core.address,
      originChainId: ORIGIN_CHAIN_ID,
      kernel: core.kernel,
      validatorSet: core.validators,
      definition: DEFINITION,
    })
    const root = await getHeader(anvil, `0x${genesis.originRoot.number.toString(16)}`)
    expect(genesis.originRoot).toMatchObject({ hash: root.hash, stateRoot: root.stateRoot })
    expect(validatorSetHash(genesis.validatorSet)).toBe(core.kernel.validatorSetHash)
  })

  test('is none at an address without a core', async () => {
    const stranger = anvil.account
    await expect(readCoreGenesis(client, stranger)).rejects.toThrow(CoreNotOpenError)
  })

  test('lists its kernels, each with its hash and set', async () => {
    const { core: next } = await closeMetaBlock(anvil, core)
    const kernels = await readKernels(client, core.address, FROM)
    expect(kernels.map(({ kernel }) => kernel)).toEqual([core.kernel, next.kernel])
    for (const opened of kernels) {
      expect(opened.kernelHash).toBe(kernelHash(opened.kernel))
      expect(opened.validatorSet).toEqual(core.validators)
    }
    const [first] = kernels
    const until = first?.openedAt.blockNumber ?? FROM
    expect(await readKernels(client, core.address, FROM, until)).toHaveLength(1)
  })

  test('names the finalized block by the tag, or by depth', async () => {
    await anvil.request('anvil_mine', '0x10')
    const head = await client.blockNumber()
    expect(await client.finalNumber()).toBe(head - 2n)
    const byTag = await clientOf({ kind: 'finalized-tag' }).finalNumber()
    expect(byTag).toBe((await client.header('finalized'))?.number)
    expect(byTag).toBeLessThan(head)
  })

  test('is followed without reading final logs again', async () => {
    const { createdAt } = await readCoreGenesis(client, core.address)
    const history = createCoreHistory(client, core.address, createdAt)
    rangesAsked()
    const before = await history.read()
    expect(before.kernels.map(({ kernel }) => kernel)).toEqual([core.kernel])
    expect(rangesAsked()[0]).toBe(Number(createdAt))
    const { core: next } = await closeMetaBlock(anvil, core)
    const after = await history.read()
    expect(after.kernels.map(({ kernel }) => kernel)).toEqual([core.kernel, next.kernel])
    expect(after.lastCheckpoint).toBeGreaterThan(0n)
    expect(after.proposals).toEqual([])
    await anvil.request('anvil_mine', '0x5')
    rangesAsked()
    expect(await history.read()).toEqual(after)
    expect(await history.read()).toEqual(after)
    const head = Number(await client.blockNumber())
    // Only the two newest blocks, which are not final, are asked for once more.
    expect(rangesAsked().at(-1)).toBe(head - 1)
  })

  test('keeps a few kernels, whatever their number', async () => {
    const history = createCoreHistory(client, core.address, FROM)
    let current = core
    for (let i = 0; i < 6; i++) ({ core: current } = await closeMetaBlock(anvil, current))
    const { kernels } = await history.read()
    expect(kernels.map(({ kernel }) => kernel.height)).toEqual([4n, 5n, 6n, 7n])
    expect(await readKernels(client, core.address, FROM)).toHaveLength(7)
  })

  test('is read anew when what was final is gone', async () => {
    const history = createCoreHistory(client, core.address, FROM)
    const snapshot = await anvil.request('evm_snapshot')
    const { core: lost } = await closeMetaBlock(anvil, core)
    await anvil.request('anvil_mine', '0x8')
    expect((await history.read()).kernels.at(-1)?.kernel).toEqual(lost.kernel)
    await anvil.request('evm_revert', snapshot)
    // Longer than before, and without the commit.
    await anvil.request('anvil_mine', '0x14')
    const again = await history.read()
    expect(again.kernels.map(({ kernel }) => kernel)).toEqual([core.kernel])
    expect(again.lastCheckpoint).toBe(0n)
    const logs = await readCoreLogs(client, core.address, ['MetaBlockCommitted'], FROM)
    expect(logs).toEqual([])
  })
})
