import { setTimeout as sleep } from 'node:timers/promises'

/** Runs `step` again and again, never two at a time; the returned function ends it and waits. */
export function every(
  ms: number,
  step: () => Promise<void>,
  report: (error: unknown) => void,
): () => Promise<void> {
  let running: Promise<void> | undefined
  const timer = setInterval(() => {
    running ??= step()
      .catch(report)
      .finally(() => {
        running = undefined
      })
  }, ms)
  return async () => {
    clearInterval(timer)
    await running
  }
}

/** Waits, until `signal` aborts at the latest. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
