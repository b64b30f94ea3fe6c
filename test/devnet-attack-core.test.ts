import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CommitArguments,
  coreAbi,
  encodeCommit,
  encodePropose,
  finalityGadgetViews,
  PREDEPLOYS,
} from '@mosaic/contracts'
import {
  createTransactionSender,
  isRecord,
  type OpenedKernel,
  readKernels,
  readView,
  type TransactionSender,
  toQuantity,
} from '@mosaic/origin'
import { type Address, type Hash32, toHeight } from '@mosaic/primitives'
import { type CoreIdentity, coreIdentifier, transitionHash } from '@mosaic/protocol'
import { Interface } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { networkAccounts, userAccounts } from '../node/src/devnet/accounts.ts'
import { STAKES } from '../node/src/devnet/options.ts'
import { connectDevnet, type DevnetClients } from './devnet-clients.ts'
import { count, type Devnet, startDevnet } from './devnet-process.ts'
import { readCommit } from './late-commit.ts'
import { openStakeBooks, type StakeBooks } from './stake-books.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const POLL_MS = 500
/** More than the longest time between two blocks. */
const QUIET_MS = 6000
const POLLS = 240
const BOND = 10n ** 17n
const CHALLENGE_SECONDS = 20
const TOTAL = STAKES.reduce((sum: bigint, stake) => sum + stake, 0n)

/** Short epochs, a gas target that every checkpoint meets, time to challenge, and a share that pays even who loses most itself. */
const PARAMETERS = [
  'epochLength=3',
  'originEpochLength=2',
  'gasTarget=1',
  `challengePeriod=${CHALLENGE_SECONDS}`,
  'reporterShare=5000',
]

