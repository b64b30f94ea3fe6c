import { type Hex, integerToRlp, writeHex } from '@mosaic/primitives'
import { prefixSize, writePrefix } from './rlp-writing.ts'

const FIRST_BYTES = 4096
/** What one large block took is not kept for the next. */
const MOST_KEPT = 4_194_304
const MAX_BYTE = 0x7f

/**
 * Writes RLP from its end to its beginning: what a list holds is written when its prefix is, so that neither trees of items are built nor lengths
 * asked for beforehand. Each call puts something in front of what is there.
 */
export class BackwardRlp {
  #bytes = new Uint8Array(FIRST_BYTES)
  #at = FIRST_BYTES

  /** Begins again, whatever was written. */
  reset(): void {
    this.#at = this.#bytes.length
  }

  /** How much is written, for {@link list}. */
  mark(): number {
    return this.#bytes.length - this.#at
  }

  string(bytes: Uint8Array): void {
    const { length } = bytes
    this.#reserve(length)
    this.#bytes.set(bytes, this.#at)
    if (length !== 1 || (bytes[0] ?? 0) > MAX_BYTE) this.#prefix(length, 0x80)
  }

  /** A string of 2 to 55 bytes. @throws InvalidValueError unless `hex` is hex. */
  hex(hex: Hex): void {
    const length = hex.length / 2 - 1
    this.#reserve(length)
    writeHex(this.#bytes, this.#at, hex)
    this.#prefix(length, 0x80)
  }

  /** @throws InvalidValueError if `value` is negative. */
  integer(value: bigint): void {
    this.string(integerToRlp(value))
  }

  /** Makes one list of all that was written since `mark`. */
  list(mark: number): void {
    this.#prefix(this.mark() - mark, 0xc0)
  }

  /** A byte as it is, such as the type of a transaction before its payload. */
  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at] = value
  }

  /** What was written, as bytes of their own. Nothing is left of it. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(this.#at)
    if (this.#bytes.length > MOST_KEPT) this.#bytes = new Uint8Array(FIRST_BYTES)
    this.reset()
    return taken
  }

  #prefix(length: number, offset: 0x80 | 0xc0): void {
    this.#reserve(prefixSize(length))
    writePrefix(this.#bytes, this.#at, length, offset)
  }

  /** Makes room for so many bytes before those that are there, and moves to where they begin. */
  #reserve(length: number): void {
    if (length > this.#at) {
      const written = this.#bytes.subarray(this.#at)
      const larger = new Uint8Array(2 * (written.length + length))
      larger.set(written, larger.length - written.length)
      this.#at = larger.length - written.length
      this.#bytes = larger
    }
    this.#at -= length
  }
}
