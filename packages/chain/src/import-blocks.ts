import type { Verdict } from '@mosaic/primitives'
import type { Chain, Imported } from './chain.ts'
import type { ChainFault } from './chain-errors.ts'

/**
 * Imports blocks in the order they come in, and says of each what came of it. While one is run, the next is fetched and its senders are
 * recovered. It does not go on after a fault unless the reader does.
 *
 * @yields what came of each block.
 */
export async function* importBlocks(
  chain: Pick<Chain, 'importBlock' | 'prepareBlock'>,
  encodings: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Verdict<Imported, ChainFault>> {
  let running: ReturnType<Chain['importBlock']> | undefined
  try {
    for await (const bytes of encodings) {
      chain.prepareBlock(bytes)
      if (running !== undefined) yield await running
      running = chain.importBlock(bytes)
      // If it fails before the next block is there, it is told then.
      running.catch(() => undefined)
    }
  } catch (error) {
    // The source failed: the block before is still being run, and what it comes to is told first.
    if (running !== undefined) yield await running
    throw error
  }
  if (running !== undefined) yield await running
}
