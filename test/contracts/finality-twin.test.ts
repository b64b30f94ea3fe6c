import {
  type AuxiliaryConfiguration,
  decodeSubmitVotes,
  encodeReportHeader,
  encodeSlash,
  encodeSubmitVotes,
  finalityGadgetViews,
  PREDEPLOYS,
  type VoteResult,
} from '@mosaic/contracts'
import {
  type ActiveSet,
  type CheckpointView,
  countVote,
  effectiveWeights,
  type FinalityState,
  highestFinalized,
  highestJustified,
  initialFinality,
  type VoteFault,
} from '@mosaic/finality'
import {
  type Address,
  bigintToBytes,
  bytesToHex,
  encodeRlp,
  type Hash32,
  type Hex,
  hexToBytes,
  integerToRlp,
  keccak256,
  toBlockNumber,
  toGas,
  toHash32,
  toHeight,
  toMetaHeight,
  toWeight,
  ZERO_HASH,
} from '@mosaic/primitives'
import {
  domainSeparator,
  EMPTY_TRIE_ROOT,
  type Kernel,
  originIdentifier,
  originTransitionHash,
  secretKeyToAddress,
  signDigest,
  type ValidatorSet,
  type VoteMessage,
  validatorSetHash,
  voteDigest,
} from '@mosaic/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Anvil, startAnvil } from './anvil.ts'
import { ORIGIN_CHAIN_ID } from './meta-block.ts'
import { placePredeploys } from './predeploys.ts'

const ORIGIN_EPOCH = 5n
const ROOT_HEIGHT = 20n
const MAX_VOTE_AGE = 2n
const CORE = PREDEPLOYS.kernelRegistry
const CHAIN = originIdentifier(ORIGIN_CHAIN_ID)
const DOMAIN = domainSeparator({ originChainId: ORIGIN_CHAIN_ID, core: CORE })

/** Three of four sit in both sets, one joins and one leaves; the last key has no seat. */
const KEYS = [1n, 2n, 3n, 4n, 5n].map((key) => bigintToBytes(key, 32))
const SEATS: readonly (readonly [weight: bigint, forward: boolean, rear: boolean])[] = [
  [50n, true, true],
  [30n, true, true],
  [20n, true, false],
  [20n, false, true],
]
const VALIDATORS: ValidatorSet = SEATS.map(([weight, forward, rear], i) => ({
  address: secretKeyToAddress(KEYS[i] ?? new Uint8Array()),
  weight: toWeight(weight),
  forward,
  rear,
}))

type Observed = { readonly height: bigint; readonly hash: Hash32; readonly stateRoot: Hash32 }

const ROOT: Observed = observed(ROOT_HEIGHT, 'root')
/** Two branches of six checkpoints, so that there are conflicts. */
const BRANCHES: readonly (readonly Observed[])[] = ['left', 'right'].map((branch) =>
  Array.from({ length: 6 }, (_, i) => observed(ROOT_HEIGHT + 1n + BigInt(i), `${branch} ${i}`)),
)
const KNOWN: ReadonlyMap<Hash32, Observed> = new Map(
  [ROOT, ...BRANCHES.flat()].map((block) => [block.hash, block]),
)

const RESULT_OF_FAULT: Record<VoteFault['code'], VoteResult> = {
  VOTE_FOREIGN_CHAIN: 'chain-foreign',
  VOTE_HEIGHTS_NOT_RISING: 'heights-not-rising',
  VOTE_NOT_A_VALIDATOR: 'signer-not-seated',
  VOTE_SOURCE_NOT_JUSTIFIED: 'source-not-justified',
  VOTE_UNKNOWN_TARGET: 'target-unknown',
  VOTE_WRONG_TRANSITION: 'transition-wrong',
  VOTE_CONFLICTING_TARGET: 'target-conflicts',
  VOTE_TOO_OLD: 'too-old',
}

