import { type Hash32, type Hex, hexToBytes } from '@mosaic/primitives'
import type { Clock } from './clock.ts'
import { ERROR_CODE, RpcError, serverError } from './errors.ts'
import { formatReceipt } from './format.ts'
import type { Json } from './json.ts'
import { type CallContext, type MethodTable, method1, method2 } from './method.ts'
import { decimalOrHex, hexData, optional, required } from './parameters.ts'
import type { ChainPort, EventPort, PoolPort } from './ports.ts'
import { faultToWords } from './words.ts'

const DEFAULT_WAIT_MS = 20_000n
const MOST_WAIT_MS = 25_000n

/** Methods that take signed transactions. */
export function createSendMethods(ports: {
  readonly chain: ChainPort
  readonly pool: PoolPort
  readonly events: EventPort
  readonly clock: Clock
}): MethodTable {
  const { chain, pool, events, clock } = ports

  const send = async (raw: Hex): Promise<Hash32> => {
    if (raw === '0x') throw serverError('typed transaction too short')
    const taken = await pool.add(hexToBytes(raw))
    if (!taken.ok) throw serverError(faultToWords(taken.fault))
    return taken.value
  }
  /** Sends, and answers once the transaction is in a block (EIP-7966). */
  const sendAndWait = async (raw: Hex, wait: bigint, { signal }: CallContext): Promise<Json> => {
    let wake: (() => void) | undefined
    const over = new AbortController()
    const forget = events.subscribe((event) => {
      if (event.kind === 'head') wake?.()
    })
    const stop = (): void => {
      over.abort()
      wake?.()
    }
    signal.addEventListener('abort', stop)
    const ms = wait === 0n ? DEFAULT_WAIT_MS : wait < MOST_WAIT_MS ? wait : MOST_WAIT_MS
    const cancel = clock.schedule(stop, Number(ms))
    try {
      const hash = await send(raw)
      while (!over.signal.aborted) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve
        })
        const receipt = await chain.receipt(hash)
        if (receipt !== undefined) return formatReceipt(receipt)
        await changed
      }
      throw new RpcError(
        ERROR_CODE.notInTime,
        `the transaction was added to the pool but was in no block within ${ms} ms`,
        hash,
      )
    } finally {
      cancel()
      forget()
      signal.removeEventListener('abort', stop)
    }
  }
  return {
    eth_sendRawTransaction: method1(required(hexData), send),
    eth_sendRawTransactionSync: method2(
      required(hexData),
      optional(decimalOrHex, DEFAULT_WAIT_MS),
      sendAndWait,
    ),
  }
}
