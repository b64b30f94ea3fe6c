import { coreAbi as ownAbi } from './generated/core.ts'
import { coreArbiterAbi } from './generated/core-arbiter.ts'
import { coreKeeperAbi } from './generated/core-keeper.ts'

type Entry =
  | (typeof ownAbi)[number]
  | (typeof coreArbiterAbi)[number]
  | (typeof coreKeeperAbi)[number]

/** All that answers at a core's address: its own functions, and those of its arbiter and keeper, to which it hands over the rest. */
export const coreAbi: readonly Entry[] = merge(ownAbi, [...coreArbiterAbi, ...coreKeeperAbi])

function merge(own: readonly Entry[], others: readonly Entry[]): readonly Entry[] {
  const named = others.filter(({ type }) => type !== 'constructor' && type !== 'fallback')
  return [...new Map([...own, ...named].map((entry) => [JSON.stringify(entry), entry])).values()]
}
