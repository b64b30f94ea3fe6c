import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createMethods, createRpcServer } from '../src/index.ts'
import { FakeNode } from './fake-node.ts'
import { type Running, startServer, until } from './harness.ts'

let running: Running | undefined
afterEach(async () => {
  await running?.stop()
  running = undefined
})

const CHAIN_ID = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'

/** A request with any Host header, which `fetch` does not allow. */
async function ask(
  url: string,
  headers: Record<string, string>,
  method = 'POST',
): Promise<{ readonly status: number | undefined; readonly origin: unknown }> {
  const request = httpRequest(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
  })
  request.end(method === 'POST' ? CHAIN_ID : undefined)
  return new Promise((resolve, reject) => {
    request.once('error', reject)
    request.once('response', (response) => {
      response.resume()
      resolve({
        status: response.statusCode,
        origin: response.headers['access-control-allow-origin'],
      })
    })
  })
}

function timedOut(id: number): object {
  return { id, error: { code: -32002, message: 'request timed out' } }
}

describe('the server', () => {
  test('listens on this machine only, unless told', async () => {
    running = await startServer()
    expect(running.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  test('says so when its port is taken', async () => {
    running = await startServer()
    const port = Number(new URL(running.url).port)
    const second = createRpcServer({ port }, createMethods(new FakeNode().ports))
    await expect(second.start()).rejects.toThrow('EADDRINUSE')
  })

  test('frees its port and ends its connections when it stops', async () => {
    running = await startServer()
    const { url } = running
    const idle = connect(Number(new URL(url).port), '127.0.0.1')
    await once(idle, 'connect')
    await running.stop()
    running = undefined
    await until(() => idle.destroyed)
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  test('tells people and monitors how it is', async () => {
    const node = new FakeNode()
    let reason: string | undefined
    const server = createRpcServer(
      {
        port: 0,
        health: { ready: () => (reason === undefined ? { ok: true } : { ok: false, reason }) },
      },
      createMethods(node.ports),
    )
    await server.start()
    const get = async (path: string): Promise<readonly [number, string]> => {
      const response = await fetch(`${server.url()}${path}`)
      return [response.status, await response.text()]
    }
    expect(await get('/health')).toEqual([200, 'ok\n'])
    expect(await get('/ready')).toEqual([200, 'ready\n'])
    reason = '120 blocks behind'
    expect(await get('/health')).toEqual([200, 'ok\n'])
    expect(await get('/ready')).toEqual([503, '120 blocks behind\n'])
    expect((await get('/'))[0]).toBe(200)
    expect((await get('/admin'))[0]).toBe(404)
    await server.stop()
  })

  test.each([
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
    ['Application/JSON', 200],
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['', 415],
  ])('takes the content type %j with status %i', async (type, status) => {
    running = await startServer()
    expect((await running.post(CHAIN_ID, { 'content-type': type })).status).toBe(status)
  })

  test.each(['PUT', 'DELETE', 'PATCH'])('does not take %s', async (method) => {
    running = await startServer()
    expect((await fetch(running.url, { method })).status).toBe(405)
  })

  test.each([
    ['localhost', 200],
    ['LOCALHOST:8545', 200],
    ['127.0.0.1:1', 200],
    ['[::1]:8545', 200],
    ['10.1.2.3', 200],
    ['node.example', 200],
    ['evil.example', 403],
    ['evil.example@localhost', 403],
    ['localhost/evil.example', 403],
    ['localhost.evil.example', 403],
  ])('answers the host %s with status %i', async (host, status) => {
    running = await startServer({}, { virtualHosts: ['localhost', 'node.example'] })
    expect((await ask(running.url, { host })).status).toBe(status)
  })

  test.each([
    ['http://localhost:3000', 200],
    ['http://127.0.0.1', 200],
    ['https://wallet.example', 200],
    ['http://wallet.example', 403],
    ['http://evil.example', 403],
    ['http://localhost.evil.example', 403],
    ['null', 403],
    ['file://', 403],
  ])('answers the origin %s with status %i', async (origin, status) => {
    running = await startServer({}, { origins: ['https://wallet.example'] })
    const expected = { status, origin: status === 200 ? origin : undefined }
    expect(await ask(running.url, { origin })).toEqual(expected)
    const preflight = await ask(running.url, { origin }, 'OPTIONS')
    expect(preflight.status).toBe(status === 200 ? 204 : 403)
  })

  test('refuses bodies above the limit, whether announced or not', async () => {
    running = await startServer({ maxBodyBytes: 1000 })
    expect((await running.post(CHAIN_ID.padEnd(1000))).status).toBe(200)
    expect((await running.post(CHAIN_ID.padEnd(1001))).status).toBe(413)
    const chunked = httpRequest(running.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    })
    chunked.on('error', () => undefined)
    const answered = once(chunked, 'response')
    for (let i = 0; i < 20; i++) chunked.write(' '.repeat(100))
    const [response] = await answered
    expect(response).toHaveProperty('statusCode', 413)
    chunked.destroy()
  })

  test('cuts answers off at the limit', async () => {
    running = await startServer({ maxResponseBytes: 2000 })
    expect(await running.ask('eth_getBlockReceipts', 'latest')).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32003, message: 'response too large' },
    })
    const batch = Array.from({ length: 60 }, (_, id) => ({
      jsonrpc: '2.0',
      id,
      method: 'eth_chainId',
    }))
    const answers: unknown = await (await running.post(JSON.stringify(batch))).json()
    expect(answers).toHaveLength(60)
    expect(JSON.stringify(answers)).toContain('[{"jsonrpc":"2.0","id":0,"result":"0x1267"}')
    expect(JSON.stringify(answers)).toContain('{"jsonrpc":"2.0","id":59,"error":{"code":-32003')
  })

  test('ends a request that takes too long, and tells the node', async () => {
    running = await startServer({ requestTimeoutMs: 50 })
    let aborted = false
    running.node.onCall = (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = true
          resolve()
        })
      })
    const call = { jsonrpc: '2.0', method: 'eth_call', params: [{}] }
    expect(await running.ask('eth_call', {})).toMatchObject(timedOut(1))
    expect(aborted).toBe(true)
    const batch = [
      { ...call, id: 1 },
      { ...call, id: 2 },
    ]
    const answers: unknown = await (await running.post(JSON.stringify(batch))).json()
    expect(answers).toMatchObject([timedOut(1), timedOut(2)])
    expect(running.node.calls).toHaveLength(2)
  })

  test('stops work whose client is gone', async () => {
    running = await startServer()
    let state = 'idle'
    running.node.onCall = (signal) =>
      new Promise((resolve) => {
        state = 'running'
        signal.addEventListener('abort', () => {
          state = 'aborted'
          resolve()
        })
      })
    const controller = new AbortController()
    const request = fetch(running.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{}]}',
      signal: controller.signal,
    })
    await until(() => state === 'running')
    controller.abort()
    await expect(request).rejects.toThrow('aborted')
    await until(() => state === 'aborted')
  })

  test('does not tell what went wrong inside', async () => {
    running = await startServer()
    running.node.onCall = () => Promise.reject(new Error('no such file: /home/operator/keys'))
    expect(await running.ask('eth_call', {})).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32603, message: 'internal error' },
    })
  })
})
