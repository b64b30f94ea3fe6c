/** What was set lately, by key. */
type Recent<Key, Value> = {
  readonly get: (key: Key) => Value | undefined
  /** Returns the value. */
  readonly set: (key: Key, value: Value) => Value
  readonly delete: (key: Key) => void
}

/**
 * Keeps the last `limit` that were set, and of those no more than weigh `most` together; the last in any case.
 *
 * @param weight what each weighs; nothing unless told.
 */
export function createRecent<Key, Value>(
  limit: number,
  weight: { readonly of: (value: Value) => number; readonly most: number } = {
    of: () => 0,
    most: 0,
  },
): Recent<Key, Value> {
  const entries = new Map<Key, Value>()
  let total = 0
  const remove = (key: Key): void => {
    const value = entries.get(key)
    if (value !== undefined) total -= weight.of(value)
    entries.delete(key)
  }
  return {
    get: (key) => entries.get(key),
    set: (key, value) => {
      remove(key)
      entries.set(key, value)
      total += weight.of(value)
      for (const oldest of entries.keys()) {
        if (entries.size === 1 || (entries.size <= limit && total <= weight.most)) break
        remove(oldest)
      }
      return value
    },
    delete: remove,
  }
}
