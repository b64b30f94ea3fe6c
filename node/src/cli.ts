import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { InvalidValueError, toAddress, toBlockNumber } from '@mosaic/primitives'
import type { NodeConfig } from './config/types.ts'
import { createJsonLog, describeError, type Log, type LogLevel } from './logger.ts'
import { DEV_USAGE, VALIDATOR_USAGE } from './usage.ts'
import { VERSION } from './version.ts'

const HELP = `mosaic: an auxiliary chain node that implements Mosaic

${DEV_USAGE}
  mosaic devnet [--data-dir DIR] [--origin URL] [--load TPS] [--json] [--duration SECONDS] [--parameter NAME=N]…
      a complete local network: origin, core, 4 validators of which 2 produce blocks, relayer

  mosaic status [--rpc URL]
      where a node stands: head, justified, finalized, dynasty, kernel; who was slashed, whether the core is halted, by whose proof

  mosaic node|validator|observer [--config FILE] [--MEMBER VALUE]…
      one node; a validator must have a key that votes, an observer none. The file is JSON or YAML; every member of it is a flag and an
      environment variable too: see mosaic config reference

  mosaic relayer [--config FILE] [--MEMBER VALUE]…
      reports origin headers, confirms kernels, proposes and commits meta-blocks

  mosaic relayer costs --data-dir DIR [--json]
      what a relayer spent, for each meta-block, kernel and header

  mosaic config schema|reference node|relayer
      all that can be configured: as JSON Schema, as Markdown

  mosaic genesis --origin URL --core ADDRESS [--from-block NUMBER] [--output FILE]
      makes the auxiliary genesis from what is on origin, byte for byte the same for everyone

${VALIDATOR_USAGE}
  mosaic account new|import|list [--keystore DIR] [--key FILE] [--password-file FILE]
      secret keys in encrypted files (Web3 secret storage, version 3), as other clients write and read them

  mosaic authority status | admit ADDRESS | drop ADDRESS | discard ADDRESS [--rpc URL] [--token-secret-file FILE]
      who may seal blocks, and the votes of this producer on that; more than half of the signers decide

  mosaic guard export|import FILE --data-dir DIR --genesis FILE --address ADDRESS
      what a validator's key has signed, from and to the form of EIP-3076; of a node that is stopped

  mosaic db verify|export|import --data-dir DIR --genesis FILE [BLOCKS-FILE] [--from N] [--to N]
      of a node that is stopped: looks whether all blocks and states are whole; writes blocks to a file; takes blocks from one

  mosaic version | help
`

const DEFAULT_RPC = 'http://127.0.0.1:8545'

