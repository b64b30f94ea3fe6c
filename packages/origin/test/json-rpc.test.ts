import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { createJsonRpcClient, EndpointUnreachableError, RpcError } from '../src/index.ts'

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** The URL of an endpoint that answers as told. */
async function serve(listener: RequestListener): Promise<string> {
  const started = createServer(listener)
  server = started
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve))
  const address = started.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  return `http://127.0.0.1:${address.port}`
}

function answer(body: string, status = 200): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }
}

describe('the JSON-RPC client', () => {
  test('posts one request and gives the result', async () => {
    const bodies: unknown[] = []
    const url = await serve((request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      request.on('end', () => {
        bodies.push(JSON.parse(text))
        answer('{"jsonrpc":"2.0","id":1,"result":[1,null]}')(request, response)
      })
    })
    const request = createJsonRpcClient(url)
    expect(await request('some_method', ['0x1', { a: 2 }])).toEqual([1, null])
    expect(bodies).toEqual([
      { jsonrpc: '2.0', id: 1, method: 'some_method', params: ['0x1', { a: 2 }] },
    ])
  })

  test('gives null where the result is null', async () => {
    const request = createJsonRpcClient(await serve(answer('{"id":1,"result":null,"error":null}')))
    expect(await request('eth_getBlockByHash', [])).toBeNull()
  })

  test.for([
    ['plain', '{"code":3,"message":"execution reverted","data":"0xabcd"}', 3, '0xabcd'],
    ['nested', '{"code":-32000,"message":"boom","data":{"data":"0x01"}}', -32_000, '0x01'],
    ['of no hex', '{"code":-32601,"message":"no such method","data":"text"}', -32_601, undefined],
  ] as const)(
    'throws the endpoint’s error, with data that is %s',
    async ([, error, rpcCode, data]) => {
      const request = createJsonRpcClient(await serve(answer(`{"id":1,"error":${error}}`)))
      const failure = await request('eth_call', []).catch((reason: unknown) => reason)
      if (!(failure instanceof RpcError))
        throw new Error(`expected an RpcError, received ${String(failure)}`)
      expect(failure.shape).toEqual({ code: 'RPC_ERROR', method: 'eth_call', rpcCode, data })
      expect(failure.message).toContain('eth_call: ')
    },
  )

  test.for([
    ['no JSON', '<html>busy</html>', 200],
    ['nothing', '', 200],
    ['a list', '[]', 200],
    ['text', '"hello"', 200],
    ['neither result nor error', '{"jsonrpc":"2.0","id":1}', 200],
    ['an error that is text', '{"id":1,"error":"rate limited"}', 200],
    ['half an answer', '{"id":1,"resu', 200],
    ['an error page', 'oops', 502],
  ] as const)('does not take %s for an answer', async ([, body, status]) => {
    const request = createJsonRpcClient(await serve(answer(body, status)))
    await expect(request('eth_chainId', [])).rejects.toThrow(EndpointUnreachableError)
  })

  test('gives up on an endpoint that does not answer in time, or hangs up', async () => {
    const silent = createJsonRpcClient(await serve(() => undefined), 50)
    await expect(silent('eth_chainId', [])).rejects.toThrow(EndpointUnreachableError)
    server?.closeAllConnections()
    server?.close()
    const rude = createJsonRpcClient(await serve((request) => request.socket.destroy()))
    await expect(rude('eth_chainId', [])).rejects.toThrow(EndpointUnreachableError)
  })

  test('says so when nobody listens', async () => {
    const request = createJsonRpcClient('http://127.0.0.1:1')
    await expect(request('eth_chainId', [])).rejects.toThrow(/eth_chainId: no answer/)
  })
})