describe('a local network whose relayer is silent', () => {
  const { fishermen, validators } = networkAccounts(4)
  let dataDir: string
  let net: Devnet
  let clients: DevnetClients
  let identity: CoreIdentity
  let books: StakeBooks
  let attacker: TransactionSender
  let resumeRelayer: () => void

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mosaic-attack-'))
    net = startDevnet(dataDir, PARAMETERS)
    await net.until((events) => count(events, 'node.ready') === 4, 'the start of four nodes')
    resumeRelayer = await net.freeze('relayer')
    clients = await connectDevnet(dataDir)
    const { genesis, origin, auxiliary } = clients
    identity = { originChainId: genesis.originChainId, core: genesis.core }
    books = openStakeBooks(origin, genesis.core, auxiliary)
    const [account] = userAccounts().slice(-1)
    if (account === undefined) throw new Error('expected an account')
    attacker = createTransactionSender(origin, account.secretKey, { sleep, pollMs: 100 })
  })

  afterAll(async () => {
    await net.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  const openKernel = async (): Promise<OpenedKernel> => {
    const kernels = await readKernels(clients.origin, identity.core, clients.genesis.coreCreatedAt)
    const open = kernels.at(-1)
    if (open === undefined) throw new Error('expected a kernel')
    return open
  }
  /** Waits for so many finalized checkpoints under the open kernel; what would close its height with the newest of them. */
  const withhold = async (checkpoints: bigint): Promise<CommitArguments> => {
    const { auxiliary, genesis } = clients
    const open = await openKernel()
    const finalized = async (): Promise<bigint> => {
      const view = finalityGadgetViews.status
      const chain = coreIdentifier(identity)
      return (await readView(auxiliary, PREDEPLOYS.finalityGadget, view, [chain])).finalizedHeight
    }
    const from = await finalized()
    await until('finality', async () => (await finalized()) >= from + checkpoints)
    const height = toHeight(await finalized())
    return readCommit(auxiliary, identity, genesis.epochLength, open, height)
  }
  const propose = async (late: CommitArguments): Promise<bigint> => {
    const data = encodePropose(late.transition)
    const receipt = await attacker.send({ to: identity.core, data, value: BOND })
    return feeOf(receipt.hash)
  }
  const passTime = async (): Promise<void> => {
    await clients.origin.request('evm_increaseTime', [CHALLENGE_SECONDS + 1])
    const block = await clients.origin.blockNumber()
    await until('a later block', async () => (await clients.origin.blockNumber()) > block)
  }
  const feeOf = async (transaction: Hash32): Promise<bigint> => {
    const receipt = await clients.origin.request('eth_getTransactionReceipt', [transaction])
    if (!isRecord(receipt)) throw new Error(`expected a receipt of ${transaction}`)
    return (
      toQuantity(receipt['gasUsed'], 'gasUsed') *
      toQuantity(receipt['effectiveGasPrice'], 'effectiveGasPrice')
    )
  }
  const stakes = (): Promise<readonly bigint[]> =>
    Promise.all(validators.map(async ({ address }) => (await books.validator(address)).stake))
  /** Tokens of each fisherman, if one of them has won all of it. */
  const expectWinner = async (winner: Address | undefined, tokens: bigint): Promise<void> => {
    for (const { address } of fishermen)
      expect(await books.tokensOf(address)).toBe(address === winner ? tokens : 0n)
  }
  let expected: readonly bigint[] = STAKES
  let won = 0n

  test('lets no late commit pass unpunished', { timeout: 300_000 }, async () => {
    const late = await withhold(5n)
    // Nobody hears of it before it is too late.
    const resume = await net.freeze(...NODES)
    await propose(late)
    await passTime()
    await attacker.send({ to: identity.core, data: encodeCommit(late) })
    resume()
    await until('the challenge', async () => (await books.events('GasTargetMissed')).length > 0)
    const [missed, ...others] = await books.events('GasTargetMissed')
    expect(others).toEqual([])
    const { missedDynasties, fraction, challenger } = missed ?? {}
    expect(missedDynasties).toBeGreaterThan(2n)
    expect(missedDynasties).toBeLessThan(late.transition.dynasty)
    expect(fraction).toBe((missedDynasties ?? 0n) * 10_000n)
    expect(fishermen.map(({ address }) => address)).toContain(challenger)
    // Until the next height is closed a greater loss could still be shown.
    expect(await stakes()).toEqual(STAKES)
    const losses = STAKES.map((stake) => (stake * (fraction ?? 0n)) / 1_000_000n)
    expected = STAKES.map((stake, index) => stake - (losses[index] ?? 0n))
    won = losses.reduce((sum, loss) => sum + loss / 2n, 0n)
  })

  test('stops a late proposal for its bond, and nobody honest loses anything', {
    timeout: 400_000,
  }, async () => {
    resumeRelayer()
    await net.until((events) => count(events, 'kernel.activated') > 0, 'kernel 2 on auxiliary')
    resumeRelayer = await net.freeze('relayer')
    const late = await withhold(4n)
    const attackerBefore = await clients.origin.balance(attacker.address)
    const cost = BOND + (await propose(late))
    await until('the return of the bond', async () =>
      (await books.events('BondReturned')).some(({ proposer }) =>
        fishermen.some(({ address }) => address === proposer),
      ),
    )
    const [capped, ...caps] = await books.events('DynastyCapped')
    expect(caps).toEqual([])
    expect(capped?.height).toBe(2n)
    expect(capped?.dynasty).toBeLessThan(late.transition.dynasty)
    const struck = await books.events('ProposalStruck')
    const challenger = capped?.challenger
    expect(struck).toMatchObject([
      { height: 2n, transitionHash: transitionHash(late.transition), challenger },
    ])
    const returned = (await books.events('BondReturned')).filter(
      ({ proposer }) => proposer === challenger,
    )
    expect(returned).toMatchObject([{ bond: BOND, paid: true }])
    expect(await clients.origin.balance(attacker.address)).toBe(attackerBefore - cost)

    // The height is closed by the checkpoint that was due, and what was lost before is settled and paid by nobody's hand.
    resumeRelayer()
    const commits = async (): Promise<number> => (await books.events('MetaBlockCommitted')).length
    await until('the proposal of who is in time', async () => {
      const proposed = await books.events('MetaBlockProposed')
      return proposed.some(({ transition: { dynasty } }) => dynasty === capped?.dynasty)
    })
    await passTime()
    await until('its commit', async () => (await commits()) === 2)
    await until('the payment', async () => (await books.events('RewardPaid')).length > 0)
    expect(await stakes()).toEqual(expected)
    const [missed] = await books.events('GasTargetMissed')
    await expectWinner(missed?.challenger, won)
    const left = expected.reduce((sum, stake) => sum + stake, 0n)
    expect(await books.ledger()).toMatchObject({ staked: left, burned: TOTAL - left - won })
    expect(await books.tokensOf(identity.core)).toBe(TOTAL - won)
    expect((await openKernel()).kernel).toMatchObject({ forwardWeight: left, rearWeight: left })
    await until('the same weights on auxiliary', async () => {
      const weights = await books.auxiliaryWeights()
      return weights.forward === left && weights.rear === left
    })
  })

  test('halts when origin takes back what was finalized of it; who voted for that pays', {
    timeout: 300_000,
  }, async () => {
    const { origin, auxiliary } = clients
    const { burned: burnedBefore } = await books.ledger()
    const winner = (await books.events('RewardPaid'))[0]?.account
    // A checkpoint that could be proposed, with an observation that is younger than all that was decided so far.
    const decidedAt = await origin.blockNumber()
    const { kernelHash } = await openKernel()
    let late = await withhold(1n)
    await until('a younger observation', async () => {
      late = await withhold(1n)
      const { transition } = late
      return transition.kernelHash === kernelHash && transition.originBlockNumber > decidedAt
    })
    const { originBlockNumber, originBlockHash } = late.transition
    const head = await origin.blockNumber()
    const stranger = { from: attacker.address, to: attacker.address, value: '0x1' }
    await origin.request('anvil_reorg', [Number(head - originBlockNumber) + 1, [[stranger, 0]]])
    expect((await origin.header(originBlockNumber))?.hash).not.toBe(originBlockHash)
    await expect(propose(late)).rejects.toMatchObject({
      shape: { data: expect.stringContaining(refusal('CoreObservationForeign')) },
    })

    await until('the halt', async () => (await books.events('Halted')).length > 0)
    const [halted] = await books.events('Halted')
    expect(halted).toMatchObject({ height: 3n, reason: 'contradicting-observation' })
    await until('the payment', async () => (await books.events('RewardPaid')).length > 1)
    // Those who voted for it pay half to the accuser, and nobody else pays.
    const fines = (await books.events('StakeReduced')).slice(validators.length)
    const fined = fines.map(({ validator }) => validator)
    expect(new Set(fined).size).toBe(fined.length)
    const after = expected.map((stake, index) => {
      const isFined = fined.some((each) => each === validators[index]?.address)
      return isFined ? stake - stake / 2n : stake
    })
    expect(await stakes()).toEqual(after)
    const left = after.reduce((sum, stake) => sum + stake, 0n)
    const paid = expected.reduce((sum, stake) => sum + stake, 0n) - left
    // Three of four make a supermajority.
    expect(fined.length).toBeGreaterThan(2)
    expect((await books.events('RewardPaid')).at(-1)).toMatchObject({
      account: halted?.reporter,
      reward: paid,
    })
    const winners = new Map([[winner, won]])
    winners.set(halted?.reporter, (winners.get(halted?.reporter) ?? 0n) + paid)
    for (const { address } of fishermen)
      expect(await books.tokensOf(address)).toBe(winners.get(address) ?? 0n)
    expect(await books.ledger()).toMatchObject({ staked: left, burned: burnedBefore })
    expect(await books.tokensOf(identity.core)).toBe(TOTAL - won - paid)

    await sleep(QUIET_MS)
    const { hash } = (await auxiliary.header('latest')) ?? {}
    await sleep(QUIET_MS)
    expect((await auxiliary.header('latest'))?.hash).toBe(hash)
    const status = await auxiliary.request('mosaic_status', [])
    expect(status).toMatchObject({
      accountability: { phase: 'halted', halt: { reason: 'contradicting-observation' } },
    })
  })
})

function refusal(name: string): string {
  return new Interface(coreAbi).getError(name)?.selector ?? name
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < POLLS; poll++) {
    if (await holds()) return
    await sleep(POLL_MS)
  }
  throw new Error(`${what} did not happen`)
}
