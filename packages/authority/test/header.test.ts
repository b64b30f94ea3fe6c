import {
  type Address,
  bytesToAddress,
  bytesToBigint,
  bytesToHash32,
  bytesToHex,
  concatBytes,
  decodeRlp,
  encodeRlp,
  hexToBytes,
  InvalidValueError,
  keccak256,
  toAddress,
  toBlockNumber,
  toHash32,
  ZERO_HASH,
} from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { secretKeyToAddress } from '../../protocol/src/signature.ts'
import { buildExtraData, splitExtraData } from '../src/extra-data.ts'
import {
  type AuthorityHeader,
  decodeHeader,
  encodeHeader,
  headerHash,
  readSeal,
  sealHash,
} from '../src/header.ts'
import { applyHeader, genesisSnapshot } from '../src/signer-snapshot.ts'
import { verifyHeader } from '../src/verify-header.ts'
import { addressAt, createAccount, GENESIS, recoverSealer, sealHeader } from './signers.ts'
import { type HeaderJson, vectors } from './vectors.ts'

function fromJson(json: HeaderJson): AuthorityHeader {
  const field = (name: string): string => {
    const value = json[name]
    if (value === undefined) throw new Error(`no field ${name}`)
    return value === '256 zero bytes' ? `0x${'00'.repeat(256)}` : value
  }
  return {
    parentHash: toHash32(field('parentHash')),
    uncleHash: toHash32(field('uncleHash')),
    coinbase: toAddress(field('coinbase')),
    stateRoot: toHash32(field('stateRoot')),
    transactionsRoot: toHash32(field('transactionsRoot')),
    receiptsRoot: toHash32(field('receiptsRoot')),
    logsBloom: hexToBytes(field('logsBloom')),
    difficulty: BigInt(field('difficulty')),
    number: toBlockNumber(BigInt(field('number'))),
    gasLimit: BigInt(field('gasLimit')),
    gasUsed: BigInt(field('gasUsed')),
    timestamp: BigInt(field('timestamp')),
    extraData: hexToBytes(field('extraData')),
    mixHash: toHash32(field('mixHash')),
    nonce: hexToBytes(field('nonce')),
    ...(json['baseFeePerGas'] !== undefined && { baseFeePerGas: BigInt(field('baseFeePerGas')) }),
  }
}

