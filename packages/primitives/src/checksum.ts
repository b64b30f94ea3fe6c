import { utf8ToBytes } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import type { Address } from './values.ts'

/** An address with the checksum of EIP-55, as people read it. */
export function checksummed(address: Address): string {
  const digits = address.slice(2)
  const hash = keccak256(utf8ToBytes(digits)).slice(2)
  const cased = Array.from(digits, (digit, i) =>
    Number.parseInt(hash[i] ?? '0', 16) >= 8 ? digit.toUpperCase() : digit,
  )
  return `0x${cased.join('')}`
}
