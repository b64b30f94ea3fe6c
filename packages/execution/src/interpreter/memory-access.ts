import type { Common } from '@ethereumjs/common'
import { bytesToBigint, keccak256Bytes, readWord, toWord, writeWord } from '@mosaic/primitives'
import type { Frame } from './frame.ts'

type Run = (frame: Frame) => void

/** Words begun by a number of bytes; not exact only where nobody could pay. */
function wordsOf(length: bigint): number {
  return Math.ceil(Number(length) / 32)
}

/**
 * What reads or writes memory, by opcode. The order of faults is EthereumJS's: operands, what the opcode forbids, gas, effects.
 *
 * @param feeOf the fixed part of an opcode's price.
 */
export function memoryAccessOf(
  common: Common,
  feeOf: (opcode: number) => number,
): ReadonlyMap<number, Run> {
  const price = (name: string): number => Number(common.param(name))
  const keccak = common.customCrypto.keccak256 ?? keccak256Bytes
  const keccakWordFee = price('keccak256WordGas')
  const copyWordFee = price('copyGas')
  const logTopicFee = price('logTopicGas')
  const logByteFee = price('logDataGas')

  /** Copies to memory; zeros stand for what is beyond the end of `bytesOf`. */
  const copy = (fee: number, bytesOf: (frame: Frame) => Uint8Array, isBounded = false): Run => {
    return (frame) => {
      const to = frame.stack.pop()
      const from = frame.stack.pop()
      const length = frame.stack.pop()
      const source = bytesOf(frame)
      if (isBounded && from + length > BigInt(source.length)) frame.fail('OUT_OF_GAS')
      frame.charge(fee + frame.growth(to, length) + copyWordFee * wordsOf(length))
      if (length === 0n) return
      const at = Number(to)
      const end = at + Number(length)
      const start = from < BigInt(source.length) ? Number(from) : source.length
      const bytes = source.subarray(start, start + Number(length))
      const memory = frame.memory(end)
      memory.set(bytes, at)
      memory.fill(0, at + bytes.length, end)
    }
  }

  const log = (fee: number, topicCount: number): Run => {
    const fixed = fee + logTopicFee * topicCount
    return (frame) => {
      if (frame.isStatic) frame.fail('STATIC_STATE_CHANGE')
      const offset = frame.stack.pop()
      const length = frame.stack.pop()
      frame.charge(fixed + frame.growth(offset, length) + logByteFee * Number(length))
      const topics: Uint8Array[] = []
      for (let i = 0; i < topicCount; i++) topics.push(toWord(frame.stack.pop()))
      frame.interpreter.log(frame.slice(offset, length), topicCount, topics)
    }
  }

  const runs = new Map<number, Run>([
    [0x20, hash(feeOf(0x20), keccakWordFee, keccak)],
    [0x35, loadCallData],
    [0x37, copy(feeOf(0x37), ({ interpreter }) => interpreter.getCallData())],
    [0x39, copy(feeOf(0x39), ({ code }) => code)],
    [0x3e, copy(feeOf(0x3e), ({ interpreter }) => interpreter.getReturnData(), true)],
    [0x51, load(feeOf(0x51))],
    [0x52, store(feeOf(0x52), 32n, (frame, at, word) => writeWord(frame.view(at + 32), at, word))],
    [
      0x53,
      store(feeOf(0x53), 1n, (frame, at, word) => {
        frame.memory(at + 1)[at] = Number(word & 0xffn)
      }),
    ],
    [0x59, (frame) => frame.stack.push(BigInt(frame.memorySize))],
    [0x5e, move(feeOf(0x5e), copyWordFee)],
    [
      0xf3,
      (frame) => {
        frame.interpreter._result.returnValue = output(feeOf(0xf3), frame)
        frame.stop()
      },
    ],
    [
      0xfd,
      (frame) => {
        frame.interpreter._result.returnValue = output(feeOf(0xfd), frame)
        frame.fail('REVERT')
      },
    ],
  ])
  for (let topics = 0; topics <= 4; topics++) {
    runs.set(0xa0 + topics, log(feeOf(0xa0 + topics), topics))
  }
  return runs
}

function hash(fee: number, wordFee: number, keccak: (bytes: Uint8Array) => Uint8Array): Run {
  return (frame) => {
    const offset = frame.stack.pop()
    const length = frame.stack.pop()
    frame.charge(fee + frame.growth(offset, length) + wordFee * wordsOf(length))
    const at = length === 0n ? 0 : Number(offset)
    const end = at + Number(length)
    frame.stack.push(bytesToBigint(keccak(frame.memory(end).subarray(at, end))))
  }
}

function store(
  fee: number,
  size: bigint,
  write: (frame: Frame, at: number, word: bigint) => void,
): Run {
  return (frame) => {
    const offset = frame.stack.pop()
    frame.charge(fee + frame.growth(offset, size))
    write(frame, Number(offset), frame.stack.pop())
  }
}

/** The stretch of memory that RETURN and REVERT hand over. */
function output(fee: number, frame: Frame): Uint8Array {
  const offset = frame.stack.pop()
  const length = frame.stack.pop()
  frame.charge(fee + frame.growth(offset, length))
  return frame.slice(offset, length)
}

function load(fee: number): Run {
  return (frame) => {
    const offset = frame.stack.pop()
    frame.charge(fee + frame.growth(offset, 32n))
    const at = Number(offset)
    frame.stack.push(readWord(frame.view(at + 32), at))
  }
}

/** EIP-5656. */
function move(fee: number, wordFee: number): Run {
  return (frame) => {
    const to = frame.stack.pop()
    const from = frame.stack.pop()
    const length = frame.stack.pop()
    const copied = wordFee * wordsOf(length)
    frame.charge(fee + copied + frame.growth(from, length) + frame.growth(to, length))
    if (length === 0n) return
    const size = Number(length)
    const [source, target] = [Number(from), Number(to)]
    frame.memory(Math.max(source, target) + size).copyWithin(target, source, source + size)
  }
}

function loadCallData({ callData, stack }: Frame): void {
  const at = Number(stack.pop())
  if (at + 32 <= callData.byteLength) {
    stack.push(readWord(callData, at))
    return
  }
  const word = new DataView(new ArrayBuffer(32))
  for (let i = at; i < callData.byteLength; i++) word.setUint8(i - at, callData.getUint8(i))
  stack.push(readWord(word, 0))
}
