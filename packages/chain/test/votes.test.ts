import { encodeRlp, hexToBytes, integerToRlp, toHash32, toHeight } from '@mosaic/primitives'
import { secretKeyToAddress, signDigest, voteDigest } from '@mosaic/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Chain,
  countedVotes,
  createVoteIntake,
  createVotePool,
  decodeSignedVote,
  encodeSignedVote,
  linkMessage,
  type PendingVote,
} from '../src/index.ts'
import {
  AUXILIARY,
  account,
  createTestChain,
  DEFINITION,
  DOMAIN,
  ORIGIN,
  outOfTurn,
  signedVote,
  VALIDATORS,
} from './test-chain.ts'

const [FIRST = account('none'), SECOND = FIRST] = VALIDATORS
const HASH = toHash32(`0x${'ab'.repeat(32)}`)
const VOTE = {
  chain: AUXILIARY,
  transitionHash: HASH,
  source: HASH,
  target: HASH,
  sourceHeight: toHeight(0n),
  targetHeight: toHeight(1n),
}

function pending(targetHeight: bigint, validator = FIRST, chain = AUXILIARY): PendingVote {
  const vote = { ...VOTE, chain, targetHeight: toHeight(targetHeight) }
  return decodeSignedVote(signedVote(vote, validator), DOMAIN)
}

describe('a signed vote', () => {
  test('survives the wire, and its signer is who signed it', () => {
    const height = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(toHeight)
    const hash = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => toHash32(`0x${Buffer.from(bytes).toString('hex')}`))
    fc.assert(
      fc.property(hash, hash, hash, height, height, (a, b, c, sourceHeight, targetHeight) => {
        const vote = {
          chain: AUXILIARY,
          transitionHash: a,
          source: b,
          target: c,
          sourceHeight,
          targetHeight,
        }
        const decoded = decodeSignedVote(signedVote(vote, FIRST), DOMAIN)
        expect(decoded).toMatchObject({ vote, validator: FIRST.address })
        expect(encodeSignedVote(decoded)).toEqual(signedVote(vote, FIRST))
      }),
      { seed: 7, numRuns: 50 },
    )
  })

  const items = [HASH, HASH, HASH, HASH].map(hexToBytes)
  const signature = hexToBytes(signDigest(voteDigest(DOMAIN, VOTE), FIRST.secretKey))
  const heights = [integerToRlp(0n), integerToRlp(1n)]
  test.for([
    ['that is no list', Uint8Array.of(0x80)],
    ['of no bytes', new Uint8Array()],
    ['without a signature', encodeRlp([...items, ...heights])],
    ['with a field too many', encodeRlp([...items, ...heights, signature, signature])],
    [
      'with a short hash',
      encodeRlp([hexToBytes('0x01'), ...items.slice(1), ...heights, signature]),
    ],
    [
      'with a height of 9 bytes',
      encodeRlp([...items, new Uint8Array(9).fill(1), Uint8Array.of(1), signature]),
    ],
    [
      'with a padded height',
      encodeRlp([...items, Uint8Array.of(0, 1), Uint8Array.of(1), signature]),
    ],
    ['with a signature of 65 bytes', encodeRlp([...items, ...heights, new Uint8Array(65).fill(1)])],
    ['with a signature of zeros', encodeRlp([...items, ...heights, new Uint8Array(64)])],
    ['with a list inside', encodeRlp([...items, ...heights, [signature]])],
    ['with bytes behind it', Uint8Array.of(...encodeRlp([...items, ...heights, signature]), 0)],
    ['of a megabyte', encodeRlp([...items, ...heights, new Uint8Array(1_000_000)])],
  ] as const)('%s is refused', async ([, bytes]) => {
    expect(() => decodeSignedVote(bytes, DOMAIN)).toThrow(/expected/)
    const { chain } = await createTestChain()
    const intake = createVoteIntake(chain, createVotePool())
    expect(await intake.take(bytes)).toMatchObject({ ok: false, fault: { code: 'VOTE_MALFORMED' } })
  })
})

