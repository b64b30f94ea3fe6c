import { isSameVote } from '@mosaic/finality'
import type { Address, Hash32, Hex } from '@mosaic/primitives'
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
 * Creates a validator. It holds no state but the guard's: killed anywhere it goes on where the chains are. What the guard signed last and
 * nobody took yet, be it before a crash or because `publish` failed, is signed again (the same message, so the same bytes from a
 * deterministic signer) and published before anything new. A refusal by the guard is logged and costs one vote; a failed `publish`
 * is logged and tried again at the next look; an unusable guard is thrown and must stop the validator.
 */
export function createValidator(ports: ValidatorPorts): Validator {
  /** By chain: the vote that was handed over last since the start. */
  const published = new Map<Hash32, VoteMessage>()
  let running: Promise<void> | undefined
  let again = false
  let stopped = false

  const signAndPublish = async (vote: VoteMessage): Promise<void> => {
    const { chain, sourceHeight: source, targetHeight: target } = vote
    const signature = await ports.guard.sign(vote)
    ports.log('debug', 'vote signed', { chain, source, target })
    try {
      await ports.publish({ vote, signature, validator: ports.guard.validator })
      published.set(chain, vote)
    } catch (error) {
      ports.log('warn', 'vote not published', { chain, source, target, error })
    }
  }

  const publishPending = async (): Promise<void> => {
    for (const vote of ports.guard.lastVotes()) {
      const last = published.get(vote.chain)
      if (stopped || (last !== undefined && isSameVote(last, vote))) continue
      await signAndPublish(vote)
    }
  }

  const cast = async (vote: VoteMessage | undefined): Promise<void> => {
    if (vote === undefined || stopped) return
    const highest = ports.guard.highestTarget(vote.chain)
    if (highest !== undefined && vote.targetHeight <= highest) return
    try {
      await signAndPublish(vote)
    } catch (error) {
      if (!(error instanceof SigningRefusedError)) throw error
      ports.log('warn', 'vote refused', { ...error.shape })
    }
  }

  const look = async (): Promise<void> => {
    await publishPending()
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
