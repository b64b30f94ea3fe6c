import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { encodeGenesisFile } from '@mosaic/genesis'
import { storeKey } from '@mosaic/keys'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startTestNode } from '../../packages/api/test/rpc-node.ts'
import { main } from '../src/cli.ts'

const FAILED_START = fileURLToPath(new URL('failed-start.ts', import.meta.url))
const NOWHERE = 'http://127.0.0.1:1'
const SOMEBODY = `0x${'11'.repeat(20)}`

let directory: string
const path = (name: string): string => join(directory, name)

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mosaic-wrong-'))
  const node = await startTestNode()
  await writeFile(path('genesis.json'), encodeGenesisFile(node.genesis))
  await node.stop()
  await writeFile(path('garbage'), 'garbage')
  await writeFile(path('key'), `0x${'22'.repeat(32)}\n`, { mode: 0o600 })
  await mkdir(path('directory'))
})
afterAll(() => rm(directory, { recursive: true }))

describe('a command that is given what is not there or no such thing says what it expected', () => {
  test.each([
    [
      'a relayer without a genesis',
      'relayer --data-dir @r --genesis-file @none --origin-url URL --auxiliary-url URL --relayer-origin-key-file @key --relayer-auxiliary-key-file @key',
      'expected the genesis of auxiliary at @none (`mosaic genesis --origin URL --core ADDRESS --output FILE` makes one, the same for everyone), received no such file',
    ],
    [
      'a relayer without a key',
      'relayer --data-dir @r --genesis-file @genesis.json --origin-url URL --auxiliary-url URL --relayer-origin-key-file @none --relayer-auxiliary-key-file @key',
      'the key file @none cannot be used: it does not exist',
    ],
    [
      'a node without a data directory',
      'node --genesis-file @genesis.json --origin-url URL',
      'expected text at dataDir (of the file at --config, or --data-dir, or MOSAIC_DATA_DIR)',
    ],
    [
      'a node without its configuration',
      'node --config @none.yaml',
      'expected a configuration in YAML or JSON at @none.yaml (`mosaic config reference node` or `relayer` tells what it may hold), received no such file',
    ],
    [
      'a node with a directory for a configuration',
      'node --config @directory',
      'received a directory',
    ],
    [
      'a node with garbage for a configuration',
      'node --config @garbage',
      'in @garbage, received "garbage"',
    ],
    [
      'a relayer’s costs without a ledger',
      'relayer costs --data-dir @directory',
      'expected the ledger of a relayer at',
    ],
    [
      'key files nowhere',
      'account list --keystore @none',
      'expected a directory of key files at @none',
    ],
    [
      'blocks from nowhere',
      'db import @none --data-dir @d --genesis @genesis.json',
      'expected blocks at @none (`mosaic db export` writes them), received no such file',
    ],
    [
      'a history from nowhere',
      `guard import @none --data-dir @directory --genesis @genesis.json --address ${SOMEBODY}`,
      'expected what a key has signed at @none',
    ],
    [
      'a history of no node',
      `guard export @out --data-dir @none --genesis @genesis.json --address ${SOMEBODY}`,
      'expected the data directory of a node at @none',
    ],
    [
      'no URL',
      'status --rpc localhost',
      'expected a URL that begins with http:// or https://, received "localhost"',
    ],
    [
      'a node that does not answer',
      'status --rpc URL',
      'no answer from the endpoint: connect ECONNREFUSED 127.0.0.1:1',
    ],
    [
      'no block',
      `genesis --origin URL --core ${SOMEBODY} --from-block x`,
      'expected a whole number at --from-block',
    ],
    ['no port', 'dev --port 70000', 'received 127.0.0.1:70000: a port is from 0 to 65535'],
    ['a dump in a directory', 'dev --load-state @directory', 'expected a dump at @directory'],
    [
      'a file for a directory',
      'devnet --data-dir @garbage',
      'expected a directory that can be made at @garbage',
    ],
    ['no command', 'validator join', 'expected one of deposit, logout, withdraw, reweigh, status'],
  ])('%s', async (_what, words, expected) => {
    let output = ''
    const note = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      output += String(text)
      return true
    })
    const code = await main(
      words
        .split(' ')
        .map((word) => (word === 'URL' ? NOWHERE : word.replace(/^@/, `${directory}/`))),
    )
    note.mockRestore()
    expect(output).toContain(expected.replaceAll('@', `${directory}/`))
    expect(output).not.toMatch(/^ +at /m)
    expect(code).toBe(1)
  })
})

test('nodes that do not start say why, and leave nothing open', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const taken = `127.0.0.1:${port}: another process listens there`
  const { path: keystore } = await storeKey(path('keystore'), new Uint8Array(32).fill(7), 'right', {
    now: new Date(0),
  })
  await writeFile(path('password'), 'wrong\n', { mode: 0o600 })
  // Of two places one is free: the network has begun to listen there.
  const listen = `/ip4/127.0.0.1/tcp/0,/ip4/127.0.0.1/tcp/${port}`
  const peers = '--network-listen /ip4/127.0.0.1/tcp/0'
  const cases = [
    [
      `--rpc-port ${port} ${peers}`,
      `expected a place to listen at rpc.host and rpc.port, received ${taken}`,
    ],
    [
      `--rpc-port 0 --metrics-port ${port}`,
      `expected a place to listen at metrics.host and metrics.port, received ${taken}`,
    ],
    [
      `--rpc-port 0 --network-listen ${listen}`,
      `expected a place to listen at network.listen, received ${listen.replace(',', ', ')}: `,
    ],
    [
      `--rpc-port 0 ${peers} --rpc-ipc-path /nowhere/at/all`,
      'expected a place to listen at rpc.ipcPath',
    ],
    [
      `--rpc-port 0 ${peers} --relayer-origin-key-file ${path('none')} --relayer-auxiliary-key-file ${path('key')}`,
      `the key file ${path('none')} cannot be used`,
    ],
    [
      `--rpc-port 0 --seal-signer-url ${NOWHERE} --seal-signer-address ${SOMEBODY}`,
      `the signer at ${NOWHERE}: it does not answer`,
    ],
    [
      `--rpc-port 0 --signer-key-file ${keystore} --new-guard-journal --password-file ${path('password')}`,
      `the key file ${keystore} cannot be used: `,
    ],
  ] as const
  const common = `--data-dir ${path('data')} --genesis-file ${path('genesis.json')} --origin-url ${NOWHERE}`
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=source',
    FAILED_START,
    ...cases.map(([words]) => `${common} ${words}`),
  ])
  other.close()
  const reasons: readonly string[] = JSON.parse(stdout)
  for (const [i, [, expected]] of cases.entries()) expect(reasons[i]).toContain(expected)
})