describe('FinalityGadget and countVote of @mosaic/finality', () => {
  let anvil: Anvil

  beforeAll(async () => {
    anvil = await startAnvil()
    const configuration: AuxiliaryConfiguration = {
      originChainId: ORIGIN_CHAIN_ID,
      core: CORE,
      epochLength: 1_000_000n,
      originEpochLength: ORIGIN_EPOCH,
      maxVoteAge: MAX_VOTE_AGE,
      originRootNumber: toBlockNumber(ROOT_HEIGHT * ORIGIN_EPOCH),
      originRootHash: ROOT.hash,
      originRootStateRoot: ROOT.stateRoot,
    }
    const core = { address: CORE, keys: KEYS, kernel: kernel(), validators: VALIDATORS }
    await placePredeploys(anvil, core, configuration)
    for (const { height, stateRoot } of BRANCHES.flat()) {
      const data = encodeReportHeader(header(height, stateRoot))
      await anvil.send({ to: PREDEPLOYS.originObserver, data })
    }
  })

  afterAll(async () => {
    await anvil.stop()
  })

  test('decide alike on every vote of any sequence', async () => {
    const link = fc.record({
      sourceHeight: fc.integer({ min: 0, max: 5 }),
      sourceBranch: fc.nat({ max: 1 }),
      rise: fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, fc.integer({ min: -1, max: 4 })),
      targetBranch: fc.nat({ max: 1 }),
      defect: fc.oneof(
        { weight: 12, arbitrary: fc.constant('none' as const) },
        fc.constantFrom('chain', 'transition', 'height', 'source', 'target'),
      ),
      // One bit per key; mostly those with the most weight, so that links find their supermajority.
      voters: fc.oneof({ weight: 3, arbitrary: fc.constant(0b01111) }, fc.nat({ max: 31 })),
    })
    const seen = new Set<VoteResult>()
    await fc.assert(
      fc.asyncProperty(fc.array(link, { minLength: 8, maxLength: 24 }), async (links) => {
        const votes = links.flatMap(({ voters, ...shape }) =>
          KEYS.flatMap((_, i) => ((voters >> i) & 1 ? [{ vote: toVote(shape), key: i }] : [])),
        )
        const data = encodeSubmitVotes(
          votes.map(({ vote, key }) => ({
            vote,
            signature: signDigest(voteDigest(DOMAIN, vote), KEYS[key] ?? new Uint8Array()),
          })),
        )
        const results = decodeSubmitVotes(await anvil.call(PREDEPLOYS.finalityGadget, data))
        for (const result of results) seen.add(result)
        // The two look at the signer at different points, so of a stranger only the refusal is compared.
        const isStranger = votes.map(({ key }) => key >= SEATS.length)
        expect(results.map((result, i) => (isStranger[i] ? !isCounted(result) : result))).toEqual(
          countAll(votes).map((result, i) => (isStranger[i] ? !isCounted(result) : result)),
        )
      }),
      { seed: 1, numRuns: 60 },
    )
    // The sequences are worth something only if they reach every rule.
    expect([...seen].toSorted()).toEqual(
      [...new Set(['recorded', 'already-recorded', ...Object.values(RESULT_OF_FAULT)])].toSorted(),
    )
  })

  test('agree on every tally, also after slashings', { timeout: 120_000 }, async () => {
    const vote = fc.record({
      voters: fc.oneof({ weight: 2, arbitrary: fc.constant(0b01111) }, fc.nat({ max: 31 })),
      shape: fc.record({
        sourceHeight: fc.integer({ min: 0, max: 3 }),
        sourceBranch: fc.constant(0),
        rise: fc.constantFrom(1, 1, 1, 2),
        targetBranch: fc.constantFrom(0, 0, 0, 1),
        defect: fc.constant('none' as const),
      }),
    })
    const runs = fc.record({
      votes: fc.array(vote, { minLength: 6, maxLength: 10 }),
      // When each seat is slashed, if ever; never all of them.
      guilty: fc.uniqueArray(fc.record({ seat: fc.nat({ max: 3 }), at: fc.nat({ max: 8 }) }), {
        selector: ({ seat }) => seat,
        maxLength: 3,
      }),
    })
    const seen = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(runs, async ({ votes, guilty }) => {
        const steps = votes.flatMap((each, at): Step[] => [
          ...guilty.filter((one) => one.at === at).map(({ seat }) => ({ slashed: seat })),
          each,
        ])
        const snapshot = await anvil.request('evm_snapshot')
        for (const result of await compareSteps(anvil, steps))
          seen.set(result, (seen.get(result) ?? 0) + 1)
        await anvil.request('evm_revert', snapshot)
      }),
      { seed: 1, numRuns: 30 },
    )
    for (const result of ['recorded', 'already-recorded', 'refused-slashed', 'target-conflicts'])
      expect(seen.get(result)).toBeGreaterThan(5)
  })
})

