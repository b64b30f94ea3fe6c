import type { Miner } from './miner.ts'

/** When blocks are sealed without being asked for. */
export type Automation = {
  /** Whether each transaction is sealed as it comes. */
  readonly isAutomatic: () => boolean
  readonly setAutomatic: (on: boolean) => void
  /** 0 while there is no interval. */
  readonly intervalMs: () => number
  readonly setIntervalMs: (ms: number) => void
  readonly close: () => void
}

/** Creates the automation of a miner. Its timer keeps no process alive. */
export function createAutomation(
  miner: Miner,
  start: { readonly isAutomatic: boolean; readonly intervalMs: number },
): Automation {
  let { isAutomatic } = start
  let intervalMs = 0
  let timer: NodeJS.Timeout | undefined
  let isSealing = false
  const tick = (): void => {
    if (isSealing) return
    isSealing = true
    miner
      .mine(1n)
      .catch((error: unknown) => {
        // Otherwise the chain was closed meanwhile.
        if (timer !== undefined) process.emitWarning(`block not sealed: ${String(error)}`)
      })
      .finally(() => {
        isSealing = false
      })
  }
  const setIntervalMs = (ms: number): void => {
    clearInterval(timer)
    timer = undefined
    intervalMs = ms
    if (ms > 0) timer = setInterval(tick, ms).unref()
  }
  setIntervalMs(start.intervalMs)
  return {
    isAutomatic: () => isAutomatic,
    setAutomatic: (on) => {
      isAutomatic = on
    },
    intervalMs: () => intervalMs,
    setIntervalMs,
    close: () => setIntervalMs(0),
  }
}
