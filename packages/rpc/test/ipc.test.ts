import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IpcSocketProvider } from 'ethers'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createIpcServer, createMethods, type IpcServer, type Methods } from '../src/index.ts'
import { createJsonSplitter } from '../src/json-splitter.ts'
import { FakeNode } from './fake-node.ts'
import { until } from './harness.ts'

describe('a stream of JSON', () => {
  const message = fc.oneof(
    fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
    fc.array(fc.jsonValue({ maxDepth: 2 })),
  )

  test('is cut into its values, wherever the chunks end', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 5 }),
        fc.constantFrom('', '\n', ' \t\r\n'),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        (messages, between, sizes) => {
          const stream = messages.map((each) => JSON.stringify(each)).join(between)
          const splitter = createJsonSplitter(10_000)
          const values: string[] = []
          for (let at = 0; at < stream.length; ) {
            const size = Number(sizes.next().value)
            values.push(...splitter.push(stream.slice(at, at + size)))
            at += size
          }
          expect(values.map((value): unknown => JSON.parse(value))).toEqual(messages)
        },
      ),
      { seed: 11 },
    )
  })

  test('hands on what is no JSON at the next blank, and has a limit', () => {
    const splitter = createJsonSplitter(10)
    expect(splitter.push('hello {"a":1}')).toEqual(['hello', '{"a":1}'])
    expect(splitter.push('}]')).toEqual(['}', ']'])
    expect(() => splitter.push('["0123456789')).toThrow(
      'expected a message of at most 10 characters',
    )
  })
})

describe('JSON-RPC over a socket', () => {
  let directory: string
  let path: string
  let node: FakeNode
  let methods: Methods
  let server: IpcServer
  const sockets: Socket[] = []

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mosaic-ipc-'))
    path = join(directory, 'mosaic.ipc')
    node = new FakeNode()
    methods = createMethods(node.ports)
    server = createIpcServer({ path, limits: { maxBodyBytes: 1000 } }, methods)
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    methods.close()
    await server.stop()
    await rm(directory, { recursive: true })
  })
  const open = async (): Promise<{ readonly socket: Socket; readonly lines: string[] }> => {
    const socket = connect(path)
    sockets.push(socket)
    const lines: string[] = []
    let rest = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      const parts = (rest + String(chunk)).split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
    })
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.once('connect', resolve))
    return { socket, lines }
  }

  test('serves a client library', async () => {
    await server.start()
    const provider = new IpcSocketProvider(path)
    expect(await provider.getBlockNumber()).toBe(4)
    const blocks: number[] = []
    await provider.on('block', (number: number) => blocks.push(number))
    await until(() => node.listenerCount() > 1)
    await provider.send('eth_chainId', [])
    node.extend()
    await until(() => blocks.includes(5))
    provider.destroy()
  })

  test('answers messages without anything between them, also batches, and trusts its caller', async () => {
    await server.start()
    const { socket, lines } = await open()
    socket.write(
      `${request(1, 'eth_chainId')}${request(2, 'clique_proposals')}[${request(3, 'eth_mining')}] nonsense `,
    )
    await until(() => lines.length === 4)
    const answers = lines.map((line) => JSON.parse(line))
    expect(answers).toContainEqual({ jsonrpc: '2.0', id: 1, result: '0x1267' })
    expect(answers).toContainEqual({ jsonrpc: '2.0', id: 2, result: {} })
    expect(answers).toContainEqual([{ jsonrpc: '2.0', id: 3, result: true }])
    expect(answers).toContainEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32_700, message: 'parse error' },
    })
  })

  test('hangs up on a message that is too long', async () => {
    await server.start()
    const { socket } = await open()
    socket.write(`["${'x'.repeat(2000)}`)
    await until(() => socket.destroyed)
    expect(node.sent).toEqual([])
  })

  test('is for its own user only', async () => {
    await server.start()
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test('takes the place of a dead socket, but not of a living one', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(path, resolve))
    await expect(server.start()).rejects.toThrow('EADDRINUSE')
    await new Promise((resolve) => other.close(resolve))
    await writeFile(path, '')
    await server.start()
    const { socket } = await open()
    expect(socket.readyState).toBe('open')
  })
})

function request(id: number, method: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: [] })
}
