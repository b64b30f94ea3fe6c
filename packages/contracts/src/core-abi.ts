import { coreAbi as ownAbi } from './generated/core.ts'
import { coreArbiterAbi } from './generated/core-arbiter.ts'

type Entry = (typeof ownAbi)[number] | (typeof coreArbiterAbi)[number]

const own = new Set(ownAbi.map((entry) => JSON.stringify(entry)))

/** All that answers at a core's address: its own functions, and those of its arbiter, to which it hands over the rest. */
export const coreAbi: readonly Entry[] = [
  ...ownAbi,
  ...coreArbiterAbi.filter((entry) => !own.has(JSON.stringify(entry))),
]
