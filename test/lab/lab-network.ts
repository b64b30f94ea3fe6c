import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildGenesis, encodeGenesisFile, type NetworkGenesis } from '@mosaic/genesis'
import { createNodeKey, nodeKeyToPeerId } from '@mosaic/network'
import {
  createEthereumClient,
  createJsonRpcClient,
  createTransactionSender,
  isRecord,
  type JsonRpcRequest,
  readChainId,
  readCoreGenesis,
} from '@mosaic/origin'
import {
  type Address,
  bytesToHex,
  type Hash32,
  toGas,
  toHash32,
  toWeight,
} from '@mosaic/primitives'
import { networkAccounts, userAccounts } from '../../node/src/devnet/accounts.ts'
import { deployCore } from '../../node/src/devnet/deploy.ts'
import { anvilPath } from '../../node/src/devnet/processes.ts'
import { BIN } from '../devnet-process.ts'

/** How a network for measurements is laid out. Every node is a validator and a block producer; all have the same stake. */
export type LabOptions = {
  readonly dir: string
  readonly nodes: number
  /** Blocks per checkpoint. */
  readonly epochLength: bigint
  /** Seconds between two blocks; 1 unless told. */
  readonly period?: bigint
  /** Where a node listens, and for JSON-RPC, by its index from 0. */
  readonly place: (index: number) => {
    readonly host: string
    readonly p2pPort: number
    readonly rpcPort: number
  }
  readonly origin: { readonly host: string; readonly port: number }
  /** What is put before the command of a node, or of origin, as `ip netns exec lab3`. */
  readonly wrap: (who: number | 'origin') => readonly string[]
}

/** What a node says of finality. */
export type LabStatus = {
  readonly head: bigint
  readonly justified: { readonly height: bigint; readonly hash: string }
  readonly finalized: { readonly height: bigint; readonly hash: string }
}

/** A running node. */
type LabNode = {
  readonly index: number
  /** Address for libp2p, with the peer id. */
  readonly address: string
  readonly pid: () => number
  readonly rpc: JsonRpcRequest
  readonly status: () => Promise<LabStatus>
}

/** A running network. */
export type Lab = {
  readonly genesis: NetworkGenesis
  readonly nodes: readonly LabNode[]
  readonly stop: () => Promise<void>
}

const ETHER = 10n ** 18n
/** Ten minutes: a machine with more nodes than it likes takes long to start them. */
const START_POLLS = 3000
const POLL_MS = 200