/** Runs the command line. Returns the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  const [command = 'help', ...rest] = words
  try {
    // Each loads no more than it needs: a chain for tests is there in a third of the time that a node takes.
    switch (command) {
      case 'dev':
        return await (await import('./commands/dev.ts')).devCommand(rest, untilStopSignal)
      case 'devnet':
        return await devnetCommand(rest)
      case 'node':
      case 'observer':
        return await nodeCommand(rest, command)
      case 'relayer':
        return await relayerCommand(rest)
      case 'genesis':
        return await genesisCommand(rest)
      case 'status':
        return await statusCommand(rest)
      case 'validator':
        // A flag or nothing at all: a node that votes. A word: what is asked of the core.
        return rest[0]?.startsWith('--') === false
          ? await (await import('./commands/validator.ts')).validatorCommand(rest)
          : await nodeCommand(rest, command)
      case 'account':
        return await (await import('./commands/account.ts')).accountCommand(rest)
      case 'authority':
        return await (await import('./commands/authority.ts')).authorityCommand(rest)
      case 'guard':
        return await (await import('./commands/guard.ts')).guardCommand(rest)
      case 'config':
        return (await import('./commands/config.ts')).configCommand(rest)
      case 'db':
        return await (await import('./commands/db.ts')).dbCommand(rest)
      case 'version':
      case '--version':
        process.stdout.write(`${VERSION}\n`)
        return 0
      case 'help':
      case '--help':
      case '-h':
        process.stdout.write(HELP)
        return 0
      default:
        process.stderr.write(
          `expected dev, devnet, node, validator, observer, relayer, genesis, status, account, authority, guard, config, db, version or help, received ${command}\n\n${HELP}`,
        )
        return 2
    }
  } catch (error) {
    process.stderr.write(`mosaic ${command}: ${describeError(error)}\n`)
    return 1
  }
}

async function devnetCommand(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      'data-dir': { type: 'string' },
      origin: { type: 'string' },
      load: { type: 'string' },
      json: { type: 'boolean' },
      duration: { type: 'string' },
      parameter: { type: 'string', multiple: true },
    },
  })
  const stopping = new AbortController()
  const duration =
    values.duration === undefined ? undefined : toNumber(values.duration, '--duration')
  const timer =
    duration === undefined
      ? undefined
      : setTimeout(() => {
          stopping.abort()
        }, duration * 1000)
  onStopSignal(() => {
    stopping.abort()
  })
  const { runDevnet } = await import('./devnet/devnet.ts')
  const { toLocalCore } = await import('./devnet/options.ts')
  await runDevnet(
    {
      dataDir: values['data-dir'],
      originUrl: values.origin,
      load: values.load === undefined ? 0 : toNumber(values.load, '--load'),
      json: values.json === true,
      durationSeconds: duration,
      parameters: toLocalCore(values.parameter ?? []),
    },
    stopping.signal,
  )
  clearTimeout(timer)
  return 0
}

async function nodeCommand(words: readonly string[], role: NodeRole): Promise<number> {
  const { readNodeConfig } = await import('./config/read-config.ts')
  const { runNode } = await import('./run-node.ts')
  const config = await readNodeConfig({ words, environment: process.env })
  requireRole(config, role)
  const log = createLog(config.logLevel)
  const node = await runNode(config, log)
  await untilStopSignal()
  log('info', 'stopping')
  await node.stop()
  return 0
}

async function relayerCommand(words: readonly string[]): Promise<number> {
  if (words[0] === 'costs') {
    return (await import('./commands/costs.ts')).costsCommand(words.slice(1))
  }
  const { readRelayerConfig } = await import('./config/read-config.ts')
  const { runRelayer } = await import('./run-relayer.ts')
  const config = await readRelayerConfig({ words, environment: process.env })
  const log = createLog(config.logLevel)
  const relayer = await runRelayer(config, log)
  await untilStopSignal()
  log('info', 'stopping')
  await relayer.stop()
  return 0
}

type NodeRole = 'node' | 'validator' | 'observer'

/** @throws InvalidValueError if the configuration makes something else of the node than was asked for. */
function requireRole(
  { validatorKeyFile, validatorSigner, signerKeyFile, sealSigner }: NodeConfig,
  role: NodeRole,
): void {
  const votes = validatorKeyFile !== undefined || validatorSigner !== undefined
  const seals = signerKeyFile !== undefined || sealSigner !== undefined
  if (role === 'validator' && !votes) {
    throw new InvalidValueError('validatorKeyFile or validatorSigner for a validator', 'neither')
  }
  if (role === 'observer' && (votes || seals)) {
    throw new InvalidValueError(
      'no keys for an observer',
      votes ? 'one that votes' : 'one that seals',
    )
  }
}

async function genesisCommand(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      origin: { type: 'string' },
      core: { type: 'string' },
      'from-block': { type: 'string' },
      output: { type: 'string' },
    },
  })
  if (values.origin === undefined || values.core === undefined) {
    throw new InvalidValueError('--origin URL and --core ADDRESS', words.join(' '))
  }
  const core = toAddress(values.core)
  const from = toBlockNumber(toWhole(values['from-block'] ?? '0', '--from-block'))
  const { buildGenesis, encodeGenesisFile } = await import('@mosaic/genesis')
  const { createEthereumClient, createJsonRpcClient, readChainId, readCoreGenesis } = await import(
    '@mosaic/origin'
  )
  const request = createJsonRpcClient(values.origin)
  const client = createEthereumClient(
    request,
    { kind: 'finalized-tag' },
    await readChainId(request),
  )
  const text = encodeGenesisFile(await buildGenesis(await readCoreGenesis(client, core, from)))
  if (values.output === undefined) process.stdout.write(text)
  else {
    const before = await readFile(values.output, 'utf8').catch(() => undefined)
    if (before !== undefined && before !== text) {
      throw new InvalidValueError(
        `no file at ${values.output}, or the same genesis`,
        'another file',
      )
    }
    await writeFile(values.output, text)
  }
  return 0
}

async function statusCommand(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...words], options: { rpc: { type: 'string' } } })
  const { createJsonRpcClient } = await import('@mosaic/origin')
  const request = createJsonRpcClient(values.rpc ?? DEFAULT_RPC)
  process.stdout.write(`${JSON.stringify(await request('mosaic_status', []), undefined, 2)}\n`)
  return 0
}

function toWhole(text: string, name: string): bigint {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidValueError(`a whole number at ${name}`, text)
  return BigInt(text)
}

function toNumber(text: string, name: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidValueError(`a number at ${name}`, text)
  return value
}

function createLog(level: LogLevel): Log {
  return createJsonLog(
    (line) => {
      process.stdout.write(line)
    },
    level,
    Date.now,
  )
}

/** The first SIGINT or SIGTERM asks for an end in good order, the second ends at once. */
function onStopSignal(stop: () => void): void {
  let asked = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(130)
      asked = true
      stop()
    })
  }
}

function untilStopSignal(): Promise<void> {
  return new Promise((resolve) => {
    onStopSignal(resolve)
  })
}
