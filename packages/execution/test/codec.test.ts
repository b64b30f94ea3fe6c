import {
  bytesToHash32,
  bytesToHex,
  concatBytes,
  decodeRlp,
  encodeRlp,
  hexToBytes,
  type RlpItem,
  ZERO_HASH,
} from '@mosaic/primitives'
import { recoverSigner, signDigest } from '@mosaic/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Block,
  decodeLogs,
  decodeReceipts,
  effectiveTip,
  encodeBlock,
  encodeLogs,
  encodeReceipts,
} from '../src/index.ts'
import { contractAt, SETTER } from './contracts.ts'
import { ALICE, BOB, createTestChain, SIGNER, sealHeader, type TestChain } from './test-chain.ts'
import { sign, signRaw } from './transactions.ts'

const chain: TestChain = await createTestChain({ alloc: { [contractAt(0xc1)]: { code: SETTER } } })
const SEED = { seed: 20_260_801 }

function refusalOf(raw: Uint8Array): string {
  const verdict = chain.layer.decodeTransaction(raw)
  return verdict.ok ? 'no fault' : verdict.fault.code
}

/** The fields of a typed transaction with one replaced. */
function withField(raw: Uint8Array, index: number, field: Uint8Array): Uint8Array {
  const items = decodeRlp(raw.subarray(1))
  if (items instanceof Uint8Array) throw new TypeError('expected a list')
  return concatBytes(
    raw.subarray(0, 1),
    encodeRlp(items.map((item, i) => (i === index ? field : item))),
  )
}

describe('decodeTransaction', () => {
  test.each([0, 1, 2, 4] as const)('reads type %d with its sender', (type) => {
    const raw = signRaw(ALICE, {
      type,
      to: BOB.address,
      nonce: 5n,
      value: 6n,
      data: Uint8Array.of(1, 0),
      ...(type === 4 ? { authorization: [BOB, contractAt(1), 0n] as const } : {}),
    })
    const verdict = chain.layer.decodeTransaction(raw)
    if (!verdict.ok) throw new Error(verdict.fault.message)
    expect(verdict.value).toMatchObject({
      type,
      from: ALICE.address,
      to: BOB.address,
      nonce: 5n,
      value: 6n,
      chainId: 1337n,
      raw,
      // One zero byte and one other; 25,000 more for an authorization.
      intrinsicGas: (type === 4 ? 25_000n : 0n) + (type === 4 ? 21_020n : 21_050n),
    })
  })

  test('refuses other chains, unprotected ones, other types and blobs', () => {
    expect(refusalOf(signRaw(ALICE, { to: BOB.address, chainId: 1n }))).toBe(
      'TRANSACTION_FOREIGN_CHAIN',
    )
    expect(refusalOf(signRaw(ALICE, { type: 0, to: BOB.address, chainId: 1n }))).toBe(
      'TRANSACTION_FOREIGN_CHAIN',
    )
    // The deployer of the deterministic-deployment proxy, signed without a chain.
    const unprotected = hexToBytes(
      '0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222',
    )
    expect(refusalOf(unprotected)).toBe('TRANSACTION_UNPROTECTED')
    for (const type of [3, 5, 0x7f]) {
      expect(refusalOf(Uint8Array.of(type, 0xc0))).toBe('TRANSACTION_TYPE')
    }
  })

  test('refuses a signature whose s is in the upper half', () => {
    const raw = signRaw(ALICE, { to: BOB.address })
    expect(refusalOf(withField(raw, 11, new Uint8Array(32).fill(0xf0)))).toBe(
      'TRANSACTION_MALFORMED',
    )
  })

  test('reads one encoding of a transaction only', () => {
    const raw = signRaw(ALICE, { to: BOB.address, nonce: 1n })
    expect(refusalOf(withField(raw, 1, Uint8Array.of(0, 1)))).toBe('TRANSACTION_MALFORMED')
    expect(refusalOf(concatBytes(raw, Uint8Array.of(0)))).toBe('TRANSACTION_MALFORMED')
    expect(refusalOf(withField(raw, 10, new Uint8Array(40).fill(9)))).toBe('TRANSACTION_MALFORMED')
    expect(refusalOf(new Uint8Array())).toBe('TRANSACTION_MALFORMED')
  })

  test('gives a verdict on any bytes, and takes none that differ from what it was made of', () => {
    const raws = ([0, 1, 2] as const).map((type) => signRaw(ALICE, { type, to: BOB.address }))
    fc.assert(
      fc.property(
        fc.constantFrom(...raws),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (raw, at, flip) => {
          const changed = raw.slice()
          changed[at % raw.length] = (changed[at % raw.length] ?? 0) ^ flip
          const verdict = chain.layer.decodeTransaction(changed)
          // A changed byte may give another sender, never the same transaction.
          return !verdict.ok || verdict.value.from !== ALICE.address
        },
      ),
      { ...SEED, numRuns: 400 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        chain.layer.decodeTransaction(bytes)
      }),
      { ...SEED, numRuns: 400 },
    )
  })

  test('remembers what it decoded, whatever becomes of the bytes it was given', () => {
    const raw = signRaw(ALICE, { to: BOB.address, nonce: 123n })
    const lent = raw.slice()
    const first = chain.layer.decodeTransaction(lent)
    lent.fill(0)
    const second = chain.layer.decodeTransaction(raw)
    if (!first.ok || !second.ok) throw new Error('expected a transaction')
    expect(second.value).toBe(first.value)
    expect(first.value.raw).toEqual(raw)
  })

  test('tells what is left of the fee for the signer', () => {
    const transaction = sign(chain, ALICE, { to: BOB.address, cap: 100n, tip: 10n })
    expect(effectiveTip(transaction, 50n)).toBe(10n)
    expect(effectiveTip(transaction, 95n)).toBe(5n)
    expect(effectiveTip(transaction, 101n)).toBe(-1n)
  })
})

