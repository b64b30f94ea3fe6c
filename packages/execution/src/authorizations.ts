import { Account, eoaCode7702RecoverAuthority } from '@ethereumjs/util'
import {
  type Address,
  bytesToAddress,
  bytesToHex,
  concatBytes,
  hexToBytes,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import { innerAddress, type Machine } from './machine.ts'

/** A signed wish to run the code of `address` (EIP-7702). */
export type Authorization = {
  /** 0: on any chain. */
  readonly chainId: bigint
  readonly address: Address
  readonly nonce: bigint
  readonly yParity: bigint
  readonly r: bigint
  readonly s: bigint
}

const DELEGATION = hexToBytes('0xef0100')
const MAX_NONCE = (1n << 64n) - 1n
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n
/** What an authority that was there already costs less (EIP-7702: PER_EMPTY_ACCOUNT_COST - PER_AUTH_BASE_COST). */
const KNOWN_ACCOUNT_REFUND = 12_500n

/** Who signed an authorization; undefined if nobody did in canonical form. */
export function authorityOf(authorization: Authorization): Address | undefined {
  const { chainId, address, nonce, yParity, r, s } = authorization
  if (yParity > 1n || s > HALF_ORDER || nonce >= MAX_NONCE) return undefined
  try {
    const authority = eoaCode7702RecoverAuthority({
      chainId: quantity(chainId),
      address,
      nonce: quantity(nonce),
      yParity: quantity(yParity),
      r: quantity(r),
      s: quantity(s),
    })
    return bytesToAddress(authority.bytes)
  } catch {
    return undefined
  }
}

/**
 * Sets the code of all who authorized it, as a set-code transaction does before it runs; skips authorizations that do not hold.
 *
 * @returns the refund for authorities that were there already.
 */
export function applyAuthorizations(
  { state, evm }: Machine,
  authorizations: readonly Authorization[],
  chainId: bigint,
): bigint {
  let refund = 0n
  for (const authorization of authorizations) {
    if (authorization.chainId !== 0n && authorization.chainId !== chainId) continue
    const authority = authorityOf(authorization)
    if (authority === undefined) continue
    const inner = innerAddress(authority)
    evm.journal.addAlwaysWarmAddress(authority)
    const known = state.readAccount(inner)
    const code = state.readCode(inner)
    const isDelegated = bytesToHex(code.subarray(0, 3)) === bytesToHex(DELEGATION)
    if ((code.length > 0 && !isDelegated) || (known?.nonce ?? 0n) !== authorization.nonce) continue
    if (known !== undefined) refund += KNOWN_ACCOUNT_REFUND
    state.writeCode(
      inner,
      authorization.address === ZERO_ADDRESS
        ? new Uint8Array()
        : concatBytes(DELEGATION, hexToBytes(authorization.address)),
    )
    const account = state.readAccount(inner) ?? new Account()
    account.nonce += 1n
    state.giveAccount(inner, account)
  }
  return refund
}

function quantity(value: bigint): `0x${string}` {
  return `0x${value.toString(16)}`
}
