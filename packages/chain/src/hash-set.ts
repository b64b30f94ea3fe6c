const LANES = 2
const FIRST_CAPACITY = 1 << 12
const MOST_FULL = 0.6

/**
 * Hashes by their first 16 bytes, in 27 to 53 bytes each: a set of JavaScript takes ten times as much. To take one hash for another, somebody
 * would have to find two that share those bytes, which is the work of 2^64 hashes.
 */
export class HashSet {
  #capacity = FIRST_CAPACITY
  #lanes = new BigUint64Array(FIRST_CAPACITY * LANES)
  #size = 0
  #hasZero = false

  get size(): number {
    return this.#size + (this.#hasZero ? 1 : 0)
  }

  /** Whether `hash` was not there yet. @param hash at least 16 bytes. */
  add(hash: Uint8Array): boolean {
    const [high, low] = lanesOf(hash)
    if (high === 0n && low === 0n) {
      const isNew = !this.#hasZero
      this.#hasZero = true
      return isNew
    }
    if (this.#size >= this.#capacity * MOST_FULL) this.#grow()
    const at = this.#find(high, low)
    if (this.#lanes[at] !== 0n || this.#lanes[at + 1] !== 0n) return false
    this.#lanes[at] = high
    this.#lanes[at + 1] = low
    this.#size++
    return true
  }

  has(hash: Uint8Array): boolean {
    const [high, low] = lanesOf(hash)
    if (high === 0n && low === 0n) return this.#hasZero
    const at = this.#find(high, low)
    return this.#lanes[at] !== 0n || this.#lanes[at + 1] !== 0n
  }

  /** Where a hash is, or would be. */
  #find(high: bigint, low: bigint): number {
    let slot = Number(low & BigInt(this.#capacity - 1))
    for (;;) {
      const at = slot * LANES
      const [first, second] = [this.#lanes[at], this.#lanes[at + 1]]
      if ((first === high && second === low) || (first === 0n && second === 0n)) return at
      slot = (slot + 1) & (this.#capacity - 1)
    }
  }

  #grow(): void {
    const before = this.#lanes
    this.#capacity *= 2
    this.#lanes = new BigUint64Array(this.#capacity * LANES)
    for (let at = 0; at < before.length; at += LANES) {
      const [high = 0n, low = 0n] = [before[at], before[at + 1]]
      if (high === 0n && low === 0n) continue
      const target = this.#find(high, low)
      this.#lanes[target] = high
      this.#lanes[target + 1] = low
    }
  }
}

function lanesOf(hash: Uint8Array): readonly [bigint, bigint] {
  const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength)
  return [view.getBigUint64(0), view.getBigUint64(8)]
}