describe('the vote pool', () => {
  test('keeps a message of a validator once, in either encoding of its signature', () => {
    const pool = createVotePool()
    expect(pool.add(pending(1n))).toBe(true)
    expect(pool.add({ ...pending(1n), signature: '0x' })).toBe(false)
    expect(pool.add(pending(1n, SECOND))).toBe(true)
    expect(pool.add(pending(1n, FIRST, ORIGIN))).toBe(true)
    expect(pool.pending()).toHaveLength(3)
    const { link, validator } = pending(1n)
    expect(pool.has(link, validator)).toBe(true)
    pool.remove(link, validator)
    expect(pool.has(link, validator)).toBe(false)
    expect(pool.pending()).toHaveLength(2)
  })

  test('gives its votes by target height, and forgets those below a bound of one chain', () => {
    const pool = createVotePool()
    for (const height of [3n, 1n, 2n]) {
      pool.add(pending(height))
      pool.add(pending(height, FIRST, ORIGIN))
    }
    expect(pool.pending().map(({ vote }) => vote.targetHeight)).toEqual([1n, 1n, 2n, 2n, 3n, 3n])
    expect(pool.byHeight(AUXILIARY, toHeight(2n))).toHaveLength(1)
    pool.prune(AUXILIARY, toHeight(3n))
    expect(pool.pending().map(({ vote }) => vote.targetHeight)).toEqual([1n, 2n, 3n, 3n])
  })

  test('is bounded per validator: who signs too much loses his own oldest', () => {
    const pool = createVotePool()
    pool.add(pending(1n, SECOND))
    for (let height = 1n; height <= 40n; height++) pool.add(pending(height))
    const own = pool.pending().filter(({ validator }) => validator === FIRST.address)
    expect(own.map(({ vote }) => vote.targetHeight)).toEqual(
      Array.from({ length: 32 }, (_, i) => BigInt(i + 9)),
    )
    expect(pool.pending()).toHaveLength(33)
  })
})

describe('the intake of votes', () => {
  test('takes a vote of a validator of the active set once', async () => {
    const { chain, extend, vote } = await createTestChain()
    const pool = createVotePool()
    const intake = createVoteIntake(chain, pool)
    const head = await extend(await extend(chain.genesis))
    const bytes = signedVote(vote(head, 0n, 1n), FIRST)
    expect(await intake.take(bytes)).toMatchObject({
      ok: true,
      value: { validator: FIRST.address },
    })
    expect(await intake.take(bytes)).toEqual({ ok: false, fault: { code: 'VOTE_KNOWN' } })
    expect(await intake.validators()).toEqual(new Set(VALIDATORS.map(({ address }) => address)))
  })

  test('recovers the signer of a vote once, however often and by whomever it is told', async () => {
    const { chain, extend, vote } = await createTestChain()
    let recoveries = 0
    const watched: Chain = {
      ...chain,
      execution: {
        ...chain.execution,
        recoverDigestSigner: (...signed) => {
          recoveries++
          return chain.execution.recoverDigestSigner(...signed)
        },
      },
    }
    const intake = createVoteIntake(watched, createVotePool())
    const first = await extend(await extend(chain.genesis))
    const message = vote(first, 0n, 1n)
    const votes = VALIDATORS.map((validator) => signedVote(message, validator))
    for (const bytes of [...votes, ...votes]) await intake.take(bytes.slice())
    await extend(first, { votes: [message] })
    for (const bytes of votes) await intake.take(bytes.slice())
    expect(recoveries).toBe(VALIDATORS.length)
    // Strangers are not remembered: they may sign without end.
    const strange = signedVote(message, account('stranger'))
    await intake.take(strange)
    await intake.take(strange)
    expect(recoveries).toBe(VALIDATORS.length + 2)
  })

  test('takes no vote again that the chain of the head counted', async () => {
    const { chain, extend, vote } = await createTestChain()
    const pool = createVotePool()
    const intake = createVoteIntake(chain, pool)
    const first = await extend(await extend(chain.genesis))
    const message = vote(first, 0n, 1n)
    await intake.take(signedVote(message, FIRST))
    await intake.take(signedVote(message, SECOND))
    await extend(first, { votes: [message], voters: [FIRST] })
    expect(pool.pending().map(({ validator }) => validator)).toEqual([SECOND.address])
    expect(await intake.take(signedVote(message, FIRST))).toEqual({
      ok: false,
      fault: { code: 'VOTE_KNOWN' },
    })
    expect(pool.pending()).toHaveLength(1)
  })

  test('refuses a forged signature: it recovers to nobody in the set', async () => {
    const { chain } = await createTestChain()
    const intake = createVoteIntake(chain, createVotePool())
    const signature = signDigest(HASH, FIRST.secretKey)
    const verdict = await intake.take(encodeSignedVote({ vote: VOTE, signature }))
    expect(verdict).toMatchObject({ ok: false, fault: { code: 'VOTE_NOT_A_VALIDATOR' } })
    const stranger = account('stranger')
    expect(await intake.take(signedVote(VOTE, stranger))).toMatchObject({
      ok: false,
      fault: { code: 'VOTE_NOT_A_VALIDATOR', validator: secretKeyToAddress(stranger.secretKey) },
    })
  })

  test.for([
    ['about a chain that is not voted on', { chain: HASH }, 'VOTE_MALFORMED'],
    ['whose heights do not rise', { sourceHeight: toHeight(1n) }, 'VOTE_MALFORMED'],
    ['far ahead of the head', { targetHeight: toHeight(3n) }, 'VOTE_OUT_OF_RANGE'],
    [
      'at the last height there is',
      { targetHeight: toHeight(2n ** 64n - 1n) },
      'VOTE_OUT_OF_RANGE',
    ],
    [
      'of origin beyond any block number',
      { chain: ORIGIN, targetHeight: toHeight(2n ** 64n - 1n) },
      'VOTE_OUT_OF_RANGE',
    ],
  ] as const)('refuses a vote %s', async ([, wrong, code]) => {
    const { chain } = await createTestChain()
    const pool = createVotePool()
    const intake = createVoteIntake(chain, pool)
    const vote = { ...VOTE, ...wrong }
    expect(await intake.take(signedVote(vote, FIRST))).toMatchObject({ ok: false, fault: { code } })
    expect(pool.pending()).toEqual([])
  })

  test('keeps a vote with a foreign source or target, which may be of another branch', async () => {
    const { chain } = await createTestChain()
    const intake = createVoteIntake(chain, createVotePool())
    expect(await intake.take(signedVote(VOTE, FIRST))).toMatchObject({ ok: true })
  })

  test('refuses a vote that is too old to count', async () => {
    const { chain, extend } = await createTestChain()
    let head = chain.genesis
    while (head.header.number < 12n) head = await extend(head)
    const intake = createVoteIntake(chain, createVotePool())
    expect(await intake.take(signedVote(VOTE, FIRST))).toMatchObject({
      ok: false,
      fault: { code: 'VOTE_OUT_OF_RANGE' },
    })
    const inTime = { ...VOTE, targetHeight: toHeight(2n) }
    expect(await intake.take(signedVote(inTime, FIRST))).toMatchObject({ ok: true })
  })
})

