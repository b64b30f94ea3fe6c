import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  coreViews,
  decodeSubmitVotes,
  encodeSubmitVotes,
  PREDEPLOYS,
  type VoteResult,
} from '@mosaic/contracts'
import type { NetworkGenesis } from '@mosaic/genesis'
import { type EthereumClient, isRecord, readView, toQuantity, toQuantityHex } from '@mosaic/origin'
import {
  type Address,
  type BlockNumber,
  bytesToBigint,
  bytesToHex,
  encodeRlp,
  type Hash32,
  type Hex,
  hexToBytes,
  integerToRlp,
  toAddress,
  toBlockNumber,
  toHash32,
  toHex,
  toMetaHeight,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  signDigest,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { networkAccounts } from '../node/src/devnet/accounts.ts'
import { connectDevnet, readJustifyingVote, toVoteParameter } from './devnet-clients.ts'
import { BIN, count, type Devnet, startDevnet } from './devnet-process.ts'
import { proveAccount, proveSlot, receiptsRoot } from './trie-proofs.ts'

const HISTORY = toAddress('0x0000f90827f1c53a10cb7a02335b175320002935')
const HISTORY_WINDOW = 8191n

describe('a local network', () => {
  let dataDir: string
  let net: Devnet
  let genesis: NetworkGenesis
  let originUrl: string
  let origin: EthereumClient
  let auxiliary: EthereumClient

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mosaic-e2e-'))
    net = startDevnet(dataDir)
    await net.until((events) => count(events, 'node.ready') === 4, 'the start of four nodes')
    const clients = await connectDevnet(dataDir)
    genesis = clients.genesis
    originUrl = clients.originUrl
    origin = clients.origin
    auxiliary = clients.auxiliary
  })

  afterAll(async () => {
    await net.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  test('commits meta-blocks one after another and activates each kernel', {
    timeout: 600_000,
  }, async () => {
    await net.until((events) => count(events, 'metablock.committed') >= 3, 'the third meta-block')
    await net.until(
      (events) => count(events, 'kernel.activated') >= 2,
      'the activation of kernel 3',
    )
    const heights = net.events
      .filter(({ event }) => event === 'metablock.committed')
      .map(({ height }) => height)
    expect(heights.slice(0, 3)).toEqual([1, 2, 3])
  })

  test('has a genesis that anyone rebuilds byte for byte from origin', async () => {
    const rebuilt = execFileSync(
      process.execPath,
      ['--conditions=source', BIN, 'genesis', '--origin', originUrl].concat([
        '--core',
        genesis.core,
      ]),
      { encoding: 'utf8' },
    )
    expect(rebuilt).toBe(await readFile(join(dataDir, 'genesis.json'), 'utf8'))
  })

  test('anchors the state roots of auxiliary', async () => {
    for (const height of [1n, 2n, 3n]) {
      const checkpoint = await readCheckpoint(auxiliary, height)
      expect((await auxiliary.header(checkpoint))?.stateRoot).toBe(
        await readAnchor(origin, genesis.core, height),
      )
    }
  })

  test('proves a transfer and its receipt under the anchored state root', async () => {
    const checkpoint = await readCheckpoint(auxiliary, 3n)
    const stateRoot = await readAnchor(origin, genesis.core, 3n)
    const { block, receipt, sender } = await findTransfer(auxiliary, checkpoint)

    // The sender's nonce has passed the transfer's, by eth_getProof under what origin anchored.
    const account = await auxiliary.proof(sender.address, [], checkpoint)
    const proven = await proveAccount(stateRoot, sender.address, account.accountProof)
    expect(bytesToBigint(proven.nonce)).toBeGreaterThan(sender.nonce)

    // The hash of the transfer's block stands in the history contract (EIP-2935) under the same root, the receipt under that block's.
    const slot = toHash32(`0x${(block.number % HISTORY_WINDOW).toString(16).padStart(64, '0')}`)
    const history = await auxiliary.proof(HISTORY, [slot], checkpoint)
    const { storageRoot } = await proveAccount(stateRoot, HISTORY, history.accountProof)
    const header = await auxiliary.header(block.number)
    const word = await proveSlot(storageRoot, slot, history.storageProofs[0]?.proof ?? [])
    expect(word === undefined ? undefined : bytesToHex(word)).toBe(header?.hash)
    const receipts = await readReceipts(auxiliary, block.number)
    expect(await receiptsRoot(receipts.map(encodeReceipt))).toBe(block.receiptsRoot)
    expect(receipts.find((each) => each['transactionHash'] === receipt)).toMatchObject({
      status: '0x1',
    })
  })

  test('refuses votes that are forged, foreign, or vouch for what is false', async () => {
    const { validator, stranger } = testKeys()
    const identity = { originChainId: genesis.originChainId, core: genesis.core }
    const domain = domainSeparator(identity)
    const vote = await readJustifyingVote(auxiliary, coreIdentifier(identity))
    const sign = (message: VoteMessage, key: Uint8Array, under = domain): Hex =>
      signDigest(voteDigest(under, message), key)
    const flipped = toHash32(`0x${'5a'.repeat(32)}`)

    // By gossip's door: not even carried on.
    const foreignCore = { ...identity, core: toAddress(`0x${'11'.repeat(20)}`) }
    const foreign = { ...vote, chain: coreIdentifier(foreignCore) }
    for (const [message, signature] of [
      [vote, sign(vote, stranger)],
      [foreign, sign(foreign, validator)],
      [foreign, sign(foreign, validator, domainSeparator(foreignCore))],
      [vote, sign(vote, validator, domainSeparator(foreignCore))],
      [{ ...vote, targetHeight: vote.sourceHeight }, sign(vote, validator)],
      [vote, toHex(`${sign(vote, validator).slice(0, -2)}00`)],
    ] as const) {
      const sent = auxiliary.request('mosaic_sendVote', [
        { message: toVoteParameter(message), signature },
      ])
      await expect(sent).rejects.toThrow(/vote (rejected|deferred)/)
    }

    // By the gadget, where a block would count it.
    const judge = async (message: VoteMessage, signature: Hex): Promise<VoteResult | undefined> => {
      const data = encodeSubmitVotes([{ vote: message, signature }])
      const call = { to: PREDEPLOYS.finalityGadget, data }
      return decodeSubmitVotes(String(await auxiliary.request('eth_call', [call, 'latest']))).at(0)
    }
    const judgeSigned = (change: Partial<VoteMessage>): Promise<VoteResult | undefined> => {
      const message = { ...vote, ...change }
      return judge(message, sign(message, validator))
    }
    expect(await judgeSigned({})).toBe('already-recorded')
    expect(await judge(vote, sign(vote, stranger))).toBe('signer-not-seated')
    expect(await judgeSigned({ chain: foreign.chain })).toBe('chain-foreign')
    expect(await judgeSigned({ source: flipped })).toBe('source-not-justified')
    expect(await judgeSigned({ transitionHash: flipped })).toBe('transition-wrong')
    expect(await judgeSigned({ target: flipped })).toBe('target-unknown')
    expect(await judgeSigned({ targetHeight: vote.sourceHeight })).toBe('heights-not-rising')
  })

  test.for(['node-3', 'node-0', 'relayer'])(
    'goes on after kill -9 of %s',
    { timeout: 400_000 },
    async (name) => {
      const committed = count(net.events, 'metablock.committed')
      const finalized = count(net.events, 'checkpoint.finalized')
      process.kill(await net.pidOf(name), 'SIGKILL')
      await net.until(
        (events) => count(events, 'checkpoint.finalized') >= finalized + 4,
        `four finalized checkpoints after ${name} was killed`,
      )
      await net.until(
        (events) => count(events, 'metablock.committed') > committed,
        `a meta-block after ${name} was killed`,
      )
      const status = await auxiliary.request('mosaic_status', [])
      expect(status).toBeDefined()
    },
  )

  test('ends in good order and goes on from its data directory', { timeout: 400_000 }, async () => {
    const last = net.events.findLast(({ event }) => event === 'metablock.committed')?.['height']
    expect(await net.stop()).toBe(0)
    net = startDevnet(dataDir)
    await net.until(
      (events) =>
        events.some(
          ({ event, height }) => event === 'metablock.committed' && Number(height) > Number(last),
        ),
      'another meta-block after the restart',
    )
  })
})

/** A validator's key, which everybody knows on a local network, and a key without a stake. */
function testKeys(): { readonly validator: Uint8Array; readonly stranger: Uint8Array } {
  const validator = networkAccounts(1).validators[0]?.secretKey
  if (validator === undefined) throw new Error('expected a validator')
  return { validator, stranger: new Uint8Array(32).fill(7) }
}

/** Block number of the checkpoint that a meta-block committed. */
async function readCheckpoint(auxiliary: EthereumClient, height: bigint): Promise<BlockNumber> {
  const metaBlock = await auxiliary.request('mosaic_metaBlock', [toQuantityHex(height)])
  if (!isRecord(metaBlock) || !isRecord(metaBlock['checkpoint']))
    throw new TypeError('expected a meta-block')
  return toBlockNumber(toQuantity(metaBlock['checkpoint']['number'], 'number'))
}

function readAnchor(origin: EthereumClient, core: Address, height: bigint): Promise<Hash32> {
  return readView(origin, core, coreViews.stateRoot, [toMetaHeight(height)])
}

/** The newest plain transfer of the load at or below a block. */
async function findTransfer(
  auxiliary: EthereumClient,
  newest: BlockNumber,
): Promise<{
  readonly block: { readonly number: BlockNumber; readonly receiptsRoot: string }
  readonly receipt: string
  readonly sender: { readonly address: Address; readonly nonce: bigint }
}> {
  // The history has the hashes of the blocks before this one.
  for (let number = newest - 1n; number > 0n; number--) {
    const block = await auxiliary.request('eth_getBlockByNumber', [toQuantityHex(number), true])
    if (!isRecord(block) || !Array.isArray(block['transactions'])) break
    const found: unknown = block['transactions'].find(
      (each: unknown) => isRecord(each) && each['input'] === '0x' && each['value'] === '0x1',
    )
    if (!isRecord(found)) continue
    return {
      block: { number: toBlockNumber(number), receiptsRoot: String(block['receiptsRoot']) },
      receipt: String(found['hash']),
      sender: {
        address: toAddress(String(found['from'])),
        nonce: toQuantity(found['nonce'], 'nonce'),
      },
    }
  }
  throw new Error('expected a transfer in the meta-block')
}

async function readReceipts(
  auxiliary: EthereumClient,
  number: BlockNumber,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const receipts = await auxiliary.request('eth_getBlockReceipts', [toQuantityHex(number)])
  if (!Array.isArray(receipts)) throw new TypeError('expected receipts')
  return receipts.filter(isRecord)
}

/** EIP-2718: type || rlp([status, cumulativeGasUsed, logsBloom, logs]). */
function encodeReceipt(receipt: Readonly<Record<string, unknown>>): Uint8Array {
  const { type, status, cumulativeGasUsed, logsBloom, logs } = receipt
  const payload = encodeRlp([
    integerToRlp(toQuantity(status, 'status')),
    integerToRlp(toQuantity(cumulativeGasUsed, 'cumulativeGasUsed')),
    toBytes(logsBloom),
    (Array.isArray(logs) ? logs : [])
      .filter(isRecord)
      .map(({ address, topics, data }) => [
        toBytes(address),
        (Array.isArray(topics) ? topics : []).map(toBytes),
        toBytes(data),
      ]),
  ])
  const kind = Number(toQuantity(type, 'type'))
  return kind === 0 ? payload : Uint8Array.of(kind, ...payload)
}

function toBytes(value: unknown): Uint8Array {
  return hexToBytes(toHex(String(value)))
}
