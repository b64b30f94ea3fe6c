import { headerHash } from '@mosaic/authority'
import { Trie, toNibbles } from '@mosaic/execution'
import {
  bytesToHex,
  decodeRlp,
  hexToBytes,
  InvalidValueError,
  keccak256Bytes,
  toBlockNumber,
  toHash32,
  utf8ToBytes,
} from '@mosaic/primitives'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDevChain, type DevChain, ProviderError } from '../src/index.ts'
import { creation, NOTER, REVERTER, SPEAKER } from './contracts.ts'

const STRANGER = `0x${'5a'.repeat(20)}` as const
const CONTRACT = `0x${'c0'.repeat(20)}` as const
const START = 1_700_000_000

let chain: DevChain
const lines: string[] = []
beforeEach(async () => {
  lines.length = 0
  chain = await createDevChain({ time: START, onConsoleLog: (line) => lines.push(line) })
})
afterEach(() => chain.close())

const ask = (method: string, ...params: readonly unknown[]): Promise<unknown> =>
  chain.provider.request({ method, params })
const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
const account = (index: number): `0x${string}` => {
  const found = chain.accounts[index]
  if (found === undefined) throw new Error(`no account ${index}`)
  return found.address
}
const send = (fields: Readonly<Record<string, unknown>> = {}): Promise<unknown> =>
  ask('eth_sendTransaction', { from: account(0), to: STRANGER, value: '0x1', ...fields })
const receiptOf = (hash: unknown): Promise<unknown> => ask('eth_getTransactionReceipt', hash)
const selector = (signature: string): string =>
  bytesToHex(keccak256Bytes(utf8ToBytes(signature))).slice(0, 10)
const failureOf = async (answer: Promise<unknown>): Promise<readonly unknown[]> => {
  const error = await answer.catch((reason: unknown) => reason)
  if (!(error instanceof ProviderError)) throw new Error(`no provider error: ${String(error)}`)
  return [error.code, error.message, error.data]
}
const number = async (): Promise<number> => Number(await ask('eth_blockNumber'))

const timestamp = async (): Promise<number> =>
  Number(member(await ask('eth_getBlockByNumber', 'latest', false), 'timestamp'))

