import { concatBytes, hexToBytes, toBlockNumber, ZERO_ADDRESS, ZERO_HASH } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { buildExtraData } from '../src/extra-data.ts'
import type { AuthorityHeader } from '../src/header.ts'
import { voteNonce } from '../src/nonce.ts'
import { applyHeader, genesisSnapshot, type SignerSnapshot } from '../src/signer-snapshot.ts'
import { EMPTY_UNCLE_HASH, type HeaderCheck, verifyHeader } from '../src/verify-header.ts'
import {
  type Account,
  createAccount,
  createHeader,
  GENESIS,
  hashAt,
  recoverSealer,
  sealHeader,
  withSeal,
} from './signers.ts'
import { vectors } from './vectors.ts'

const RULES = { period: 1n, epoch: 3n }

const accounts = ['A', 'B', 'C']
  .map((label) => createAccount(label, 1))
  .toSorted((a, b) => (a.address < b.address ? -1 : 1))
const outsider = createAccount('outsider', 1)
const signers = accounts.map(({ address }) => address)

type Place = { readonly parent: AuthorityHeader; readonly snapshot: SignerSnapshot }

function accountAt(index: number): Account {
  return accounts[index % accounts.length] ?? outsider
}

function follow({ parent, snapshot }: Place, number: number): Place {
  const account = accountAt(number)
  const header = sealHeader(createHeader(parent, snapshot, account.address), account)
  const applied = applyHeader(snapshot, header, account.address, RULES.epoch)
  if (!applied.ok) throw new Error(applied.fault.code)
  return { parent: header, snapshot: applied.value }
}

const genesis = { ...GENESIS, extraData: buildExtraData({ signers }) }
const atGenesis: Place = { parent: genesis, snapshot: genesisSnapshot(genesis) }
const afterOne = follow(atGenesis, 1)
const afterTwo = follow(afterOne, 2)

/** A check of the block after `place` by `account`, right but for what `change` does before it is sealed. */
function checkOf(
  place: Place,
  account: Account,
  change: Partial<AuthorityHeader> = {},
  others: Partial<HeaderCheck> = {},
): HeaderCheck {
  const header = sealHeader(
    { ...createHeader(place.parent, place.snapshot, account.address), ...change },
    account,
  )
  return {
    header,
    ...place,
    signer: recoverSealer(header),
    rules: RULES,
    nowSeconds: header.timestamp,
    ...others,
  }
}

/** Block 1, which begins no epoch, by the signer whose turn it is. */
const ordinary = (change?: Partial<AuthorityHeader>, others?: Partial<HeaderCheck>): HeaderCheck =>
  checkOf(atGenesis, accountAt(1), change, others)

/** Block 3, which begins an epoch, by the signer whose turn it is. */
const epochStart = (change?: Partial<AuthorityHeader>): HeaderCheck =>
  checkOf(afterTwo, accountAt(0), { extraData: buildExtraData({ signers }), ...change })

function sealedWith(seal: Uint8Array): HeaderCheck {
  const check = ordinary()
  const header = withSeal(check.header, seal)
  return { ...check, header, signer: recoverSealer(header) }
}

function unsealed(change: Partial<AuthorityHeader>): HeaderCheck {
  const check = ordinary()
  return { ...check, header: { ...check.header, ...change } }
}

const listOf = (...addresses: readonly string[]): Uint8Array =>
  concatBytes(new Uint8Array(32), ...addresses.map(hexToBytes), new Uint8Array(65))

const at = (index: number): string => signers[index] ?? ZERO_ADDRESS
const later = genesis.timestamp + 1n
const ones = new Uint8Array(32).fill(0xff)
const seal = ordinary().header.extraData.slice(-65)

