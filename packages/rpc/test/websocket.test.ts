import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { isRecord } from '../src/json.ts'
import { ALICE, blockEvent, EVENT, fakeBlock, fakeTransaction, word } from './fake-node.ts'
import { type Running, startServer, until } from './harness.ts'

let running: Running | undefined
const sockets: WebSocket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await running?.stop()
  running = undefined
})

type Client = {
  readonly socket: WebSocket
  /** Everything received, in order. */
  readonly messages: unknown[]
  readonly ask: (method: string, ...params: readonly unknown[]) => Promise<unknown>
}

async function open(to: Running, headers: Record<string, string> = {}): Promise<Client> {
  const socket = new WebSocket(to.url.replace('http', 'ws'), { headers })
  sockets.push(socket)
  const messages: unknown[] = []
  socket.on('message', (data: Buffer) => {
    messages.push(JSON.parse(data.toString('utf8')))
  })
  await once(socket, 'open')
  let nextId = 0
  return {
    socket,
    messages,
    ask: async (method, ...params) => {
      const id = nextId++
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
      const isAnswer = (each: unknown): boolean => isRecord(each) && each['id'] === id
      await until(() => messages.some(isAnswer))
      const answer = messages.find(isAnswer)
      if (!isRecord(answer)) throw new Error('no answer')
      return answer['result'] ?? answer['error']
    },
  }
}

/** Results of the notifications of one subscription. */
function told({ messages }: Client, subscription: unknown): unknown[] {
  return messages.flatMap((message) => {
    const params = isRecord(message) ? message['params'] : undefined
    return isRecord(params) && params['subscription'] === subscription ? [params['result']] : []
  })
}

function three<T>(value: T): T[] {
  return [value, value, value]
}

