/** Gas that every transaction uses at least, also after refunds (EIP-7623). */
export const LEAST_TRANSACTION_GAS = 21_000n

const CREATION = 32_000n
const FLOOR_PER_TOKEN = 10n
const PER_TOKEN = 4n
const PER_WORD_OF_INIT_CODE = 2n
const PER_ADDRESS = 2_400n
const PER_STORAGE_KEY = 1_900n
const PER_AUTHORIZATION = 25_000n
const WORD_BYTES = 32
const MAX_REFUND_QUOTIENT = 5n

/** Init code may have so many bytes (EIP-3860). */
export const MAX_INIT_CODE_BYTES = 49_152

/** A zero byte is one token, any other four (EIP-7623). */
function tokensOf(data: Uint8Array): bigint {
  let tokens = 0
  for (const byte of data) tokens += byte === 0 ? 1 : 4
  return BigInt(tokens)
}

/** The least that a transaction costs for its data alone: 21,000 and 10 gas per token (EIP-7623). */
export function calldataFloor(data: Uint8Array): bigint {
  return LEAST_TRANSACTION_GAS + FLOOR_PER_TOKEN * tokensOf(data)
}

/** What a message costs before its first opcode, on the auxiliary chain (EIP-2028, EIP-2930, EIP-3860, EIP-7702). */
export function intrinsicGas(message: {
  /** Undefined: it creates a contract. */
  readonly to?: string | undefined
  readonly data: Uint8Array
  readonly accessList?: readonly { readonly storageKeys: readonly unknown[] }[] | undefined
  readonly authorizationList?: readonly unknown[] | undefined
}): bigint {
  const { to, data, accessList = [], authorizationList = [] } = message
  let gas = LEAST_TRANSACTION_GAS + PER_TOKEN * tokensOf(data)
  if (to === undefined) {
    gas += CREATION + PER_WORD_OF_INIT_CODE * BigInt(Math.ceil(data.length / WORD_BYTES))
  }
  for (const { storageKeys } of accessList) {
    gas += PER_ADDRESS + PER_STORAGE_KEY * BigInt(storageKeys.length)
  }
  return gas + PER_AUTHORIZATION * BigInt(authorizationList.length)
}

/** What a message used in the end: at most a fifth of what it spent comes back (EIP-3529), and it is never less than `floor` (EIP-7623). */
export function gasUsedAfter(spent: bigint, refund: bigint, floor: bigint): bigint {
  const most = spent / MAX_REFUND_QUOTIENT
  const used = spent - (refund < most ? refund : most)
  return used > floor ? used : floor
}
