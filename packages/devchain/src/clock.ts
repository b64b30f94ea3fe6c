import { ERROR_CODE, RpcError } from '@mosaic/rpc'

/** Unix seconds of a chain whose owner turns the hands. */
export type Clock = {
  /** What it shows now. */
  readonly now: () => bigint
  /** The timestamp of the block after one of `parent`: of one that is due in so many milliseconds, or now. */
  readonly next: (parent: bigint, inMs?: number) => bigint
  /** Takes note that a block of this timestamp was sealed, which is due in so many milliseconds, or now. */
  readonly sealed: (timestamp: bigint, inMs?: number) => void
  /** @returns the sum of all moves, in seconds. */
  readonly increase: (seconds: bigint) => bigint
  /** @returns how far it is from the time underneath. */
  readonly set: (timestamp: bigint) => bigint
  /** @throws RpcError unless it is after `parent`. */
  readonly setNext: (timestamp: bigint, parent: bigint) => void
  readonly setInterval: (seconds: bigint | undefined) => void
  readonly state: () => ClockState
  readonly restore: (state: ClockState) => void
}

/** All that a clock remembers. */
export type ClockState = {
  readonly offset: bigint
  readonly next: bigint | undefined
  readonly interval: bigint | undefined
}

/** A clock above another one, which it may run away from. The one underneath may know what it will show in so many milliseconds. */
export function createClock(underneath: (inMs?: number) => bigint): Clock {
  let offset = 0n
  let fixed: bigint | undefined
  let interval: bigint | undefined
  const now = (inMs?: number): bigint => underneath(inMs) + offset
  return {
    now: () => now(),
    next: (parent, inMs) => {
      if (fixed !== undefined) return fixed
      if (interval !== undefined) return parent + interval
      const time = now(inMs)
      return time > parent ? time : parent + 1n
    },
    sealed: (timestamp, inMs) => {
      // Time goes on from the latest block, also when that is ahead of the time underneath.
      if (fixed !== undefined || timestamp > now(inMs)) offset = timestamp - underneath(inMs)
      fixed = undefined
    },
    increase: (seconds) => {
      offset += seconds
      return offset
    },
    set: (timestamp) => {
      offset = timestamp - underneath()
      return offset
    },
    setNext: (timestamp, parent) => {
      if (timestamp <= parent) {
        throw new RpcError(
          ERROR_CODE.invalidParameters,
          `Timestamp ${timestamp} is lower than or equal to previous block's timestamp ${parent}`,
        )
      }
      fixed = timestamp
    },
    setInterval: (seconds) => {
      interval = seconds
    },
    state: () => ({ offset, next: fixed, interval }),
    restore: (state) => {
      ;({ offset, next: fixed, interval } = state)
    },
  }
}
