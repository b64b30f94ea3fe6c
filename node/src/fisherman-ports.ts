import { readContract } from '@mosaic/api'
import { encodeHeader } from '@mosaic/authority'
import type { BlockRecord, Chain } from '@mosaic/chain'
import { readValidatorSet } from '@mosaic/chain'
import {
  coreViews,
  encodeSlash,
  encodeSlashFalseTransition,
  finalityGadgetViews,
  PREDEPLOYS,
  type TransitionEvidence,
  type ValidatorStatus,
} from '@mosaic/contracts'
import type { Court, Evidence, FishermanPorts, FishermanStore, Standing } from '@mosaic/fisherman'
import { type EthereumClient, readView, type TransactionSender } from '@mosaic/origin'
import {
  type Address,
  bytesToHex,
  type Hash32,
  type Height,
  type Hex,
  InvalidValueError,
  toHeight,
  ZERO_HASH,
} from '@mosaic/primitives'
import { coreIdentifier, originTransitionHash } from '@mosaic/protocol'
import type { Store } from '@mosaic/storage'
import { estimateCost } from './fisherman-challenges.ts'

/** Checkpoints above what this node knows of that an honest vote may name: its signer may be ahead. */
const HORIZON = 64n

/** The part of a node's store that belongs to its fisherman. */
export function createFishermanStore(store: Store): FishermanStore {
  return {
    get: (key) => store.get('fisherman', key),
    batch: (writes, options) =>
      store.batch(
        writes.map(({ key, value }) =>
          value === undefined
            ? { type: 'delete', space: 'fisherman', key }
            : { type: 'put', space: 'fisherman', key, value },
        ),
        options,
      ),
    entries: (range) => store.entries('fisherman', range),
  }
}

/** T̃ under the state of a source, as this node's own chain and its own endpoint have it. */
export function createTransitionLookup(
  chain: Chain,
  origin: EthereumClient,
): FishermanPorts['transitionHash'] {
  const auxiliary = coreIdentifier(chain.definition.identity)
  return async (about, source) => {
    if (about === auxiliary) {
      const record = chain.database.record(source)
      return record === undefined
        ? undefined
        : chain.execution.queries.slot(
            record.header.stateRoot,
            PREDEPLOYS.transitionTracker,
            ZERO_HASH,
          )
    }
    const header = await origin.header(source)
    return header === undefined
      ? undefined
      : originTransitionHash({
          blockNumber: header.number,
          blockHash: header.hash,
          stateRoot: header.stateRoot,
        })
  }
}

/** The highest target that an honest vote may have by now. */
export function createHorizon(chain: Chain): (about: Hash32) => Height {
  const { identity, epochLength } = chain.definition
  const auxiliary = coreIdentifier(identity)
  return (about) => {
    const head = chain.head()
    const newest =
      about === auxiliary ? head.header.number / epochLength : head.origin.justified.height
    return toHeight(newest + HORIZON)
  }
}

/** The core on origin, where stake is lost. */
export function createOriginCourt(
  chain: Chain,
  origin: EthereumClient,
  sender: TransactionSender,
): Court {
  const { core } = chain.definition.identity
  const statusAt = async (validator: Address, at: 'latest' | 'finalized'): Promise<string> =>
    (await readView(origin, core, coreViews.validatorOf, [validator], at)).status
  return {
    name: 'origin',
    standing: async (validator) => {
      const status = await statusAt(validator, 'latest')
      if (!isOver(status)) return status === 'unknown' ? 'out-of-reach' : 'slashable'
      return isOver(await statusAt(validator, 'finalized')) ? 'settled' : 'slashed'
    },
    wouldTake: async (evidence) => {
      const data = await encodeReport(chain, origin, evidence)
      return (await estimateCost(origin, sender.address, core, data)) !== undefined
    },
    report: async (evidence) => {
      await sender.send({ to: core, data: await encodeReport(chain, origin, evidence) })
    },
  }
}

/** The gadget on auxiliary, where votes cease to count. */
export function createAuxiliaryCourt(
  chain: Chain,
  origin: EthereumClient,
  sender: TransactionSender,
): Court {
  const standingAt = async (validator: Address, at: BlockRecord): Promise<Standing> => {
    const seats = await readValidatorSet(chain, at)
    const index = seats.findIndex((seat) => seat?.address === validator)
    if (index < 0) return 'out-of-reach'
    const { finalityGadget } = PREDEPLOYS
    const view = finalityGadgetViews.isSlashed
    const isSlashed = await readContract(chain, at, finalityGadget, view, [BigInt(index)])
    return isSlashed ? 'slashed' : 'slashable'
  }
  return {
    name: 'auxiliary',
    standing: async (validator) => {
      const standing = await standingAt(validator, chain.head())
      const final = chain.database.record(chain.finalized().hash)
      if (standing !== 'slashed' || final === undefined) return standing
      return (await standingAt(validator, final)) === 'slashed' ? 'settled' : 'slashed'
    },
    // Blocks are a second apart, and what is sent is refused if it comes too late.
    wouldTake: async () => true,
    report: async (evidence) => {
      const data = await encodeReport(chain, origin, evidence)
      await sender.send({ to: PREDEPLOYS.finalityGadget, data })
    },
  }
}

function isOver(status: string): boolean {
  const over: readonly ValidatorStatus[] = ['slashed', 'withdrawn']
  return over.some((each) => each === status)
}

async function encodeReport(
  chain: Chain,
  origin: EthereumClient,
  evidence: Evidence,
): Promise<Hex> {
  if (evidence.offence !== 'false-transition') {
    const [first, second] = evidence.votes
    return encodeSlash(first, second)
  }
  const [vote] = evidence.votes
  return encodeSlashFalseTransition(vote, await proveTransition(chain, origin, vote.vote))
}

/** What shows T̃ of a source: its header, and for auxiliary the slot under its state root. */
async function proveTransition(
  chain: Chain,
  origin: EthereumClient,
  { chain: about, source }: { readonly chain: Hash32; readonly source: Hash32 },
): Promise<TransitionEvidence> {
  if (about !== coreIdentifier(chain.definition.identity)) {
    const header = await origin.header(source)
    if (header === undefined) throw new InvalidValueError(`the origin block ${source}`, undefined)
    return { header: bytesToHex(header.rlp), accountProof: [], storageProof: [] }
  }
  const record = chain.database.record(source)
  if (record === undefined) throw new InvalidValueError(`the block ${source}`, undefined)
  const { stateRoot } = record.header
  const tracker = PREDEPLOYS.transitionTracker
  const proof = await chain.execution.queries.proof(stateRoot, tracker, [ZERO_HASH])
  return {
    header: bytesToHex(encodeHeader(record.header)),
    accountProof: proof.accountProof.map(bytesToHex),
    storageProof: (proof.storageProof[0]?.proof ?? []).map(bytesToHex),
  }
}