/** A step of a run with slashings: votes for a link by those whose bit is set, or a slashing of who has the key. */
type Step = { readonly voters: number; readonly shape: LinkShape } | { readonly slashed: number }

/** What became of a vote in a run with slashings. */
type Outcome = 'refused-slashed' | VoteResult

/** Takes steps on the gadget and in TypeScript, and compares all that both say after each. Returns what became of votes. */
async function compareSteps(anvil: Anvil, steps: readonly Step[]): Promise<readonly Outcome[]> {
  const slashed = new Set<Address>()
  const seen: Outcome[] = []
  let state: FinalityState = initialFinality({ height: toHeight(ROOT_HEIGHT), hash: ROOT.hash })
  for (const step of steps) {
    if ('slashed' in step) {
      await anvil.send({ to: PREDEPLOYS.finalityGadget, data: slashingOf(step.slashed) })
      slashed.add(addressOf(step.slashed))
    } else {
      const keys = KEYS.map((_, key) => key).filter((key) => (step.voters >> key) & 1)
      for (const key of keys) {
        const taken = await compareVote(anvil, toVote(step.shape), key, state, slashed)
        state = taken.state
        seen.push(taken.outcome)
      }
    }
    await compareStatus(anvil, state, slashed)
  }
  return seen
}

/** Gives one vote to both. */
async function compareVote(
  anvil: Anvil,
  vote: VoteMessage,
  key: number,
  before: FinalityState,
  slashed: ReadonlySet<Address>,
): Promise<{ readonly state: FinalityState; readonly outcome: Outcome }> {
  const gadget = PREDEPLOYS.finalityGadget
  const link = voteDigest(DOMAIN, vote)
  const data = encodeSubmitVotes([
    { vote, signature: signDigest(link, KEYS[key] ?? new Uint8Array()) },
  ])
  const [result = 'recorded'] = decodeSubmitVotes(await anvil.call(gadget, data))
  await anvil.send({ to: gadget, data })

  const validator = addressOf(key)
  const active = { kernelHeight: toMetaHeight(1n), validators: VALIDATORS, slashed }
  const isKnown = before.links.get(link)?.voters.has(validator) === true
  const verdict = countVote(before, { vote, link, validator }, viewOf(before), active)
  // The two look at the signer at different points, so of who may not vote only the refusal is compared.
  const isOut = slashed.has(validator) || key >= SEATS.length
  expect(isCounted(result)).toBe(verdict.ok)
  expect(isOut && verdict.ok).toBe(false)
  if (!verdict.ok) {
    const outcome = isOut ? 'refused-slashed' : RESULT_OF_FAULT[verdict.fault.code]
    expect(isOut ? outcome : result).toBe(outcome)
    return { state: before, outcome }
  }
  expect(result).toBe(isKnown ? 'already-recorded' : 'recorded')
  await compareTally(anvil, link, verdict.value)
  return { state: verdict.value, outcome: result }
}

async function compareTally(anvil: Anvil, link: Hash32, state: FinalityState): Promise<void> {
  const view = finalityGadgetViews.tally
  const data = await anvil.call(PREDEPLOYS.finalityGadget, view.encode(link))
  expect(view.decode(data)).toMatchObject({ ...state.links.get(link)?.voted })
}

async function compareStatus(
  anvil: Anvil,
  state: FinalityState,
  slashed: ReadonlySet<Address>,
): Promise<void> {
  const { status, weights } = finalityGadgetViews
  const gadget = PREDEPLOYS.finalityGadget
  const justified = highestJustified(state)
  expect(status.decode(await anvil.call(gadget, status.encode(CHAIN)))).toMatchObject({
    justifiedHeight: justified?.height,
    justifiedHash: justified?.hash,
    finalizedCount: BigInt(state.finalized.size),
    finalizedHash: highestFinalized(state)?.hash ?? ZERO_HASH,
  })
  expect(weights.decode(await anvil.call(gadget, weights.encode()))).toMatchObject({
    ...effectiveWeights(VALIDATORS, slashed),
  })
}

function addressOf(key: number): Address {
  return secretKeyToAddress(KEYS[key] ?? new Uint8Array())
}

/** Two votes of one key for one height. */
function slashingOf(key: number): Hex {
  const shape = { sourceHeight: 0, sourceBranch: 0, rise: 1, defect: 'none' } as const
  const [first, second] = [0, 1].map((targetBranch) => {
    const vote = toVote({ ...shape, targetBranch })
    return { vote, signature: signDigest(voteDigest(DOMAIN, vote), KEYS[key] ?? new Uint8Array()) }
  })
  if (first === undefined || second === undefined) throw new Error('expected two votes')
  return encodeSlash(first, second)
}

