import type { Common } from '@ethereumjs/common'
import { bytesToBigint, toWord } from '@mosaic/primitives'
import type { Frame } from './frame.ts'

type Run = (frame: Frame) => void

/** SLOAD and SSTORE under the rules of EIP-2200, EIP-2929 and EIP-3529, by opcode. */
export function storageAccessOf(common: Common): ReadonlyMap<number, Run> {
  const price = (name: string): number => Number(common.param(name))
  const warmRead = price('warmstoragereadGas')
  const coldRead = price('coldsloadGas')
  const sentry = price('sstoreSentryEIP2200Gas')
  const unchanged = price('sstoreNoopEIP2200Gas')
  const createSlot = price('sstoreInitEIP2200Gas')
  const changeSlot = price('sstoreCleanEIP2200Gas')
  const changeAgain = price('sstoreDirtyEIP2200Gas')
  const clearRefund = common.param('sstoreClearRefundEIP2200Gas')
  const createRefund = common.param('sstoreInitEIP2200Gas') - common.param('warmstoragereadGas')
  const changeRefund =
    common.param('sstoreResetGas') -
    common.param('coldsloadGas') -
    common.param('warmstoragereadGas')

  const settleRefund = (
    { interpreter }: Frame,
    original: bigint,
    current: bigint,
    value: bigint,
  ): void => {
    if (original === current) {
      if (original !== 0n && value === 0n) interpreter.refundGas(clearRefund)
      return
    }
    if (original !== 0n) {
      if (current === 0n) interpreter.subRefund(clearRefund)
      else if (value === 0n) interpreter.refundGas(clearRefund)
    }
    if (original === value) interpreter.refundGas(original === 0n ? createRefund : changeRefund)
  }

  return new Map<number, Run>([
    [
      0x54,
      (frame) => {
        const slot = toWord(frame.stack.pop())
        frame.charge(warm(frame, slot) ? warmRead : coldRead)
        const value = frame.state.readSlot(frame.interpreter.getAddress(), slot)
        frame.stack.push(bytesToBigint(value))
      },
    ],
    [
      0x55,
      (frame) => {
        const { interpreter, stack, state } = frame
        if (frame.isStatic) frame.fail('STATIC_STATE_CHANGE')
        const slot = toWord(stack.pop())
        const value = stack.pop()
        const address = interpreter.getAddress()
        const current = bytesToBigint(state.readSlot(address, slot))
        const original = bytesToBigint(state.readOriginalSlot(address, slot))
        if (frame.gas <= sentry) frame.fail('OUT_OF_GAS')
        const access = warm(frame, slot) ? 0 : coldRead
        if (current === value) frame.charge(access + (access === 0 ? warmRead : unchanged))
        else {
          settleRefund(frame, original, current, value)
          const first = original === 0n ? createSlot : changeSlot
          frame.charge(access + (original === current ? first : changeAgain))
        }
        state.writeSlot(address, slot, toWord(value))
        const contract = state.readAccount(address)
        if (contract === undefined) throw new TypeError('expected the account whose code runs')
        interpreter._env.contract = contract
      },
    ],
  ])
}

/** Whether the slot was touched before; from now on it was. */
function warm({ interpreter, journal }: Frame, slot: Uint8Array): boolean {
  return journal.warmSlot(interpreter.getAddress().bytes, slot)
}
