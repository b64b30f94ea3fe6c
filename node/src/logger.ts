/** Severity, from least to most. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Logs an event with its facts. Never pass keys or secrets. */
export type Log = (
  level: LogLevel,
  event: string,
  fields?: Readonly<Record<string, unknown>>,
) => void

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** Whether a text names a level. */
export function isLogLevel(text: string): text is LogLevel {
  return text in RANK
}

/** Writes one JSON object per line: time, level, event, then the fields. */
export function createJsonLog(
  write: (line: string) => void,
  lowest: LogLevel,
  now: () => number,
): Log {
  return (level, event, fields = {}) => {
    if (RANK[level] < RANK[lowest]) return
    write(`${toJson({ time: new Date(now()).toISOString(), level, event, ...fields })}\n`)
  }
}

/** JSON with bigints as decimal strings and errors as their messages. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === 'bigint') return member.toString()
    if (member instanceof Error) return describeError(member)
    if (member instanceof Map || member instanceof Set) return [...member]
    return member
  })
}

/** An error with its causes in one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = `${error.name}: ${error.message}`
  const { cause } = error
  // Many errors repeat what caused them.
  const isTold = cause instanceof Error && own.includes(cause.message)
  return cause === undefined || isTold ? own : `${own} (${describeError(cause)})`
}
