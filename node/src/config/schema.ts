import { InvalidValueError, toAddress } from '@mosaic/primitives'
import { parseUnits } from 'ethers'
import { z } from 'zod'
import { isLogLevel, type LogLevel } from '../logger.ts'
import type { NodeConfig, RelayerConfig } from './types.ts'

/** At one block per second, a day and a half. */
const KEEP_STATES = 131_072
/** With less, a proof may be gone before a relayer has sent it. */
const LEAST_STATES = 1024n

/** Gossip keeps eight in its mesh. */
const WANTED_PEERS = 12

/** The word in a member's JSON Schema that says that it is a path, relative to the file that names it. */
export const PATH_FORMAT = 'path'

const text = (error = 'expected text'): z.ZodString => z.string({ error })
const path = (): z.ZodString => text().min(1).meta({ format: PATH_FORMAT })
const flag = (): z.ZodBoolean => z.boolean({ error: 'expected true or false' })

const WHOLE = 'expected a whole number'

/** A number, or decimal text for those that JSON cannot hold. */
const whole = (least = 0n) =>
  z
    .union(
      [
        z.int({ error: WHOLE }).min(0, { error: WHOLE }),
        z.string({ error: WHOLE }).regex(/^\d+$/, { error: WHOLE }),
      ],
      { error: WHOLE },
    )
    .transform(BigInt)
    .refine((value) => value >= least, { error: `expected a whole number from ${least} on` })

const port = () =>
  z.int({ error: 'expected a port from 0 to 65535' }).min(0).max(65_535, {
    error: 'expected a port from 0 to 65535',
  })

const url = () =>
  text().regex(/^https?:\/\/./, { error: 'expected a URL that begins with http:// or https://' })

const ADDRESS = 'expected an address of 20 bytes in hex'

const address = () =>
  text(ADDRESS)
    .regex(/^0x[0-9a-fA-F]{40}$/, { error: ADDRESS })
    .transform((value) => toAddress(value.toLowerCase()))

const UNITS = /^(\d{1,30}(?:\.\d{1,18})?) ?(wei|gwei|ether)$/

/** An amount of coin with its unit, as wei. */
const amount = () =>
  text()
    .regex(UNITS, { error: 'expected an amount as "30 gwei", "0.5 ether" or "7 wei"' })
    .transform((value, context) => {
      const [, digits = '', unit = ''] = UNITS.exec(value) ?? []
      try {
        return parseUnits(digits, unit)
      } catch {
        context.addIssue({ code: 'custom', message: 'expected whole wei' })
        return z.NEVER
      }
    })

const logLevel = () =>
  z
    .enum(['debug', 'info', 'warn', 'error'], { error: 'expected debug, info, warn or error' })
    .transform((value): LogLevel => {
      if (!isLogLevel(value)) throw new InvalidValueError('a log level', value)
      return value
    })

const origin = z
  .strictObject({
    url: z
      .union([url(), z.array(url()).min(1)], {
        error: 'expected a URL, or a list of them, that begins with http:// or https://',
      })
      .describe('JSON-RPC of origin; of several, the first that answers is asked'),
    confirmations: whole()
      .optional()
      .describe("Depth at which origin's blocks count as final; without it: its own `finalized`"),
  })
  .describe('The chain that keeps the core')

const metrics = z
  .strictObject({
    host: text().default('127.0.0.1').describe('Where to listen'),
    port: port().default(9100).describe('0: any that is free'),
  })
  .optional()
  .describe('Prometheus metrics over HTTP at /metrics; without it there are none')

const account = (chain: string) =>
  z.strictObject({
    keyFile: path().describe(`Key of the account that pays on ${chain}`),
    maxFeePerGas: amount()
      .optional()
      .describe('Most that is offered per gas, base fee included; what needs more waits'),
    maxPriorityFeePerGas: amount().optional().describe('Most that is offered as tip per gas'),
    spendingCap: amount()
      .optional()
      .describe('Most that is spent in any 24 hours; what would go beyond waits'),
  })

const relayer = z
  .strictObject({
    origin: account('origin').describe('How transactions to origin are paid'),
    auxiliary: account('auxiliary').describe('How transactions to auxiliary are paid'),
    maxIntervalSeconds: whole()
      .prefault(3600)
      .describe('Time after which a meta-block is proposed though its gas target is not reached'),
    dryRun: flag().default(false).describe('Says what it would send, and sends nothing'),
    reputations: flag()
      .default(false)
      .describe(
        'Brings the work of validators and asks for their weights, where the reputation of the core changes; costs gas on origin and earns nothing',
      ),
    team: z
      .array(address(), { error: 'expected a list of addresses' })
      .optional()
      .describe(
        'Origin accounts of all relayers of this core, this one included, in the same order everywhere: they take turns',
      ),
    turnSeconds: whole(1n)
      .prefault(60)
      .describe('How long a relayer waits for the one whose turn is before its own'),
  })
  .describe('Carries headers, kernels and meta-blocks between the chains')

const dataDir = path().describe('Where everything of this process is kept')
const genesisFile = path().describe('Genesis of auxiliary, as `mosaic genesis` makes it')
const passwordFile = path().optional().describe('Password of those key files that are keystores')