function isCounted(result: VoteResult): boolean {
  return result === 'recorded' || result === 'already-recorded'
}

type LinkShape = {
  readonly sourceHeight: number
  readonly sourceBranch: number
  readonly rise: number
  readonly targetBranch: number
  readonly defect: 'none' | 'chain' | 'transition' | 'height' | 'source' | 'target'
}

function toVote({
  sourceHeight,
  sourceBranch,
  rise,
  targetBranch,
  defect,
}: LinkShape): VoteMessage {
  const source = blockAt(sourceHeight, sourceBranch)
  const target = blockAt(Math.max(0, Math.min(6, sourceHeight + rise)), targetBranch)
  const nonsense = keccak256(new Uint8Array(3))
  return {
    chain: defect === 'chain' ? nonsense : CHAIN,
    transitionHash: defect === 'transition' ? nonsense : transitionHashOf(source),
    source: defect === 'source' ? nonsense : source.hash,
    target: defect === 'target' ? nonsense : target.hash,
    sourceHeight: toHeight(source.height),
    targetHeight: toHeight(defect === 'height' ? target.height + 1n : target.height),
  }
}

/** What the TypeScript twin says of each vote, one after the other. */
function countAll(
  votes: readonly { readonly vote: VoteMessage; readonly key: number }[],
): readonly VoteResult[] {
  const active: ActiveSet = {
    kernelHeight: toMetaHeight(1n),
    validators: VALIDATORS,
    slashed: new Set(),
  }
  let state: FinalityState = initialFinality({ height: toHeight(ROOT_HEIGHT), hash: ROOT.hash })
  return votes.map(({ vote, key }) => {
    const link = voteDigest(DOMAIN, vote)
    const validator = secretKeyToAddress(KEYS[key] ?? new Uint8Array())
    const isKnown = state.links.get(link)?.voters.has(validator) === true
    const verdict = countVote(state, { vote, link, validator }, viewOf(state), active)
    if (!verdict.ok) return RESULT_OF_FAULT[verdict.fault.code]
    state = verdict.value
    return isKnown ? 'already-recorded' : 'recorded'
  })
}

function viewOf(state: FinalityState): CheckpointView {
  return {
    chain: CHAIN,
    isCheckpoint: (height, hash) => KNOWN.get(hash)?.height === height,
    transitionHash: (_, hash) => {
      const block = KNOWN.get(hash)
      return block === undefined ? undefined : transitionHashOf(block)
    },
    currentHeight: highestJustified(state)?.height ?? toHeight(ROOT_HEIGHT),
    maxVoteAge: MAX_VOTE_AGE,
  }
}

function blockAt(height: number, branch: number): Observed {
  return BRANCHES[branch]?.[height - 1] ?? ROOT
}

function transitionHashOf({ height, hash, stateRoot }: Observed): Hash32 {
  const blockNumber = toBlockNumber(height * ORIGIN_EPOCH)
  return originTransitionHash({ blockNumber, blockHash: hash, stateRoot })
}

function observed(height: bigint, name: string): Observed {
  const stateRoot = keccak256(new TextEncoder().encode(name))
  return { height, stateRoot, hash: toHash32(keccak256(hexToBytes(header(height, stateRoot)))) }
}

/** A header since the merge, with the least in it. */
function header(height: bigint, stateRoot: Hash32): Hex {
  const root = hexToBytes(EMPTY_TRIE_ROOT)
  const zero = new Uint8Array()
  const hashes = [root, root, new Uint8Array(20), hexToBytes(stateRoot), root, root]
  const number = integerToRlp(height * ORIGIN_EPOCH)
  const tail = [zero, number, zero, zero, zero, zero, new Uint8Array(32), new Uint8Array(8), zero]
  return bytesToHex(encodeRlp([...hashes, new Uint8Array(256), ...tail]))
}

function kernel(): Kernel {
  return {
    height: toMetaHeight(1n),
    parent: EMPTY_TRIE_ROOT,
    validatorSetHash: validatorSetHash(VALIDATORS),
    updatesHash: EMPTY_TRIE_ROOT,
    gasTarget: toGas(0n),
    forwardWeight: toWeight(100n),
    rearWeight: toWeight(100n),
  }
}
