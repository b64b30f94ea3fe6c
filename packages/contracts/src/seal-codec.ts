import { type Hex, toHex } from '@mosaic/primitives'
import { coreAbi } from './core-abi.ts'
import { lazyInterface } from './lazy-interface.ts'

const core = lazyInterface(coreAbi)
/** Hex digits of a signature of 64 bytes. */
const DIGITS = 128

/** The signatures that calldata of `Core.commit` brings, of 64 bytes (EIP-2098) each; undefined if it calls something else. */
export function decodeCommitSignatures(calldata: Hex): readonly Hex[] | undefined {
  const call = core().parseTransaction({ data: calldata })
  if (call?.name !== 'commit') return undefined
  const digits = toHex(String(call.args['seal']['signatures'])).slice(2)
  return Array.from({ length: Math.floor(digits.length / DIGITS) }, (_, i) =>
    toHex(`0x${digits.slice(DIGITS * i, DIGITS * (i + 1))}`),
  )
}
