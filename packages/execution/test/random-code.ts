import { concatBytes, hexToBytes } from '@mosaic/primitives'
import type { Seeded } from './seeded.ts'

/** Words at which something changes. */
const EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  31n,
  32n,
  33n,
  255n,
  256n,
  257n,
  2n ** 64n - 1n,
  2n ** 64n,
  2n ** 255n,
  2n ** 256n - 1n,
]

/** One PUSH. */
export function push(value: bigint): Uint8Array {
  const bytes = hexToBytes(`0x${value.toString(16).padStart(value < 256n ? 2 : 64, '0')}`)
  return concatBytes(Uint8Array.of(0x5f + bytes.length), bytes)
}

type Piece = (random: Seeded, at: number, targets: readonly Uint8Array[]) => readonly Uint8Array[]

function opcode(...codes: readonly number[]): Uint8Array {
  return Uint8Array.from(codes)
}

function edge(random: Seeded): Uint8Array {
  return push(random.pick(EDGES))
}

/** A place in memory, a length or a position: seldom out of every bound. */
function place(random: Seeded): Uint8Array {
  return random.below(300) === 0 ? edge(random) : push(BigInt(random.below(300)))
}

function numbersFrom(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}

const ON_THE_STACK = [...numbersFrom(0x01, 0x0b), ...numbersFrom(0x10, 0x0f)]
const OF_THE_FRAME = [
  0x30, 0x33, 0x36, 0x38, 0x3d, 0x41, 0x43, 0x47, 0x48, 0x50, 0x58, 0x59, 0x5a, 0x5b,
]

/** Kinds of snippets, each of which mostly has the operands it needs. */
const PIECES: readonly Piece[] = [
  (random) => [edge(random), edge(random), edge(random), opcode(random.pick(ON_THE_STACK))],
  (random) => [edge(random), push(BigInt(random.below(300))), opcode(random.pick(ON_THE_STACK))],
  (random) => [edge(random), place(random), opcode(random.pick([0x52, 0x53]))],
  (random) => [place(random), opcode(0x51)],
  (random) => [place(random), place(random), opcode(0x20)],
  (random) => [
    place(random),
    place(random),
    place(random),
    opcode(random.pick([0x37, 0x39, 0x5e])),
  ],
  (random) => [push(BigInt(random.below(3))), push(0n), place(random), opcode(0x3e)],
  (random) => [push(BigInt(random.below(4))), opcode(random.pick([0x54, 0x5c]))],
  (random) => [
    push(random.pick([0n, 5n, 1n << 200n, 9n])),
    push(BigInt(random.below(4))),
    opcode(random.pick([0x55, 0x55, 0x5d])),
  ],
  (random) => {
    const topics = random.below(5)
    const operands = Array.from({ length: topics }, () => edge(random))
    return [...operands, place(random), place(random), opcode(0xa0 + topics)]
  },
  (random, _at, targets) => {
    const code = random.pick([0xf1, 0xf2, 0xf4, 0xfa])
    return [
      ...Array.from({ length: 4 }, () => place(random)),
      ...(code < 0xf3 ? [push(BigInt(random.below(3)))] : []),
      opcode(0x73),
      random.pick(targets),
      random.pick([push(2n ** 255n), push(BigInt(random.below(60_000)))]),
      opcode(code),
    ]
  },
  (random) => {
    const isSalted = random.below(2) === 0
    const salt = isSalted ? [edge(random)] : []
    return [...salt, place(random), place(random), push(0n), opcode(isSalted ? 0xf5 : 0xf0)]
  },
  // Jumps ahead: to a JUMPDEST, seldom elsewhere.
  (random, at) => {
    const miss = random.below(30) === 0 ? random.below(4) : 0
    return [push(BigInt((at + 4 + miss) % 256)), opcode(0x56, 0xfe, 0x5b)]
  },
  (random, at) => [push(BigInt(random.below(2))), push(BigInt((at + 5) % 256)), opcode(0x57, 0x5b)],
  (random) => [opcode(0x80 + random.below(4))],
  (random) => [opcode(0x90 + random.below(4))],
  (random) => [opcode(random.pick(OF_THE_FRAME))],
  (random) => [
    place(random),
    opcode(random.pick([0x15, 0x19, 0x1e, 0x31, 0x35, 0x3b, 0x3f, 0x40])),
  ],
]

/** What ends a frame, the last an undefined opcode. */
const ENDS = [0xf3, 0xfd, 0x00, 0xff, 0xfe, 0x0c]

/** Code of about `length` opcodes with their operands. */
export function randomCode(
  random: Seeded,
  length: number,
  targets: readonly Uint8Array[],
): Uint8Array {
  let code = concatBytes(push(1n), push(2n), push(3n), push(4n))
  for (let i = 0; i < length; i++) {
    code = concatBytes(code, ...random.pick(PIECES)(random, code.length, targets))
  }
  return concatBytes(code, place(random), place(random), opcode(random.pick(ENDS)))
}