/** Starts origin, deploys a core on it, and starts the nodes. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const children: ChildProcess[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(children.toReversed().map(endProcess))
  }
  try {
    return await start(options, children, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(
  options: LabOptions,
  children: ChildProcess[],
  stop: () => Promise<void>,
): Promise<Lab> {
  const { dir, nodes: count, place, wrap } = options
  const run = (name: string, who: number | 'origin', words: readonly string[]): ChildProcess => {
    const [command = '', ...rest] = [...wrap(who), ...words]
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
    const log = createWriteStream(join(dir, `${name}.log`))
    child.stdout.pipe(log)
    child.stderr.pipe(log)
    children.push(child)
    return child
  }
  await mkdir(dir, { recursive: true })
  const { host, port } = options.origin
  const words = `--host ${host} --port ${port} --block-time 1 --quiet --hardfork osaka --slots-in-an-epoch 1`
  run('origin', 'origin', [anvilPath(), ...words.split(' ')])
  const originUrl = `http://${host}:${port}`
  const genesis = await deployLab(originUrl, options)
  const genesisFile = join(dir, 'genesis.json')
  await writeFile(genesisFile, encodeGenesisFile(genesis))

  const keys = Array.from({ length: count }, () => createNodeKey())
  const addresses = await Promise.all(
    keys.map(async (key, index) => {
      const at = place(index)
      return `/ip4/${at.host}/tcp/${at.p2pPort}/p2p/${await nodeKeyToPeerId(key)}`
    }),
  )
  const accounts = networkAccounts(count)
  const nodes: LabNode[] = []
  for (const [index, key] of keys.entries()) {
    const at = place(index)
    const home = join(dir, `node-${index}`)
    await mkdir(home, { recursive: true, mode: 0o700 })
    const secret = { mode: 0o600 }
    const [validator, signer] = [accounts.validators[index], accounts.signers[index]]
    if (validator === undefined || signer === undefined) throw new Error('expected keys')
    await writeFile(join(home, 'node-key'), `${key}\n`, secret)
    await writeFile(join(home, 'validator.key'), bytesToHex(validator.secretKey), secret)
    await writeFile(join(home, 'signer.key'), bytesToHex(signer.secretKey), secret)
    const config = join(home, 'config.json')
    await writeFile(
      config,
      JSON.stringify({
        dataDir: '.',
        genesisFile,
        origin: { url: originUrl },
        network: {
          listen: [`/ip4/${at.host}/tcp/${at.p2pPort}`],
          peers: addresses.filter((_, other) => other !== index),
        },
        rpc: { host: at.host, port: at.rpcPort },
        signerKeyFile: 'signer.key',
        validatorKeyFile: 'validator.key',
        doppelgangerCheckpoints: 0,
      }),
    )
    const child = run(`node-${index}`, index, [
      process.execPath,
      '--conditions=source',
      BIN,
      'node',
      '--config',
      config,
    ])
    const rpc = createJsonRpcClient(`http://${at.host}:${at.rpcPort}`)
    const node: LabNode = {
      index,
      address: addresses[index] ?? '',
      pid: () => child.pid ?? 0,
      rpc,
      status: async () =>
        toStatus(await rpc('mosaic_status', []), await rpc('eth_blockNumber', [])),
    }
    // One after the other: all at once, they would be too slow for each other's time-outs.
    await untilUp(node.status)
    nodes.push(node)
  }
  return { genesis, nodes, stop }
}

async function deployLab(originUrl: string, options: LabOptions): Promise<NetworkGenesis> {
  const request = createJsonRpcClient(originUrl)
  const chainId = await untilUp(() => readChainId(request))
  const origin = createEthereumClient(request, { kind: 'finalized-tag' }, chainId)
  const accounts = networkAccounts(options.nodes)
  const [bank] = userAccounts()
  if (bank === undefined) throw new Error('expected an account')
  const senderOf = (secretKey: Uint8Array): ReturnType<typeof createTransactionSender> =>
    createTransactionSender(origin, secretKey, { sleep: (ms) => sleep(ms), pollMs: 100 })
  await senderOf(bank.secretKey).send({
    to: accounts.deployer.address,
    data: '0x',
    value: 1000n * ETHER,
  })
  const balances: Record<Address, bigint> = {}
  for (const { address } of accounts.signers) balances[address] = 1_000_000n * ETHER
  const core = await deployCore(origin, senderOf(accounts.deployer.secretKey), {
    parameters: {
      minimumStake: toWeight(ETHER),
      auxiliaryChainId: 1410n,
      epochLength: options.epochLength,
      originEpochLength: 4n,
      maxVoteAge: 16n,
      gasTarget: toGas(50_000_000n),
      challengePeriod: 3n,
      withdrawalDelay: 30n,
      proposalBond: 10n ** 17n,
      maxJoins: 10n,
      maxLogouts: 10n,
      reporterShare: 1000n,
      missedDynastyLoss: 10_000n,
    },
    definition: {
      period: options.period ?? 1n,
      cliqueEpoch: 30_000n,
      gasLimit: 60_000_000n,
      baseFeePerGas: 10n ** 9n,
      signers: accounts.signers.map(({ address }) => address),
      balances,
    },
    validators: accounts.validators.map((account) => ({
      account,
      stake: toWeight(1000n * ETHER),
    })),
    holders: { accounts: [], tokens: toWeight(0n) },
  })
  return buildGenesis(await readCoreGenesis(origin, core))
}

function toStatus(status: unknown, head: unknown): LabStatus {
  const checkpoint = (key: string): { readonly height: bigint; readonly hash: Hash32 } => {
    const found = isRecord(status) ? status[key] : undefined
    if (!isRecord(found)) throw new Error(`expected ${key} in ${JSON.stringify(status)}`)
    return { height: BigInt(String(found['height'])), hash: toHash32(String(found['hash'])) }
  }
  return {
    head: BigInt(String(head)),
    justified: checkpoint('justified'),
    finalized: checkpoint('finalized'),
  }
}

async function untilUp<T>(ask: () => Promise<T>): Promise<T> {
  for (let poll = 1; ; poll++) {
    try {
      return await ask()
    } catch (error) {
      if (poll >= START_POLLS) throw error
      await sleep(POLL_MS)
    }
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(patience)
}
