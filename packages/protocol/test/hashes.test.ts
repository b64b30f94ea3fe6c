import {
  type Address,
  bytesToHash32,
  concatBytes,
  type Hash32,
  hexToBytes,
  InvalidValueError,
  keccak256,
  toAddress,
  toBlockNumber,
  toDynasty,
  toGas,
  toHash32,
  toHeight,
  toMetaHeight,
  toWeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  coreIdentifier,
  domainSeparator,
  originIdentifier,
  typedDataDigest,
} from '../src/core-identity.ts'
import { EMPTY_TRIE_ROOT, genesisKernel } from '../src/genesis-meta-block.ts'
import { type Kernel, kernelHash, metaBlockHash } from '../src/kernel.ts'
import {
  accumulateTransactionRoot,
  type OriginTransitionObject,
  originTransitionHash,
  type TransitionObject,
  transitionHash,
} from '../src/transition.ts'
import { registrationDigest, type VoteMessage, voteDigest } from '../src/vote.ts'

const CORE = toAddress(`0x${'c0'.repeat(20)}`)
const IDENTITY = { originChainId: 31_337n, core: CORE }
const DOMAIN = domainSeparator(IDENTITY)

const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytesToHash32(bytes))
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const uint128 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })

const votes: fc.Arbitrary<VoteMessage> = fc.record({
  chain: hashes,
  transitionHash: hashes,
  source: hashes,
  target: hashes,
  sourceHeight: uint64.map(toHeight),
  targetHeight: uint64.map(toHeight),
})
const kernels: fc.Arbitrary<Kernel> = fc.record({
  height: uint64.map(toMetaHeight),
  parent: hashes,
  validatorSetHash: hashes,
  updatesHash: hashes,
  gasTarget: uint64.map(toGas),
  forwardWeight: uint128.map(toWeight),
  rearWeight: uint128.map(toWeight),
})
const transitions: fc.Arbitrary<TransitionObject> = fc.record({
  dynasty: uint64.map(toDynasty),
  originBlockNumber: uint64.map(toBlockNumber),
  originBlockHash: hashes,
  accumulatedTransactionRoot: hashes,
  accumulatedGas: uint64.map(toGas),
  kernelHash: hashes,
})
const originTransitions: fc.Arbitrary<OriginTransitionObject> = fc.record({
  blockNumber: uint64.map(toBlockNumber),
  blockHash: hashes,
  stateRoot: hashes,
})

describe('the identifier of a core', () => {
  test('is twelve bytes of chain id and the address', () => {
    expect(coreIdentifier(IDENTITY)).toBe(`0x${'0'.repeat(20)}7a69${'c0'.repeat(20)}`)
    expect(originIdentifier(31_337n)).toBe(`0x${'0'.repeat(20)}7a69${'00'.repeat(20)}`)
  })

  test('takes chain ids of up to 96 bits', () => {
    const id = coreIdentifier({ originChainId: 2n ** 96n - 1n, core: CORE })
    expect(id).toBe(`0x${'ff'.repeat(12)}${'c0'.repeat(20)}`)
    for (const originChainId of [-1n, 2n ** 96n]) {
      expect(() => coreIdentifier({ originChainId, core: CORE })).toThrow(InvalidValueError)
    }
  })
})

