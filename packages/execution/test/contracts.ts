import {
  type Address,
  concatBytes,
  type Hex,
  hexToBytes,
  toAddress,
  toHex,
} from '@mosaic/primitives'

/** Runtime code, assembled by hand: hex of opcodes and operands; spaces and line ends are for the eye. */
function assemble(text: string): Hex {
  return toHex(`0x${text.replace(/\s+/g, '')}`)
}

/** Creation code that leaves `runtime`. */
export function creationCode(runtime: Hex): Uint8Array {
  const code = hexToBytes(runtime)
  // PUSH2 size, DUP1, PUSH1 11, PUSH0, CODECOPY, PUSH0, RETURN, then a byte so that the code begins at 11.
  const size = code.length.toString(16).padStart(4, '0')
  return concatBytes(hexToBytes(`0x61${size}80600b5f395ff300`), code)
}

/** Sets slot 0 to the first word of the data, logs it with topic 0x2a, and returns the word that was there. */
export const SETTER: Hex = assemble(`
  5f 54 5f 52
  5f 35 80 5f 55
  60 20 52
  60 2a 60 20 60 20 a1
  60 20 5f f3`)

/** Reverts with the data it was called with. */
export const REVERTER: Hex = assemble('36 5f 5f 37 36 5f fd')

/** Ends in an invalid opcode. */
export const INVALID: Hex = assemble('fe')

/** Counts down from the first word of the data. */
export const LOOP: Hex = assemble('5f 35 5b 60 01 90 03 80 60 02 57 00')

/** Returns balance of the caller, the caller, BASEFEE, COINBASE, GASPRICE, NUMBER and GASLIMIT. */
export const SURROUNDINGS: Hex = assemble(`
  33 31 5f 52  33 60 20 52  48 60 40 52  41 60 60 52  3a 60 80 52  43 60 a0 52
  45 60 c0 52  60 e0 5f f3`)

/** Sends what it has to the address in the first word of the data and destroys itself. */
export const DESTROYER: Hex = assemble('5f 35 ff')

const HISTORY_ADDRESS = '0000f90827f1c53a10cb7a02335b175320002935'

/** The block-hash history contract of EIP-2935, as deployed on mainnet. */
export const HISTORY_CODE: Hex = assemble(`
  3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81
  430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500`)

/** Slots in which {@link MODERN} leaves what each rule gave. */
export const MODERN_SLOTS = {
  push0: 0n,
  transient: 1n,
  mcopy: 2n,
  coinbase: 3n,
  difficulty: 4n,
  baseFee: 5n,
  blockHash: 6n,
  history: 7n,
  blsSucceeded: 8n,
  blsReturnSize: 9n,
  secp256r1: 10n,
  leadingZeros: 11n,
  number: 12n,
} as const

/** Uses what Shanghai to Osaka brought. The data is input for the secp256r1 precompile (EIP-7951). */
export const MODERN: Hex = assemble(`
  60 01 5f 55
  60 07 60 01 5d  60 01 5c 60 01 55
  60 aa 5f 52  60 20 5f 60 20 5e  60 20 51 60 02 55
  41 60 03 55
  44 60 04 55
  48 60 05 55
  60 01 43 03 40 60 06 55
  60 01 43 03 5f 52
  60 20 60 40 60 20 5f 73 ${HISTORY_ADDRESS} 5a fa 50  60 40 51 60 07 55
  60 80 61 0400 61 0100 61 0200 60 0b 5a fa 60 08 55  3d 60 09 55
  36 5f 5f 37  60 20 61 0400 36 5f 61 0100 5a fa 50  61 0400 51 60 0a 55
  60 01 1e 60 0b 55
  43 60 0c 55`)

/**
 * Stands in for the TransitionTracker. Called by the system it keeps transactions root and gas in slots 0 and 1, counts in slot 2 and
 * logs topic 0x2a; it reverts while slot 9 is set, which anybody can do by calling with a word.
 */
export const TRACKER_CODE: Hex = assemble(`
  33 73 fffffffffffffffffffffffffffffffffffffffe 14 60 20 57
  5f 35 60 09 55 00
  5b 60 09 54 60 41 57
  60 04 35 5f 55  60 24 35 60 01 55
  60 02 54 60 01 01 60 02 55
  60 2a 5f 5f a1 00
  5b 5f 5f fd`)

export function contractAt(byte: number): Address {
  return toAddress(`0x${byte.toString(16).padStart(2, '0').repeat(20)}`)
}
