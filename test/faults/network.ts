import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildGenesis, encodeDefinition, encodeGenesisFile } from '@mosaic/genesis'
import { writeKeyFile } from '@mosaic/keys'
import { createNodeKey, nodeKeyToPeerId } from '@mosaic/network'
import {
  createEthereumClient,
  createJsonRpcClient,
  isRecord,
  type JsonRpcRequest,
  readCoreGenesis,
} from '@mosaic/origin'
import { type Address, bytesToHex, hexToBytes, keccak256, utf8ToBytes } from '@mosaic/primitives'
import { secretKeyToAddress } from '@mosaic/protocol'
import { findFreePort } from '../../node/src/devnet/processes.ts'
import { type Anvil, startAnvil, toQuantity } from '../contracts/anvil.ts'
import { ORIGIN_CHAIN_ID, openCore } from '../contracts/meta-block.ts'
import { BIN } from '../devnet-process.ts'

/** A line of a node's log. */
type LogLine = Readonly<Record<string, unknown>>

/** A place for nodes that each seal and vote: a core on anvil, a genesis, and a directory with keys and configuration for each. */
export type FaultNetwork = {
  readonly dir: string
  readonly anvil: Anvil
  /** An account that holds coin on both chains. */
  readonly relayer: { readonly address: Address; readonly keyFile: string }
  readonly genesisFile: string
  readonly nodes: readonly FaultNode[]
  /** Makes a directory for a node without keys that knows all others. */
  readonly addObserver: (name: string) => Promise<string>
  readonly stop: () => Promise<void>
}

/** Where one node is, whether or not it runs. */
export type FaultNode = {
  readonly dir: string
  readonly signer: Address
  readonly validator: Address
}

/** A node's process. */
export type NodeProcess = {
  readonly lines: readonly LogLine[]
  /** Resolves to the first line of which `wanted` holds, also an earlier one. @throws if the process ends, or takes too long */
  readonly until: (wanted: (line: LogLine) => boolean, what: string) => Promise<LogLine>
  readonly rpc: () => Promise<JsonRpcRequest>
  /** Exit code, and what it said of errors. */
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>
}

const EPOCH_LENGTH = 4n
const PATIENCE_MS = 120_000

/** Creates everything and starts nothing but anvil. All nodes seal, vote, and know each other. */
export async function createFaultNetwork(size: number): Promise<FaultNetwork> {
  const dir = await mkdtemp(join(tmpdir(), 'mosaic-faults-'))
  const anvil = await startAnvil()
  try {
    return await prepare(dir, anvil, size)
  } catch (error) {
    await anvil.stop()
    throw error
  }
}

