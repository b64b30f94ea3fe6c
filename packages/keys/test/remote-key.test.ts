import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  bytesToHex,
  hexToBytes,
  keccak256,
  toAddress,
  toHash32,
  toHeight,
  toHex,
} from '@mosaic/primitives'
import {
  domainSeparator,
  recoverSigner,
  secretKeyToAddress,
  type VoteMessage,
  voteDigest,
  voteSigningRequest,
} from '@mosaic/protocol'
import { SigningKey, Wallet } from 'ethers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openRemoteKey, RemoteSignerError } from '../src/index.ts'

const KEY = new Uint8Array(32).fill(9)
const ADDRESS = secretKeyToAddress(KEY)
const STRANGER = secretKeyToAddress(new Uint8Array(32).fill(8))
const IDENTITY = { originChainId: 1n, core: toAddress(`0x${'c0'.repeat(20)}`) }
const VOTE: VoteMessage = {
  chain: toHash32(`0x${'01'.repeat(32)}`),
  transitionHash: toHash32(`0x${'02'.repeat(32)}`),
  source: toHash32(`0x${'03'.repeat(32)}`),
  target: toHash32(`0x${'04'.repeat(32)}`),
  sourceHeight: toHeight(5n),
  targetHeight: toHeight(6n),
}
const DIGEST = voteDigest(domainSeparator(IDENTITY), VOTE)
const REQUEST = voteSigningRequest(IDENTITY, VOTE)

type Answer = { readonly status?: number; readonly body: string }

/** A signer elsewhere: real HTTP and real signatures, answers as a test wants them. */
let server: Server
let url: string
let key: SigningKey
let publicKeys: readonly string[]
let override: ((path: string, body: string) => Answer | undefined) | undefined
const asked: string[] = []

beforeEach(async () => {
  key = new SigningKey(KEY)
  publicKeys = [
    new SigningKey(new Uint8Array(32).fill(8)).publicKey,
    toHex(`0x${key.publicKey.slice(4)}`),
  ]
  override = undefined
  asked.length = 0
  server = createServer((request, response) => {
    void serve(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status = 200, body } = await respond(request)
  response.writeHead(status).end(body)
}

async function respond(request: IncomingMessage): Promise<Answer> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const path = request.url ?? ''
  asked.push(path)
  const given = override?.(path, body)
  if (given !== undefined) return given
  if (path === '/api/v1/eth1/publicKeys') return { body: JSON.stringify(publicKeys) }
  if (path === `/api/v1/eth1/sign/${publicKeys[1]}`) {
    const { data } = JSON.parse(body)
    return { body: key.sign(keccak256(hexToBytes(data))).serialized }
  }
  if (path === '/') {
    const { method, params, id } = JSON.parse(body)
    const { domain, types, message } = JSON.parse(params[1])
    const { EIP712Domain: _domain, ...own } = types
    const result =
      method === 'eth_signTypedData_v4' && params[0] === ADDRESS
        ? await new Wallet(bytesToHex(KEY)).signTypedData(domain, own, message)
        : undefined
    return { body: JSON.stringify({ jsonrpc: '2.0', id, result, error: 'unknown account' }) }
  }
  return { status: 404, body: 'not found' }
}

describe.each(['web3signer', 'typed-data'] as const)('a key behind %s', (api) => {
  test('signs votes, with signatures like those of a key at hand', async () => {
    const remote = await openRemoteKey({ url, address: ADDRESS, api })
    const signature = await remote.sign(REQUEST)
    expect(signature).toHaveLength(130)
    expect(recoverSigner(DIGEST, signature)).toBe(ADDRESS)
    expect(remote.address).toBe(ADDRESS)
  })

  test('is asked anew for each signature, and never trusted with it', async () => {
    const remote = await openRemoteKey({ url, address: ADDRESS, api })
    const other = new SigningKey(new Uint8Array(32).fill(8)).sign(DIGEST).serialized
    override = () => ({ body: api === 'web3signer' ? other : JSON.stringify({ result: other }) })
    await expect(remote.sign(REQUEST)).rejects.toThrow(
      `expected a signature of ${ADDRESS}, received one of ${STRANGER}`,
    )
    for (const body of ['', '0x', '0x12', 'yes', '{"result":"0x1"}', '{"result":5}', '[]']) {
      override = () => ({ body })
      await expect(remote.sign(REQUEST)).rejects.toThrow(RemoteSignerError)
    }
  })

  test('that refuses, fails or is gone is told as such', async () => {
    const remote = await openRemoteKey({ url, address: ADDRESS, api, timeoutMs: 200 })
    for (const [status, reason] of [
      [412, 'its own protection refused to sign'],
      [404, 'it does not know the key'],
      [500, 'it answered with status 500'],
    ] as const) {
      override = () => ({ status, body: 'no' })
      await expect(remote.sign(REQUEST)).rejects.toThrow(`the signer at ${url}: ${reason}`)
    }
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await expect(remote.sign(REQUEST)).rejects.toThrow('it does not answer')
    server.listen(0)
  })
})

test('a key that web3signer does not hold is refused at once', async () => {
  publicKeys = publicKeys.slice(0, 1)
  await expect(openRemoteKey({ url, address: ADDRESS, api: 'web3signer' })).rejects.toThrow(
    `it has no key of ${ADDRESS}`,
  )
  override = () => ({ body: '{"not":"a list"}' })
  await expect(openRemoteKey({ url, address: ADDRESS, api: 'web3signer' })).rejects.toThrow(
    RemoteSignerError,
  )
})

test('bytes that are no typed data are signed where bytes are', async () => {
  const { preimage } = REQUEST
  const bytes = await openRemoteKey({ url, address: ADDRESS, api: 'web3signer' })
  expect(recoverSigner(DIGEST, await bytes.sign({ preimage }))).toBe(ADDRESS)
  const typed = await openRemoteKey({ url, address: ADDRESS, api: 'typed-data' })
  await expect(typed.sign({ preimage })).rejects.toThrow('it signs typed data only')
})

test('redirects are not followed: they could lead the message elsewhere', async () => {
  const remote = await openRemoteKey({ url, address: ADDRESS, api: 'web3signer' })
  server.removeAllListeners('request')
  server.on('request', (_request, response) => {
    response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()
  })
  await expect(remote.sign(REQUEST)).rejects.toThrow('it does not answer')
})
