import {
  type Address,
  bigintToBytes,
  bytesToAddress,
  bytesToBigint,
  concatBytes,
  hexToBytes,
  utf8ToBytes,
} from '@mosaic/primitives'

/** What stands in r before the address of a sender who did not sign. */
const MARK = utf8ToBytes('impersonated')
const NO_SIGNATURE_S = 1n

/** A signature that says in plain words who is meant; it recovers to somebody else. */
export function impersonationOf(sender: Address): { readonly r: bigint; readonly s: bigint } {
  return { r: bytesToBigint(concatBytes(MARK, hexToBytes(sender))), s: NO_SIGNATURE_S }
}

/** Who is meant by a signature of {@link impersonationOf}; undefined for any other. */
export function impersonatedSender(r: bigint, s: bigint): Address | undefined {
  if (s !== NO_SIGNATURE_S || r >> 256n !== 0n) return undefined
  const bytes = bigintToBytes(r, 32)
  return MARK.every((byte, i) => bytes[i] === byte)
    ? bytesToAddress(bytes.subarray(MARK.length))
    : undefined
}
