import {
  type Address,
  bytesToHex,
  concatBytes,
  type Hash32,
  hexToBytes,
  keccak256Bytes,
  toAddress,
  toBlockNumber,
  utf8ToBytes,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@mosaic/primitives'
import { recoverSigner, secretKeyToAddress, signDigest } from '../../protocol/src/signature.ts'
import { buildExtraData } from '../src/extra-data.ts'
import { nextBaseFee } from '../src/gas.ts'
import { type AuthorityHeader, headerHash, readSeal, sealHash } from '../src/header.ts'
import { voteNonce } from '../src/nonce.ts'
import { isInTurn, nextNumber, type SignerSnapshot } from '../src/signer-snapshot.ts'
import { EMPTY_UNCLE_HASH, turnDifficulty } from '../src/verify-header.ts'

/** An account that can seal. */
export type Account = { readonly address: Address; readonly secretKey: Uint8Array }

/** The account of a label; another seed gives other keys, and so another order of addresses. */
export function createAccount(label: string, seed: number): Account {
  const secretKey = keccak256Bytes(utf8ToBytes(`${label} ${seed}`))
  return { address: secretKeyToAddress(secretKey), secretKey }
}

export const GENESIS: AuthorityHeader = {
  parentHash: ZERO_HASH,
  uncleHash: EMPTY_UNCLE_HASH,
  coinbase: ZERO_ADDRESS,
  stateRoot: ZERO_HASH,
  transactionsRoot: ZERO_HASH,
  receiptsRoot: ZERO_HASH,
  logsBloom: new Uint8Array(256),
  difficulty: 1n,
  number: toBlockNumber(0n),
  gasLimit: 30_000_000n,
  gasUsed: 0n,
  timestamp: 1_700_000_000n,
  extraData: buildExtraData({}),
  mixHash: ZERO_HASH,
  nonce: new Uint8Array(8),
  baseFeePerGas: 1_000_000_000n,
}

/** An empty block after `parent`, as `signer` would seal it with a period of one second, without the seal. */
export function createHeader(
  parent: AuthorityHeader,
  snapshot: SignerSnapshot,
  signer: Address,
  vote?: { readonly target: Address; readonly authorize: boolean },
): AuthorityHeader {
  const number = nextNumber(snapshot)
  return {
    ...parent,
    parentHash: headerHash(parent),
    coinbase: vote?.target ?? ZERO_ADDRESS,
    nonce: voteNonce(vote?.authorize ?? false),
    number,
    difficulty: turnDifficulty(isInTurn(snapshot, number, signer)),
    timestamp: parent.timestamp + 1n,
    gasUsed: 0n,
    baseFeePerGas: nextBaseFee(parent),
    extraData: buildExtraData({}),
  }
}

/** The header with the seal of `account`. */
export function sealHeader(header: AuthorityHeader, account: Account): AuthorityHeader {
  const compact = hexToBytes(signDigest(sealHash(header), account.secretKey))
  const parity = (compact[32] ?? 0) >> 7
  compact[32] = (compact[32] ?? 0) & 0x7f
  return withSeal(header, concatBytes(compact, Uint8Array.of(parity)))
}

/** The header with these 65 bytes as its seal. */
export function withSeal(header: AuthorityHeader, seal: Uint8Array): AuthorityHeader {
  return {
    ...header,
    extraData: concatBytes(header.extraData.subarray(0, -seal.length), seal),
  }
}

/** Who sealed a header, as a node would find out. */
export function recoverSealer(header: AuthorityHeader): Address | undefined {
  const seal = readSeal(header)
  if (seal === undefined) return undefined
  const parity = seal[64] ?? 2
  if (parity > 1) return undefined
  return recoverSigner(
    sealHash(header),
    bytesToHex(concatBytes(seal.subarray(0, 64), Uint8Array.of(27 + parity))),
  )
}

/** The `index`-th of a row of addresses in ascending order. */
export function addressAt(index: number): Address {
  return toAddress(`0x${(index + 1).toString(16).padStart(40, '0')}`)
}

/** A hash that is different for every `index`. */
export function hashAt(index: number): Hash32 {
  return headerHash({ ...GENESIS, gasLimit: BigInt(index) })
}
