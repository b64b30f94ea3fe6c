import type { Journal } from './journal-file.ts'

/** A journal that lives in memory, for chains that exist only inside a process. */
export function createMemoryJournal(lines: readonly string[] = []): Journal & {
  readonly written: string[]
} {
  const written = [...lines]
  return {
    lines: [...lines],
    written,
    append: async (line) => {
      written.push(line)
    },
    replace: async (kept) => {
      written.splice(0, written.length, ...kept)
    },
    close: async () => undefined,
  }
}
