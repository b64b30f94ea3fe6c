import {
  type AuthorityHeader,
  applyHeader,
  buildExtraData,
  EMPTY_UNCLE_HASH,
  findSignerFault,
  genesisSnapshot,
  headerHash,
  type SignerSnapshot,
  voteNonce,
} from '@mosaic/authority'
import { type Address, toAddress, toBlockNumber, ZERO_ADDRESS, ZERO_HASH } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { firstHeaderNeeded, replaySigners } from '../src/index.ts'

const RULES = { period: 1n, epoch: 700n }
const ADDRESSES = Array.from({ length: 9 }, (_, i) => toAddress(`0x${String(i + 1).repeat(40)}`))

type History = {
  readonly headers: readonly AuthorityHeader[]
  /** After each block. */
  readonly snapshots: readonly SignerSnapshot[]
  readonly recoverSigner: (header: AuthorityHeader) => Address | undefined
}

/** A chain of headers whose signers change now and then; whoever may seal does so in turn. */
function createHistory(length: number): History {
  const sealers = new Map<AuthorityHeader, Address>()
  const genesis = headerOf(0n, ZERO_HASH, ADDRESSES.slice(0, 3), ZERO_ADDRESS, false)
  const headers = [genesis]
  const snapshots = [genesisSnapshot(genesis)]
  for (let number = 1n; number <= length; number++) {
    const before = snapshots.at(-1)
    const parent = headers.at(-1)
    if (before === undefined || parent === undefined) throw new Error('expected a parent')
    const isEpoch = number % RULES.epoch === 0n
    const [target, wish] = isEpoch ? [ZERO_ADDRESS, false] : wishOf(number, before.signers)
    const signers = isEpoch ? before.signers : []
    const header = headerOf(number, headerHash(parent), signers, target, wish)
    const able = before.signers.filter((each) => findSignerFault(before, each) === undefined)
    const signer = able[Number(number) % able.length] ?? ZERO_ADDRESS
    const after = applyHeader(before, header, signer, RULES.epoch)
    if (!after.ok) throw new Error(after.fault.code)
    sealers.set(header, signer)
    headers.push(header)
    snapshots.push(after.value)
  }
  return { headers, snapshots, recoverSigner: (header) => sealers.get(header) }
}

/** In each hundred blocks there are thirty in which all wish for the same change, and others in which some wish for one. */
function wishOf(number: bigint, signers: readonly Address[]): readonly [Address, boolean] {
  const hundred = Number(number / 100n)
  const target = ADDRESSES[hundred % ADDRESSES.length] ?? ZERO_ADDRESS
  if (number % 100n < 30n) return [target, !signers.includes(target) || signers.length < 3]
  return number % 7n === 0n ? [ADDRESSES[8] ?? ZERO_ADDRESS, true] : [ZERO_ADDRESS, false]
}

function headerOf(
  number: bigint,
  parentHash: AuthorityHeader['parentHash'],
  signers: readonly Address[],
  coinbase: Address,
  authorize: boolean,
): AuthorityHeader {
  return {
    parentHash,
    uncleHash: EMPTY_UNCLE_HASH,
    coinbase,
    stateRoot: ZERO_HASH,
    transactionsRoot: ZERO_HASH,
    receiptsRoot: ZERO_HASH,
    logsBloom: new Uint8Array(256),
    difficulty: 1n,
    number: toBlockNumber(number),
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    timestamp: 1000n + number,
    extraData: buildExtraData({ vanity: new Uint8Array(32), signers }),
    mixHash: ZERO_HASH,
    nonce: voteNonce(authorize),
    baseFeePerGas: 7n,
  }
}

const pause = async (): Promise<void> => undefined

describe('replaySigners', () => {
  const { headers, snapshots, recoverSigner } = createHistory(3200)

  test('has a history in which signers come and go', () => {
    expect(new Set(snapshots.map(({ signers }) => signers.join())).size).toBeGreaterThan(10)
  })

  test.each([1n, 5n, 699n, 700n, 1400n, 1699n, 1700n, 2099n, 2100n, 2399n, 2400n, 3100n, 3199n])(
    'knows after block %i what who saw all blocks knows',
    async (number) => {
      const from = firstHeaderNeeded(toBlockNumber(number), RULES)
      const part = headers.slice(Number(from), Number(number) + 1)
      const replayed = await replaySigners(part, RULES, recoverSigner, pause)
      expect(replayed).toEqual(snapshots[Number(number)])
    },
  )

  test('needs no more than two epochs, and all hashes that the EVM may ask for', () => {
    expect(firstHeaderNeeded(toBlockNumber(3199n), RULES)).toBe(2100n)
    expect(firstHeaderNeeded(toBlockNumber(3099n), RULES)).toBe(1400n)
    expect(firstHeaderNeeded(toBlockNumber(5000n), { period: 1n, epoch: 1000n })).toBe(4000n)
    expect(firstHeaderNeeded(toBlockNumber(5000n), { period: 1n, epoch: 50n })).toBe(4000n)
    expect(firstHeaderNeeded(toBlockNumber(30_999n), { period: 1n, epoch: 30_000n })).toBe(0n)
    expect(firstHeaderNeeded(toBlockNumber(90_000n), { period: 1n, epoch: 30_000n })).toBe(60_000n)
  })

  test('refuses headers that list nobody, and headers without a sealer', async () => {
    const part = headers.slice(2101, 3199)
    await expect(replaySigners(part, RULES, recoverSigner, pause)).rejects.toThrow('block 2100')
    await expect(replaySigners(headers, RULES, () => undefined, pause)).rejects.toThrow('sealed')
  })
})
