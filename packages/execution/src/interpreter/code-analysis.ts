import { bytesToBigint } from '@mosaic/primitives'

const JUMPDEST = 0x5b
const PUSH1 = 0x60
const PUSH32 = 0x7f

/** What is known of a piece of code before and after it has run. */
export class CodeAnalysis {
  readonly #code: Uint8Array
  #jumps: Uint8Array | undefined
  /** Operands of PUSH by the position where they begin, those that have been read. */
  readonly #operands: (bigint | undefined)[]

  constructor(code: Uint8Array) {
    this.#code = code
    // oxlint-disable-next-line unicorn/no-new-array -- Not of this length from the beginning, it would become a hash table.
    this.#operands = new Array<bigint | undefined>(code.length)
  }

  /** 1 where a jump may end. */
  get jumps(): Uint8Array {
    this.#jumps ??= findJumps(this.#code)
    return this.#jumps
  }

  /** The operand of `size` bytes at `at`; what is missing at the end of the code is zero. */
  operand(at: number, size: number): bigint {
    const known = this.#operands[at]
    if (known !== undefined) return known
    const operand = readOperand(this.#code, at, size)
    if (at < this.#code.length) this.#operands[at] = operand
    return operand
  }
}

const analyses = new WeakMap<Uint8Array, CodeAnalysis>()

/** The analysis of a piece of code, which must not change any more. The same for the same array. */
export function analyse(code: Uint8Array): CodeAnalysis {
  let analysis = analyses.get(code)
  if (analysis === undefined) {
    analysis = new CodeAnalysis(code)
    analyses.set(code, analysis)
  }
  return analysis
}

function findJumps(code: Uint8Array): Uint8Array {
  const jumps = new Uint8Array(code.length)
  for (let i = 0; i < code.length; i++) {
    const opcode = code[i] ?? 0
    if (opcode === JUMPDEST) jumps[i] = 1
    else if (opcode >= PUSH1 && opcode <= PUSH32) i += opcode - PUSH1 + 1
  }
  return jumps
}

function readOperand(code: Uint8Array, at: number, size: number): bigint {
  const bytes = code.subarray(at, at + size)
  if (bytes.length === 0) return 0n
  return bytesToBigint(bytes) << BigInt(8 * (size - bytes.length))
}