describe('a chain for tests', () => {
  test('has the accounts of anvil and hardhat, with 10,000 ether each', async () => {
    expect(chain.accounts[0]).toEqual({
      address: '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
      secretKey: '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
    })
    expect(chain.accounts[9]?.address).toBe('0xa0ee7a142d267c1f36714e4a8f75612f20a79720')
    expect(await ask('eth_accounts')).toEqual(chain.accounts.map(({ address }) => address))
    expect(await ask('eth_getBalance', account(9), 'latest')).toBe(
      `0x${(10_000n * 10n ** 18n).toString(16)}`,
    )
    expect(await ask('eth_chainId')).toBe('0x7a69')
  })

  test('seals a transaction before its sender has the hash', async () => {
    const hash = await send()
    expect(await receiptOf(hash)).toMatchObject({ status: '0x1', blockNumber: '0x1' })
    expect(await ask('eth_getBalance', STRANGER, 'latest')).toBe('0x1')
  })

  test('finds a transaction by who sent it and its nonce', async () => {
    const find = (sender: string, nonce: number): Promise<unknown> =>
      ask('eth_getTransactionBySenderAndNonce', sender, `0x${nonce.toString(16)}`)
    const hashes: unknown[] = []
    for (let i = 0; i < 9; i++) {
      hashes.push(await send())
      await chain.mine(i)
    }
    for (const [nonce, hash] of hashes.entries()) {
      expect(await find(account(0), nonce)).toEqual(await ask('eth_getTransactionByHash', hash))
    }
    await ask('evm_setAutomine', false)
    const waiting = await send()
    expect(await find(account(0), 9)).toMatchObject({ hash: waiting, blockHash: null })
    expect(await find(account(0), 10)).toBeNull()
    expect(await find(STRANGER, 0)).toBeNull()
    // The nonce of an account that was edited grew without a transaction.
    await chain.setNonce(STRANGER, 5n)
    expect(await find(STRANGER, 3)).toBeNull()
  })

  test('has blocks of which each names the one before, sealed by one signer', async () => {
    await send()
    await chain.mine(20)
    for (let at = 1n; at <= 21n; at++) {
      const record = chain.chain.canonical(toBlockNumber(at))
      if (record === undefined) throw new Error(`no block ${at}`)
      expect(headerHash(record.header)).toBe(record.hash)
      expect(record.header.parentHash).toBe(chain.chain.canonical(toBlockNumber(at - 1n))?.hash)
      expect(chain.chain.execution.recoverSigner(record.header)).toBe(record.signer)
      expect(record.header.timestamp).toBe(BigInt(START) + at)
    }
  })

  test('takes many transactions at once, each sender in order', async () => {
    const hashes = await Promise.all(
      chain.accounts.flatMap(({ address }) => [send({ from: address }), send({ from: address })]),
    )
    const receipts = await Promise.all(hashes.map(receiptOf))
    expect(receipts.map((receipt) => member(receipt, 'status'))).toEqual(hashes.map(() => '0x1'))
    expect(await ask('eth_getBalance', STRANGER, 'latest')).toBe('0x14')
  })

  test('refuses options that are none', async () => {
    await expect(createDevChain({ accounts: -1 })).rejects.toThrow(InvalidValueError)
    await expect(createDevChain({ mnemonic: 'test junk' })).rejects.toThrow('2 words')
    await expect(createDevChain({ chainId: 0 })).rejects.toThrow('a chain id')
    await expect(createDevChain({ state: '0x1234' })).rejects.toThrow('a dump')
  })

  test('knows nothing of another one', async () => {
    await using other = await createDevChain({ time: START })
    await send()
    expect(await other.provider.request({ method: 'eth_blockNumber' })).toBe('0x0')
    expect(other.chain.genesis.hash).toBe(chain.chain.genesis.hash)
  })

  test('goes on while the timers of a test stand still', async () => {
    vi.useFakeTimers()
    try {
      expect(await receiptOf(await send())).toMatchObject({ status: '0x1' })
      await chain.mine(300)
      expect(await ask('eth_getLogs', { fromBlock: '0x0' })).toEqual([])
    } finally {
      vi.useRealTimers()
    }
  })

  test('answers nothing after it was closed, and may be closed twice', async () => {
    await chain.close()
    await chain.close()
    await expect(send()).rejects.toThrow(/closed/)
  })
})

describe('safe and finalized', () => {
  test.for([
    ['anvil', '0x24', '0x4'],
    ['hardhat', '0x44', '0x44'],
  ] as const)('are those of %s', async ([compat, safe, finalized]) => {
    await using other = await createDevChain({ compat })
    const named = async (tag: string): Promise<unknown> =>
      member(
        await other.provider.request({ method: 'eth_getBlockByNumber', params: [tag, false] }),
        'number',
      )
    await other.mine(68)
    expect([await named('safe'), await named('finalized')]).toEqual([safe, finalized])
  })

  test('name genesis at first, and nothing where no tool is imitated', async () => {
    expect(await ask('eth_getBlockByNumber', 'finalized', false)).toMatchObject({ number: '0x0' })
    await using other = await createDevChain({ compat: 'none' })
    const asked = other.provider.request({ method: 'eth_getBalance', params: [STRANGER, 'safe'] })
    expect((await failureOf(asked))[0]).toBe(-39_001)
  })
})