/** Every preimage is written out here by hand, as docs/protocol.md §2 has it. */
describe('the preimage', () => {
  test('of the domain separator is the one of EIP-712', () => {
    expect(DOMAIN).toBe(
      keccakOf(
        typeHash(
          'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)',
        ),
        keccak256(utf8ToBytes('Mosaic')),
        keccak256(utf8ToBytes('1')),
        word(31_337n),
        word(BigInt(CORE)),
      ),
    )
  })

  test('of a typed digest gives the hash in the example of EIP-712', () => {
    const domain = '0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f'
    const message = '0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e'
    expect(typedDataDigest(toHash32(domain), toHash32(message))).toBe(
      '0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2',
    )
  })

  test('of a vote', () => {
    fc.assert(
      fc.property(votes, (vote) => {
        const struct = keccakOf(
          typeHash(
            'VoteMessage(bytes32 chain,bytes32 transitionHash,bytes32 source,bytes32 target,uint64 sourceHeight,uint64 targetHeight)',
          ),
          vote.chain,
          vote.transitionHash,
          vote.source,
          vote.target,
          word(vote.sourceHeight),
          word(vote.targetHeight),
        )
        expect(voteDigest(DOMAIN, vote)).toBe(keccakOf('0x1901', DOMAIN, struct))
      }),
      { seed: 1 },
    )
  })

  test('of a registration', () => {
    const [validator, withdrawal] = [addressOf('v'), addressOf('w')]
    const struct = keccakOf(
      typeHash('Registration(address validator,address withdrawal)'),
      word(BigInt(validator)),
      word(BigInt(withdrawal)),
    )
    expect(registrationDigest(DOMAIN, { validator, withdrawal })).toBe(
      keccakOf('0x1901', DOMAIN, struct),
    )
  })

  test('of a transition object of auxiliary', () => {
    fc.assert(
      fc.property(transitions, (transition) => {
        expect(transitionHash(transition)).toBe(
          keccakOf(
            typeHash(
              'TransitionObject(uint64 dynasty,uint64 originBlockNumber,bytes32 originBlockHash,bytes32 accumulatedTransactionRoot,uint64 accumulatedGas,bytes32 kernelHash)',
            ),
            word(transition.dynasty),
            word(transition.originBlockNumber),
            transition.originBlockHash,
            transition.accumulatedTransactionRoot,
            word(transition.accumulatedGas),
            transition.kernelHash,
          ),
        )
      }),
      { seed: 1 },
    )
  })

  test('of a transition object of origin', () => {
    fc.assert(
      fc.property(originTransitions, (transition) => {
        expect(originTransitionHash(transition)).toBe(
          keccakOf(
            typeHash(
              'OriginTransitionObject(uint64 blockNumber,bytes32 blockHash,bytes32 stateRoot)',
            ),
            word(transition.blockNumber),
            transition.blockHash,
            transition.stateRoot,
          ),
        )
      }),
      { seed: 1 },
    )
  })

  test('of a kernel, and of a meta-block', () => {
    fc.assert(
      fc.property(kernels, hashes, (kernel, transition) => {
        const hash = kernelHash(kernel)
        expect(hash).toBe(
          keccakOf(
            typeHash(
              'Kernel(uint64 height,bytes32 parent,bytes32 validatorSetHash,bytes32 updatesHash,uint64 gasTarget,uint128 forwardWeight,uint128 rearWeight)',
            ),
            word(kernel.height),
            kernel.parent,
            kernel.validatorSetHash,
            kernel.updatesHash,
            word(kernel.gasTarget),
            word(kernel.forwardWeight),
            word(kernel.rearWeight),
          ),
        )
        expect(metaBlockHash(hash, transition)).toBe(
          keccakOf(
            typeHash('MetaBlock(bytes32 kernelHash,bytes32 transitionHash)'),
            hash,
            transition,
          ),
        )
      }),
      { seed: 1 },
    )
  })

  test('of the accumulated transactions root is the chain of all roots in order', () => {
    const [first, second] = [hashOf('first'), hashOf('second')]
    const chained = [first, second].reduce(accumulateTransactionRoot, EMPTY_TRIE_ROOT)
    expect(chained).toBe(keccakOf(keccakOf(EMPTY_TRIE_ROOT, first), second))
    expect([second, first].reduce(accumulateTransactionRoot, EMPTY_TRIE_ROOT)).not.toBe(chained)
  })

  test('of the empty trie is the RLP of no bytes', () => {
    expect(EMPTY_TRIE_ROOT).toBe(keccak256(Uint8Array.of(0x80)))
  })
})

