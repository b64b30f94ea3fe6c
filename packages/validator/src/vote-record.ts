import { type Address, type Hash32, type Height, toHash32, toHeight } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import { type Members, membersOf, type RecordCodec, textOf } from './record-log.ts'

/** Whose signatures a journal is about: one key, one signing domain. */
export type GuardIdentity = { readonly validator: Address; readonly domain: Hash32 }

/** No vote on a chain may have a source below this one, nor a target that is not above this one. */
export type VoteFloor = {
  readonly chain: Hash32
  readonly sourceHeight: Height
  readonly targetHeight: Height
}

/** A T̃ that was signed for a source, by this guard or by another program. */
export type KnownTransition = Pick<VoteMessage, 'chain' | 'source' | 'transitionHash'>

/** What a line is about: a vote that was signed here, or what was taken over from elsewhere. */
export type VoteRecord =
  | { readonly kind: 'vote'; readonly vote: VoteMessage }
  | { readonly kind: 'floor'; readonly floor: VoteFloor }
  | { readonly kind: 'known'; readonly known: KnownTransition }

/** The first line of a journal of votes. */
export function voteHeader({ validator, domain }: GuardIdentity): string {
  return JSON.stringify({ format: 'mosaic-guard-1', validator, domain })
}

/** How votes and what was taken over are written. */
export const voteRecordCodec: RecordCodec<VoteRecord> = {
  write: (record) => {
    switch (record.kind) {
      case 'vote': {
        const { vote } = record
        return {
          vote: {
            chain: vote.chain,
            transitionHash: vote.transitionHash,
            source: vote.source,
            target: vote.target,
            sourceHeight: vote.sourceHeight.toString(),
            targetHeight: vote.targetHeight.toString(),
          },
        }
      }
      case 'floor': {
        const { chain, sourceHeight, targetHeight } = record.floor
        return {
          floor: {
            chain,
            sourceHeight: sourceHeight.toString(),
            targetHeight: targetHeight.toString(),
          },
        }
      }
      case 'known': {
        const { chain, source, transitionHash } = record.known
        return { known: { chain, source, transitionHash } }
      }
      default:
        return record satisfies never
    }
  },
  read: ({ vote, floor, known }) => {
    if (vote !== undefined) {
      const members = membersOf(vote)
      return {
        kind: 'vote',
        vote: {
          ...readKnown(members),
          target: toHash32(textOf(members, 'target')),
          ...readHeights(members),
        },
      }
    }
    if (floor !== undefined) {
      const members = membersOf(floor)
      return {
        kind: 'floor',
        floor: { chain: toHash32(textOf(members, 'chain')), ...readHeights(members) },
      }
    }
    return { kind: 'known', known: readKnown(membersOf(known)) }
  },
}

function readKnown(members: Members): KnownTransition {
  return {
    chain: toHash32(textOf(members, 'chain')),
    source: toHash32(textOf(members, 'source')),
    transitionHash: toHash32(textOf(members, 'transitionHash')),
  }
}

function readHeights(members: Members): Omit<VoteFloor, 'chain'> {
  return {
    sourceHeight: toHeight(BigInt(textOf(members, 'sourceHeight'))),
    targetHeight: toHeight(BigInt(textOf(members, 'targetHeight'))),
  }
}
