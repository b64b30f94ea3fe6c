/** Runtime code that calls `console.log` with whatever it is called with. */
export const SPEAKER = '0x365f5f375f5f365f73000000000000000000636f6e736f6c652e6c6f675afa00'

/** Runtime code that reverts with whatever it is called with. */
export const REVERTER = '0x365f5f37365ffd'

/** Runtime code that stores the first word of what it is called with in slot 0, and emits a log with that word as its topic. */
export const NOTER = '0x5f35805f555f5fa100'

/** Creation code of a contract with that runtime code. */
export function creation(runtime: string): `0x${string}` {
  const size = ((runtime.length - 2) / 2).toString(16).padStart(2, '0')
  return `0x60${size}600a5f3960${size}5ff3${runtime.slice(2)}`
}