/** Every way to break each rule, by the rule's id. */
const BREACHES: Readonly<Record<string, readonly HeaderCheck[]>> = {
  future: [
    ordinary({}, { nowSeconds: later - 1n }),
    ordinary({ timestamp: 2n ** 64n - 1n }, { nowSeconds: later }),
  ],
  period: [ordinary({ timestamp: later - 1n }), ordinary({ timestamp: 0n })],
  'epoch-coinbase': [epochStart({ coinbase: outsider.address })],
  nonce: [
    ordinary({ nonce: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1) }),
    ordinary({ nonce: Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 254) }),
    epochStart({ nonce: new Uint8Array(8).fill(1) }),
  ],
  'epoch-nonce': [epochStart({ nonce: voteNonce(true) })],
  vanity: [unsealed({ extraData: new Uint8Array() }), unsealed({ extraData: new Uint8Array(31) })],
  seal: [unsealed({ extraData: new Uint8Array(32) }), unsealed({ extraData: new Uint8Array(96) })],
  'extra-signers': [
    ordinary({ extraData: buildExtraData({ signers }) }),
    ordinary({ extraData: new Uint8Array(98) }),
  ],
  'epoch-signers-len': [
    epochStart({ extraData: new Uint8Array(32 + 59 + 65) }),
    epochStart({ extraData: new Uint8Array(32 + 61 + 65) }),
  ],
  'epoch-signers-mismatch': [
    epochStart({ extraData: listOf() }),
    epochStart({ extraData: listOf(at(0)) }),
    epochStart({ extraData: listOf(at(0), at(1)) }),
    epochStart({ extraData: listOf(at(0), at(2), at(1)) }),
    epochStart({ extraData: listOf(at(0), at(1), at(2), at(2)) }),
    epochStart({ extraData: listOf(at(0), at(1), outsider.address) }),
  ],
  mixhash: [ordinary({ mixHash: hashAt(1) })],
  uncles: [ordinary({ uncleHash: hashAt(1) }), ordinary({ uncleHash: ZERO_HASH })],
  'difficulty-range': [0n, 3n, 2n ** 256n - 1n].map((difficulty) => ordinary({ difficulty })),
  'difficulty-turn': [
    ordinary({ difficulty: 1n }),
    checkOf(atGenesis, accountAt(0), { difficulty: 2n }),
    checkOf(atGenesis, accountAt(2), { difficulty: 2n }),
  ],
  'gaslimit-max': [
    ordinary({ gasLimit: 2n ** 63n }),
    ordinary({ gasLimit: genesis.gasLimit + genesis.gasLimit / 1024n }),
    ordinary({ gasLimit: genesis.gasLimit - genesis.gasLimit / 1024n }),
  ],
  gasused: [ordinary({ gasUsed: genesis.gasLimit + 1n })],
  basefee: [
    ordinary({ baseFeePerGas: 0n }),
    ordinary({ baseFeePerGas: genesis.baseFeePerGas ?? 0n }),
  ],
  withdrawals: [
    ordinary({ extraFields: [new Uint8Array(32)] }),
    ordinary({ extraFields: [new Uint8Array(32), new Uint8Array(), new Uint8Array()] }),
  ],
  'seal-unrecoverable': [
    sealedWith(new Uint8Array(65)),
    sealedWith(concatBytes(seal.subarray(0, 64), Uint8Array.of(2))),
    sealedWith(concatBytes(seal.subarray(0, 64), Uint8Array.of(27))),
    sealedWith(concatBytes(new Uint8Array(32), seal.subarray(32))),
    sealedWith(concatBytes(seal.subarray(0, 32), new Uint8Array(32), seal.subarray(64))),
    sealedWith(concatBytes(seal.subarray(0, 32), ones, seal.subarray(64))),
    sealedWith(concatBytes(ones, seal.subarray(32))),
  ],
  unauthorized: [checkOf(atGenesis, outsider), ordinary({}, { signer: ZERO_ADDRESS })],
  recent: [
    checkOf(afterOne, accountAt(1)),
    checkOf(afterTwo, accountAt(2), { extraData: buildExtraData({ signers }) }),
  ],
  ancestor: [
    ordinary({}, { parent: undefined }),
    ordinary({ parentHash: hashAt(1) }),
    ordinary({ number: toBlockNumber(2n), extraData: buildExtraData({}) }),
    ordinary({}, { parent: afterOne.parent }),
    ordinary({}, { snapshot: afterOne.snapshot }),
  ],
}

const codeOf = (check: HeaderCheck): string => {
  const verdict = verifyHeader(check)
  return verdict.ok ? 'accepted' : verdict.fault.code
}

