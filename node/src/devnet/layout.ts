import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeKeyFile } from '@mosaic/keys'
import { createNodeKey, nodeKeyToPeerId } from '@mosaic/network'
import { type Address, toAddress } from '@mosaic/primitives'
import { makeDirectory } from '../make-directory.ts'
import { networkAccounts } from './accounts.ts'
import { LOCAL, PRODUCERS } from './options.ts'
import { findFreePort } from './processes.ts'

/** Ports and places of one node of a local network. */
export type NodeLayout = {
  readonly name: string
  readonly dir: string
  readonly rpcPort: number
  readonly p2pPort: number
  readonly validator: Address
  /** Undefined: it does not produce blocks. */
  readonly signer: Address | undefined
}

/** What a data directory remembers of its network, so that it is resumed as it was. */
export type Layout = {
  readonly originUrl: string
  /** Undefined: origin is somebody else's. */
  readonly anvilPort: number | undefined
  readonly core: Address | undefined
  readonly nodes: readonly NodeLayout[]
  readonly relayerDir: string
}

const FILE = 'devnet.json'

/** Reads the layout of an earlier run; undefined if the directory is new. */
export async function readLayout(dataDir: string): Promise<Layout | undefined> {
  const text = await readFile(join(dataDir, FILE), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const parsed: unknown = JSON.parse(text)
  if (!isLayout(parsed)) throw new TypeError(`expected a layout in ${join(dataDir, FILE)}`)
  return { ...parsed, core: parsed.core === undefined ? undefined : toAddress(parsed.core) }
}

/** Remembers the layout. */
export async function writeLayout(dataDir: string, layout: Layout): Promise<void> {
  await writeFile(join(dataDir, FILE), `${JSON.stringify(layout, undefined, 2)}\n`)
}

/** Chooses ports and places for a new network. */
export async function createLayout(
  dataDir: string,
  validators: number,
  originUrl: string | undefined,
): Promise<Layout> {
  const anvilPort = originUrl === undefined ? await findFreePort() : undefined
  const accounts = networkAccounts(validators)
  const nodes: NodeLayout[] = []
  for (let index = 0; index < validators; index++) {
    const validator = accounts.validators[index]
    const signer = accounts.signers[index]
    if (validator === undefined) throw new RangeError(`expected an account for validator ${index}`)
    nodes.push({
      name: `node-${index}`,
      dir: join(dataDir, `node-${index}`),
      rpcPort: await findFreePort(),
      p2pPort: await findFreePort(),
      validator: validator.address,
      signer: index < PRODUCERS ? signer?.address : undefined,
    })
  }
  return {
    originUrl: originUrl ?? `http://127.0.0.1:${anvilPort}`,
    anvilPort,
    core: undefined,
    nodes,
    relayerDir: join(dataDir, 'relayer'),
  }
}

/** Writes keys and configuration files, from which any node or the relayer can also be run by hand. */
export async function writeConfigurations(layout: Layout, genesisFile: string): Promise<void> {
  const accounts = networkAccounts(layout.nodes.length)
  const peers: string[] = []
  for (const node of layout.nodes) {
    await makeDirectory(node.dir)
    const key = createNodeKey()
    await writeFile(join(node.dir, 'node-key'), `${key}\n`, { mode: 0o600 })
    peers.push(`/ip4/127.0.0.1/tcp/${node.p2pPort}/p2p/${await nodeKeyToPeerId(key)}`)
  }
  for (const [index, node] of layout.nodes.entries()) {
    const validator = accounts.validators[index]
    const signer = accounts.signers[index]
    const fisherman = accounts.fishermen[index]
    if (validator === undefined || signer === undefined || fisherman === undefined)
      throw new RangeError(`expected keys for ${node.name}`)
    await writeKeyFile(join(node.dir, 'validator.key'), validator.secretKey)
    await writeKeyFile(join(node.dir, 'fisherman.key'), fisherman.secretKey)
    if (node.signer !== undefined)
      await writeKeyFile(join(node.dir, 'signer.key'), signer.secretKey)
    await writeJson(join(node.dir, 'config.json'), {
      dataDir: '.',
      genesisFile,
      origin: { url: layout.originUrl },
      network: {
        listen: [`/ip4/127.0.0.1/tcp/${node.p2pPort}`],
        peers: peers.filter((_, other) => other !== index),
      },
      rpc: { host: '127.0.0.1', port: node.rpcPort },
      ...(node.signer === undefined ? {} : { signerKeyFile: 'signer.key' }),
      validatorKeyFile: 'validator.key',
      doppelgangerCheckpoints: 0,
      fishermanKeyFile: 'fisherman.key',
      gasLimit: Number(LOCAL.gasLimit),
      logLevel: 'info',
    })
  }
  await makeDirectory(layout.relayerDir)
  await writeKeyFile(join(layout.relayerDir, 'relayer.key'), accounts.relayer.secretKey)
  await writeJson(join(layout.relayerDir, 'config.json'), {
    dataDir: '.',
    genesisFile,
    origin: { url: layout.originUrl },
    auxiliary: { url: layout.nodes.map(rpcUrl).toReversed() },
    relayer: {
      origin: { keyFile: 'relayer.key' },
      auxiliary: { keyFile: 'relayer.key' },
      maxIntervalSeconds: Number(LOCAL.maxIntervalSeconds),
    },
    logLevel: 'info',
  })
}

/** JSON-RPC address of a node. */
export function rpcUrl(node: NodeLayout | undefined): string {
  if (node === undefined) throw new RangeError('expected a node')
  return `http://127.0.0.1:${node.rpcPort}`
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 })
}

function isLayout(value: unknown): value is Layout {
  return (
    typeof value === 'object' &&
    value !== null &&
    'originUrl' in value &&
    'nodes' in value &&
    Array.isArray(value.nodes)
  )
}