describe('a WebSocket', () => {
  test('answers requests, batches and nonsense like HTTP does', async () => {
    running = await startServer()
    const client = await open(running)
    expect(await client.ask('eth_chainId')).toBe('0x1267')
    client.socket.send('[{"jsonrpc":"2.0","id":"a","method":"net_version"}]')
    await until(() => client.messages.length === 2)
    expect(client.messages[1]).toEqual([{ jsonrpc: '2.0', id: 'a', result: '4711' }])
    client.socket.send('{')
    await until(() => client.messages.length === 3)
    expect(client.messages[2]).toMatchObject({ id: null, error: { code: -32700 } })
  })

  test.each([
    ['origin', { origin: 'http://evil.example' }],
    ['host', { host: 'evil.example' }],
  ])('is not opened for a foreign %s', async (_what, headers) => {
    running = await startServer()
    await expect(open(running, headers)).rejects.toThrow('Unexpected server response: 403')
  })

  test('tells new heads, after the identifier of the subscription', async () => {
    running = await startServer()
    const client = await open(running)
    const id = await client.ask('eth_subscribe', 'newHeads')
    expect(id).toMatch(/^0x[0-9a-f]{32}$/)
    const { header } = running.node.extend()
    await until(() => told(client, id).length === 1)
    expect(told(client, id)).toMatchObject([
      {
        number: '0x5',
        hash: header.hash,
        parentHash: header.parentHash,
        baseFeePerGas: '0x3b9aca00',
      },
    ])
    expect(client.messages[1]).toMatchObject({ jsonrpc: '2.0', method: 'eth_subscription' })
    expect(client.messages[1]).not.toHaveProperty('id')
  })

  test('tells logs, and takes them back when their block leaves the chain', async () => {
    running = await startServer()
    const client = await open(running)
    const all = await client.ask('eth_subscribe', 'logs')
    const one = await client.ask('eth_subscribe', 'logs', { topics: [EVENT, word(5n)] })
    const none = await client.ask('eth_subscribe', 'logs', { address: ALICE })
    const old = fakeBlock(5n)
    const [replacement, next] = [fakeBlock(5n, 'side'), fakeBlock(6n, 'side')]
    running.node.emit({ kind: 'head', removed: [], added: [blockEvent(old)] })
    running.node.emit({
      kind: 'head',
      removed: [blockEvent(old)],
      added: [blockEvent(replacement), blockEvent(next)],
    })
    await until(() => told(client, all).length === 12)
    const log = (removed: boolean, { header }: typeof old) => ({ removed, blockHash: header.hash })
    expect(told(client, all)).toMatchObject([
      ...three(log(false, old)),
      ...three(log(true, old)),
      ...three(log(false, replacement)),
      ...three(log(false, next)),
    ])
    expect(told(client, one)).toHaveLength(9)
    expect(told(client, none)).toEqual([])
  })

  test('tells pending transactions and the state of syncing', async () => {
    running = await startServer()
    const client = await open(running)
    const hashes = await client.ask('eth_subscribe', 'newPendingTransactions')
    const full = await client.ask('eth_subscribe', 'newPendingTransactions', true)
    const syncing = await client.ask('eth_subscribe', 'syncing')
    const transaction = fakeTransaction(2, 5n)
    running.node.emit({ kind: 'pending-transaction', transaction })
    const block = running.node.head.header.number
    running.node.emit({
      kind: 'syncing',
      progress: { startingBlock: block, currentBlock: block, highestBlock: block },
    })
    running.node.emit({ kind: 'syncing', progress: undefined })
    await until(() => told(client, syncing).length === 2)
    expect(told(client, hashes)).toEqual([transaction.hash])
    expect(told(client, full)).toMatchObject([{ hash: transaction.hash, blockHash: null }])
    expect(told(client, syncing)).toEqual([
      { syncing: true, status: { startingBlock: '0x4', currentBlock: '0x4', highestBlock: '0x4' } },
      false,
    ])
  })

  test('ends subscriptions when asked', async () => {
    running = await startServer()
    const client = await open(running)
    const id = await client.ask('eth_subscribe', 'newHeads')
    running.node.extend()
    await until(() => told(client, id).length === 1)
    expect(await client.ask('eth_unsubscribe', id)).toBe(true)
    running.node.extend()
    expect(await client.ask('eth_unsubscribe', id)).toEqual({
      code: -32000,
      message: 'subscription not found',
    })
    expect(told(client, id)).toHaveLength(1)
  })

  test('refuses unknown subscriptions, and HTTP refuses all', async () => {
    running = await startServer()
    const client = await open(running)
    expect(await client.ask('eth_subscribe', 'nothing')).toEqual({
      code: -32601,
      message: 'no "nothing" subscription in eth namespace',
    })
    expect(await running.ask('eth_subscribe', 'newHeads')).toMatchObject({
      error: { code: -32601, message: 'notifications not supported' },
    })
    for (let i = 0; i < 128; i++) await client.ask('eth_subscribe', 'syncing')
    expect(await client.ask('eth_subscribe', 'syncing')).toEqual({
      code: -32005,
      message: 'too many subscriptions',
    })
  })

  test('is closed when a message is above the limit', async () => {
    running = await startServer({ maxBodyBytes: 1000 })
    const client = await open(running)
    client.socket.send(' '.repeat(1001))
    const [code] = await once(client.socket, 'close')
    expect(code).toBe(1009)
  })

  test('is ended for a client that does not read, and for nobody else', async () => {
    running = await startServer({ maxBufferedBytes: 100_000 })
    const [slow, quick] = [await open(running), await open(running)]
    await slow.ask('eth_subscribe', 'newPendingTransactions', true)
    const id = await quick.ask('eth_subscribe', 'newHeads')
    let isGone = false
    slow.socket.on('close', () => {
      isGone = true
    })
    slow.socket.pause()
    const transaction = { ...fakeTransaction(2, 5n), input: `0x${'ab'.repeat(50_000)}` as const }
    // The kernel takes some megabytes before the server notices.
    for (let i = 0; i < 200; i++) running.node.emit({ kind: 'pending-transaction', transaction })
    running.node.extend()
    await until(() => told(quick, id).length === 1)
    slow.socket.resume()
    await until(() => isGone)
    expect(await quick.ask('eth_chainId')).toBe('0x1267')
  })

  test('is ended when it does not answer pings', async () => {
    running = await startServer({ pingMs: 30 })
    const socket = new WebSocket(running.url.replace('http', 'ws'), { autoPong: false })
    sockets.push(socket)
    await once(socket, 'close')
    expect(socket.readyState).toBe(WebSocket.CLOSED)
  })

  test('takes no more messages than are worked on at a time', async () => {
    running = await startServer({ maxParallel: 4 })
    const client = await open(running)
    let begun = 0
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    running.node.onCall = () => {
      begun++
      return held
    }
    const answers = Array.from({ length: 40 }, () => client.ask('eth_call', {}))
    await until(() => begun >= 4)
    await running.ask('eth_chainId')
    expect(begun).toBe(4)
    release()
    expect(await Promise.all(answers)).toHaveLength(40)
  })
})
