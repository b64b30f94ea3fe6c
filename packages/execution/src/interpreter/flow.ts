import type { Frame, Operation } from './frame.ts'
import type { InnerOpcode } from './inner-interpreter.ts'

type Run = Operation['run']

/** JUMP, JUMPI and what names a place in the code or on the stack, by opcode. */
export function flowOf(opcodes: readonly InnerOpcode[]): ReadonlyMap<number, Run> {
  const runs = new Map<number, Run>([
    [0x00, (frame) => frame.stop()],
    [0x56, jump(opcodes[0x56])],
    [0x57, jumpIf(opcodes[0x57])],
    [0x58, ({ stack, pc }) => stack.push(BigInt(pc - 1))],
    [0x5a, ({ stack, gas }) => stack.push(BigInt(gas))],
    [0x5b, () => undefined],
    [0x5f, ({ stack }) => stack.push(0n)],
  ])
  for (let size = 1; size <= 32; size++) runs.set(0x5f + size, push(size))
  for (let depth = 1; depth <= 16; depth++) {
    runs.set(0x7f + depth, ({ stack }) => stack.dup(depth))
    runs.set(0x8f + depth, ({ stack }) => stack.swap(depth))
  }
  return runs
}

function push(size: number): Run {
  return (frame) => {
    frame.stack.push(frame.analysis.operand(frame.pc, size))
    frame.pc += size
  }
}

function jump(opcode: InnerOpcode | undefined): Run {
  return (frame) => {
    const target = frame.stack.pop()
    if (isDestination(frame, target)) frame.pc = Number(target)
    else refuse(frame, opcode, [target])
  }
}

function jumpIf(opcode: InnerOpcode | undefined): Run {
  return (frame) => {
    const target = frame.stack.pop()
    const condition = frame.stack.pop()
    if (condition === 0n) return
    if (isDestination(frame, target)) frame.pc = Number(target)
    else refuse(frame, opcode, [condition, target])
  }
}

function isDestination({ analysis }: Frame, target: bigint): boolean {
  return analysis.jumps[Number(target)] === 1
}

/** Lets EthereumJS say where the jump was. */
function refuse(frame: Frame, opcode: InnerOpcode | undefined, operands: readonly bigint[]): void {
  for (const operand of operands) frame.stack.push(operand)
  frame.inner.validJumps = frame.analysis.jumps
  if (opcode !== undefined) frame.handle(opcode)
}
