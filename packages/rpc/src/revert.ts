import { bytesToBigint, type Hex, hexToBytes } from '@mosaic/primitives'
import { ERROR_CODE, RpcError, serverError } from './errors.ts'
import type { CallFailure } from './ports.ts'

const ERROR_SELECTOR = '0x08c379a0'
const PANIC_SELECTOR = '0x4e487b71'

/** Solidity's panic codes in geth's words. */
const PANICS: ReadonlyMap<bigint, string> = new Map([
  [0x00n, 'generic panic'],
  [0x01n, 'assert(false)'],
  [0x11n, 'arithmetic underflow or overflow'],
  [0x12n, 'division or modulo by zero'],
  [0x21n, 'enum overflow'],
  [0x22n, 'invalid encoded storage byte array accessed'],
  [0x31n, 'out-of-bounds array access; popping on an empty array'],
  [0x32n, 'out-of-bounds access of an array or bytesN'],
  [0x41n, 'out of memory'],
  [0x51n, 'uninitialized function'],
])

/** The error of a message that failed: code 3 with the data when it reverted, as clients decode it. */
export function failureToError(failure: CallFailure): RpcError {
  switch (failure.kind) {
    case 'revert': {
      const reason = revertReason(failure.data)
      const message = reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`
      return new RpcError(ERROR_CODE.revert, message, failure.data)
    }
    case 'halt':
    case 'refused':
      return serverError(failure.message)
    default:
      return failure satisfies never
  }
}

/** The text of `Error(string)`, or the meaning of `Panic(uint256)`; undefined for other data. */
export function revertReason(data: Hex): string | undefined {
  const body = hexToBytes(`0x${data.slice(10)}`)
  if (data.startsWith(PANIC_SELECTOR) && body.length === 32) {
    const code = bytesToBigint(body)
    return PANICS.get(code) ?? `unknown panic code: 0x${code.toString(16)}`
  }
  if (!data.startsWith(ERROR_SELECTOR) || body.length < 64) return undefined
  const offset = bytesToBigint(body.subarray(0, 32))
  if (offset !== 32n) return undefined
  const length = bytesToBigint(body.subarray(32, 64))
  if (length > BigInt(body.length - 64)) return undefined
  return new TextDecoder().decode(body.subarray(64, 64 + Number(length)))
}