describe('verifyHeader', () => {
  test.each<[string, HeaderCheck]>([
    ['in turn', ordinary()],
    ['out of turn', checkOf(atGenesis, accountAt(2))],
    ['that begins an epoch', epochStart()],
    ['with a vote to admit', ordinary({ coinbase: outsider.address, nonce: voteNonce(true) })],
    ['with a vote to drop', ordinary({ coinbase: outsider.address })],
    ['with vanity', ordinary({ extraData: buildExtraData({ vanity: Uint8Array.of(1, 2) }) })],
    ['later than it could be', ordinary({ timestamp: later + 100n })],
    ['that uses all its gas', ordinary({ gasUsed: genesis.gasLimit })],
    [
      'with the highest gas limit',
      ordinary({ gasLimit: genesis.gasLimit + genesis.gasLimit / 1024n - 1n }),
    ],
    [
      'with the lowest gas limit',
      ordinary({ gasLimit: genesis.gasLimit - genesis.gasLimit / 1024n + 1n }),
    ],
    [
      'once its signer sealed long enough ago',
      checkOf(follow(afterOne, 2), accountAt(1), { extraData: buildExtraData({ signers }) }),
    ],
  ])('accepts a block %s', (_, check) => {
    expect(verifyHeader(check)).toEqual({ ok: true, value: undefined })
  })

  test.each(vectors.headerRules)('$error ($id): $when', ({ id, error }) => {
    const breaches = BREACHES[id] ?? []
    expect(breaches.length).toBeGreaterThan(0)
    expect(breaches.map(codeOf)).toEqual(breaches.map(() => error))
  })

  test('has a breach for every rule and a rule for every breach', () => {
    expect(vectors.headerRules).toHaveLength(22)
    expect(Object.keys(BREACHES)).toEqual(vectors.headerRules.map(({ id }) => id))
  })

  test('refuses a gas limit below 5000 next to one that is not', () => {
    const low = { ...genesis, gasLimit: 5000n }
    const place = { parent: low, snapshot: genesisSnapshot(low) }
    expect(codeOf(checkOf(place, accountAt(1)))).toBe('accepted')
    expect(codeOf(checkOf(place, accountAt(1), { gasLimit: 5003n }))).toBe('accepted')
    expect(codeOf(checkOf(place, accountAt(1), { gasLimit: 5004n }))).toBe('INVALID_GAS_LIMIT')
    expect(codeOf(checkOf(place, accountAt(1), { gasLimit: 4999n }))).toBe('INVALID_GAS_LIMIT')
  })

  test('refuses a header without a base fee', () => {
    const { baseFeePerGas, ...header } = createHeader(
      genesis,
      atGenesis.snapshot,
      accountAt(1).address,
    )
    const sealed = sealHeader(header, accountAt(1))
    expect(verifyHeader({ ...ordinary(), header: sealed })).toEqual({
      ok: false,
      fault: { code: 'INVALID_BASE_FEE', expected: String(baseFeePerGas), received: 'none' },
    })
  })

  test('refuses the child of a parent that is not the one its hash names', () => {
    const parent = { ...genesis, gasLimit: genesis.gasLimit + 1n }
    expect(codeOf(ordinary({}, { parent }))).toBe('UNKNOWN_ANCESTOR')
  })

  test('names what was expected and what was received', () => {
    expect(verifyHeader(ordinary({ uncleHash: ZERO_HASH }))).toEqual({
      ok: false,
      fault: { code: 'INVALID_UNCLE_HASH', expected: EMPTY_UNCLE_HASH, received: ZERO_HASH },
    })
    expect(verifyHeader(checkOf(afterOne, accountAt(1)))).toEqual({
      ok: false,
      fault: {
        code: 'RECENTLY_SIGNED',
        expected: `${at(1)} to seal one of 2 consecutive blocks`,
        received: 'blocks 1 and 2',
      },
    })
  })
})

describe('applyHeader', () => {
  test('refuses a header that does not follow the snapshot', () => {
    const { header } = checkOf(afterOne, accountAt(2))
    const { address } = accountAt(2)
    const unknown = { ok: false, fault: expect.objectContaining({ code: 'UNKNOWN_ANCESTOR' }) }
    expect(applyHeader(atGenesis.snapshot, header, address, RULES.epoch)).toEqual(unknown)
    const renumbered = { ...header, number: toBlockNumber(1n) }
    expect(applyHeader(atGenesis.snapshot, renumbered, address, RULES.epoch)).toEqual(unknown)
    expect(applyHeader(afterOne.snapshot, header, address, RULES.epoch).ok).toBe(true)
  })

  test('leaves the snapshot it began with as it was', () => {
    const before = structuredClone(afterOne.snapshot)
    const { address } = accountAt(2)
    const vote = { target: outsider.address, authorize: true }
    const header = createHeader(afterOne.parent, afterOne.snapshot, address, vote)
    expect(applyHeader(afterOne.snapshot, header, address, RULES.epoch).ok).toBe(true)
    expect(afterOne.snapshot).toEqual(before)
  })
})
