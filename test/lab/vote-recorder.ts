import { decodeSignedVote, type SignedVote } from '@mosaic/chain'
import { findOffence, type Offence } from '@mosaic/finality'
import type { NetworkGenesis } from '@mosaic/genesis'
import { createNetwork, createNodeKey, createSystemClock, type Network } from '@mosaic/network'
import { type Hash32, toBlockNumber, toHeight } from '@mosaic/primitives'
import { coreIdentifier, domainSeparator } from '@mosaic/protocol'

/** Hears every vote that anybody sends, and passes none on. */
export type VoteRecorder = {
  /** All votes so far, each once. */
  readonly votes: () => readonly SignedVote[]
  /** Pairs of votes of one validator that are an offence together. */
  readonly offences: () => readonly {
    readonly offence: Offence
    readonly votes: readonly [SignedVote, SignedVote]
  }[]
  /** When a vote for a target was first heard, by the clock of the process. */
  readonly heardAt: (target: Hash32) => number | undefined
  readonly network: Network
  readonly stop: () => Promise<void>
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Joins a network as a listener. @param peers addresses of all nodes. */
export async function recordVotes(
  genesis: NetworkGenesis,
  peers: readonly string[],
): Promise<VoteRecorder> {
  const identity = { originChainId: genesis.originChainId, core: genesis.core }
  const domain = domainSeparator(identity)
  const votes = new Map<string, SignedVote>()
  const heard = new Map<Hash32, number>()
  const clock = createSystemClock()
  const network = await createNetwork(
    {
      nodeKey: createNodeKey(),
      genesisHash: genesis.hash,
      coreIdentifier: coreIdentifier(identity),
      listen: [],
      peers,
    },
    {
      clock,
      unixMs: Date.now,
      random: Math.random,
      status: () => ({
        genesisHash: genesis.hash,
        coreIdentifier: coreIdentifier(identity),
        finalized: { height: toHeight(0n), hash: genesis.hash },
        head: { number: toBlockNumber(0n), hash: genesis.hash, totalDifficulty: 1n },
      }),
      validators: {
        block: async () => 'ignore',
        transactions: async () => 'ignore',
        // Passed on, it would join the sides of a partition.
        vote: async (bytes) => {
          const vote = decodeSignedVote(bytes, domain)
          votes.set(`${vote.validator} ${vote.link}`, vote)
          if (!heard.has(vote.vote.target)) heard.set(vote.vote.target, clock.now())
          return 'ignore'
        },
      },
      handlers: {
        blocksByRange: nothing,
        blocksByHash: nothing,
        votesByHeight: nothing,
        transactionHashes: nothing,
        transactionsByHash: nothing,
        headersByRange: nothing,
        stateNodes: nothing,
        receiptsByHash: nothing,
      },
    },
  )
  await network.start()
  return {
    network,
    votes: () => [...votes.values()],
    heardAt: (target) => heard.get(target),
    offences: () => {
      const byValidator = Map.groupBy(votes.values(), ({ validator }) => validator)
      return [...byValidator.values()].flatMap((own) =>
        own.flatMap((a, index) =>
          own.slice(index + 1).flatMap((b) => {
            const offence = findOffence(a.vote, b.vote)
            return offence === undefined ? [] : [{ offence, votes: [a, b] as const }]
          }),
        ),
      )
    },
    stop: () => network.stop(),
  }
}