describe('a hash', () => {
  test('depends on every field of its message', () => {
    requireAllFieldsCount(votes, (vote) => voteDigest(DOMAIN, vote))
    requireAllFieldsCount(transitions, transitionHash)
    requireAllFieldsCount(originTransitions, originTransitionHash)
    requireAllFieldsCount(kernels, kernelHash)
    expect.hasAssertions()
  })

  test('of one kind is never one of another, though the members are alike', () => {
    const member = hashOf('member')
    const zero = toHash32(word(0n))
    const collected = [
      metaBlockHash(member, member),
      accumulateTransactionRoot(member, member),
      originTransitionHash({ blockNumber: toBlockNumber(0n), blockHash: zero, stateRoot: zero }),
      registrationDigest(DOMAIN, { validator: addressOf('v'), withdrawal: addressOf('v') }),
      typedDataDigest(DOMAIN, member),
    ]
    expect(new Set(collected).size).toBe(collected.length)
  })

  test('of a vote differs between cores, origins and streams', () => {
    const vote: VoteMessage = {
      chain: coreIdentifier(IDENTITY),
      transitionHash: hashOf('t'),
      source: hashOf('s'),
      target: hashOf('t'),
      sourceHeight: toHeight(1n),
      targetHeight: toHeight(2n),
    }
    const digests = [
      voteDigest(DOMAIN, vote),
      voteDigest(DOMAIN, { ...vote, chain: originIdentifier(31_337n) }),
      voteDigest(domainSeparator({ originChainId: 1n, core: CORE }), vote),
      voteDigest(domainSeparator({ originChainId: 31_337n, core: addressOf('other') }), vote),
    ]
    expect(new Set(digests).size).toBe(4)
  })
})

describe('genesisKernel', () => {
  test('opens height 1 over B_0, which the core identifier alone precedes', () => {
    const genesis = {
      coreIdentifier: coreIdentifier(IDENTITY),
      validatorSetHash: hashOf('set'),
      updatesHash: hashOf('updates'),
      forwardWeight: toWeight(100n),
      rearWeight: toWeight(90n),
      gasTarget: toGas(1_000n),
      originRoot: { number: toBlockNumber(40n), hash: hashOf('root') },
    }
    const set = {
      validatorSetHash: genesis.validatorSetHash,
      updatesHash: genesis.updatesHash,
      forwardWeight: genesis.forwardWeight,
      rearWeight: genesis.rearWeight,
    }
    const zeroth = kernelHash({
      height: toMetaHeight(0n),
      parent: genesis.coreIdentifier,
      gasTarget: toGas(0n),
      ...set,
    })
    const transition = transitionHash({
      dynasty: toDynasty(0n),
      originBlockNumber: toBlockNumber(40n),
      originBlockHash: hashOf('root'),
      accumulatedTransactionRoot: EMPTY_TRIE_ROOT,
      accumulatedGas: toGas(0n),
      kernelHash: zeroth,
    })
    expect(genesisKernel(genesis)).toEqual({
      height: 1n,
      parent: metaBlockHash(zeroth, transition),
      gasTarget: 1_000n,
      ...set,
    })
  })
})

function requireAllFieldsCount<T extends object>(
  messages: fc.Arbitrary<T>,
  hash: (message: T) => Hash32,
): void {
  fc.assert(
    fc.property(messages, messages, (message, other) => {
      for (const [field, value] of Object.entries(other)) {
        const isSame = Object.entries(message).some(([key, own]) => key === field && own === value)
        expect(hash({ ...message, [field]: value }) === hash(message)).toBe(isSame)
      }
    }),
    { seed: 1 },
  )
}

function keccakOf(...parts: readonly string[]): Hash32 {
  return keccak256(concatBytes(...parts.map(hexToBytes)))
}

function typeHash(text: string): Hash32 {
  return keccak256(new TextEncoder().encode(text))
}

function word(value: bigint): string {
  return `0x${value.toString(16).padStart(64, '0')}`
}

function hashOf(name: string): Hash32 {
  return keccak256(utf8ToBytes(name))
}

function addressOf(name: string): Address {
  return toAddress(hashOf(name).slice(0, 42))
}