async function prepare(dir: string, anvil: Anvil, size: number): Promise<FaultNetwork> {
  const signers = Array.from({ length: size }, (_, i) =>
    hexToBytes(keccak256(utf8ToBytes(`signer ${i}`))),
  )
  const addresses = signers.map(secretKeyToAddress)
  const relayerKey = hexToBytes(keccak256(utf8ToBytes('relayer')))
  const relayer = secretKeyToAddress(relayerKey)
  const definition = encodeDefinition({
    period: 1n,
    cliqueEpoch: 30_000n,
    gasLimit: 30_000_000n,
    baseFeePerGas: 10n ** 9n,
    signers: addresses,
    balances: Object.fromEntries([...addresses, relayer].map((address) => [address, 10n ** 21n])),
  })
  const core = await openCore(anvil, size, {
    definition: bytesToHex(definition),
    parameters: { epochLength: EPOCH_LENGTH, originEpochLength: 4n, maxVoteAge: 16n },
  })
  const origin = createEthereumClient(
    createJsonRpcClient(anvil.url),
    { kind: 'confirmations', depth: 0n },
    ORIGIN_CHAIN_ID,
  )
  const relayerKeyFile = join(dir, 'relayer.key')
  await writeKeyFile(relayerKeyFile, relayerKey)
  await anvil.request('anvil_setBalance', relayer, toQuantity(10n ** 21n))
  const genesisFile = join(dir, 'genesis.json')
  const genesis = await buildGenesis(await readCoreGenesis(origin, core.address))
  await writeFile(genesisFile, encodeGenesisFile(genesis))
  const keys = signers.map(() => createNodeKey())
  const ports = await Promise.all(signers.map(() => findFreePort()))
  const peers = await Promise.all(
    keys.map(async (key, i) => `/ip4/127.0.0.1/tcp/${ports[i]}/p2p/${await nodeKeyToPeerId(key)}`),
  )
  const nodes: FaultNode[] = []
  for (const [i, signer] of signers.entries()) {
    const own = join(dir, `node-${i}`)
    const validator = core.keys[i] ?? signer
    await mkdir(own, { mode: 0o700 })
    await writeKeyFile(join(own, 'signer.key'), signer)
    await writeKeyFile(join(own, 'validator.key'), validator)
    await writeFile(join(own, 'node-key'), `${keys[i]}\n`, { mode: 0o600 })
    const config = {
      dataDir: '.',
      genesisFile: '../genesis.json',
      origin: { url: anvil.url, confirmations: 0 },
      network: {
        listen: [`/ip4/127.0.0.1/tcp/${ports[i]}`],
        peers: peers.filter((_, other) => other !== i),
      },
      rpc: { port: 0 },
      signerKeyFile: 'signer.key',
      validatorKeyFile: 'validator.key',
      doppelgangerCheckpoints: 0,
      logLevel: 'debug',
    }
    await writeFile(join(own, 'config.json'), JSON.stringify(config))
    nodes.push({
      dir: own,
      signer: secretKeyToAddress(signer),
      validator: secretKeyToAddress(validator),
    })
  }
  return {
    dir,
    anvil,
    relayer: { address: relayer, keyFile: relayerKeyFile },
    genesisFile,
    nodes,
    addObserver: async (name) => {
      const own = join(dir, name)
      await mkdir(own, { mode: 0o700 })
      const config = {
        dataDir: '.',
        genesisFile: '../genesis.json',
        origin: { url: anvil.url, confirmations: 0 },
        network: { listen: ['/ip4/127.0.0.1/tcp/0'], peers },
        rpc: { port: 0 },
      }
      await writeFile(join(own, 'config.json'), JSON.stringify(config))
      return own
    },
    stop: async () => {
      await anvil.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Starts a node upon its directory. */
export function startNode(
  dir: string,
  {
    words = [],
    fileBlocks,
    clockFile,
  }: {
    readonly words?: readonly string[]
    /** Most kilobytes that a file of this process may have: beyond, writing fails as on a full disk. */
    readonly fileBlocks?: number
    /** A file with the milliseconds by which the clock of this process is wrong. */
    readonly clockFile?: string
  } = {},
): NodeProcess {
  const program = [
    process.execPath,
    '--conditions=source',
    ...(clockFile === undefined ? [] : ['--import', preload('wrong-clock.mjs')]),
    ...(fileBlocks === undefined ? [] : ['--import', preload('full-disk.mjs')]),
    BIN,
    'node',
    '--config',
    join(dir, 'config.json'),
    ...words,
  ]
  const limit = fileBlocks === undefined ? '' : `ulimit -f ${fileBlocks}; `
  const child = spawn('bash', ['-c', `${limit}exec "$@"`, 'bash', ...program], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(clockFile === undefined ? {} : { CLOCK_FILE: clockFile }) },
  })
  return follow(child)
}

function preload(name: string): string {
  return new URL(name, import.meta.url).href
}

function follow(child: ChildProcess): NodeProcess {
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('expected output')
  const lines: LogLine[] = []
  const waiting = new Set<() => void>()
  let errors = ''
  createInterface({ input: stdout }).on('line', (line) => {
    const parsed: unknown = JSON.parse(line)
    if (isRecord(parsed)) lines.push(parsed)
    for (const wake of waiting) wake()
  })
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  let hasEnded = false
  const ended = new Promise<{ readonly code: number | null; readonly errors: string }>((resolve) =>
    child.once('close', (code) => {
      hasEnded = true
      for (const wake of waiting) wake()
      resolve({ code, errors })
    }),
  )
  const until: NodeProcess['until'] = (wanted, what) =>
    new Promise((resolve, reject) => {
      const finish = (step: () => void): void => {
        clearTimeout(timer)
        waiting.delete(look)
        step()
      }
      const fail = (why: string): void =>
        finish(() => {
          const last = JSON.stringify(lines.slice(-6))
          reject(new Error(`expected ${what}; ${why}; its last lines: ${last} ${errors}`))
        })
      const timer = setTimeout(() => fail('it takes too long'), PATIENCE_MS)
      const look = (): void => {
        const found = lines.find(wanted)
        if (found !== undefined) finish(() => resolve(found))
        else if (hasEnded) fail('the process has ended')
      }
      waiting.add(look)
      look()
    })
  return {
    lines,
    until,
    ended,
    rpc: async () => {
      const { rpcUrl } = await until(({ event }) => event === 'node.ready', 'the start')
      return createJsonRpcClient(String(rpcUrl))
    },
    kill: async (signal) => {
      child.kill(signal)
      await ended
    },
  }
}
