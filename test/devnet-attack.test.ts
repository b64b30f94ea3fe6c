import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { coreViews, encodeWithdraw } from '@mosaic/contracts'
import { createTransactionSender, isRecord, readView, toQuantityHex } from '@mosaic/origin'
import { type Address, type Hash32, toHash32, toHeight } from '@mosaic/primitives'
import {
  type CoreIdentity,
  coreIdentifier,
  domainSeparator,
  signDigest,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { networkAccounts, userAccounts } from '../node/src/devnet/accounts.ts'
import { STAKES } from '../node/src/devnet/options.ts'
import {
  connectDevnet,
  type DevnetClients,
  readJustifyingVote,
  toVoteParameter,
} from './devnet-clients.ts'
import { count, type Devnet, type Event, startDevnet } from './devnet-process.ts'
import { openStakeBooks, type StakeBooks } from './stake-books.ts'

const FALSE: Hash32 = toHash32(`0x${'f5'.repeat(32)}`)
/** Short, so that two heights are soon over. */
const PARAMETERS = [
  'epochLength=3',
  'originEpochLength=2',
  'challengePeriod=1',
  'withdrawalDelay=5',
]
const POLL_MS = 500
const POLLS = 240
/** More than the longest time between two blocks. */
const QUIET_MS = 6000
const TOTAL = STAKES.reduce((sum: bigint, stake) => sum + stake, 0n)

/** What a reporter receives of a stake; the rest is burned. */
function rewardOf(stake: bigint): bigint {
  return stake / 10n
}

describe('a local network with guilty validators', () => {
  const { validators, fishermen } = networkAccounts(4)
  let dataDir: string
  let net: Devnet
  let clients: DevnetClients
  let identity: CoreIdentity
  let books: StakeBooks

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mosaic-attack-'))
    net = startDevnet(dataDir, PARAMETERS)
    await net.until((events) => count(events, 'node.ready') === 4, 'the start of four nodes')
    clients = await connectDevnet(dataDir)
    const { genesis, origin, auxiliary } = clients
    identity = { originChainId: genesis.originChainId, core: genesis.core }
    books = openStakeBooks(origin, genesis.core, auxiliary)
    await net.until((events) => count(events, 'checkpoint.finalized') >= 4, 'finality')
  })

  afterAll(async () => {
    await net.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  const accountAt = (index: number): (typeof validators)[number] => {
    const account = validators[index]
    if (account === undefined) throw new Error(`expected validator ${index}`)
    return account
  }
  /** Lets a validator sign what its guard would refuse, and gossips it through one node. */
  const cheat = async (index: number, message: VoteMessage): Promise<Address> => {
    const { address, secretKey } = accountAt(index)
    const signature = signDigest(voteDigest(domainSeparator(identity), message), secretKey)
    // Whether it still goes into the pool does not matter: it was seen.
    await clients.auxiliary
      .request('mosaic_sendVote', [{ message: toVoteParameter(message), signature }])
      .catch(() => undefined)
    return address
  }
  /** What the others have just voted for. */
  const honestVote = (): Promise<VoteMessage> =>
    readJustifyingVote(clients.auxiliary, coreIdentifier(identity))
  const newestHeight = async (): Promise<bigint> =>
    (await clients.auxiliary.blockNumber()) / clients.genesis.epochLength

  /** Waits until origin has slashed somebody, once, and the reporter has its share; who that is. */
  const expectSlashed = async (guilty: Address, offence: string): Promise<Address> => {
    await net.until((events) => slashings(events, guilty).length > 0, 'the slashing on origin')
    await until('the payment', async () =>
      (await books.events('StakeWithdrawn')).some(({ validator }) => validator === guilty),
    )
    const [found, ...others] = slashings(net.events, guilty)
    expect(others).toEqual([])
    expect(found).toMatchObject({ offence })
    expect(await books.validator(guilty)).toMatchObject({ status: 'slashed', stake: 0n })
    return fishermanOf(found?.['reporter'])
  }
  const fishermanOf = (account: unknown): Address => {
    const found = fishermen.find(({ address }) => address === account)
    if (found === undefined) throw new Error(`expected a fisherman, received ${String(account)}`)
    return found.address
  }
  /** Where all tokens must be when these stakes were lost, each to a reporter. */
  const expectBooks = async (
    lost: readonly (readonly [stake: bigint, reporter: Address])[],
  ): Promise<void> => {
    const gone = lost.reduce((sum, [stake]) => sum + stake, 0n)
    const rewards = lost.reduce((sum, [stake]) => sum + rewardOf(stake), 0n)
    expect(await books.ledger()).toMatchObject({ staked: TOTAL - gone, burned: gone - rewards })
    expect(await books.tokensOf(identity.core)).toBe(TOTAL - rewards)
    for (const { address } of fishermen) {
      const own = lost.filter(([, reporter]) => reporter === address)
      const won = own.reduce((sum, [stake]) => sum + rewardOf(stake), 0n)
      expect(await books.tokensOf(address)).toBe(won)
    }
  }
  /** The network closes heights without the guilty, and both chains count the same weight. */
  const expectGoingOn = async (left: bigint): Promise<void> => {
    const { origin } = clients
    const committed = count(net.events, 'metablock.committed')
    await net.until(
      (events) => count(events, 'metablock.committed') >= committed + 2,
      'two more meta-blocks',
    )
    expect(await readView(origin, identity.core, coreViews.head, [])).toMatchObject({
      phase: 'open',
      slashedSeats: 0n,
    })
    expect((await books.events('KernelOpened')).at(-1)?.kernel).toMatchObject({
      forwardWeight: left,
      rearWeight: left,
    })
    expect(await books.auxiliaryWeights()).toMatchObject({ forward: left, rear: left })
  }
  const [first, second, third, fourth] = STAKES
  if (first === undefined || second === undefined || third === undefined || fourth === undefined)
    throw new Error('expected four stakes')
  const lost: (readonly [stake: bigint, reporter: Address])[] = []

  test('slash who vouches for a false T̃ by one vote and a proof, and go on', {
    timeout: 400_000,
  }, async () => {
    // Its own node is silent meanwhile: there is no second vote that convicts.
    const resume = await net.freeze('node-3')
    const frozenAt = await newestHeight()
    await until('checkpoints without its votes', async () => (await newestHeight()) > frozenAt + 3n)
    const vote = await honestVote()
    expect(vote.sourceHeight).toBeGreaterThan(frozenAt)
    const guilty = await cheat(3, { ...vote, transitionHash: FALSE })
    lost.push([fourth, await expectSlashed(guilty, 'false-transition')])
    await until('the slashing on auxiliary', () => books.isWeightless(guilty))
    resume()
    await expectBooks(lost)
    await expectGoingOn(TOTAL - fourth)
    const status = await clients.auxiliary.request('mosaic_status', [])
    expect(status).toMatchObject({
      accountability: { phase: 'open', slashed: [{ validator: guilty }] },
    })
  })

  test('slash who surrounds its own votes, and go on', { timeout: 400_000 }, async () => {
    const { auxiliary } = clients
    const sourceHeight = toHeight((await honestVote()).sourceHeight - 3n)
    const at = toQuantityHex(sourceHeight)
    const checkpoint = await auxiliary.request('mosaic_checkpoint', [at])
    const transition = await auxiliary.request('mosaic_transitionObject', [at])
    if (!isRecord(checkpoint) || !isRecord(transition)) throw new Error('expected a checkpoint')
    // From a true source, to a height that it has not voted for: only what lies between convicts.
    const guilty = await cheat(2, {
      chain: coreIdentifier(identity),
      transitionHash: toHash32(String(transition['hash'])),
      source: toHash32(String(checkpoint['hash'])),
      target: FALSE,
      sourceHeight,
      targetHeight: toHeight((await newestHeight()) + 20n),
    })
    lost.push([third, await expectSlashed(guilty, 'surround-vote')])
    await until('the slashing on auxiliary', () => books.isWeightless(guilty))
    expect(lost).toHaveLength(2)
    await expectBooks(lost)
    await expectGoingOn(first + second)
  })

  test('halt when more than a third votes twice, and fall silent; the innocent leaves with its stake', {
    timeout: 400_000,
  }, async () => {
    const { auxiliary, origin } = clients
    const guilty = await cheat(1, { ...(await honestVote()), target: FALSE })
    await net.until((events) => count(events, 'core.halted') > 0, 'the halt of the core')
    const halted = net.events.find(({ event }) => event === 'core.halted')
    expect(halted).toMatchObject({ reason: 'safety-threshold' })
    lost.push([second, await expectSlashed(guilty, 'double-vote')])
    await expectBooks(lost)
    await until('the halt on every node', async () => {
      const status = await auxiliary.request('mosaic_status', [])
      const said = isRecord(status) ? status['accountability'] : undefined
      return isRecord(said) && said['phase'] === 'halted' && isRecord(said['halt'])
    })

    const [payer] = userAccounts().slice(-1)
    if (payer === undefined) throw new Error('expected an account')
    const sender = createTransactionSender(origin, payer.secretKey, { sleep })
    const innocent = accountAt(0).address
    await sleep(QUIET_MS)
    const before = await auxiliary.blockNumber()
    await sleep(QUIET_MS)
    await sender.send({ to: identity.core, data: encodeWithdraw(innocent) })
    expect(await auxiliary.blockNumber()).toBe(before)
    expect(await books.tokensOf(innocent)).toBe(first)
    const { burned } = await books.ledger()
    expect(await books.ledger()).toMatchObject({ staked: 0n })
    // What is burned stays there for good.
    expect(await books.tokensOf(identity.core)).toBe(burned)
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