describe('failures', () => {
  test('of an estimate carry the reason of the revert', async () => {
    await chain.setCode(CONTRACT, REVERTER)
    const reason = `0x08c379a0${'20'.padStart(64, '0')}${'2'.padStart(64, '0')}${'6e6f'.padEnd(64, '0')}`
    expect(await failureOf(send({ to: CONTRACT, value: '0x0', data: reason }))).toEqual([
      3,
      'execution reverted: no',
      reason,
    ])
    expect(await number()).toBe(0)
  })

  test('of a sealed transaction are in its receipt', async () => {
    await chain.setCode(CONTRACT, REVERTER)
    const hash = await send({ to: CONTRACT, value: '0x0', gas: '0x30000' })
    expect(await receiptOf(hash)).toMatchObject({ status: '0x0', blockNumber: '0x1' })
  })

  test('are thrown if wanted, and the transaction is sealed all the same', async () => {
    await using other = await createDevChain({ compat: 'hardhat' })
    await other.setCode(CONTRACT, REVERTER)
    const [from] = other.accounts
    const sent = other.provider.request({
      method: 'eth_sendTransaction',
      params: [{ from: from?.address, to: CONTRACT, gas: '0x30000', data: '0x12345678' }],
    })
    expect(await failureOf(sent)).toEqual([3, 'execution reverted', '0x12345678'])
    expect(await other.provider.request({ method: 'eth_blockNumber' })).toBe('0x1')
  })

  test('have the words of geth', async () => {
    expect(await failureOf(send({ from: STRANGER }))).toEqual([
      -32_000,
      'unknown account',
      undefined,
    ])
    expect(await failureOf(send({ value: `0x${'f'.repeat(30)}`, gas: '0x5208' }))).toEqual([
      -32_000,
      expect.stringMatching(/^insufficient funds for gas \* price \+ value/),
      undefined,
    ])
    await send()
    expect(await failureOf(send({ nonce: '0x0', gas: '0x5208' }))).toEqual([
      -32_000,
      expect.stringMatching(/^nonce too low: next nonce 1, tx nonce 0/),
      undefined,
    ])
    expect(await failureOf(send({ gas: '0x1' }))).toEqual([
      -32_000,
      expect.stringMatching(/^intrinsic gas too low/),
      undefined,
    ])
    expect(await failureOf(ask('eth_nothing'))).toEqual([
      -32_601,
      'the method eth_nothing does not exist/is not available',
      undefined,
    ])
  })
})

describe('names', () => {
  const contracts = [
    {
      name: 'Store',
      abi: [
        { type: 'function', name: 'put', inputs: [{ type: 'uint256' }] },
        {
          type: 'error',
          name: 'Full',
          inputs: [{ type: 'tuple', components: [{ type: 'bool' }] }],
        },
      ],
    },
  ]

  test('of known contracts are in traces and in what reverts say', async () => {
    await using other = await createDevChain({ contracts })
    const from = other.accounts[0]?.address
    const askOther = (method: string, ...params: readonly unknown[]): Promise<unknown> =>
      other.provider.request({ method, params })
    const sendOther = (data: string): Promise<unknown> =>
      askOther('eth_sendTransaction', { from, to: CONTRACT, data, gas: '0x30000' })

    await other.setCode(CONTRACT, NOTER)
    const put = await sendOther(selector('put(uint256)'))
    expect(await other.trace(toHash32(String(put)))).toMatch(
      new RegExp(`^CALL ${CONTRACT} Store.put gas \\d+$`),
    )
    await other.setCode(CONTRACT, REVERTER)
    const full = selector('Full((bool))')
    const called = askOther('eth_call', { to: CONTRACT, data: full }, 'latest')
    expect(await failureOf(called)).toEqual([3, 'execution reverted: Full', full])
    const failed = await sendOther(full)
    expect(await other.trace(toHash32(String(failed)))).toMatch(
      new RegExp(`^CALL ${CONTRACT} ${full} gas \\d+: execution reverted: Full$`),
    )
    await expect(other.trace(`0x${'00'.repeat(32)}`)).rejects.toThrow('not found')
  })
})

