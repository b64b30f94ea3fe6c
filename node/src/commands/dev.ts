import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import {
  type Compatibility,
  createDevChain,
  DEFAULT_MNEMONIC,
  DERIVATION_PATH,
  type DevChain,
  type DevChainOptions,
} from '@mosaic/devchain'
import {
  bytesToHex,
  checksummed,
  type Hex,
  hexToBytes,
  InvalidValueError,
} from '@mosaic/primitives'
import { listenAt, readInput } from '../input-file.ts'
import { describeError } from '../logger.ts'
import { every } from '../periodic.ts'

const ETHER = 10n ** 18n

/** What the words of a command line ask for. */
type DevCommand = {
  readonly chain: DevChainOptions
  readonly mnemonic: string
  readonly port: number
  readonly host: string
  readonly configOut: string | undefined
  readonly loadFrom: string | undefined
  readonly mayBeMissing: boolean
  readonly dumpTo: string | undefined
  /** Seconds between dumps while it runs; 0: only at the end. */
  readonly dumpSeconds: number
  readonly silent: boolean
  readonly impersonatesAll: boolean
}

/** Serves a chain for tests until `stopped`. @throws InvalidValueError for words that it does not know. */
export async function devCommand(
  words: readonly string[],
  stopped: () => Promise<void>,
): Promise<number> {
  const command = readCommand(words)
  const state = await readState(command)
  const chain = await createDevChain({
    ...command.chain,
    ...(state === undefined ? {} : { state }),
    ...(command.silent ? { onConsoleLog: () => undefined } : {}),
  })
  try {
    if (command.impersonatesAll) {
      await chain.provider.request({ method: 'anvil_autoImpersonateAccount', params: [true] })
    }
    const { url } = await listenAt(
      '--host and --port',
      `${command.host}:${command.port}`,
      chain.listen({ port: command.port, host: command.host }),
    )
    const facts = describe(chain, command.mnemonic)
    if (command.configOut !== undefined) {
      await writeFile(command.configOut, `${JSON.stringify(facts, undefined, 2)}\n`)
    }
    if (!command.silent) process.stdout.write(banner(facts, chain.chainId))
    process.stdout.write(`Listening on ${new URL(url).host}\n`)
    const stopSaving = saveNowAndThen(chain, command)
    await stopped()
    await stopSaving()
  } finally {
    await chain.close()
  }
  return 0
}

function readCommand(words: readonly string[]): DevCommand {
  const { values } = parseArgs({
    args: [...words],
    options: {
      port: { type: 'string', short: 'p', default: '8545' },
      host: { type: 'string', default: '127.0.0.1' },
      accounts: { type: 'string', short: 'a', default: '10' },
      balance: { type: 'string', default: '10000' },
      mnemonic: { type: 'string', short: 'm', default: DEFAULT_MNEMONIC },
      'chain-id': { type: 'string', default: '31337' },
      'block-time': { type: 'string', short: 'b' },
      'no-mining': { type: 'boolean', default: false },
      'gas-limit': { type: 'string', default: '30000000' },
      'base-fee': { type: 'string', default: '1000000000' },
      timestamp: { type: 'string' },
      compat: { type: 'string', default: 'anvil' },
      state: { type: 'string' },
      'load-state': { type: 'string' },
      'dump-state': { type: 'string' },
      'state-interval': { type: 'string', default: '0' },
      'config-out': { type: 'string' },
      silent: { type: 'boolean', default: false },
      // The same, as anvil and hardhat call them.
      hostname: { type: 'string' },
      quiet: { type: 'boolean', short: 'q', default: false },
      'block-base-fee-per-gas': { type: 'string' },
      'auto-impersonate': { type: 'boolean', default: false },
    },
  })
  const { mnemonic, state, timestamp } = values
  const baseFee = values['block-base-fee-per-gas'] ?? values['base-fee']
  const blockTime = values['block-time']
  if (blockTime !== undefined && values['no-mining']) {
    throw new InvalidValueError('one of --block-time and --no-mining', 'both')
  }
  return {
    chain: {
      accounts: Number(toInteger(values.accounts, '--accounts')),
      balance: toInteger(values.balance, '--balance') * ETHER,
      mnemonic,
      chainId: toInteger(values['chain-id'], '--chain-id'),
      gasLimit: toInteger(values['gas-limit'], '--gas-limit'),
      baseFee: toInteger(baseFee, '--base-fee'),
      compat: toCompatibility(values.compat),
      mining: toMining(blockTime, values['no-mining']),
      ...(timestamp === undefined ? {} : { clock: clockFrom(toInteger(timestamp, '--timestamp')) }),
    },
    mnemonic,
    port: Number(toInteger(values.port, '--port')),
    host: values.hostname ?? values.host,
    configOut: values['config-out'],
    loadFrom: state ?? values['load-state'],
    mayBeMissing: state !== undefined,
    dumpTo: state ?? values['dump-state'],
    dumpSeconds: Number(toInteger(values['state-interval'], '--state-interval')),
    silent: values.silent || values.quiet,
    impersonatesAll: values['auto-impersonate'],
  }
}

