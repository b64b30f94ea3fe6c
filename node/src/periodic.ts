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