describe('mining', () => {
  test('by hand leaves transactions waiting, behind gaps too', async () => {
    chain.setAutomine(false)
    expect(await ask('anvil_getAutomine')).toBe(false)
    const later = await send({ nonce: '0x1', gas: '0x5208' })
    const first = await send({ nonce: '0x0', gas: '0x5208' })
    const far = await send({ nonce: '0x5', gas: '0x5208' })
    expect(await ask('txpool_status')).toEqual({ pending: '0x2', queued: '0x1' })
    await chain.mine()
    expect(await receiptOf(first)).toMatchObject({ blockNumber: '0x1' })
    expect(await receiptOf(later)).toMatchObject({ blockNumber: '0x1' })
    expect(await receiptOf(far)).toBeNull()
    expect(await ask('anvil_dropTransaction', far)).toBe(far)
    expect(await ask('hardhat_dropTransaction', far)).toBe(false)
  })

  test('for each transaction waits for one that cannot pay the base fee', async () => {
    const hash = await send({ maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x0', gas: '0x5208' })
    expect(await receiptOf(hash)).toBeNull()
    expect(await number()).toBe(0)
  })

  test('takes a base fee and a gas limit', async () => {
    chain.setNextBlockBaseFee(7n)
    await ask('evm_setBlockGasLimit', '0xf4240')
    await chain.mine(2)
    expect(await ask('eth_getBlockByNumber', '0x1', false)).toMatchObject({
      baseFeePerGas: '0x7',
      gasLimit: '0xf4240',
    })
    expect(await ask('eth_getBlockByNumber', '0x2', false)).toMatchObject({ baseFeePerGas: '0x7' })
  })

  test('at intervals goes on by itself', async () => {
    await using other = await createDevChain({ mining: { intervalSeconds: 0.01 } })
    const sealed = Promise.withResolvers<void>()
    other.chain.onHead(({ head }) => {
      if (head.header.number === 3n) sealed.resolve()
    })
    await sealed.promise
    expect(other.chain.head().header.number).toBeGreaterThanOrEqual(3n)
  })

  test('of many blocks has them all', async () => {
    await ask('hardhat_mine', '0x64', '0xc')
    expect(await number()).toBe(100)
    expect(await ask('eth_getBlockByNumber', 'latest', false)).toMatchObject({
      timestamp: `0x${(START + 1 + 99 * 12).toString(16)}`,
    })
  })
})

describe('time', () => {
  test('moves as it is told to', async () => {
    chain.setNextBlockTimestamp(START + 100)
    await chain.mine()
    expect(await timestamp()).toBe(START + 100)
    chain.increaseTime(50)
    await chain.mine()
    expect(await timestamp()).toBe(START + 150)
    chain.setTime(START + 1000)
    await chain.mine()
    expect(await timestamp()).toBe(START + 1000)
    await ask('anvil_setBlockTimestampInterval', 7)
    await chain.mine(2)
    expect(await timestamp()).toBe(START + 1014)
    expect(await ask('anvil_removeBlockTimestampInterval')).toBe(true)
    await ask('evm_mine', START + 2000)
    expect(await timestamp()).toBe(START + 2000)
  })

  test('goes on from the latest block', async () => {
    await ask('hardhat_mine', '0x3', '0x64')
    expect(await timestamp()).toBe(START + 201)
    chain.increaseTime(50)
    await chain.mine()
    expect(await timestamp()).toBe(START + 251)
  })

  test('does not go back', async () => {
    await chain.mine(3)
    expect(await failureOf(ask('evm_setNextBlockTimestamp', START))).toEqual([
      -32_602,
      `Timestamp ${START} is lower than or equal to previous block's timestamp ${START + 3}`,
      undefined,
    ])
  })
})

describe('edited state', () => {
  test('is seen at once, and proven by the next block', async () => {
    const slot = `0x${'01'.padStart(64, '0')}` as const
    await chain.setBalance(STRANGER, 5n)
    await chain.setNonce(STRANGER, 9n)
    await chain.setCode(CONTRACT, NOTER)
    await chain.setStorageAt(CONTRACT, '0x1', '0x2a')
    await ask('anvil_addBalance', STRANGER, '0x2')
    expect(await ask('eth_getBalance', STRANGER, 'latest')).toBe('0x7')
    expect(await ask('eth_getTransactionCount', STRANGER, 'latest')).toBe('0x9')
    expect(await ask('eth_getCode', CONTRACT, 'latest')).toBe(NOTER)
    expect(await ask('eth_getStorageAt', CONTRACT, '0x1', 'latest')).toBe(
      `0x${'2a'.padStart(64, '0')}`,
    )
    // No block says so yet: a proof is of the latest block, which is older than the edit.
    expect(member(await ask('eth_getProof', STRANGER, [], 'latest'), 'balance')).toBe('0x0')
    await chain.mine()
    const block = await ask('eth_getBlockByNumber', 'latest', false)
    const root = hexToBytes(String(member(block, 'stateRoot')))
    const proof = await ask('eth_getProof', CONTRACT, [slot], 'latest')
    const leaf = prove(root, member(proof, 'accountProof'), CONTRACT)
    const storageHash = hexToBytes(String(member(proof, 'storageHash')))
    expect(leaf?.[2]).toEqual(storageHash)
    const [storageProof] = list(member(proof, 'storageProof'))
    expect(storageProof).toMatchObject({ value: '0x2a' })
    expect(proveBytes(storageHash, member(storageProof, 'proof'), slot)).toEqual(
      Uint8Array.of(0x2a),
    )
    const stranger = await ask('eth_getProof', STRANGER, [], 'latest')
    expect(prove(root, member(stranger, 'accountProof'), STRANGER)?.slice(0, 2)).toEqual([
      Uint8Array.of(9),
      Uint8Array.of(7),
    ])
  })

  test('can be sent from without a key, by contracts too', async () => {
    await chain.setBalance(CONTRACT, 10n ** 18n)
    await chain.setCode(CONTRACT, NOTER)
    expect(await failureOf(send({ from: CONTRACT }))).toEqual([
      -32_000,
      'unknown account',
      undefined,
    ])
    chain.impersonate(CONTRACT)
    const hash = await send({ from: CONTRACT })
    expect(await receiptOf(hash)).toMatchObject({ status: '0x1', from: CONTRACT })
    expect(await ask('eth_getTransactionByHash', hash)).toMatchObject({ from: CONTRACT })
    expect(await ask('eth_getCode', CONTRACT, 'latest')).toBe(NOTER)
    chain.stopImpersonating(CONTRACT)
    expect((await failureOf(send({ from: CONTRACT })))[1]).toBe('unknown account')
    await ask('anvil_autoImpersonateAccount', true)
    await send({ from: CONTRACT })
    expect(await ask('eth_getTransactionCount', CONTRACT, 'latest')).toBe('0x2')
  })
})

describe('snapshots', () => {
  test('nest, and each is good for once', async () => {
    const first = await ask('evm_snapshot')
    await send()
    const second = await ask('evm_snapshot')
    await send()
    await chain.setBalance(STRANGER, 100n)
    chain.increaseTime(1000)
    expect(await ask('evm_revert', second)).toBe(true)
    expect(await ask('eth_getBalance', STRANGER, 'latest')).toBe('0x1')
    expect(await number()).toBe(1)
    expect(await ask('evm_revert', second)).toBe(false)
    expect(await ask('evm_revert', first)).toBe(true)
    expect(await number()).toBe(0)
    expect(await ask('eth_getBalance', STRANGER, 'latest')).toBe('0x0')
    await chain.mine()
    expect(await ask('eth_getBlockByNumber', 'latest', false)).toMatchObject({
      timestamp: `0x${(START + 1).toString(16)}`,
    })
  })

  test('bring back what waited, and not what came later', async () => {
    chain.setAutomine(false)
    const before = await send({ gas: '0x5208' })
    const id = await chain.snapshot()
    const after = await send({ gas: '0x5208' })
    await chain.mine()
    expect(await receiptOf(after)).not.toBeNull()
    expect(await chain.revert(id)).toBe(true)
    expect(await ask('eth_getTransactionByHash', before)).toMatchObject({ blockNumber: null })
    expect(await ask('eth_getTransactionByHash', after)).toBeNull()
    expect(await ask('eth_getTransactionCount', account(0), 'pending')).toBe('0x1')
  })

  test('of edited state bring back the edit', async () => {
    await chain.setBalance(STRANGER, 1n)
    const id = await chain.snapshot()
    await chain.setBalance(STRANGER, 2n)
    await chain.mine(5)
    await chain.revert(id)
    expect(await ask('eth_getBalance', STRANGER, 'latest')).toBe('0x1')
    await chain.mine()
    expect(await ask('eth_getBalance', STRANGER, 'latest')).toBe('0x1')
  })
})

describe('a reorg', () => {
  test('takes logs back, and lets transactions wait again', async () => {
    await chain.setCode(CONTRACT, NOTER)
    const told: unknown[] = []
    chain.provider.on('message', (message) => told.push(message))
    await ask('eth_subscribe', 'logs', { address: CONTRACT })
    await ask('eth_subscribe', 'newHeads')
    const data = `0x${'07'.padStart(64, '0')}`
    const hash = await send({ to: CONTRACT, value: '0x0', data })
    const old = await ask('eth_getBlockByNumber', '0x1', false)
    await chain.mine(2)
    await chain.reorg(3)
    expect(await number()).toBe(3)
    expect(member(await ask('eth_getBlockByNumber', '0x1', false), 'hash')).not.toBe(
      member(old, 'hash'),
    )
    expect(await receiptOf(hash)).toBeNull()
    expect(await ask('eth_getTransactionByHash', hash)).toMatchObject({ blockHash: null })
    await chain.mine()
    expect(await receiptOf(hash)).toMatchObject({ blockNumber: '0x4', status: '0x1' })
    const results = told.map((message) => member(member(message, 'data'), 'result'))
    const logs = results.filter((result) => member(result, 'topics') !== undefined)
    expect(logs.map((log) => [member(log, 'blockNumber'), member(log, 'removed')])).toEqual([
      ['0x1', false],
      ['0x1', true],
      ['0x4', false],
    ])
    expect(results.length - logs.length).toBe(7)
  })

  test('is not deeper than the chain', async () => {
    await chain.mine()
    expect(await failureOf(ask('anvil_reorg', 2))).toEqual([
      -32_602,
      'expected a depth from 1 to 1, received 2',
      undefined,
    ])
  })

  test('without another branch is a rollback', async () => {
    const hash = await send()
    await ask('anvil_rollback', 1)
    expect(await number()).toBe(0)
    expect(await ask('eth_getTransactionByHash', hash)).toBeNull()
    await send()
    await ask('anvil_reset')
    expect(await number()).toBe(0)
  })
})

describe('console.log', () => {
  test('is told of transactions and calls, once each', async () => {
    await chain.setCode(CONTRACT, SPEAKER)
    // log(string,uint256)
    const data = `0xb60e72cc${'40'.padStart(64, '0')}${'2a'.padStart(64, '0')}${'8'.padStart(64, '0')}${'616e73776572202564'.slice(0, 16).padEnd(64, '0')}`
    await send({ to: CONTRACT, value: '0x0', data })
    expect(lines).toEqual(['answer % 42'])
    await ask('eth_call', { to: CONTRACT, data: '0x51973ec9' }, 'latest')
    expect(lines).toEqual(['answer % 42', ''])
    await ask('eth_call', { to: CONTRACT, data: `0x32458eed${'01'.padStart(64, '0')}` }, 'latest')
    expect(lines.at(-1)).toBe('true')
  })
})

describe('a dump', () => {
  test('is what another chain goes on from', async () => {
    const hash = await send({ to: undefined, value: '0x0', data: creation(NOTER) })
    const created = member(await receiptOf(hash), 'contractAddress')
    await chain.setBalance(STRANGER, 77n)
    chain.increaseTime(500)
    const state = await chain.dumpState()
    await using other = await createDevChain({ state, time: START })
    const askOther = (method: string, ...params: readonly unknown[]): Promise<unknown> =>
      other.provider.request({ method, params })
    expect(await askOther('eth_blockNumber')).toBe('0x1')
    expect(await askOther('eth_getCode', created, 'latest')).toBe(NOTER)
    expect(await askOther('eth_getBalance', STRANGER, 'latest')).toBe('0x4d')
    expect(await askOther('eth_getTransactionReceipt', hash)).toEqual(await receiptOf(hash))
    await other.mine()
    expect(await askOther('eth_getBlockByNumber', '0x2', false)).toMatchObject({
      timestamp: `0x${(START + 501).toString(16)}`,
    })
  })

  test('of another chain gives its state alone', async () => {
    await send()
    const state = await chain.dumpState()
    await using other = await createDevChain({ time: START + 1 })
    await other.loadState(state)
    const balance = await other.provider.request({
      method: 'eth_getBalance',
      params: [STRANGER, 'latest'],
    })
    expect(balance).toBe('0x1')
    expect(other.chain.head().header.number).toBe(0n)
    await other.mine()
  })
})

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('no list')
  return value
}

function proveBytes(root: Uint8Array, nodes: unknown, key: string): Uint8Array | undefined {
  const known = new Map(
    list(nodes).map((node) => {
      const bytes = hexToBytes(String(node))
      return [Buffer.from(keccak256Bytes(bytes)).toString('hex'), bytes] as const
    }),
  )
  const trie = new Trie(
    keccak256Bytes,
    (hash) => known.get(Buffer.from(hash).toString('hex')),
    root,
  )
  const leaf = trie.get(toNibbles(keccak256Bytes(hexToBytes(key))))
  return leaf
}

function prove(root: Uint8Array, nodes: unknown, key: string): readonly unknown[] | undefined {
  const leaf = proveBytes(root, nodes, key)
  return leaf === undefined ? undefined : list(decodeRlp(leaf))
}
