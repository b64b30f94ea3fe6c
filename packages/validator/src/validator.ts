import type { Address, Hex } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import { SigningRefusedError } from './guard-errors.ts'
import type { SigningGuard } from './signing-guard.ts'
import {
  type AuxiliaryView,
  chooseAuxiliaryVote,
  chooseOriginVote,
  type OriginView,
} from './vote-choice.ts'

/** A vote with the signature of one validator. */
export type SignedVote = {
  readonly vote: VoteMessage
  readonly signature: Hex
  readonly validator: Address
}

/** What a validator needs from the node around it. */
export type ValidatorPorts = {
  readonly guard: SigningGuard
  /** The auxiliary chain at the present head; undefined while the node is not able to vouch for one. */
  readonly auxiliary: () => Promise<AuxiliaryView | undefined>
  /** Origin as observed; undefined while the endpoint cannot be reached. */
  readonly origin: () => Promise<OriginView | undefined>
  /** Hands a signed vote to gossip and to the block producers. */
  readonly publish: (vote: SignedVote) => Promise<void>
  readonly log: (
    level: 'debug' | 'info' | 'warn',
    event: string,
    fields: Record<string, unknown>,
  ) => void
}

/** Performs the duties of one validator. */
export type Validator = {
  readonly address: Address
  /** Looks at both chains once and signs what is due. Calls while one runs are folded into one more look. */
  readonly performDuties: () => Promise<void>
  readonly stop: () => Promise<void>
}

/**
 * Creates a validator. It holds no state but the guard's: killed anywhere it goes on where the chains are. A refusal by the guard is logged
 * and costs one vote; an unusable guard is thrown and must stop the validator.
 */
export function createValidator(ports: ValidatorPorts): Validator {
  let running: Promise<void> | undefined
  let again = false
  let stopped = false

  const cast = async (vote: VoteMessage | undefined): Promise<void> => {
    if (vote === undefined || stopped) return
    const highest = ports.guard.highestTarget(vote.chain)
    if (highest !== undefined && vote.targetHeight <= highest) return
    try {
      const signature = await ports.guard.sign(vote)
      ports.log('debug', 'vote signed', {
        chain: vote.chain,
        source: vote.sourceHeight,
        target: vote.targetHeight,
      })
      await ports.publish({ vote, signature, validator: ports.guard.validator })
    } catch (error) {
      if (!(error instanceof SigningRefusedError)) throw error
      ports.log('warn', 'vote refused', { ...error.shape })
    }
  }

  const look = async (): Promise<void> => {
    const auxiliary = await ports.auxiliary()
    if (auxiliary !== undefined) await cast(await chooseAuxiliaryVote(auxiliary))
    const origin = await ports.origin()
    if (origin !== undefined) await cast(await chooseOriginVote(origin))
  }

  const loop = async (): Promise<void> => {
    do {
      again = false
      await look()
    } while (again)
  }

  return {
    address: ports.guard.validator,
    performDuties: () => {
      if (stopped) return Promise.resolve()
      if (running !== undefined) {
        again = true
        return running
      }
      running = loop().finally(() => {
        running = undefined
      })
      return running
    },
    stop: async () => {
      stopped = true
      await running?.catch(() => undefined)
      await ports.guard.close()
    },
  }
}
