import { BrowserProvider, type Eip1193Provider, isCallException, verifyMessage } from 'ethers'
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  custom,
  parseEther,
  recoverMessageAddress,
  recoverTypedDataAddress,
} from 'viem'
import { hardhat } from 'viem/chains'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDevChain, type DevChain } from '../src/index.ts'
import { NOTER, REVERTER } from './contracts.ts'

const STRANGER = `0x${'5a'.repeat(20)}` as const
const CONTRACT = `0x${'c0'.repeat(20)}` as const
const TYPED_DATA = {
  domain: {
    name: 'Ether Mail',
    version: '1',
    chainId: 31_337,
    verifyingContract: CONTRACT,
  },
  types: {
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallets', type: 'address[]' },
    ],
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'to', type: 'Person[2]' },
      { name: 'contents', type: 'bytes' },
      { name: 'nonce', type: 'uint64' },
      { name: 'delta', type: 'int256' },
      { name: 'tag', type: 'bytes4' },
      { name: 'urgent', type: 'bool' },
    ],
  },
  primaryType: 'Mail',
  message: {
    from: { name: 'Cow', wallets: [STRANGER, CONTRACT] },
    to: [
      { name: 'Bob', wallets: [] },
      { name: 'Eve', wallets: [CONTRACT] },
    ],
    contents: '0x123456',
    nonce: 7n,
    delta: -5n,
    tag: '0xdeadbeef',
    urgent: true,
  },
} as const

let chain: DevChain
beforeEach(async () => {
  chain = await createDevChain({ time: 1_700_000_000 })
})
afterEach(() => chain.close())

const transport = (): ReturnType<typeof custom> => custom(chain.provider)
const account = (): `0x${string}` => chain.accounts[0]?.address ?? STRANGER
const connect = (): BrowserProvider => {
  const provider: Eip1193Provider = chain.provider
  return new BrowserProvider(provider, undefined, { cacheTimeout: -1, pollingInterval: 5 })
}

describe('ethers', () => {
  test('sends, waits and reads', async () => {
    const provider = connect()
    const signer = await provider.getSigner()
    const response = await signer.sendTransaction({ to: STRANGER, value: 5n })
    const receipt = await response.wait()
    expect(receipt?.status).toBe(1)
    expect(await provider.getBalance(STRANGER)).toBe(5n)
    provider.destroy()
  })

  test('understands why a call reverts', async () => {
    await chain.setCode(CONTRACT, REVERTER)
    const provider = connect()
    const error: unknown = await provider
      .call({ to: CONTRACT, data: '0x4e487b71'.padEnd(74, '0') })
      .catch((reason: unknown) => reason)
    expect(error instanceof Error && 'code' in error && error.code).toBe('CALL_EXCEPTION')
    const signer = await provider.getSigner()
    const failed = await signer.sendTransaction({ to: CONTRACT, gasLimit: 100_000n })
    const outcome: unknown = await failed.wait().catch((reason: unknown) => reason)
    expect(isCallException(outcome instanceof Error ? outcome : new Error('none'))).toBe(true)
    provider.destroy()
  })

  test('finds its signatures right', async () => {
    const provider = connect()
    const signer = await provider.getSigner(1)
    expect(verifyMessage('hello', await signer.signMessage('hello'))).toBe(signer.address)
    provider.destroy()
  })
})

describe('viem', () => {
  test('sends, waits and reads', async () => {
    const wallet = createWalletClient({
      chain: hardhat,
      transport: transport(),
      account: account(),
    })
    const client = createPublicClient({ chain: hardhat, transport: transport() })
    const hash = await wallet.sendTransaction({ to: STRANGER, value: parseEther('1') })
    const receipt = await client.waitForTransactionReceipt({ hash, pollingInterval: 5 })
    expect(receipt.status).toBe('success')
    expect(await client.getBalance({ address: STRANGER })).toBe(parseEther('1'))
  })

  test('finds its signatures right', async () => {
    const wallet = createWalletClient({
      chain: hardhat,
      transport: transport(),
      account: account(),
    })
    const signature = await wallet.signMessage({ message: 'hello' })
    const signer = await recoverMessageAddress({ message: 'hello', signature })
    expect(signer.toLowerCase()).toBe(account())
    const typed = await wallet.signTypedData(TYPED_DATA)
    const typist = await recoverTypedDataAddress({ ...TYPED_DATA, signature: typed })
    expect(typist.toLowerCase()).toBe(account())
  })

  test.for(['anvil', 'hardhat'] as const)(
    'has every test action of %s that it needs',
    async (mode) => {
      const client = createTestClient({ mode, chain: hardhat, transport: transport() })
      const reader = createPublicClient({ chain: hardhat, transport: transport(), cacheTime: 0 })
      await client.mine({ blocks: 2, interval: 10 })
      const id = await client.snapshot()
      await client.setBalance({ address: STRANGER, value: 7n })
      await client.setNonce({ address: STRANGER, nonce: 3 })
      await client.setCode({ address: CONTRACT, bytecode: NOTER })
      await client.setStorageAt({
        address: CONTRACT,
        index: 1,
        value: `0x${'2a'.padStart(64, '0')}`,
      })
      expect(await reader.getBalance({ address: STRANGER })).toBe(7n)
      expect(await reader.getTransactionCount({ address: STRANGER })).toBe(3)
      expect(await reader.getCode({ address: CONTRACT })).toBe(NOTER)
      expect(await reader.getStorageAt({ address: CONTRACT, slot: '0x1' })).toBe(
        `0x${'2a'.padStart(64, '0')}`,
      )
      await client.impersonateAccount({ address: STRANGER })
      await client.stopImpersonatingAccount({ address: STRANGER })
      await client.increaseTime({ seconds: 60 })
      await client.setNextBlockBaseFeePerGas({ baseFeePerGas: 9n })
      await client.setNextBlockTimestamp({ timestamp: 1_800_000_000n })
      await client.mine({ blocks: 1 })
      const block = await reader.getBlock()
      expect([block.timestamp, block.baseFeePerGas, block.number]).toEqual([1_800_000_000n, 9n, 3n])
      await client.setBlockGasLimit({ gasLimit: 20_000_000n })
      await client.setAutomine(false)
      expect(await client.getAutomine()).toBe(false)
      await client.setAutomine(true)
      await client.setIntervalMining({ interval: 0 })
      await client.setLoggingEnabled(false)
      await client.revert({ id })
      expect(await reader.getBlockNumber()).toBe(2n)
      await client.reset()
      expect(await reader.getBlockNumber()).toBe(0n)
    },
  )

  test('has the test actions that only anvil has', async () => {
    const client = createTestClient({ mode: 'anvil', chain: hardhat, transport: transport() })
    await client.setBlockTimestampInterval({ interval: 5 })
    await client.removeBlockTimestampInterval()
    await client.loadState({ state: await client.dumpState() })
    await client.dropTransaction({ hash: `0x${'00'.repeat(32)}` })
    expect((await client.getTxpoolStatus()).pending).toBe(0)
  })
})

describe('the server', () => {
  test('answers as the provider does, and ends with the chain', async () => {
    const { url } = await chain.listen()
    await chain.mine(3)
    const ask = async (): Promise<unknown> => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber', params: [] }),
      })
      return response.json()
    }
    expect(await ask()).toEqual({ jsonrpc: '2.0', id: 1, result: '0x3' })
    await chain.close()
    await expect(ask()).rejects.toThrow('fetch failed')
  })
})