/** What a node may be told. */
export const nodeSchema: z.ZodType<NodeConfig> = z
  .strictObject({
    dataDir,
    genesisFile,
    origin,
    network: z
      .strictObject({
        listen: z
          .array(text(), { error: 'expected a list of multiaddresses' })
          .default([])
          .describe('Multiaddresses to listen on'),
        peers: z
          .array(text(), { error: 'expected a list of multiaddresses' })
          .default([])
          .describe('Multiaddresses of peers to connect to, with their peer ids'),
        announce: z
          .array(text(), { error: 'expected a list of multiaddresses' })
          .default([])
          .describe('Multiaddresses to tell peers where those of `listen` are not what they reach'),
        allow: z
          .array(text(), { error: 'expected a list of peer ids' })
          .optional()
          .describe(
            'A private network: only these peer ids and those of `peers` may connect; without it: anybody',
          ),
        wantedPeers: z
          .int({ error: WHOLE })
          .min(0, { error: WHOLE })
          .default(WANTED_PEERS)
          .describe(
            'While fewer peers are connected, others are looked for through peers; 0: nobody but `peers`',
          ),
        mdns: flag()
          .default(false)
          .describe(
            'Looks for nodes of this network on the local network, too, and tells there where this one is (multicast DNS)',
          ),
      })
      .prefault({})
      .describe('The peer-to-peer network'),
    sync: z
      .strictObject({
        mode: z
          .enum(['full', 'checkpoint'], { error: 'expected full or checkpoint' })
          .default('full')
          .describe(
            'How a node without a chain gets one: executes all blocks from genesis, or begins at the newest checkpoint that the core has committed',
          ),
      })
      .prefault({})
      .describe('How blocks are fetched'),
    rpc: z
      .strictObject({
        host: text().default('127.0.0.1').describe('Where to listen'),
        port: port().default(8545).describe('Port of HTTP and WebSocket; 0: any that is free'),
        tokenSecretFile: path()
          .optional()
          .describe('32 bytes in hex: the secret of the tokens of callers that are no strangers'),
        ipcPath: path()
          .optional()
          .describe('Where to listen for processes of the same user: a socket, or a named pipe'),
      })
      .prefault({})
      .describe('JSON-RPC'),
    metrics,
    signerKeyFile: path()
      .optional()
      .describe('Key that seals blocks; without it the node produces none'),
    sealSigner: z
      .strictObject({
        url: url().describe('A web3signer'),
        address: address().describe('Its key'),
      })
      .optional()
      .describe('Who signs the blocks in the place of `signerKeyFile`'),
    validatorKeyFile: path()
      .optional()
      .describe('Key that votes; without it the node casts no votes'),
    validatorSigner: z
      .strictObject({
        url: url().describe('A web3signer, or a signer with JSON-RPC'),
        address: address().describe('Its key'),
        api: z
          .enum(['web3signer', 'typed-data'], { error: 'expected web3signer or typed-data' })
          .default('web3signer')
          .describe('`typed-data`: `eth_signTypedData_v4`'),
      })
      .optional()
      .describe('Who signs the votes in the place of `validatorKeyFile`'),
    fishermanKeyFile: path()
      .optional()
      .describe(
        'Key of an account with funds on both chains that reports offences; without it they are only found and kept',
      ),
    relayer: relayer.optional().describe('Runs a relayer within the node'),
    passwordFile,
    newGuardJournal: flag()
      .default(false)
      .describe('Begins a missing guard journal: for a key that never signed anything'),
    doppelgangerCheckpoints: whole()
      .prefault(2)
      .describe(
        'Checkpoints during which a validator that was away only looks whether its key votes elsewhere',
      ),
    gasLimit: whole(5000n)
      .prefault(12_000_000)
      .describe(
        'What the blocks of this producer move towards; a block that is all precompiles takes up to 0.35 s per million gas',
      ),
    keepStates: z
      .union([z.literal('all').transform(() => undefined), whole(LEAST_STATES)], {
        error: `expected all, or a whole number from ${LEAST_STATES} on`,
      })
      .prefault(KEEP_STATES)
      .describe('Blocks whose states are kept, or `all`; blocks and receipts all stay'),
    logLevel: logLevel().prefault('info').describe('Least severity that is logged'),
  })
  .refine(
    ({ signerKeyFile, sealSigner }) => signerKeyFile === undefined || sealSigner === undefined,
    {
      error: 'expected one of signerKeyFile and sealSigner',
      params: { received: 'both' },
    },
  )
  .refine(
    ({ validatorKeyFile, validatorSigner }) =>
      validatorKeyFile === undefined || validatorSigner === undefined,
    {
      error: 'expected one of validatorKeyFile and validatorSigner',
      params: { received: 'both' },
    },
  )
  .describe('A node of the auxiliary chain')

/** What a relayer may be told that runs by itself. */
export const relayerSchema: z.ZodType<RelayerConfig> = z
  .strictObject({
    dataDir,
    genesisFile,
    origin,
    auxiliary: z
      .strictObject({
        url: z
          .union([url(), z.array(url()).min(1)], {
            error: 'expected a URL, or a list of them, that begins with http:// or https://',
          })
          .describe('JSON-RPC of a node; of several, the first that answers is asked'),
      })
      .describe('The chain that is committed'),
    relayer,
    metrics,
    passwordFile,
    logLevel: logLevel().prefault('info').describe('Least severity that is logged'),
  })
  .describe('A relayer by itself')
