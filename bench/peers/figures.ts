/** Milliseconds, and the like, of one peer by the name of what was measured. */
export type Figures = Readonly<Record<string, string>>

/** The middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** Milliseconds of each of so many runs. */
export async function timeEach(runs: number, step: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const start = performance.now()
    await step()
    times.push(performance.now() - start)
  }
  return times
}

/** How often steps are done in some time, by so many who do them at the same time. */
export async function countFor(
  steps: readonly (() => Promise<unknown>)[],
  durationMs: number,
): Promise<{ readonly count: number; readonly seconds: number }> {
  const start = performance.now()
  let count = 0
  await Promise.all(
    steps.map(async (step) => {
      while (performance.now() - start < durationMs) {
        await step()
        count++
      }
    }),
  )
  return { count, seconds: (performance.now() - start) / 1000 }
}

/** As in `0.42 ms` and `120 ms`. */
export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`
}

/** As in `1234/s`. */
export function perSecond(value: number): string {
  return `${value.toFixed(0)}/s`
}

/** Prints a table with a column for each peer. */
export function printTable(title: string, peers: ReadonlyMap<string, Figures>): void {
  const rows = new Set([...peers.values()].flatMap((figures) => Object.keys(figures)))
  const names = [...peers.keys()]
  const dashes = [...names, ''].map(() => '---').join(' | ')
  process.stdout.write(`\n${line(title, names)}| ${dashes} |\n`)
  for (const row of rows) {
    process.stdout.write(
      line(
        row,
        [...peers.values()].map((figures) => figures[row] ?? '–'),
      ),
    )
  }
}

function line(first: string, cells: readonly string[]): string {
  return `| ${[first.padEnd(58), ...cells.map((cell) => cell.padStart(20))].join(' | ')} |\n`
}
