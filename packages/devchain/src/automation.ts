import type { Miner } from './miner.ts'

/** When blocks are sealed without being asked for. */
export type Automation = {
  /** Whether each transaction is sealed as it comes. */
  readonly isAutomatic: () => boolean
  readonly setAutomatic: (on: boolean) => void
  /** 0 while there is no interval. */
  readonly intervalMs: () => number
  readonly setIntervalMs: (ms: number) => void
  /** In how many milliseconds the next block is due; undefined while no block waits for its time. */
  readonly dueInMs: () => number | undefined
  /** Seals the next block, though it is not due yet. */
  readonly sealEarly: () => void
  readonly close: () => void
}

/** Creates the automation of a miner. Its timer keeps no process alive. */
export function createAutomation(
  miner: Pick<Miner, 'mineDue'>,
  start: { readonly isAutomatic: boolean; readonly intervalMs: number },
): Automation {
  let { isAutomatic } = start
  let intervalMs = 0
  let timer: NodeJS.Timeout | undefined
  /** As of `performance.now()`. */
  let due = 0
  let isEarly = false
  let isSealing = false
  const seal = (): void => {
    isSealing = true
    miner
      .mineDue(due)
      .catch((error: unknown) => {
        // Otherwise the chain was closed meanwhile.
        if (timer !== undefined) process.emitWarning(`block not sealed: ${String(error)}`)
      })
      .finally(() => {
        isSealing = false
      })
  }
  const tick = (): void => {
    if (!isSealing && !isEarly) seal()
    isEarly = false
    due = performance.now() + intervalMs
  }
  const setIntervalMs = (ms: number): void => {
    clearInterval(timer)
    timer = undefined
    isEarly = false
    intervalMs = ms
    if (ms === 0) return
    due = performance.now() + ms
    timer = setInterval(tick, ms).unref()
  }
  setIntervalMs(start.intervalMs)
  return {
    isAutomatic: () => isAutomatic,
    setAutomatic: (on) => {
      isAutomatic = on
    },
    intervalMs: () => intervalMs,
    setIntervalMs,
    dueInMs: () => {
      if (timer === undefined || isAutomatic) return undefined
      return (isEarly ? due + intervalMs : due) - performance.now()
    },
    sealEarly: () => {
      if (timer === undefined || isSealing || isEarly) return
      isEarly = true
      seal()
    },
    close: () => setIntervalMs(0),
  }
}
