import { concatBytes, InvalidValueError } from '@mosaic/primitives'

/** Cuts a stream of RLP lists, one after the other, into single ones. */
export type RlpSplitter = {
  /** The lists that end in `chunk`. @throws InvalidValueError if something else than a list begins, or one that is far too long. */
  readonly push: (chunk: Uint8Array) => readonly Uint8Array[]
  /** Bytes of a list that has not ended. */
  readonly rest: () => number
}

/** More than any block has. */
const MOST_BYTES = 64 * 1024 * 1024

export function createRlpSplitter(): RlpSplitter {
  let pending: Uint8Array = new Uint8Array()
  return {
    push: (chunk) => {
      pending = pending.length === 0 ? chunk : concatBytes(pending, chunk)
      const lists: Uint8Array[] = []
      for (;;) {
        const length = lengthOf(pending)
        if (length === undefined || length > pending.length) return lists
        lists.push(pending.slice(0, length))
        pending = pending.subarray(length)
      }
    },
    rest: () => pending.length,
  }
}

/** How long the list is that begins here; undefined if too little of it is there. */
function lengthOf(bytes: Uint8Array): number | undefined {
  const [first] = bytes
  if (first === undefined) return undefined
  if (first < 0xc0) throw new InvalidValueError('an RLP list', `the byte 0x${first.toString(16)}`)
  if (first <= 0xf7) return 1 + first - 0xc0
  const size = first - 0xf7
  if (bytes.length < 1 + size) return undefined
  const length = bytes.subarray(1, 1 + size).reduce((sum, byte) => sum * 256 + byte, 0)
  if (length > MOST_BYTES) throw new InvalidValueError(`at most ${MOST_BYTES} bytes`, length)
  return 1 + size + length
}
