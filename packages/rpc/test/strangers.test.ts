import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createToken, createTokenCheck } from '../src/token.ts'
import { type Running, startServer } from './harness.ts'

const SECRET = new Uint8Array(32).fill(7)
const NOW = 1_700_000_000

function token(
  claims: object,
  secret: Uint8Array = SECRET,
  head: object = { alg: 'HS256', typ: 'JWT' },
): string {
  const signed = `${part(head)}.${part(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

describe('a token', () => {
  test('as it is made is valid for its minute', () => {
    const header = `Bearer ${createToken(SECRET, NOW * 1000)}`
    expect(createTokenCheck(SECRET, () => (NOW + 60) * 1000)(header)).toBe('valid')
    expect(createTokenCheck(SECRET, () => (NOW + 61) * 1000)(header)).toBe('invalid')
  })

  const check = createTokenCheck(SECRET, () => NOW * 1000)

  test.each<readonly [string, string | undefined, string]>([
    ['made now', `Bearer ${token({ iat: NOW })}`, 'valid'],
    ['made a minute ago', `bearer ${token({ iat: NOW - 60 })}`, 'valid'],
    ['with an end to come', `Bearer ${token({ iat: NOW, exp: NOW + 1 })}`, 'valid'],
    ['that is not there', undefined, 'absent'],
    ['made too long ago', `Bearer ${token({ iat: NOW - 61 })}`, 'invalid'],
    ['of the future', `Bearer ${token({ iat: NOW + 61 })}`, 'invalid'],
    ['that has ended', `Bearer ${token({ iat: NOW, exp: NOW })}`, 'invalid'],
    ['without a time', `Bearer ${token({})}`, 'invalid'],
    ['with a text as time', `Bearer ${token({ iat: String(NOW) })}`, 'invalid'],
    ['by another secret', `Bearer ${token({ iat: NOW }, new Uint8Array(32))}`, 'invalid'],
    [
      'that says it needs no signature',
      `Bearer ${token({ iat: NOW }, SECRET, { alg: 'none' })}`,
      'invalid',
    ],
    ['without its signature', `Bearer ${token({ iat: NOW }).replace(/[^.]*$/, '')}`, 'invalid'],
    ['with a fourth part', `Bearer ${token({ iat: NOW })}.e30`, 'invalid'],
    ['that is no JSON', 'Bearer a.b.c', 'invalid'],
    ['of another scheme', 'Basic dXNlcjpwYXNz', 'invalid'],
  ])('%s', (_what, header, expected) => {
    expect(check(header)).toBe(expected)
  })

  test('needs a secret of 32 bytes', () => {
    expect(() => createTokenCheck(new Uint8Array(31), () => 0)).toThrow(
      'expected a secret of at least 32 bytes, received 31',
    )
  })
})

describe('strangers', () => {
  let running: Running | undefined
  afterEach(async () => {
    await running?.stop()
    running = undefined
  })
  const PROPOSE = request('clique_propose', [`0x${'12'.repeat(20)}`, true])
  const HIDDEN = {
    error: { code: -32_601, message: 'the method clique_propose does not exist/is not available' },
  }

  test('are nobody on a loopback address without a secret', async () => {
    running = await startServer()
    expect(await (await running.post(PROPOSE)).json()).toMatchObject({ result: null })
    expect(running.node.proposals.size).toBe(1)
  })

  test('are all who come from elsewhere without a secret', async () => {
    running = await startServer({}, { host: '0.0.0.0' })
    expect(await (await running.post(PROPOSE)).json()).toMatchObject(HIDDEN)
    const raw = await running.post(request('debug_getRawHeader', ['latest']))
    expect(await raw.json()).toMatchObject({ error: { code: -32_601 } })
    expect(await (await running.post(request('eth_chainId'))).json()).toMatchObject({
      result: '0x1267',
    })
    expect(running.node.proposals.size).toBe(0)
  })

  test('are those without a token; with a false one they are sent away', async () => {
    running = await startServer({}, { tokenSecret: SECRET })
    expect(await (await running.post(PROPOSE)).json()).toMatchObject(HIDDEN)
    expect(running.node.proposals.size).toBe(0)
    const forged = await running.post(PROPOSE, {
      authorization: `Bearer ${token({ iat: Math.floor(Date.now() / 1000) }, new Uint8Array(32))}`,
    })
    expect(forged.status).toBe(401)
    expect(running.node.proposals.size).toBe(0)
    expect(await (await running.post(PROPOSE, fresh())).json()).toMatchObject({ result: null })
    expect(running.node.proposals.size).toBe(1)
  })

  test('are told apart on WebSockets too', async () => {
    running = await startServer({}, { tokenSecret: SECRET })
    const url = running.url.replace('http', 'ws')
    const ask = (headers: Record<string, string>): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(url, { headers })
        socket.on('open', () => {
          socket.send(PROPOSE)
        })
        socket.on('message', (data: Buffer) => {
          resolve(data.toString())
          socket.close()
        })
        socket.on('error', reject)
      })
    expect(JSON.parse(await ask({}))).toMatchObject(HIDDEN)
    expect(JSON.parse(await ask(fresh()))).toMatchObject({ result: null })
    await expect(ask({ authorization: 'Bearer a.b.c' })).rejects.toThrow('401')
  })
})

function fresh(): Record<string, string> {
  return { authorization: `Bearer ${token({ iat: Math.floor(Date.now() / 1000) })}` }
}

function request(method: string, params: readonly unknown[] = []): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
