import { describe, expect, test } from 'vitest'
import {
  createFailover,
  EndpointUnreachableError,
  type JsonRpcRequest,
  RpcError,
  WrongChainError,
} from '../src/index.ts'

type Fake = {
  chainId: string
  isDown: boolean
  error: Error | undefined
  tries: number
  readonly asked: string[]
}

function createRig(count = 2) {
  const fakes = Array.from(
    { length: count },
    (): Fake => ({ chainId: '0x7', isDown: false, error: undefined, tries: 0, asked: [] }),
  )
  const clock = { ms: 0 }
  const events: string[] = []
  const request = createFailover({
    endpoints: fakes.map((fake, index) => ({ name: `e${index}`, request: requestOf(fake, index) })),
    chainId: 7n,
    now: () => clock.ms,
    onEvent: ({ kind, endpoint }) => events.push(`${endpoint} ${kind}`),
  })
  return { fakes, clock, events, request, ask: () => request('eth_blockNumber', []) }
}

function requestOf(fake: Fake, index: number): JsonRpcRequest {
  return async (method) => {
    fake.tries++
    if (fake.isDown) throw new EndpointUnreachableError(method, new Error('refused'))
    if (method === 'eth_chainId') return fake.chainId
    fake.asked.push(method)
    if (fake.error !== undefined) throw fake.error
    return index
  }
}

describe('several endpoints as one', () => {
  test('ask the first that answers, and go back to it later', async () => {
    const { fakes, clock, events, ask } = createRig()
    expect(await ask()).toBe(0)
    const [first] = fakes
    if (first === undefined) throw new Error('expected an endpoint')
    first.isDown = true
    expect(await ask()).toBe(1)
    expect(events).toEqual(['e0 down'])
    first.isDown = false
    expect(await ask()).toBe(1)
    clock.ms += 1000
    expect(await ask()).toBe(0)
    expect(events).toEqual(['e0 down', 'e0 up'])
  })

  test('leave one that fails again alone for ever longer, up to a minute', async () => {
    const { fakes, clock, ask } = createRig()
    const [first] = fakes
    if (first === undefined) throw new Error('expected an endpoint')
    first.isDown = true
    await ask()
    const pauses: number[] = []
    for (let round = 0; round < 8; round++) {
      const since = clock.ms
      const tries = first.tries
      while (first.tries === tries) {
        clock.ms += 1000
        await ask()
      }
      pauses.push(clock.ms - since)
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  })

  test('never use one of another chain', async () => {
    const { fakes, events, ask } = createRig()
    const [first, second] = fakes
    if (first === undefined || second === undefined) throw new Error('expected two')
    first.chainId = '0x1'
    expect(await ask()).toBe(1)
    expect(first.asked).toEqual([])
    expect(events).toEqual(['e0 down'])
    second.chainId = '0x2'
    const alone = createRig(1)
    const [only] = alone.fakes
    if (only === undefined) throw new Error('expected one')
    only.chainId = '0x1'
    await expect(alone.ask()).rejects.toThrow(WrongChainError)
    // One that served the right chain and serves another after it was away is looked at again.
    only.chainId = '0x7'
    await alone.ask()
    only.isDown = true
    await expect(alone.ask()).rejects.toThrow(EndpointUnreachableError)
    only.isDown = false
    only.chainId = '0x1'
    await expect(alone.ask()).rejects.toThrow(WrongChainError)
  })

  test('take what the chain refuses for an answer, but not that it is asked too much', async () => {
    const { fakes, events, ask } = createRig()
    const [first] = fakes
    if (first === undefined) throw new Error('expected an endpoint')
    first.error = new RpcError('eth_blockNumber', 3, 'execution reverted', undefined)
    await expect(ask()).rejects.toThrow('execution reverted')
    expect(events).toEqual([])
    first.error = new RpcError('eth_blockNumber', -32_005, 'limit exceeded', undefined)
    expect(await ask()).toBe(1)
    expect(events).toEqual(['e0 down'])
  })

  test('tell what the last one said when none answers, and try one all the same', async () => {
    const { fakes, ask } = createRig()
    for (const fake of fakes) fake.isDown = true
    await expect(ask()).rejects.toThrow(EndpointUnreachableError)
    for (const fake of fakes) fake.isDown = false
    expect(await ask()).toBe(0)
    await expect(createRig(0).ask()).rejects.toThrow('no endpoint is given')
  })
})