describe('the vote index', () => {
  test('finds the votes that blocks counted, by chain and target height', async () => {
    const { chain, store, extend, vote } = await createTestChain()
    const first = await extend(await extend(chain.genesis))
    const message = vote(first, 0n, 1n)
    const block = await extend(first, { votes: [message], voters: VALIDATORS.slice(0, 3) })
    const found = await countedVotes(store, DEFINITION, AUXILIARY, toHeight(1n))
    expect(found.map(({ validator }) => validator).toSorted()).toEqual(
      VALIDATORS.slice(0, 3)
        .map(({ address }) => address)
        .toSorted(),
    )
    for (const counted of found) {
      expect(counted).toMatchObject({ vote: message, blockHash: block.hash })
      expect(linkMessage(store, counted.link)).toEqual(message)
    }
    expect(await countedVotes(store, DEFINITION, AUXILIARY, toHeight(2n))).toEqual([])
    expect(await countedVotes(store, DEFINITION, ORIGIN, toHeight(1n))).toEqual([])
    expect(linkMessage(store, HASH)).toBeUndefined()
  })
})

describe('a reorganisation', () => {
  test('brings votes back into the pool that only the lost branch counted', async () => {
    const { chain, extend, vote } = await createTestChain()
    const pool = createVotePool()
    const intake = createVoteIntake(chain, pool)
    const first = await extend(await extend(chain.genesis))
    const message = vote(first, 0n, 1n)
    // Two voters justify nothing, so difficulty decides.
    const voters = VALIDATORS.slice(0, 2)
    const lost = await extend(first, { signer: outOfTurn(first), votes: [message], voters })
    expect(chain.head().hash).toBe(lost.hash)
    expect(pool.pending()).toEqual([])
    const heavy = await extend(first, { votes: [message], voters: voters.slice(0, 1) })
    expect(chain.head().hash).toBe(heavy.hash)
    expect(pool.pending()).toMatchObject([{ vote: message, validator: voters[1]?.address }])
    intake.close()
  })

  test('brings them back though the branch that opened their link stays', async () => {
    const { chain, extend, vote } = await createTestChain()
    const pool = createVotePool()
    createVoteIntake(chain, pool)
    const first = await extend(await extend(chain.genesis))
    const message = vote(first, 0n, 1n)
    const opening = await extend(first, { votes: [message], voters: VALIDATORS.slice(0, 1) })
    await extend(opening, {
      signer: outOfTurn(opening),
      votes: [message],
      voters: VALIDATORS.slice(1, 2),
    })
    await extend(opening)
    expect(pool.pending()).toMatchObject([{ vote: message, validator: SECOND.address }])
  })
})
