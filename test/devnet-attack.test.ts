import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { coreViews, finalityGadgetViews, PREDEPLOYS } from '@mosaic/contracts'
import { isRecord, readView } from '@mosaic/origin'
import { type Address, type Hash32, hexToBytes, toHash32, toHeight } from '@mosaic/primitives'
import {
  coreIdentifier,
  decodeValidatorSet,
  domainSeparator,
  signDigest,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { networkAccounts } from '../node/src/devnet/accounts.ts'
import {
  connectDevnet,
  type DevnetClients,
  readJustifyingVote,
  toVoteParameter,
} from './devnet-clients.ts'
import { count, type Devnet, type Event, startDevnet } from './devnet-process.ts'

const FALSE: Hash32 = toHash32(`0x${'f5'.repeat(32)}`)
const POLL_MS = 500
const POLLS = 240
/** More than the longest time between two blocks. */
const QUIET_MS = 6000

describe('a local network with guilty validators', () => {
  const { validators } = networkAccounts(4)
  let dataDir: string
  let net: Devnet
  let clients: DevnetClients

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mosaic-attack-'))
    net = startDevnet(dataDir)
    await net.until((events) => count(events, 'node.ready') === 4, 'the start of four nodes')
    clients = await connectDevnet(dataDir)
    await net.until((events) => count(events, 'checkpoint.finalized') >= 4, 'finality')
  })

  afterAll(async () => {
    await net.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  /** Lets a validator sign what its guard would refuse, and gossips it through one node. */
  const cheat = async (index: number, change: Partial<VoteMessage>): Promise<Address> => {
    const { genesis, auxiliary } = clients
    const identity = { originChainId: genesis.originChainId, core: genesis.core }
    const honest = await readJustifyingVote(auxiliary, coreIdentifier(identity))
    const message = { ...honest, ...change }
    const account = validators[index]
    if (account === undefined) throw new Error(`expected validator ${index}`)
    const signature = signDigest(voteDigest(domainSeparator(identity), message), account.secretKey)
    // Whether it still goes into the pool does not matter: it was seen.
    await auxiliary
      .request('mosaic_sendVote', [{ message: toVoteParameter(message), signature }])
      .catch(() => undefined)
    return account.address
  }
  const isSlashed = async (validator: Address): Promise<boolean> => {
    const gadget = PREDEPLOYS.finalityGadget
    const { auxiliary } = clients
    const words = await readView(auxiliary, gadget, finalityGadgetViews.validatorSet, [])
    const index = decodeValidatorSet(hexToBytes(words)).findIndex(
      (seat) => seat?.address === validator,
    )
    // A later kernel has the seat empty.
    return index < 0 || readView(auxiliary, gadget, finalityGadgetViews.isSlashed, [BigInt(index)])
  }
  test('slashes who votes twice on both chains, and goes on', { timeout: 400_000 }, async () => {
    const guilty = await cheat(3, { target: FALSE })
    await net.until((events) => slashings(events, guilty).length > 0, 'the slashing on origin')
    expect(slashings(net.events, guilty)).toMatchObject([{ offence: 'double-vote' }])
    const { origin, auxiliary, genesis } = clients
    const registered = await readView(origin, genesis.core, coreViews.validatorOf, [guilty])
    expect(registered.status).toBe('slashed')
    await until('the slashing on auxiliary', () => isSlashed(guilty))
    const committed = count(net.events, 'metablock.committed')
    await net.until(
      (events) => count(events, 'metablock.committed') >= committed + 2,
      'two more meta-blocks',
    )
    const status = await auxiliary.request('mosaic_status', [])
    expect(status).toMatchObject({
      accountability: { phase: 'open', slashed: [{ validator: guilty }] },
    })
    // Once, though four nodes saw it.
    expect(slashings(net.events, guilty)).toHaveLength(1)
  })

  test('halts when more than a third is guilty; nodes fall silent and say why', {
    timeout: 400_000,
  }, async () => {
    const { auxiliary } = clients
    const second = await cheat(1, { target: FALSE })
    const third = await cheat(2, {
      transitionHash: FALSE,
      target: FALSE,
      targetHeight: toHeight((await auxiliary.blockNumber()) / clients.genesis.epochLength + 1n),
    })
    await net.until((events) => count(events, 'core.halted') > 0, 'the halt of the core')
    expect(slashings(net.events, second)).toHaveLength(1)
    const halted = net.events.find(({ event }) => event === 'core.halted')
    expect(halted).toMatchObject({ reason: 'safety-threshold' })
    await until('the halt on every node', async () => {
      const status = await auxiliary.request('mosaic_status', [])
      const said = isRecord(status) ? status['accountability'] : undefined
      return isRecord(said) && said['phase'] === 'halted' && isRecord(said['halt'])
    })
    await sleep(QUIET_MS)
    const before = await auxiliary.blockNumber()
    await sleep(QUIET_MS)
    expect(await auxiliary.blockNumber()).toBe(before)
    expect(third).toBeDefined()
  })
})

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < POLLS; poll++) {
    if (await holds()) return
    await sleep(POLL_MS)
  }
  throw new Error(`${what} did not happen`)
}

function slashings(events: readonly Event[], validator: Address): readonly Event[] {
  return events.filter(
    (each) => each['event'] === 'validator.slashed' && each['validator'] === validator,
  )
}
