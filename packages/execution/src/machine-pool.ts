import { type Hash32, ZERO_HASH } from '@mosaic/primitives'
import type { Machine } from './machine.ts'

/** A call took longer than it may. */
export class CallTimeoutError extends Error {
  override readonly name = 'CallTimeoutError'
}

/** Machines for calls, each on the state it was last used on. */
export type MachinePool = {
  /**
   * Runs `step` alone on a machine that is on the state of `root`. What it leaves there must be undone before it resolves.
   *
   * @throws {@link CallTimeoutError}, and what `step` throws.
   */
  readonly use: <T>(
    root: Hash32,
    step: (machine: Machine, takeTurn: TakeTurn) => Promise<T>,
  ) => Promise<T>
  /** As `use`, on a machine that nobody uses afterwards: `step` may leave in it what it likes. It may end later than others, too. */
  readonly useOnce: <T>(
    root: Hash32,
    step: (machine: Machine, takeTurn: TakeTurn) => Promise<T>,
    timeoutMs?: number,
  ) => Promise<T>
}

/** Calls `go` when others have had their turn. @throws {@link CallTimeoutError} after the deadline. */
export type TakeTurn = (go: () => void) => void

type Slot = { root: Hash32; machine: Machine | undefined; pace: Pace }

/** When a call has to stop, and when it last let others go ahead. */
type Pace = { deadline: number; yielded: number }

/** How long a call runs before it lets the rest of the node go ahead. */
const TURN_MS = 10

const MAX_WARM_ENTRIES = 100_000

/**
 * @param create makes a machine on the state of a root.
 * @param size machines at most; who comes later waits.
 * @param timeoutMs how long one use may take.
 */
export function createMachinePool(
  create: (root: Hash32) => Promise<Machine>,
  size: number,
  timeoutMs: number,
): MachinePool {
  const free: Slot[] = Array.from({ length: size }, () => ({
    root: ZERO_HASH,
    machine: undefined,
    pace: { deadline: 0, yielded: 0 },
  }))
  const waiting: ((slot: Slot) => void)[] = []

  const takeFree = (root: Hash32): Slot | undefined => {
    const warm = free.findIndex((slot) => slot.machine !== undefined && slot.root === root)
    return free.splice(Math.max(warm, 0), 1)[0]
  }
  const waitForOne = (): Promise<Slot> => new Promise((resolve) => waiting.push(resolve))
  const release = (slot: Slot): void => {
    const next = waiting.shift()
    if (next === undefined) free.push(slot)
    else next(slot)
  }

  return {
    use: async (root, step) => {
      const slot = takeFree(root) ?? (await waitForOne())
      try {
        if (
          slot.machine === undefined ||
          slot.root !== root ||
          slot.machine.state.touchedEntries > MAX_WARM_ENTRIES
        ) {
          slot.machine = undefined
          slot.machine = await create(root)
          slot.root = root
          keepPace(slot.machine, slot.pace)
        }
        start(slot.pace, timeoutMs)
        return await step(slot.machine, (go) => takeTurn(slot.pace, go))
      } catch (error) {
        // What threw in the middle may have left anything behind.
        slot.machine = undefined
        throw error
      } finally {
        release(slot)
      }
    },
    useOnce: async (root, step, ms = timeoutMs) => {
      const slot = takeFree(root) ?? (await waitForOne())
      try {
        const machine = await create(root)
        keepPace(machine, slot.pace)
        start(slot.pace, ms)
        // The machine that the slot has stays as it is: the pace is all that both share.
        return await step(machine, (go) => takeTurn(slot.pace, go))
      } finally {
        release(slot)
      }
    },
  }
}

/** Before each message and now and then between opcodes: lets others go ahead when it is their turn, and stops at the deadline. */
function keepPace({ evm }: Machine, pace: Pace): void {
  evm.pause = () => pauseOf(pace)
}

function start(pace: Pace, ms: number): void {
  const now = performance.now()
  pace.deadline = now + ms
  pace.yielded = now
}

function takeTurn(pace: Pace, go: () => void): void {
  const pause = pauseOf(pace)
  if (pause === undefined) go()
  else void pause.then(go)
}

/** The others' turn, if it has come. @throws {@link CallTimeoutError} after the deadline. */
function pauseOf(pace: Pace): Promise<void> | undefined {
  const now = performance.now()
  if (now > pace.deadline) throw new CallTimeoutError('a call took too long')
  if (now - pace.yielded < TURN_MS) return undefined
  return new Promise((resolve) => {
    setImmediate(() => {
      pace.yielded = performance.now()
      resolve()
    })
  })
}
