import { type ValidatorRecord, validatorSetAt } from '@mosaic/finality'
import { type Address, toMetaHeight, toWeight } from '@mosaic/primitives'
import { NO_END_HEIGHT } from '@mosaic/protocol'
import { nameAddress, type Setting } from './model.ts'
import type { Random } from './random.ts'

const MIN_VALIDATORS = 4
const MORE_VALIDATORS = 4
const MAX_WEIGHT = 40
const HEIGHTS = 5
const SIGNERS = 3

/** A random network: weights, who is byzantine, and how the set changes from height to height. */
export function createSetting(
  seed: number,
  random: Random,
  addresses?: readonly Address[],
): Setting {
  const count = MIN_VALIDATORS + random.integer(MORE_VALIDATORS)
  const validators = Array.from({ length: count }, (_, i) => addresses?.[i] ?? nameAddress(i))
  const changes = random.chance(0.4)
  const records: ValidatorRecord[] = validators.map((address, index) => {
    // The first three are always there, so that no set is empty.
    const isSteady = !changes || index < 3
    const startHeight = isSteady || random.chance(0.5) ? 0 : 2 + random.integer(HEIGHTS - 1)
    const leaves = !isSteady && random.chance(0.5)
    const endHeight = toMetaHeight(BigInt(startHeight + 1 + random.integer(HEIGHTS)))
    return {
      address,
      index,
      weight: toWeight(BigInt(1 + random.integer(MAX_WEIGHT))),
      startHeight: toMetaHeight(BigInt(startHeight)),
      endHeight: leaves ? endHeight : NO_END_HEIGHT,
    }
  })
  const share = random.pick([0, 0.1, 0.25, 0.33, 0.4, 0.5, 0.7, 1])
  const byzantine = new Set(validators.filter(() => random.chance(share)))
  return {
    seed,
    // Not 1: votes for a block reach the next producer only when it has sealed, and every second checkpoint is skipped.
    epochLength: random.chance(0.5) ? 2n : 3n,
    maxVoteAge: random.chance(0.8) ? 1000n : 6n,
    validators,
    byzantine,
    sets: Array.from({ length: HEIGHTS }, (_, i) =>
      validatorSetAt(records, toMetaHeight(BigInt(i + 1)), count),
    ),
    activations: changes
      ? Array.from({ length: HEIGHTS - 1 }, (_, i) => BigInt(2 + 2 * i + random.integer(2)))
      : [],
    signers: validators.slice(0, SIGNERS),
  }
}
