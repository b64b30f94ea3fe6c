import type { Hash32 } from '@mosaic/primitives'
import { type BlockParameter, blockParameter, requireHeader } from './block-reference.ts'
import { serverError } from './errors.ts'
import type { Json } from './json.ts'
import { type MethodTable, method1 } from './method.ts'
import { hash32, required } from './parameters.ts'
import type { ChainPort, PoolPort } from './ports.ts'

/** Methods that give encodings. */
export function createDebugMethods(ports: {
  readonly chain: ChainPort
  readonly pool: PoolPort
}): MethodTable {
  const { chain, pool } = ports
  const rawOf =
    <T extends Json>(read: (hash: Hash32) => Promise<T | undefined>) =>
    async (parameter: BlockParameter): Promise<Json> => {
      const { hash } = await requireHeader(chain, parameter)
      const raw = await read(hash)
      if (raw === undefined) throw serverError(`block ${hash} not found`)
      return raw
    }
  return {
    debug_getRawBlock: method1(required(blockParameter), rawOf(chain.rawBlock)),
    debug_getRawHeader: method1(required(blockParameter), rawOf(chain.rawHeader)),
    debug_getRawReceipts: method1(required(blockParameter), rawOf(chain.rawReceipts)),
    debug_getRawTransaction: method1(
      required(hash32),
      async (hash) =>
        ((await chain.transaction(hash))?.transaction ?? pool.transaction(hash))?.raw ?? '0x',
    ),
  }
}