/** A clock that begins at a moment and goes on from there. */
function clockFrom(timestamp: bigint): () => bigint {
  const begun = Date.now()
  return () => timestamp + BigInt(Math.floor((Date.now() - begun) / 1000))
}

function toMining(
  blockTime: string | undefined,
  noMining: boolean,
): NonNullable<DevChainOptions['mining']> {
  if (blockTime === undefined) return noMining ? 'manual' : 'auto'
  const intervalSeconds = Number(blockTime)
  if (!(intervalSeconds > 0)) throw new InvalidValueError('seconds at --block-time', blockTime)
  return { intervalSeconds }
}

function toCompatibility(text: string): Compatibility {
  if (text === 'anvil' || text === 'hardhat' || text === 'none') return text
  throw new InvalidValueError('anvil, hardhat or none at --compat', text)
}

function toInteger(text: string, name: string): bigint {
  if (!/^\d+$/.test(text)) throw new InvalidValueError(`an integer at ${name}`, text)
  return BigInt(text)
}

async function readState({ loadFrom, mayBeMissing }: DevCommand): Promise<Hex | undefined> {
  if (loadFrom === undefined) return undefined
  if (mayBeMissing && !existsSync(loadFrom)) return undefined
  return bytesToHex(
    await readInput(loadFrom, 'a dump', '`mosaic dev --state FILE` writes one at its end'),
  )
}

/** Writes dumps while the chain runs, if wanted, and one at the end. */
function saveNowAndThen(chain: DevChain, { dumpTo, dumpSeconds }: DevCommand): () => Promise<void> {
  if (dumpTo === undefined) return async () => undefined
  const save = async (): Promise<void> => writeState(dumpTo, await chain.dumpState())
  const stop =
    dumpSeconds === 0
      ? async () => undefined
      : every(dumpSeconds * 1000, save, (error) => {
          process.stderr.write(`state not saved: ${describeError(error)}\n`)
        })
  return async () => {
    await stop()
    await save()
  }
}

/** Whole or not at all. */
async function writeState(file: string, dump: Hex): Promise<void> {
  await writeFile(`${file}.new`, hexToBytes(dump))
  await rename(`${file}.new`, file)
}

/** The facts that other programs read, in the shape that anvil gives them. */
type Facts = {
  readonly available_accounts: readonly string[]
  readonly private_keys: readonly Hex[]
  readonly wallet: { readonly derivation_path: string; readonly mnemonic: string }
  readonly base_fee: string
  readonly gas_limit: string
  readonly gas_price: string
  readonly genesis_timestamp: string
}

function describe(chain: DevChain, mnemonic: string): Facts {
  const { header } = chain.chain.genesis
  const baseFee = String(header.baseFeePerGas ?? 0n)
  return {
    available_accounts: chain.accounts.map(({ address }) => checksummed(address)),
    private_keys: chain.accounts.map(({ secretKey }) => secretKey),
    wallet: { derivation_path: `${DERIVATION_PATH}/`, mnemonic },
    base_fee: baseFee,
    gas_limit: String(header.gasLimit),
    gas_price: baseFee,
    genesis_timestamp: String(header.timestamp),
  }
}

function banner(facts: Facts, chainId: bigint): string {
  return `
Mosaic: a chain for tests

Available Accounts
==================
${numbered(facts.available_accounts)}

Private Keys
==================
${numbered(facts.private_keys)}

Wallet
==================
Mnemonic:          ${facts.wallet.mnemonic}
Derivation path:   ${facts.wallet.derivation_path}

These keys are known to everybody: never send anything of worth to these accounts.

Chain ID
==================
${chainId}

Base Fee
==================
${facts.base_fee}

Gas Limit
==================
${facts.gas_limit}

Genesis Timestamp
==================
${facts.genesis_timestamp}

`
}

function numbered(items: readonly string[]): string {
  return items.map((item, index) => `(${index}) ${item}`).join('\n')
}
