import {
  type Address,
  bytesToHash32,
  bytesToHex,
  type Hash32,
  hexToBytes,
  keccak256,
  toAddress,
  toWord,
  utf8ToBytes,
} from '@mosaic/primitives'
import type { Log } from '../receipt.ts'
import { memorySlice, peek, type Tracer, wordToAddress, wordToHash } from './tracer.ts'

/** Stands where a token contract would, in logs of transfers of the chain's own coin (execution-apis, `eth_simulateV1`). */
const COIN_ADDRESS: Address = toAddress('0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee')
const TRANSFER: Hash32 = keccak256(utf8ToBytes('Transfer(address,address,uint256)'))
const LOG0 = 0xa0
const LOG4 = 0xa4
const SELFDESTRUCT = 0xff

/** The logs of a message, with one more for each transfer of the chain's own coin, in the order in which they happened. */
export function createTransferTracer(): Tracer<readonly Log[]> {
  const open: { logs: Log[] }[] = []
  let all: readonly Log[] = []
  /** A creation's transfer, until the address is known. */
  const endowments: ({ from: Address; value: bigint } | undefined)[] = []
  return {
    enter: ({ kind, from, to, value }) => {
      const moves = value > 0n && kind !== 'DELEGATECALL' && kind !== 'CALLCODE'
      endowments.push(moves && to === undefined ? { from, value } : undefined)
      open.push({ logs: moves && to !== undefined ? [transfer(from, to, value)] : [] })
    },
    step: ({ opcode, stack, memory, address }, state) => {
      const frame = open.at(-1)
      if (frame === undefined) return
      const self = wordToAddress(BigInt(address.toString()))
      if (opcode >= LOG0 && opcode <= LOG4) {
        frame.logs.push({
          address: self,
          topics: Array.from({ length: opcode - LOG0 }, (_, i) => wordToHash(peek(stack, 2 + i))),
          data: memorySlice(memory, peek(stack, 0), peek(stack, 1)),
        })
      } else if (opcode === SELFDESTRUCT) {
        const balance = state.readAccount(address)?.balance ?? 0n
        const heir = wordToAddress(peek(stack, 0))
        if (balance > 0n && heir !== self) frame.logs.push(transfer(self, heir, balance))
      }
    },
    exit: ({ error, created }) => {
      const frame = open.pop()
      const endowment = endowments.pop()
      if (frame === undefined || error !== undefined) return
      const logs =
        endowment === undefined || created === undefined
          ? frame.logs
          : [transfer(endowment.from, created, endowment.value), ...frame.logs]
      const parent = open.at(-1)
      if (parent === undefined) all = logs
      else for (const log of logs) parent.logs.push(log)
    },
    end: () => all,
  }
}

function addressTopic(address: Address): Hash32 {
  return bytesToHash32(toWord(BigInt(bytesToHex(hexToBytes(address)))))
}

function transfer(from: Address, to: Address, value: bigint): Log {
  return {
    address: COIN_ADDRESS,
    topics: [TRANSFER, addressTopic(from), addressTopic(to)],
    data: toWord(value),
  }
}
