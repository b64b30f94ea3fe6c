import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatReference, formatSchema } from '../src/commands/config.ts'
import { membersOf } from '../src/config/members.ts'
import { finalityOf, readNodeConfig, readRelayerConfig } from '../src/config/read-config.ts'

const KINDS = ['node', 'relayer'] as const
const ADDRESS = `0x${'aB'.repeat(20)}`

const NODE = 'dataDir: data\ngenesisFile: ../genesis.json\norigin: { url: http://127.0.0.1:1 }\n'
const RELAYER = `${NODE}auxiliary: { url: [http://a, https://b] }
relayer:
  origin: { keyFile: key, maxFeePerGas: 30 gwei, spendingCap: 0.5 ether }
  auxiliary: { keyFile: /keys/key }
`

describe('a configuration', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'mosaic-config-'))
  })
  afterEach(() => rm(dir, { recursive: true }))

  const write = async (text: string): Promise<readonly string[]> => {
    await writeFile(join(dir, 'config.yaml'), text)
    return ['--config', join(dir, 'config.yaml')]
  }
  const readNode = async (
    text: string,
    words: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ): ReturnType<typeof readNodeConfig> =>
    readNodeConfig({ words: [...(await write(text)), ...words], environment })

  test('has defaults, and paths relative to its file', async () => {
    const config = await readNode(NODE)
    expect(config).toEqual({
      dataDir: join(dir, 'data'),
      genesisFile: join(tmpdir(), 'genesis.json'),
      origin: { url: 'http://127.0.0.1:1' },
      network: { listen: [], announce: [], peers: [], wantedPeers: 12, mdns: false },
      sync: { mode: 'full' },
      rpc: { host: '127.0.0.1', port: 8545 },
      newGuardJournal: false,
      doppelgangerCheckpoints: 2n,
      gasLimit: 12_000_000n,
      keepStates: 131_072n,
      logLevel: 'info',
    })
    expect(finalityOf(config.origin)).toEqual({ kind: 'finalized-tag' })
  })

  test('takes what the file says, and all of it', async () => {
    const config = await readNode(`${NODE.replace(' }', ', confirmations: 12 }')}
network: { listen: [/ip4/127.0.0.1/tcp/1], peers: [] }
rpc: { host: 0.0.0.0, port: 0, ipcPath: ipc }
metrics: {}
validatorSigner: { url: http://signer, address: "${ADDRESS}" }
sealSigner: { url: http://signer, address: ${ADDRESS} }
keepStates: all
gasLimit: "60000000"
logLevel: debug
`)
    expect(config).toMatchObject({
      rpc: { host: '0.0.0.0', port: 0, ipcPath: join(dir, 'ipc') },
      metrics: { host: '127.0.0.1', port: 9100 },
      validatorSigner: { address: ADDRESS.toLowerCase(), api: 'web3signer' },
      sealSigner: { address: ADDRESS.toLowerCase() },
      gasLimit: 60_000_000n,
      keepStates: undefined,
      logLevel: 'debug',
    })
    expect(finalityOf(config.origin)).toEqual({ kind: 'confirmations', depth: 12n })
  })

  test('follows variables before the file, and flags before both', async () => {
    const environment = { MOSAIC_RPC_PORT: '1', MOSAIC_LOG_LEVEL: 'warn', OTHER: 'x' }
    const words = ['--rpc-port', '2', '--network-peers', '/a,/b', '--new-guard-journal']
    const config = await readNode(`${NODE}logLevel: error\n`, words, environment)
    expect(config.rpc.port).toBe(2)
    expect(config.logLevel).toBe('warn')
    expect(config.network.peers).toEqual(['/a', '/b'])
    expect(config.newGuardJournal).toBe(true)
  })

  test('needs no file; then paths are relative to where the process is', async () => {
    const environment = {
      MOSAIC_DATA_DIR: 'data',
      MOSAIC_GENESIS_FILE: '/genesis.json',
      MOSAIC_ORIGIN_URL: 'http://a,http://b',
      MOSAIC_NEW_GUARD_JOURNAL: 'false',
    }
    expect(await readNodeConfig({ words: [], environment })).toMatchObject({
      dataDir: join(process.cwd(), 'data'),
      genesisFile: '/genesis.json',
      origin: { url: ['http://a', 'http://b'] },
      newGuardJournal: false,
    })
  })

  test('of a relayer has amounts in wei', async () => {
    const words = await write(RELAYER)
    expect(await readRelayerConfig({ words, environment: {} })).toMatchObject({
      auxiliary: { url: ['http://a', 'https://b'] },
      relayer: {
        origin: {
          keyFile: join(dir, 'key'),
          maxFeePerGas: 30n * 10n ** 9n,
          spendingCap: 5n * 10n ** 17n,
        },
        auxiliary: { keyFile: '/keys/key' },
        maxIntervalSeconds: 3600n,
        dryRun: false,
        turnSeconds: 60n,
      },
    })
  })

  test.each([
    ['', 'expected a configuration in YAML or JSON in'],
    [
      'dataDir: x',
      'expected text at genesisFile (of the file at --config, or --genesis-file, or MOSAIC_GENESIS_FILE), received undefined',
    ],
    [`${NODE}rcp: {}`, 'expected no other members in the configuration, received "rcp"'],
    [`${NODE}rpc: { prot: 1 }`, 'expected no other members in rpc, received "prot"'],
    [`${NODE}rpc: { port: 65536 }`, 'expected a port from 0 to 65535 at rpc.port, received 65536'],
    [`${NODE}rpc: { port: x }`, 'expected a port from 0 to 65535 at rpc.port, received "x"'],
    [`${NODE}gasLimit: -1`, 'expected a whole number at gasLimit, received -1'],
    [`${NODE}gasLimit: 1`, 'expected a whole number from 5000 on at gasLimit, received 1'],
    [`${NODE}gasLimit: 1.5`, 'expected a whole number at gasLimit, received 1.5'],
    [`${NODE}keepStates: 5`, 'expected a whole number from 1024 on at keepStates, received 5'],
    [`${NODE}logLevel: loud`, 'expected debug, info, warn or error at logLevel, received "loud"'],
    [`${NODE}newGuardJournal: 1`, 'expected true or false at newGuardJournal, received 1'],
    [
      `${NODE}sealSigner: { url: http://a, address: 0x12 }`,
      'expected an address of 20 bytes in hex at sealSigner.address, received "0x12"',
    ],
    [
      `${NODE}signerKeyFile: a\nsealSigner: { url: http://a, address: "${ADDRESS}" }`,
      'expected one of signerKeyFile and sealSigner, received "both"',
    ],
    [
      NODE.replace('http://127.0.0.1:1', 'ws://a'),
      'expected a URL that begins with http:// or https:// at origin.url, received "ws://a"',
    ],
    [
      `${NODE}relayer: { origin: { keyFile: a, spendingCap: 5 }, auxiliary: { keyFile: a } }`,
      'expected text at relayer.origin.spendingCap, received 5',
    ],
    [
      `${NODE}relayer: { origin: { keyFile: a, spendingCap: 5 eth }, auxiliary: { keyFile: a } }`,
      'expected an amount as "30 gwei", "0.5 ether" or "7 wei" at relayer.origin.spendingCap, received "5 eth"',
    ],
    [
      `${NODE}relayer: { origin: { keyFile: a, spendingCap: 0.5 wei }, auxiliary: { keyFile: a } }`,
      'expected whole wei at relayer.origin.spendingCap, received "0.5 wei"',
    ],
  ])('like %j is refused by name', async (text, message) => {
    await expect(readNode(text)).rejects.toThrow(message)
  })

  test('refuses flags and variables that say nothing', async () => {
    await expect(readNode(NODE, ['--rpc-prot', '1'])).rejects.toThrow('--rpc-prot')
    const environment = { MOSAIC_NEW_GUARD_JOURNAL: 'maybe' }
    await expect(readNode(NODE, [], environment)).rejects.toThrow(
      'expected true or false at --new-guard-journal, received "maybe"',
    )
  })
})

describe('what is published of configurations', () => {
  test.each(KINDS)('the schema of %s is the one that is used', async (kind) => {
    const published = new URL(`../schema/${kind}.json`, import.meta.url)
    expect(JSON.parse(await readFile(published, 'utf8'))).toEqual(JSON.parse(formatSchema(kind)))
  })

  test.each(KINDS)('the page lists every member of %s', async (kind) => {
    const page = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
    expect(page).toContain(formatReference(kind))
  })

  test.each(KINDS)('every member of %s has a flag of its own, and is described', (kind) => {
    const members = membersOf(kind)
    expect(new Set(members.map(({ flag }) => flag)).size).toBe(members.length)
    for (const { description } of members) expect(description).toMatch(/^[A-Z0-9`].{5}/)
  })
})