describe('vectors', () => {
  test('are all run here', () => {
    expect(Object.keys(vectors.vectors)).toEqual([
      'sealHash',
      'sealedBlock',
      'rinkebyBlock30000',
      'besuChain',
    ])
  })

  test('geth: the seal hash of an empty header', () => {
    const { header, sealHash: expected } = vectors.vectors.sealHash
    expect(sealHash(fromJson(header))).toBe(expected)
  })

  test('geth: a sealed block', () => {
    const vector = vectors.vectors.sealedBlock
    const block = decodeRlp(hexToBytes(vector.rlp))
    const rlp = block instanceof Uint8Array ? block : encodeRlp(block[0] ?? [])
    const header = decodeHeader(rlp)
    expect(bytesToHex(encodeHeader(header))).toBe(bytesToHex(rlp))
    expect(header.baseFeePerGas).toBeUndefined()
    expect(header.coinbase).toBe(vector.coinbaseVote)
    expect(bytesToHex(header.nonce)).toBe(vector.nonce_in_rlp)
    expect(headerHash(header)).toBe(vector.hash)
    expect(sealHash(header)).toBe(vector.sealHash)
    expect(recoverSealer(header)).toBe(vector.signer)
    expect(secretKeyToAddress(hexToBytes(vector.secretKey))).toBe(vector.signer)
    expect(
      sealHeader(header, {
        address: toAddress(vector.signer),
        secretKey: hexToBytes(vector.secretKey),
      }),
    ).toEqual(header)
  })

  test('Rinkeby: the first block of an epoch', () => {
    const vector = vectors.vectors.rinkebyBlock30000
    const header = fromJson(vector.header)
    expect(headerHash(header)).toBe(vector.hash)
    expect(sealHash(header)).toBe(vector.sealHash)
    expect(recoverSealer(header)).toBe(vector.signer)
    expect(splitExtraData(header.extraData).signers).toEqual(vector.signers)
    expect(decodeHeader(encodeHeader(header))).toEqual(header)
  })

  test('Besu: a London chain of one signer', () => {
    const [first, ...rest] = vectors.vectors.besuChain.blocks
    if (first === undefined) throw new Error('a chain without blocks')
    let parent = decodeHeader(hexToBytes(first.headerRlp))
    expect(headerHash(parent)).toBe(first.hash)
    let snapshot = genesisSnapshot(parent)
    for (const { hash, signer, headerRlp, number } of rest) {
      const header = decodeHeader(hexToBytes(headerRlp))
      expect(bytesToHex(encodeHeader(header))).toBe(headerRlp)
      expect(headerHash(header)).toBe(hash)
      const sealer = recoverSealer(header)
      expect(sealer).toBe(signer)
      const rules = { period: 10n, epoch: 30_000n }
      const nowSeconds = header.timestamp
      expect(verifyHeader({ header, parent, snapshot, signer: sealer, rules, nowSeconds })).toEqual(
        {
          ok: true,
          value: undefined,
        },
      )
      const applied = applyHeader(snapshot, header, toAddress(signer ?? ''), rules.epoch)
      if (!applied.ok) throw new Error(applied.fault.code)
      expect(applied.value.number).toBe(BigInt(number))
      snapshot = applied.value
      parent = header
    }
    expect(snapshot.signers).toEqual([rest[0]?.signer])
  })
})

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((raw) => bytesToHash32(raw))
const uint = (bits: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: 2n ** bits - 1n })
const header: fc.Arbitrary<AuthorityHeader> = fc
  .record({
    parentHash: hash,
    uncleHash: hash,
    coinbase: fc.uint8Array({ minLength: 20, maxLength: 20 }).map((raw) => bytesToAddress(raw)),
    stateRoot: hash,
    transactionsRoot: hash,
    receiptsRoot: hash,
    logsBloom: fc.uint8Array({ minLength: 256, maxLength: 256 }),
    difficulty: uint(256n),
    number: uint(64n).map(toBlockNumber),
    gasLimit: uint(64n),
    gasUsed: uint(64n),
    timestamp: uint(64n),
    extraData: fc.uint8Array({ maxLength: 200 }),
    mixHash: hash,
    nonce: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  })
  .chain((fields) =>
    fc.oneof(
      fc.constant(fields),
      fc.record({ baseFeePerGas: uint(256n) }).map((more) => ({ ...fields, ...more })),
      fc
        .record({
          baseFeePerGas: uint(256n),
          extraFields: fc.array(fc.uint8Array({ maxLength: 32 }), { minLength: 1, maxLength: 4 }),
        })
        .map((more) => ({ ...fields, ...more })),
    ),
  )

