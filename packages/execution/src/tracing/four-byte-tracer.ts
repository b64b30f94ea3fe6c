import { bytesToHex, toAddress } from '@mosaic/primitives'
import type { Tracer } from './tracer.ts'

/** How often each function was called: `selector-size of the other data`, as geth's `4byteTracer`. */
export type SelectorCounts = ReadonlyMap<string, number>

const SELECTOR_BYTES = 4

/** Counts the selectors of all calls but those of precompiles and of creations. */
export function createFourByteTracer(
  isPrecompile: (address: string) => boolean,
): Tracer<SelectorCounts> {
  const counts = new Map<string, number>()
  return {
    enter: ({ to, input, depth }) => {
      if (to === undefined || input.length < SELECTOR_BYTES) return
      if (depth > 0 && isPrecompile(toAddress(to))) return
      const key = `${bytesToHex(input.subarray(0, SELECTOR_BYTES))}-${input.length - SELECTOR_BYTES}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    },
    end: () => counts,
  }
}
