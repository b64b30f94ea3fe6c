import {
  type Address,
  bytesToAddress,
  bytesToBigint,
  bytesToHex,
  concatBytes,
  type Hash32,
  type Hex,
  hexToBytes,
  keccak256Bytes,
} from '@mosaic/primitives'
import { secp256k1 } from '@noble/curves/secp256k1.js'

const HALF_ORDER = secp256k1.Point.Fn.ORDER / 2n

/** The address of an uncompressed or compressed public key. */
export function publicKeyToAddress(publicKey: Uint8Array): Address {
  const uncompressed = secp256k1.Point.fromBytes(publicKey).toBytes(false)
  return bytesToAddress(keccak256Bytes(uncompressed.subarray(1)).subarray(12))
}

/** The address of a 32-byte secret key. @throws if the key is not in [1, order). */
export function secretKeyToAddress(secretKey: Uint8Array): Address {
  return publicKeyToAddress(secp256k1.getPublicKey(secretKey, true))
}

/** Signs a digest deterministically (RFC 6979), low s, in the 64-byte form of EIP-2098: r ‖ yParityAndS. */
export function signDigest(digest: Hash32, secretKey: Uint8Array): Hex {
  const signature = secp256k1.sign(hexToBytes(digest), secretKey, {
    prehash: false,
    lowS: true,
    format: 'recovered',
  })
  const [recovery] = signature
  const compact = signature.slice(1)
  compact[32] = (compact[32] ?? 0) | ((recovery ?? 0) << 7)
  return bytesToHex(compact)
}

/**
 * The signer of a digest, or undefined if the signature is no proper one: neither 64 bytes (EIP-2098) nor 65 (r ‖ s ‖ v with v in
 * {27, 28}), s above half the curve order, r or s out of range. So every digest has at most one accepted signature body per
 * nonce, and malleated copies do not count.
 */
export function recoverSigner(digest: Hash32, signature: Hex): Address | undefined {
  const compact = normaliseSignature(signature)
  if (compact === undefined) return undefined
  const bytes = hexToBytes(compact)
  const parity = (bytes[32] ?? 0) >> 7
  bytes[32] = (bytes[32] ?? 0) & 0x7f
  try {
    const recovered = secp256k1.recoverPublicKey(
      concatBytes(Uint8Array.of(parity), bytes),
      hexToBytes(digest),
      { prehash: false },
    )
    return publicKeyToAddress(recovered)
  } catch {
    return undefined
  }
}

/** The 64-byte form of a signature, or undefined if it is not one that this protocol accepts. */
export function normaliseSignature(signature: Hex): Hex | undefined {
  const bytes = hexToBytes(signature)
  if (bytes.length === 65) {
    const v = bytes[64]
    if (v !== 27 && v !== 28) return undefined
    if ((bytes[32] ?? 0) >= 0x80) return undefined
    bytes[32] = (bytes[32] ?? 0) | ((v - 27) << 7)
  } else if (bytes.length !== 64) return undefined
  const compact = bytes.slice(0, 64)
  const s = bytesToBigint(compact.slice(32)) & ((1n << 255n) - 1n)
  const r = bytesToBigint(compact.slice(0, 32))
  if (s === 0n || s > HALF_ORDER || r === 0n || r >= secp256k1.Point.Fn.ORDER) return undefined
  return bytesToHex(compact)
}
