import {
  createDrySender,
  createEthereumClient,
  createJsonRpcClient,
  createTransactionSender,
  type EthereumClient,
  type SenderOptions,
  type TransactionBook,
  TransactionFailedError,
  type TransactionSender,
} from '@mosaic/origin'
import {
  bytesToHex,
  hexToBytes,
  keccak256,
  toAddress,
  toHex,
  utf8ToBytes,
} from '@mosaic/primitives'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Anvil, readFields, startAnvil, toQuantity } from '../contracts/anvil.ts'

const SECRET = hexToBytes(keccak256(utf8ToBytes('sender')))
const TARGET = toAddress(`0x${'11'.repeat(20)}`)

const idle = async (): Promise<void> => undefined

describe('the transaction sender, on a chain whose blocks are mined by hand', () => {
  let anvil: Anvil
  let client: EthereumClient

  beforeEach(async () => {
    anvil = await startAnvil(['--no-mining'])
    client = createEthereumClient(
      createJsonRpcClient(anvil.url),
      { kind: 'confirmations', depth: 0n },
      31_337n,
    )
    const { address } = sender()
    await anvil.request('anvil_setBalance', address, toQuantity(10n ** 21n))
  })

  afterEach(async () => {
    await anvil.stop()
  })

  /** What happens in the pauses, one after the other; then every pause mines a block. */
  function sender(
    pauses: readonly (() => Promise<unknown>)[] = [],
    options: Partial<SenderOptions> = {},
  ): TransactionSender {
    const waiting = [...pauses]
    return createTransactionSender(client, SECRET, {
      sleep: async () => {
        await (waiting.shift() ?? (() => anvil.request('anvil_mine')))()
      },
      pollsPerAttempt: 2,
      maxAttempts: 4,
      ...options,
    })
  }

  const call = { to: TARGET, data: toHex('0x'), value: 1n }

  async function waitingTransactions(): Promise<readonly Record<string, unknown>[]> {
    const pool = readFields(await anvil.request('txpool_content'))
    return Object.values(readFields(pool['pending'])).flatMap((own) =>
      Object.values(readFields(own)).map(readFields),
    )
  }

  test('sends one after the other, with rising nonces', async () => {
    const own = sender()
    const receipts = await Promise.all([own.send(call), own.send(call), own.send(call)])
    const nonces = await Promise.all(
      receipts.map(async ({ hash }) =>
        BigInt(String(readFields(await anvil.request('eth_getTransactionByHash', hash))['nonce'])),
      ),
    )
    expect(nonces).toEqual([0n, 1n, 2n])
    expect(receipts.map(({ gasUsed }) => gasUsed)).toEqual([21_000n, 21_000n, 21_000n])
    expect(await client.balance(TARGET)).toBe(3n)
  })

  test('creates contracts', async () => {
    const { contract } = await sender().send({ to: undefined, data: toHex('0x60016000f3') })
    expect(contract === undefined ? '' : await client.code(contract)).toBe('0x00')
  })

  test('raises the fees of what is stuck, under the same nonce', async () => {
    const seen: bigint[] = []
    const look = async (): Promise<void> => {
      const [waiting] = await waitingTransactions()
      seen.push(BigInt(String(waiting?.['maxFeePerGas'])))
    }
    const receipt = await sender([look, idle, look, idle, look]).send(call)
    const [first = 0n, second = 0n, third = 0n] = seen
    expect(second * 100n).toBeGreaterThanOrEqual(first * 110n)
    expect(third * 100n).toBeGreaterThanOrEqual(second * 110n)
    expect(receipt.gasUsed).toBe(21_000n)
    expect(await client.balance(TARGET)).toBe(1n)
  })

  test('follows a base fee that has risen above what it offered', async () => {
    const mined: string[] = []
    const mine = async (): Promise<void> => {
      await anvil.request('anvil_setNextBlockBaseFeePerGas', toQuantity(10n ** 11n))
      await anvil.request('anvil_mine')
      mined.push(String(await client.balance(TARGET)))
    }
    await sender([mine, mine]).send(call)
    expect(mined).toEqual(['0', '0'])
    expect(await client.balance(TARGET)).toBe(1n)
  })

  test('sends again what the endpoint has dropped', async () => {
    let dropped = 0
    const drop = async (): Promise<void> => {
      for (const { hash } of await waitingTransactions()) {
        await anvil.request('anvil_dropTransaction', hash)
        dropped += 1
      }
    }
    await sender([drop, idle]).send(call)
    expect(dropped).toBe(1)
    expect(await client.balance(TARGET)).toBe(1n)
  })

  test('gives up after its attempts', async () => {
    const never = Array.from({ length: 20 }, () => idle)
    const failure = await sender(never)
      .send(call)
      .catch((reason: unknown) => reason)
    if (!(failure instanceof TransactionFailedError)) throw new Error(String(failure))
    expect(failure.shape.reason).toBe('not-included')
  })

  test('that owns its account replaces what an earlier run left waiting', async () => {
    const never = Array.from({ length: 20 }, () => idle)
    await expect(sender(never, { maxAttempts: 1 }).send(call)).rejects.toThrow(/not-included/)
    expect(await waitingTransactions()).toHaveLength(1)
    const owner = sender([], { ownsAccount: true })
    await owner.send({ ...call, value: 5n })
    expect(await client.balance(TARGET)).toBe(5n)
    expect(await waitingTransactions()).toEqual([])
  })

  test('that does not own it stands behind what waits', async () => {
    const never = Array.from({ length: 20 }, () => idle)
    await expect(sender(never, { maxAttempts: 1 }).send(call)).rejects.toThrow(/not-included/)
    await sender().send({ ...call, value: 5n })
    expect(await client.balance(TARGET)).toBe(6n)
  })

  test('notices that another transaction took its nonce', async () => {
    const other = sender([], { ownsAccount: true })
    const overtake = async (): Promise<void> => {
      await other.send({ ...call, value: 7n })
    }
    const failure = await sender([overtake], { ownsAccount: true })
      .send(call)
      .catch((reason: unknown) => reason)
    if (!(failure instanceof TransactionFailedError)) throw new Error(String(failure))
    expect(failure.shape.reason).toBe('replaced')
    expect(await client.balance(TARGET)).toBe(7n)
  })

  test('does not send what would revert, and goes on with the next', async () => {
    await anvil.request('anvil_setCode', TARGET, '0x5f5ffd')
    const own = sender()
    const failing = own.send(call)
    const next = own.send({ ...call, to: toAddress(`0x${'22'.repeat(20)}`) })
    await expect(failing).rejects.toThrow(/revert/)
    expect((await next).gasUsed).toBe(21_000n)
    expect(await client.request('eth_getTransactionCount', [own.address, 'latest'])).toBe('0x1')
  })

  test('tells of what reverted all the same', async () => {
    const own = sender([
      async () => {
        await anvil.request('anvil_setCode', TARGET, '0x5f5ffd')
        await anvil.request('anvil_mine')
      },
    ])
    await expect(own.send(call)).rejects.toThrow(/reverted/)
  })

  test('never offers more than its limits, and sends nothing that they keep out of the next block', async () => {
    const limits = { maxFeePerGas: 3n * 10n ** 9n, maxPriorityFeePerGas: 10n ** 9n }
    const seen: string[] = []
    const look = async (): Promise<void> => {
      const [waiting] = await waitingTransactions()
      seen.push(`${String(waiting?.['maxFeePerGas'])} ${String(waiting?.['maxPriorityFeePerGas'])}`)
    }
    await sender([look, idle, look, idle, look, idle], { limits, maxAttempts: 9 }).send(call)
    for (const offered of seen) {
      const [fee = 0n, tip = 0n] = offered.split(' ').map(BigInt)
      expect(fee).toBeLessThanOrEqual(limits.maxFeePerGas)
      expect(tip).toBeLessThanOrEqual(limits.maxPriorityFeePerGas)
    }
    expect(seen).toHaveLength(3)
    await anvil.request('anvil_setNextBlockBaseFeePerGas', toQuantity(4n * 10n ** 9n))
    await anvil.request('anvil_mine')
    await expect(sender([], { limits }).send(call)).rejects.toMatchObject({
      shape: { code: 'FEES_TOO_HIGH', limit: limits.maxFeePerGas },
    })
    expect(await waitingTransactions()).toEqual([])
  })

  test('writes everything into its book before it leaves, and what it cost', async () => {
    const steps: string[] = []
    const book: TransactionBook = {
      begin: async ({ nonce, purpose, mostCost }) => {
        const waiting = await waitingTransactions()
        steps.push(`begin ${purpose} ${nonce} ${mostCost > 0n} ${waiting.length}`)
      },
      end: async ({ gasUsed, cost }, hasSucceeded) => {
        steps.push(`end ${gasUsed} ${cost > 0n} ${hasSucceeded}`)
      },
    }
    await sender([idle, idle], { book }).send({ ...call, purpose: 'a gift' })
    expect(steps).toEqual(['begin a gift 0 true 0', 'begin a gift 0 true 1', 'end 21000 true true'])
    const full: TransactionBook = {
      ...book,
      begin: async () => {
        throw new Error('no more money')
      },
    }
    await expect(sender([], { book: full }).send(call)).rejects.toThrow('no more money')
    expect(await waitingTransactions()).toEqual([])
  })

  test('in a dry run sends nothing, and says what it would', async () => {
    const own = createDrySender(client, sender().address)
    await expect(own.send({ ...call, purpose: 'a gift' })).rejects.toMatchObject({
      shape: { code: 'NOT_SENT', purpose: 'a gift', gas: 21_000n },
    })
    await anvil.request('anvil_setCode', TARGET, '0x5f5ffd')
    await expect(own.send(call)).rejects.toThrow(/revert/)
    expect(await waitingTransactions()).toEqual([])
  })

  test('stops waiting when it is told to', async () => {
    const stopping = new AbortController()
    const abort = async (): Promise<void> => stopping.abort(new Error('stopping'))
    const own = sender([abort], { signal: stopping.signal })
    await expect(own.send(call)).rejects.toThrow('stopping')
    await expect(own.send(call)).rejects.toThrow('stopping')
    expect(bytesToHex(SECRET)).toHaveLength(66)
  })
})
