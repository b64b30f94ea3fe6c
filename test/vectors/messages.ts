import {
  bytesToHex,
  concatBytes,
  type Hash32,
  type Hex,
  hexToBytes,
  toBlockNumber,
  toDynasty,
  toGas,
  toHash32,
  toHeight,
  toMetaHeight,
  toWeight,
  toWord,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import {
  accumulateTransactionRoot,
  coreIdentifier,
  domainSeparator,
  EMPTY_TRIE_ROOT,
  kernelHash,
  metaBlockHash,
  normaliseSignature,
  originIdentifier,
  originTransitionHash,
  recoverSigner,
  registrationDigest,
  signDigest,
  transitionHash,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import { kernelSlot } from '@mosaic/relayer'
import { rowsOf, type Source } from './source.ts'

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** Every hash of docs/protocol.md §2, the signatures over them, and the slots that proofs are about. */
export function createMessageVectors() {
  return {
    identity: rowsOf(12, 'identity', (source) => {
      const identity = { originChainId: source.integer(96), core: source.address() }
      return {
        ...identity,
        identifier: coreIdentifier(identity),
        origin: originIdentifier(identity.originChainId),
        domain: domainSeparator(identity),
      }
    }),
    transition: rowsOf(16, 'transition', (source) => {
      const transition = {
        dynasty: toDynasty(source.integer(64)),
        originBlockNumber: toBlockNumber(source.integer(64)),
        originBlockHash: source.hash(),
        accumulatedTransactionRoot: source.hash(),
        accumulatedGas: toGas(source.integer(64)),
        kernelHash: source.hash(),
      }
      return { ...transition, hash: transitionHash(transition) }
    }),
    originTransition: rowsOf(12, 'origin transition', (source) => {
      const transition = {
        blockNumber: toBlockNumber(source.integer(64)),
        blockHash: source.hash(),
        stateRoot: source.hash(),
      }
      return { ...transition, hash: originTransitionHash(transition) }
    }),
    kernel: rowsOf(16, 'kernel', (source) => {
      const kernel = {
        height: toMetaHeight(source.integer(64)),
        parent: source.hash(),
        validatorSetHash: source.hash(),
        updatesHash: source.hash(),
        gasTarget: toGas(source.integer(64)),
        forwardWeight: toWeight(source.integer(128)),
        rearWeight: toWeight(source.integer(128)),
      }
      return { ...kernel, hash: kernelHash(kernel) }
    }),
    metaBlock: rowsOf(8, 'meta-block', (source) => {
      const [kernel, transition] = [source.hash(), source.hash()]
      return { kernel, transition, hash: metaBlockHash(kernel, transition) }
    }),
    vote: rowsOf(16, 'vote', (source) => {
      const domain = source.hash()
      const vote = voteFrom(source)
      return { domain, ...vote, digest: voteDigest(domain, vote) }
    }),
    registration: rowsOf(8, 'registration', (source) => {
      const domain = source.hash()
      const registration = { validator: source.address(), withdrawal: source.address() }
      return { domain, ...registration, digest: registrationDigest(domain, registration) }
    }),
    signature: rowsOf(8, 'signature', signaturesFrom).flat(),
    accumulator: createAccumulators(),
    kernelSlot: rowsOf(12, 'kernel slot', (source, index) => {
      const height = toMetaHeight(index < 4 ? BigInt(index) : source.integer(64))
      return { height, slot: kernelSlot(height) }
    }),
  }
}

function voteFrom(source: Source): VoteMessage {
  return {
    chain: source.hash(),
    transitionHash: source.hash(),
    source: source.hash(),
    target: source.hash(),
    sourceHeight: toHeight(source.integer(64)),
    targetHeight: toHeight(source.integer(64)),
  }
}

/** One signature in every form it might come in; the signer is the zero address where the form is refused. */
function signaturesFrom(source: Source) {
  const digest = source.hash()
  const key = source.bytes(32)
  const compact = signDigest(digest, key)
  const bytes = hexToBytes(compact)
  const r = bytes.subarray(0, 32)
  const parity = (bytes[32] ?? 0) >> 7
  const sBytes = Uint8Array.from(bytes.subarray(32))
  sBytes[0] = (sBytes[0] ?? 0) & 0x7f
  const s = BigInt(bytesToHex(sBytes))
  const long = (value: bigint, v: number): Uint8Array =>
    concatBytes(r, toWord(value), Uint8Array.of(v))
  const flipped = Uint8Array.from(bytes)
  flipped[40] = (flipped[40] ?? 0) ^ 1
  const forms = [
    bytes,
    long(s, 27 + parity),
    long(s, 28 - parity),
    long(s, parity),
    long(s, 29),
    long(CURVE_ORDER - s, 28 - parity),
    long(s | (1n << 255n), 27 + parity),
    concatBytes(r, toWord(CURVE_ORDER - s)),
    concatBytes(new Uint8Array(32), sBytes),
    concatBytes(r, new Uint8Array(32)),
    concatBytes(toWord(CURVE_ORDER), sBytes),
    flipped,
    bytes.subarray(0, 63),
    new Uint8Array(),
    concatBytes(long(s, 27 + parity), Uint8Array.of(0)),
  ].map(bytesToHex)
  return forms.map((signature) => signatureRow(digest, signature))
}

function signatureRow(digest: Hash32, signature: Hex) {
  const signer = recoverSigner(digest, signature) ?? ZERO_ADDRESS
  const compact = signer === ZERO_ADDRESS ? '0x' : (normaliseSignature(signature) ?? '0x')
  return { digest, signature, signer, compact }
}

/** Blocks 1 and on of one chain whose genesis block is empty. */
function createAccumulators() {
  let root = EMPTY_TRIE_ROOT
  let gas = 0n
  return rowsOf(24, 'accumulator', (source) => {
    const transactionsRoot = toHash32(source.pick([source.hash(), EMPTY_TRIE_ROOT]))
    const gasUsed = source.integer(32)
    root = accumulateTransactionRoot(root, transactionsRoot)
    gas += gasUsed
    return {
      transactionsRoot,
      gasUsed,
      accumulatedTransactionRoot: root,
      accumulatedGas: toGas(gas),
    }
  })
}
