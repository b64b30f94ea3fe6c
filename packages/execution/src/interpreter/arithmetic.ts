import type { Frame } from './frame.ts'

type Run = (frame: Frame) => void

const WORD_BITS = 256
const TOO_FAR = 256n

function wrap(value: bigint): bigint {
  return BigInt.asUintN(WORD_BITS, value)
}

function binary(apply: (a: bigint, b: bigint) => bigint): Run {
  return ({ stack }) => {
    const a = stack.pop()
    const b = stack.pop()
    stack.push(apply(a, b))
  }
}

function test(holds: (a: bigint, b: bigint) => boolean): Run {
  return ({ stack }) => {
    const a = stack.pop()
    const b = stack.pop()
    stack.push(holds(a, b) ? 1n : 0n)
  }
}

/** What computes on the stack alone, by opcode; the price is fixed. */
export const ARITHMETIC: ReadonlyMap<number, Run> = new Map([
  [0x01, binary((a, b) => wrap(a + b))],
  [0x02, binary((a, b) => wrap(a * b))],
  [0x03, binary((a, b) => wrap(a - b))],
  [0x04, binary((a, b) => (b === 0n ? 0n : a / b))],
  [0x06, binary((a, b) => (b === 0n ? 0n : a % b))],
  [0x10, test((a, b) => a < b)],
  [0x11, test((a, b) => a > b)],
  [0x12, test((a, b) => BigInt.asIntN(WORD_BITS, a) < BigInt.asIntN(WORD_BITS, b))],
  [0x13, test((a, b) => BigInt.asIntN(WORD_BITS, a) > BigInt.asIntN(WORD_BITS, b))],
  [0x14, test((a, b) => a === b)],
  [0x15, ({ stack }) => stack.push(stack.pop() === 0n ? 1n : 0n)],
  [0x16, binary((a, b) => a & b)],
  [0x17, binary((a, b) => a | b)],
  [0x18, binary((a, b) => a ^ b)],
  [0x19, ({ stack }) => stack.push(wrap(~stack.pop()))],
  [0x1b, binary((shift, value) => (shift >= TOO_FAR ? 0n : wrap(value << shift)))],
  [0x1c, binary((shift, value) => (shift >= TOO_FAR ? 0n : value >> shift))],
  [0x50, ({ stack }) => void stack.pop()],
])
