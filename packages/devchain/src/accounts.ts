import { createECDH, createHmac, pbkdf2Sync } from 'node:crypto'
import {
  type Address,
  bigintToBytes,
  bytesToAddress,
  bytesToBigint,
  bytesToHex,
  concatBytes,
  type Hex,
  InvalidValueError,
  keccak256Bytes,
  utf8ToBytes,
} from '@mosaic/primitives'

/** An account whose key is known. Never send anything of worth to one of a well-known mnemonic. */
export type DevAccount = {
  readonly address: Address
  /** 32 bytes. */
  readonly secretKey: Hex
}

/** The mnemonic of anvil and hardhat. */
export const DEFAULT_MNEMONIC = 'test test test test test test test test test test test junk'

/** The path below which accounts lie, by index. */
export const DERIVATION_PATH = "m/44'/60'/0'/0"

const HARDENED = 0x8000_0000
const PATH = [44, 60, 0].map((index) => index + HARDENED).concat(0)
const MNEMONIC_LENGTHS = new Set([12, 15, 18, 21, 24])
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

type Node = { readonly key: Uint8Array; readonly code: Uint8Array }

/**
 * The first accounts of a mnemonic (BIP-39, BIP-32). Words are not compared with the list, nor is the checksum.
 *
 * @throws InvalidValueError unless it has 12, 15, 18, 21 or 24 words.
 */
export function deriveAccounts(mnemonic: string, count: number): readonly DevAccount[] {
  const words = mnemonic.normalize('NFKD').trim().split(/\s+/)
  if (!MNEMONIC_LENGTHS.has(words.length)) {
    throw new InvalidValueError('a mnemonic of 12, 15, 18, 21 or 24 words', `${words.length} words`)
  }
  const seed = pbkdf2Sync(words.join(' '), 'mnemonic', 2048, 64, 'sha512')
  const parent = PATH.reduce(
    (node, index) => deriveChild(node, index, pointOf(node, index)),
    split('Bitcoin seed', seed),
  )
  const point = pointOf(parent, 0)
  return Array.from({ length: count }, (_, index) =>
    toAccount(deriveChild(parent, index, point).key),
  )
}

/** The account of a secret key of 32 bytes. @throws if the key is none. */
function toAccount(secretKey: Uint8Array): DevAccount {
  const point = publicKey(secretKey, 'uncompressed')
  return {
    address: bytesToAddress(keccak256Bytes(point.subarray(1)).subarray(12)),
    secretKey: bytesToHex(secretKey),
  }
}

/** The account of a text, the same wherever it is asked for. */
export function accountOf(name: string): DevAccount {
  return toAccount(keccak256Bytes(utf8ToBytes(name)))
}

/** What the children of a node are derived from: its secret key for those that are hardened, else its public one. */
function pointOf({ key }: Node, index: number): Uint8Array {
  return index >= HARDENED ? concatBytes(Uint8Array.of(0), key) : publicKey(key, 'compressed')
}

function deriveChild({ key, code }: Node, index: number, point: Uint8Array): Node {
  const child = split(code, concatBytes(point, bigintToBytes(BigInt(index), 4)))
  const sum = (bytesToBigint(child.key) + bytesToBigint(key)) % ORDER
  return { key: bigintToBytes(sum, 32), code: child.code }
}

function split(key: string | Uint8Array, bytes: Uint8Array): Node {
  const digest = createHmac('sha512', key).update(bytes).digest()
  return {
    key: Uint8Array.from(digest.subarray(0, 32)),
    code: Uint8Array.from(digest.subarray(32)),
  }
}

function publicKey(secretKey: Uint8Array, format: 'compressed' | 'uncompressed'): Uint8Array {
  const curve = createECDH('secp256k1')
  curve.setPrivateKey(secretKey)
  return Uint8Array.from(curve.getPublicKey(null, format))
}
