import { randomBytes } from 'node:crypto'
import { bytesToBigint } from '@mosaic/primitives'
import { quantity } from './json.ts'

/** An identifier that nobody guesses, of at most 128 bits. It is a quantity: as geth's, it has no leading zeros. */
export function randomIdentifier(): string {
  return quantity(bytesToBigint(randomBytes(16)))
}
