import type { Address, Verdict } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { buildExtraData } from '../src/extra-data.ts'
import type { AuthorityFault } from '../src/fault.ts'
import type { AuthorityHeader } from '../src/header.ts'
import { sealPlan } from '../src/seal-plan.ts'
import { applyHeader, genesisSnapshot } from '../src/signer-snapshot.ts'
import { decodeSnapshot, encodeSnapshot } from '../src/snapshot-codec.ts'
import { verifyHeader } from '../src/verify-header.ts'
import {
  type Account,
  createAccount,
  createHeader,
  GENESIS,
  recoverSealer,
  sealHeader,
} from './signers.ts'
import { type VotingCase, vectors } from './vectors.ts'

const DEFAULT_EPOCH = 30_000
const KEY_SEEDS = [1, 2, 3]

const ranCases = new Set<string>()
const ranTraps = new Set<string>()

type Outcome =
  | { readonly finalSigners: readonly string[] }
  | { readonly error: string; readonly atBlock: number }

function codeOf(verdict: Verdict<unknown, AuthorityFault>): string {
  return verdict.ok ? 'accepted' : verdict.fault.code
}

function runCase(
  { genesisSigners, blocks, epoch }: Pick<VotingCase, 'genesisSigners' | 'blocks' | 'epoch'>,
  keySeed: number,
): Outcome {
  const accounts = new Map<string, Account>()
  const labels = new Map<Address, string>()
  for (const label of 'ABCDEF') {
    const account = createAccount(label, keySeed)
    accounts.set(label, account)
    labels.set(account.address, label)
  }
  const accountOf = (label: string): Account => accounts.get(label) ?? createAccount(label, keySeed)
  const addressesOf = (names: readonly string[]): Address[] =>
    names.map((label) => accountOf(label).address)
  const rules = { period: 1n, epoch: BigInt(epoch ?? DEFAULT_EPOCH) }

  let parent: AuthorityHeader = {
    ...GENESIS,
    extraData: buildExtraData({ signers: addressesOf(genesisSigners) }),
  }
  let snapshot = genesisSnapshot(parent)
  for (const [i, { signer: label, vote, checkpointSigners, newImportBatch }] of blocks.entries()) {
    const account = accountOf(label)
    if (newImportBatch === true) snapshot = decodeSnapshot(encodeSnapshot(snapshot))
    const castVote = vote && { target: accountOf(vote.target).address, authorize: vote.authorize }
    const unsealed = createHeader(parent, snapshot, account.address, castVote)
    const extraData = buildExtraData({ signers: addressesOf(checkpointSigners ?? []) })
    const header = sealHeader({ ...unsealed, extraData }, account)
    const signer = recoverSealer(header)
    expect(signer).toBe(account.address)
    const verdict = verifyHeader({
      header,
      parent,
      snapshot,
      signer,
      rules,
      nowSeconds: header.timestamp,
    })
    const plan = sealPlan(snapshot, account.address, parent.timestamp, rules)
    expect(plan.canSeal ? 'accepted' : plan.reason).toBe(codeOf(verdict))
    const applied = applyHeader(snapshot, header, account.address, rules.epoch)
    expect(codeOf(applied)).toBe(codeOf(verdict))
    if (!applied.ok) return { error: applied.fault.code, atBlock: i + 1 }
    snapshot = applied.value
    expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot)
    parent = header
  }
  return {
    finalSigners: snapshot.signers.map((address) => labels.get(address) ?? address).toSorted(),
  }
}

describe('voting cases', () => {
  test('are those of EIP-225 and one more', () => {
    expect(vectors.cases).toHaveLength(24)
  })

  test.each(vectors.cases)('$id: $name', (votingCase) => {
    for (const keySeed of KEY_SEEDS) {
      expect(runCase(votingCase, keySeed)).toEqual(votingCase.expect)
    }
    ranCases.add(votingCase.id)
  })

  test('have all been run', () => {
    expect([...ranCases]).toEqual(vectors.cases.map(({ id }) => id))
  })
})

function trap(id: string): (typeof vectors.traps)[number] {
  const found = vectors.traps.find((candidate) => candidate.id === id)
  if (found === undefined) throw new Error(`no trap ${id}`)
  ranTraps.add(id)
  return found
}

describe('traps', () => {
  test('early-recent-underflow: who sealed block 1 of many signers does not seal block 2', () => {
    const { case: votingCase } = trap('early-recent-underflow')
    if (votingCase === undefined) throw new Error('a trap without its case')
    for (const keySeed of KEY_SEEDS) {
      expect(runCase({ ...votingCase, epoch: null }, keySeed)).toEqual(votingCase.expect)
    }
  })

  test('mirrored-state: blocks with equal state roots follow each other, also after a restart', () => {
    trap('mirrored-state')
    const blocks = [{ signer: 'A' }, { signer: 'A' }, { signer: 'A', newImportBatch: true }]
    expect(runCase({ genesisSigners: ['A'], blocks, epoch: null }, 1)).toEqual({
      finalSigners: ['A'],
    })
  })

  test('zero-signers: the header is accepted, and nobody can seal after it', () => {
    trap('zero-signers')
    const drop = { signer: 'A', vote: { target: 'A', authorize: false } }
    const alone = { genesisSigners: ['A'], epoch: null }
    expect(runCase({ ...alone, blocks: [drop] }, 1)).toEqual({ finalSigners: [] })
    expect(runCase({ ...alone, blocks: [drop, { signer: 'A' }] }, 1)).toEqual({
      error: 'UNAUTHORIZED_SIGNER',
      atBlock: 2,
    })
  })

  const signers = ['A', 'B', 'C', 'D'].map((label) => createAccount(label, 1).address).toSorted()
  const genesis = { ...GENESIS, extraData: buildExtraData({ signers }) }
  const plans = (period: bigint) =>
    signers.map((address) =>
      sealPlan(genesisSnapshot(genesis), address, genesis.timestamp, { period, epoch: 30_000n }),
    )

  test('period-0: blocks without transactions are not to be sealed', () => {
    trap('period-0')
    expect(plans(0n)).toEqual(signers.map(() => expect.objectContaining({ mayBeEmpty: false })))
    expect(plans(1n)).toEqual(signers.map(() => expect.objectContaining({ mayBeEmpty: true })))
  })

  test('concurrent-out-of-turn: all but one of the signers wait up to (floor(n/2)+1)*500 ms', () => {
    trap('concurrent-out-of-turn')
    const outOfTurn = { canSeal: true, inTurn: false, difficulty: 1n, wiggleMs: 1500 }
    const inTurn = { canSeal: true, inTurn: true, difficulty: 2n, wiggleMs: 0 }
    expect(plans(5n)).toEqual(
      [outOfTurn, inTurn, outOfTurn, outOfTurn].map((plan) => ({
        ...plan,
        number: 1n,
        earliestTimestamp: genesis.timestamp + 5n,
        mayBeEmpty: true,
      })),
    )
  })

  test('deadlock: is told in the scenarios of the choice between heads', () => {
    trap('deadlock')
    expect(vectors.forkChoiceScenarios.map(({ id }) => id)).toEqual(['eip3436-1', 'eip3436-2'])
  })

  test('have all been run', () => {
    expect([...ranTraps].toSorted()).toEqual(vectors.traps.map(({ id }) => id).toSorted())
  })
})
