import type { Common } from '@ethereumjs/common'
import { ARITHMETIC } from './arithmetic.ts'
import { flowOf } from './flow.ts'
import type { Operation } from './frame.ts'
import type { InnerOpcode } from './inner-interpreter.ts'
import { memoryAccessOf } from './memory-access.ts'
import { storageAccessOf } from './storage-access.ts'

/** EIPs that change what the opcodes here cost or do. None of them is in force on any network. */
const STRANGE_EIPS = [3540, 6800, 7708, 7709, 7864, 7928, 8024, 8037, 8038]

/** The first fork that has all the prices that are written down here. */
const FIRST_FORK = 'london'

/**
 * What each opcode does, by its number: own implementations of those that are frequent or would only wait, EthereumJS's of all others.
 * Undefined where the rules are none that the own ones know.
 */
export function createOperations(
  opcodes: readonly InnerOpcode[],
  common: Common,
): readonly Operation[] | undefined {
  if (!common.gteHardfork(FIRST_FORK)) return undefined
  if (STRANGE_EIPS.some((eip) => common.isActivatedEIP(eip))) return undefined
  const own: ReadonlyMap<number, Operation['run']> = new Map([
    ...ARITHMETIC,
    ...flowOf(opcodes),
    ...memoryAccessOf(common, (opcode) => opcodes[opcode]?.opcodeInfo.fee ?? 0),
    ...storageAccessOf(common),
  ])
  return opcodes.map((opcode, number) => {
    const { isInvalid, dynamicGas, fee } = opcode.opcodeInfo
    const run = own.get(number)
    // An own operation whose price is not fixed takes all of it itself, as EthereumJS's step does.
    if (run !== undefined && !isInvalid) return { fee: dynamicGas ? 0 : fee, run }
    if (isInvalid || dynamicGas) return { fee: 0, run: (frame) => frame.step(opcode) }
    return { fee, run: (frame) => frame.handle(opcode) }
  })
}
