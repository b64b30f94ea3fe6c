/** What was set lately, by key. */
export type Recent<Key, Value> = {
  readonly get: (key: Key) => Value | undefined
  /** Returns the value. */
  readonly set: (key: Key, value: Value) => Value
  readonly delete: (key: Key) => void
}

/** Keeps the last `limit` that were set. */
export function createRecent<Key, Value>(limit: number): Recent<Key, Value> {
  const entries = new Map<Key, Value>()
  return {
    get: (key) => entries.get(key),
    set: (key, value) => {
      entries.delete(key)
      entries.set(key, value)
      const [oldest] = entries.keys()
      if (entries.size > limit && oldest !== undefined) entries.delete(oldest)
      return value
    },
    delete: (key) => void entries.delete(key),
  }
}