async function example(): Promise<Block> {
  const { block } = await chain.seal(chain.genesis, {
    transactions: [
      sign(chain, ALICE, { type: 0, to: BOB.address }),
      sign(chain, ALICE, { type: 2, nonce: 1n, to: BOB.address }),
    ],
  })
  return block
}

function parts(block: Block): readonly RlpItem[] {
  const item = decodeRlp(encodeBlock(block))
  if (item instanceof Uint8Array) throw new TypeError('expected a list')
  return item
}

function readBlock(item: RlpItem): string {
  const verdict = chain.layer.decodeBlock(encodeRlp(item))
  return verdict.ok ? 'no fault' : verdict.fault.code
}

describe('blocks', () => {
  test('are read as they were written, with senders and sealer', async () => {
    const block = await example()
    const verdict = chain.layer.decodeBlock(encodeBlock(block))
    if (!verdict.ok) throw new Error(verdict.fault.code)
    expect(verdict.value.hash).toBe(block.hash)
    expect(verdict.value.header).toEqual(block.header)
    expect(verdict.value.signer).toBe(SIGNER.address)
    expect(verdict.value.transactions).toEqual(block.transactions)
    expect(encodeBlock(verdict.value)).toEqual(encodeBlock(block))
  })

  test('are read from no other encoding', async () => {
    const block = await example()
    const [header, transactions] = parts(block)
    if (header === undefined || transactions === undefined || transactions instanceof Uint8Array) {
      throw new TypeError('expected a header and transactions')
    }
    const [legacy, typed] = transactions
    if (legacy === undefined || typed === undefined) throw new TypeError('expected transactions')
    expect(readBlock([header, [legacy, typed], []])).toBe('no fault')
    expect(readBlock([header, [encodeRlp(legacy), typed], []])).toBe('BLOCK_MALFORMED')
    expect(readBlock([header, [legacy, new Uint8Array()], []])).toBe('BLOCK_MALFORMED')
    expect(readBlock([header, [legacy, typed], [header]])).toBe('BLOCK_MALFORMED')
    expect(readBlock([header, [legacy, typed], [], []])).toBe('BLOCK_MALFORMED')
    expect(readBlock([header, [legacy, typed]])).toBe('BLOCK_MALFORMED')
    expect(readBlock([header, [legacy, Uint8Array.of(3, 0xc0)], []])).toBe('BLOCK_BAD_TRANSACTION')
    expect(readBlock([])).toBe('BLOCK_MALFORMED')
  })

  test('are refused without a seal that recovers', async () => {
    const block = await example()
    const extraData = block.header.extraData.slice()
    extraData[extraData.length - 1] = 5
    const unsealed = { ...block, header: { ...block.header, extraData } }
    const verdict = chain.layer.decodeBlock(encodeBlock(unsealed))
    expect(verdict.ok ? undefined : verdict.fault.code).toBe('BLOCK_UNSEALED')
  })

  test('are refused with the other seal that the same key could have made', async () => {
    const block = await example()
    const extraData = block.header.extraData.slice()
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const at = extraData.length - 33
    const s = BigInt(`0x${Buffer.from(extraData.subarray(at, at + 32)).toString('hex')}`)
    extraData.set(hexToBytes(`0x${(order - s).toString(16).padStart(64, '0')}`), at)
    extraData[extraData.length - 1] = 1 - (extraData.at(-1) ?? 0)
    const twin = { ...block, header: { ...block.header, extraData } }
    const verdict = chain.layer.decodeBlock(encodeBlock(twin))
    expect(verdict.ok ? undefined : verdict.fault.code).toBe('BLOCK_UNSEALED')
  })

  test('get a verdict whatever the bytes are', async () => {
    const bytes = encodeBlock(await example())
    fc.assert(
      fc.property(
        fc.nat({ max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          const changed = bytes.slice()
          changed[at] = (changed[at] ?? 0) ^ flip
          const verdict = chain.layer.decodeBlock(changed)
          return !verdict.ok || encodeBlock(verdict.value).every((byte, i) => byte === changed[i])
        },
      ),
      { ...SEED, numRuns: 300 },
    )
  })

  test('are read with a body that is not theirs only where that was looked at before', async () => {
    const block = await example()
    const foreign = encodeBlock({ ...block, transactions: block.transactions.slice(1) })
    expect(chain.layer.decodeBlock(foreign)).toMatchObject({ ok: true })
    const outline = chain.layer.outlineBlock(foreign)
    if (!outline.ok) throw new Error(outline.fault.code)
    expect(outline.value).toMatchObject({ hash: block.hash, signer: SIGNER.address })
    expect(await chain.layer.completeBlock(outline.value)).toEqual({
      ok: false,
      fault: {
        code: 'BLOCK_FOREIGN_BODY',
        transactionsRoot: block.header.transactionsRoot,
      },
    })
  })

  test('have no more transactions than their gas is enough for', async () => {
    const block = await example()
    const [header] = parts(block)
    if (header === undefined) throw new TypeError('expected a header')
    const most = Number(block.header.gasUsed / 21_000n)
    const items = Array.from({ length: most }, () => Uint8Array.of(3, 0xc0))
    expect(readBlock([header, items, []])).toBe('BLOCK_BAD_TRANSACTION')
    expect(readBlock([header, [...items, Uint8Array.of(3)], []])).toBe('BLOCK_MALFORMED')
  })

  test('may be sealed by anybody: who may seal is for the rules of authority', async () => {
    const block = await example()
    const forged = sealHeader(block.header, block.transactions, BOB)
    const verdict = chain.layer.decodeBlock(encodeBlock(forged))
    expect(verdict.ok && verdict.value.signer).toBe(BOB.address)
  })
})

describe('recoverDigestSigner', () => {
  test('names the same signer as the protocol, of proper signatures and others', () => {
    const signature = fc.oneof(
      fc.uint8Array({ minLength: 64, maxLength: 65 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map((digest) => {
        const own = hexToBytes(signDigest(bytesToHash32(digest), ALICE.secretKey))
        own[0] = digest[0] ?? 0
        return own
      }),
      fc.constant(hexToBytes(signDigest(ZERO_HASH, ALICE.secretKey))),
    )
    fc.assert(
      fc.property(signature, (bytes) => {
        const hex = bytesToHex(bytes)
        expect(chain.layer.recoverDigestSigner(ZERO_HASH, hex)).toBe(recoverSigner(ZERO_HASH, hex))
      }),
      { ...SEED, numRuns: 200 },
    )
    const own = signDigest(ZERO_HASH, ALICE.secretKey)
    expect(chain.layer.recoverDigestSigner(ZERO_HASH, own)).toBe(ALICE.address)
  })
})

describe('receipts', () => {
  test('survive their encoding, and so do logs', async () => {
    const { execution } = await chain.seal(chain.genesis, {
      transactions: [
        sign(chain, ALICE, { to: contractAt(0xc1), data: new Uint8Array(32).fill(1) }),
        sign(chain, ALICE, { nonce: 1n, type: 1, to: BOB.address }),
        sign(chain, ALICE, { nonce: 2n, data: Uint8Array.of(0xfe), gasLimit: 60_000n }),
      ],
    })
    expect(decodeReceipts(encodeReceipts(execution.receipts))).toEqual(execution.receipts)
    const logs = execution.receipts.flatMap((receipt) => receipt.logs)
    expect(logs.length).toBe(1)
    expect(decodeLogs(encodeLogs(logs))).toEqual(logs)
    expect(() => decodeReceipts(Uint8Array.of(1))).toThrow('a list')
  })
})