describe('decodeHeader', () => {
  test('reads what encodeHeader wrote', () => {
    fc.assert(
      fc.property(header, (value) => {
        expect(decodeHeader(encodeHeader(value))).toEqual(value)
        expect(headerHash(value)).toBe(keccak256(encodeHeader(value)))
      }),
      { seed: 1 },
    )
  })

  test('reads no bytes but those that encodeHeader writes', () => {
    fc.assert(
      fc.property(header, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, flip) => {
        const rlp = encodeHeader(value).slice()
        const index = place % rlp.length
        rlp[index] = (rlp[index] ?? 0) ^ flip
        let read: AuthorityHeader
        try {
          read = decodeHeader(rlp)
        } catch (error) {
          if (error instanceof InvalidValueError) return true
          throw error
        }
        return bytesToHex(encodeHeader(read)) === bytesToHex(rlp)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  const fields = decodeRlp(encodeHeader(GENESIS))
  const withField = (index: number, value: Uint8Array | readonly Uint8Array[]): Uint8Array =>
    encodeRlp(
      fields instanceof Uint8Array ? [] : fields.map((field, i) => (i === index ? value : field)),
    )

  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['a string', encodeRlp(new Uint8Array(32))],
    ['an empty list', encodeRlp([])],
    ['fourteen fields', encodeRlp(fields instanceof Uint8Array ? [] : fields.slice(0, 14))],
    ['surplus bytes', concatBytes(encodeHeader(GENESIS), new Uint8Array(1))],
    ['a short hash', withField(0, new Uint8Array(31))],
    ['a long address', withField(2, new Uint8Array(21))],
    ['a short bloom', withField(6, new Uint8Array(255))],
    ['a leading zero', withField(7, Uint8Array.of(0, 1))],
    ['a zero of one byte', withField(10, new Uint8Array(1))],
    ['a number above 64 bits', withField(8, new Uint8Array(9).fill(1))],
    ['a difficulty above 256 bits', withField(7, new Uint8Array(33).fill(1))],
    ['a list for a field', withField(12, [])],
    ['a short nonce', withField(14, new Uint8Array(7))],
    ['a megabyte of extra data', withField(12, new Uint8Array(1 << 20))],
  ])('refuses %s', (_, rlp) => {
    expect(() => decodeHeader(rlp)).toThrow(InvalidValueError)
  })

  test('keeps nothing of the bytes it read', () => {
    const rlp = encodeHeader(GENESIS).slice()
    const read = decodeHeader(rlp)
    rlp.fill(0)
    expect(read).toEqual(GENESIS)
  })
})

describe('encodeHeader', () => {
  test.each<[string, AuthorityHeader]>([
    ['a short bloom', { ...GENESIS, logsBloom: new Uint8Array(255) }],
    ['a long nonce', { ...GENESIS, nonce: new Uint8Array(9) }],
    ['a negative integer', { ...GENESIS, gasUsed: -1n }],
  ])('refuses %s', (_, value) => {
    expect(() => encodeHeader(value)).toThrow(InvalidValueError)
  })

  test('refuses later fields without a base fee', () => {
    const { baseFeePerGas: _, ...preLondon } = GENESIS
    expect(() => encodeHeader({ ...preLondon, extraFields: [new Uint8Array(32)] })).toThrow(
      InvalidValueError,
    )
  })
})

describe('sealHash', () => {
  test('depends on every field and not on the seal', () => {
    const base = { ...GENESIS, extraData: buildExtraData({ signers: [addressAt(1)] }) }
    const sealed = sealHeader(base, createAccount('A', 1))
    expect(sealHash(sealed)).toBe(sealHash(base))
    expect(headerHash(sealed)).not.toBe(headerHash(base))
    const one = Uint8Array.of(1)
    const changed: readonly AuthorityHeader[] = [
      base,
      { ...base, parentHash: keccak256(one) },
      { ...base, uncleHash: ZERO_HASH },
      { ...base, coinbase: addressAt(0) },
      { ...base, stateRoot: keccak256(one) },
      { ...base, transactionsRoot: keccak256(one) },
      { ...base, receiptsRoot: keccak256(one) },
      { ...base, logsBloom: new Uint8Array(256).fill(1) },
      { ...base, difficulty: 2n },
      { ...base, number: toBlockNumber(1n) },
      { ...base, gasLimit: 1n },
      { ...base, gasUsed: 1n },
      { ...base, timestamp: 1n },
      { ...base, extraData: buildExtraData({}) },
      { ...base, extraData: buildExtraData({ vanity: one, signers: [addressAt(1)] }) },
      { ...base, mixHash: keccak256(one) },
      { ...base, nonce: new Uint8Array(8).fill(1) },
      { ...base, baseFeePerGas: 1n },
      { ...base, extraFields: [one] },
    ]
    expect(new Set(changed.map(sealHash)).size).toBe(changed.length)
  })

  test('needs room for a seal', () => {
    expect(() => sealHash({ ...GENESIS, extraData: new Uint8Array(64) })).toThrow(InvalidValueError)
    expect(readSeal({ ...GENESIS, extraData: new Uint8Array(96) })).toBeUndefined()
    expect(readSeal({ ...GENESIS, extraData: new Uint8Array(97) })).toEqual(new Uint8Array(65))
  })
})

describe('extra data', () => {
  const signers = fc
    .uniqueArray(fc.nat({ max: 50 }), { maxLength: 8 })
    .map((indices) => indices.map(addressAt))

  test('is split into what it was built of, signers ascending', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        signers,
        fc.uint8Array({ minLength: 65, maxLength: 65 }),
        (vanity, listed, seal) => {
          const parts = splitExtraData(buildExtraData({ vanity, signers: listed, seal }))
          expect(parts).toEqual({ vanity, signers: listed.toSorted(), seal })
        },
      ),
      { seed: 1 },
    )
  })

  test('fills a short vanity up', () => {
    const { vanity } = splitExtraData(buildExtraData({ vanity: Uint8Array.of(1) }))
    expect(vanity).toHaveLength(32)
    expect(bytesToBigint(vanity)).toBe(1n << 248n)
  })

  test('is refused with parts of the wrong size, or a signer twice', () => {
    const twice: readonly Address[] = [addressAt(1), addressAt(0), addressAt(1)]
    expect(() => buildExtraData({ vanity: new Uint8Array(33) })).toThrow(InvalidValueError)
    expect(() => buildExtraData({ seal: new Uint8Array(64) })).toThrow(InvalidValueError)
    expect(() => buildExtraData({ signers: twice })).toThrow(InvalidValueError)
    for (const size of [0, 31, 96, 98, 116, 118]) {
      expect(() => splitExtraData(new Uint8Array(size))).toThrow(InvalidValueError)
    }
  })
})
