/** Cuts a stream of JSON values, written one after the other with or without blanks between them, into single ones. */
export type JsonSplitter = {
  /** The values that end in `chunk`. @throws RangeError if one is longer than the limit. */
  readonly push: (chunk: string) => readonly string[]
}

const BLANK = /\s/

/** Values must be objects or lists, as JSON-RPC's messages are; anything else is handed on up to the next blank. */
export function createJsonSplitter(maxLength: number): JsonSplitter {
  let pending = ''
  let read = 0
  let depth = 0
  let isText = false
  let isEscaped = false

  const step = (character: string): boolean => {
    if (isText) {
      if (isEscaped) isEscaped = false
      else if (character === '\\') isEscaped = true
      else if (character === '"') isText = false
      return false
    }
    if (character === '"') isText = true
    else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') {
      depth--
      return depth <= 0
    }
    return depth <= 0 && BLANK.test(character)
  }
  return {
    push: (chunk) => {
      pending += chunk
      const values: string[] = []
      let start = 0
      for (; read < pending.length; read++) {
        if (!step(pending.charAt(read))) continue
        const value = pending.slice(start, read + 1).trim()
        if (value !== '') values.push(value)
        start = read + 1
        depth = 0
      }
      pending = pending.slice(start)
      read = pending.length
      if (pending.length > maxLength) {
        throw new RangeError(`expected a message of at most ${maxLength} characters`)
      }
      return values
    },
  }
}
