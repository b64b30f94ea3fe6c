import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Running, startServer } from './harness.ts'

let running: Running
beforeAll(async () => {
  running = await startServer({ maxBatch: 5, maxBodyBytes: 10_000 })
})
afterAll(() => running.stop())

const error = (id: unknown, code: number, message: string) => ({
  jsonrpc: '2.0',
  id,
  error: { code, message },
})
const chainId = (id: unknown) => ({ jsonrpc: '2.0', id, result: '0x1267' })
const request = (id: unknown, method = 'eth_chainId') => ({ jsonrpc: '2.0', id, method })

describe('the envelope', () => {
  test.each<readonly [string, unknown, unknown]>([
    ['a request', { ...request(7), params: [] }, chainId(7)],
    ['a request without parameters', request('a'), chainId('a')],
    ['an identifier of null', request(null), chainId(null)],
    ['a fraction as identifier', request(1.5), chainId(1.5)],
    ['an empty identifier', request(''), chainId('')],
    ['null as parameters', { ...request(1), params: null }, chainId(1)],
    ['an object as identifier', request({}), error(null, -32600, 'invalid request')],
    ['a boolean as identifier', request(true), error(null, -32600, 'invalid request')],
    ['no version', { id: 1, method: 'eth_chainId' }, error(1, -32600, 'invalid request')],
    ['another version', { ...request(1), jsonrpc: '1.0' }, error(1, -32600, 'invalid request')],
    ['no method', { jsonrpc: '2.0', id: 1 }, error(1, -32600, 'invalid request')],
    ['a number as method', { ...request(1), method: 5 }, error(1, -32600, 'invalid request')],
    [
      'an unknown method',
      request(1, 'eth_foo'),
      error(1, -32601, 'the method eth_foo does not exist/is not available'),
    ],
    [
      'a name of Object',
      request(1, 'constructor'),
      error(1, -32601, 'the method constructor does not exist/is not available'),
    ],
    [
      'a name with an unknown namespace',
      request(1, 'personal_sign'),
      error(1, -32601, 'the method personal_sign does not exist/is not available'),
    ],
    ['parameters by name', { ...request(1), params: {} }, error(1, -32602, 'non-array args')],
    [
      'too many parameters',
      { ...request(1), params: [1] },
      error(1, -32602, 'too many arguments, want at most 0'),
    ],
    [
      'a method name of 2049 letters',
      request(1, 'x'.repeat(2049)),
      error(1, -32600, 'method name too long: 2049 > 2048'),
    ],
    ['a number', 5, error(null, -32600, 'invalid request')],
    ['null', null, error(null, -32600, 'invalid request')],
    ['an empty batch', [], error(null, -32600, 'empty batch')],
    ['a batch', [request(1), request('b')], [chainId(1), chainId('b')]],
    [
      'a batch of nonsense',
      [1, [], {}],
      [1, 2, 3].map(() => error(null, -32600, 'invalid request')),
    ],
    [
      'a batch above the limit',
      [1, 2, 3, 4, 5, 6].map((id) => request(id)),
      [error(1, -32600, 'batch too large')],
    ],
    [
      'a batch with a notification',
      [{ jsonrpc: '2.0', method: 'eth_chainId' }, request(2)],
      [chainId(2)],
    ],
  ])('answers %s', async (_what, body, expected) => {
    const response = await running.post(JSON.stringify(body))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual(expected)
  })

  test.each<readonly [string, unknown]>([
    ['a notification', { jsonrpc: '2.0', method: 'eth_chainId' }],
    ['a notification of an unknown method', { jsonrpc: '2.0', method: 'nothing' }],
    [
      'a notification with parameters by name',
      { jsonrpc: '2.0', method: 'eth_chainId', params: {} },
    ],
    ['a batch of notifications', [{ jsonrpc: '2.0', method: 'eth_chainId' }]],
  ])('answers %s with silence', async (_what, body) => {
    const response = await running.post(JSON.stringify(body))
    expect(response.status).toBe(204)
    expect(await response.text()).toBe('')
  })

  test.each([
    '',
    '{',
    '[1,]',
    '{"a":1}x',
    "{'a':1}",
    '\u0000',
    '['.repeat(5000),
    'nul',
    '{"jsonrpc":"2.0","id":01}',
  ])('answers the text %j with a parse error', async (body) => {
    const response = await running.post(body)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual(error(null, -32700, 'parse error'))
  })

  test('does not answer under an identifier that it cannot repeat', async () => {
    const response = await running.post(
      '{"jsonrpc":"2.0","id":12345678901234567890,"method":"eth_chainId"}',
    )
    expect(await response.json()).toEqual(error(null, -32600, 'invalid request'))
  })

  test('answers every JSON value, and under the right identifier', {
    timeout: 60_000,
  }, async () => {
    const id = fc.oneof(fc.string(), fc.maxSafeInteger(), fc.constant(null))
    const method = fc.oneof(fc.constantFrom(...running.names), fc.string())
    const message = fc.record(
      {
        jsonrpc: fc.constant('2.0'),
        id,
        method,
        params: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
      },
      { requiredKeys: ['id'] },
    )
    await fc.assert(
      fc.asyncProperty(message, async (body) => {
        const response = await running.post(JSON.stringify(body))
        expect(response.status).toBe(200)
        expect(await response.json()).toMatchObject({
          jsonrpc: '2.0',
          id: typeof body.id === 'number' && Object.is(body.id, -0) ? 0 : body.id,
        })
      }),
      { numRuns: 500 },
    )
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (body) => {
        const response = await running.post(JSON.stringify(body))
        expect([200, 204]).toContain(response.status)
      }),
      { numRuns: 300 },
    )
  })
})
