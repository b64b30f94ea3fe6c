import {
  type Address,
  type BlockNumber,
  CodedError,
  createQueue,
  type Hash32,
  type Height,
  type Hex,
  toBlockNumber,
  toHash32,
  toHeight,
} from '@mosaic/primitives'
import type { Journal } from './journal-file.ts'
import { membersOf, openRecordLog, type RecordCodec, textOf } from './record-log.ts'

/** Where a block stands: its number, and the height of the checkpoint that is justified on its branch. */
export type SealPlace = { readonly number: BlockNumber; readonly justifiedHeight: Height }

/** A block to be sealed. */
export type SealRequest = SealPlace & {
  /** What is signed: hash of the header without the seal (EIP-225). */
  readonly sealHash: Hash32
  /** The bytes of that hash. */
  readonly preimage: Uint8Array
}

/** A block of which nothing but its number may be known: another program sealed it. */
export type SealedNumber = { readonly number: BlockNumber; readonly sealHash: Hash32 | undefined }

/** The only way to a producer's seal. */
export type SealGuard = {
  readonly signer: Address
  /** Whether `seal` would sign a new block there. */
  readonly maySeal: (place: SealPlace) => boolean
  /**
   * Records the block durably, then signs it. Calls run one after the other; the very block sealed last is sealed again without a record.
   *
   * @throws SealRefusedError, GuardUnusableError
   */
  readonly seal: (request: SealRequest) => Promise<Hex>
  /** Hash of the block sealed last here. */
  readonly lastSealHash: () => Hash32 | undefined
  /** The highest block that was sealed with the key, as far as is known. */
  readonly highest: () => SealedNumber | undefined
  /** Takes over what another program sealed: from then on nothing up to there is sealed, whatever its branch. @throws GuardUnusableError */
  readonly takeOver: (number: BlockNumber) => Promise<void>
  readonly close: () => Promise<void>
}

/** Another block was sealed there, or above; nothing was signed. */
export class SealRefusedError extends CodedError<{
  readonly code: 'SEAL_REFUSED'
  readonly place: SealPlace
  readonly last: SealPlace | undefined
  readonly floor: BlockNumber | undefined
}> {
  override readonly name = 'SealRefusedError'

  constructor(place: SealPlace, last: SealPlace | undefined, floor: BlockNumber | undefined) {
    const before =
      last === undefined
        ? ''
        : `; sealed before: block ${last.number} upon justified height ${last.justifiedHeight}`
    const taken = floor === undefined ? '' : `; taken over: all up to ${floor}`
    super(
      {
        code: 'SEAL_REFUSED',
        place: { number: place.number, justifiedHeight: place.justifiedHeight },
        last,
        floor,
      },
      `refused to seal block ${place.number} upon justified height ${place.justifiedHeight}${before}${taken}`,
    )
  }
}

type Sealed = SealPlace & { readonly sealHash: Hash32 }

type SealRecord =
  | { readonly kind: 'seal'; readonly seal: Sealed }
  | { readonly kind: 'floor'; readonly number: BlockNumber }

type Known = { readonly last?: Sealed | undefined; readonly floor?: BlockNumber | undefined }

/** Only the last block counts, so that all before it may go. */
const MOST_RECORDS = 4096

/**
 * Opens the guard of one signer's key on its journal.
 *
 * Fork choice prefers a higher justified checkpoint, then difficulty; so a signer's blocks must rise in that order: by the justified height
 * of their branch, then by number. Two blocks at one place are never signed, and a signer that follows fork choice to a branch that is
 * shorter, but justified further, may go on there: otherwise signers that all have to take turns could stop the chain for good.
 * Numbers taken over from elsewhere hold on every branch.
 *
 * @throws GuardUnusableError if a line is damaged, missing or of another key.
 */
export async function openSealGuard(
  journal: Journal,
  { signer, domain }: { readonly signer: Address; readonly domain: Hash32 },
  signSeal: (request: SealRequest) => Promise<Hex>,
): Promise<SealGuard> {
  const header = JSON.stringify({ format: 'mosaic-seals-1', signer, domain })
  const log = await openRecordLog(journal, header, sealRecordCodec)
  let known = log.records.reduce(join, {})
  let count = log.records.length
  const record = async (next: SealRecord): Promise<void> => {
    const joined = join(known, next)
    if (count < MOST_RECORDS) {
      await log.append(next)
      count++
    } else {
      const kept = recordsOf(joined)
      await log.replace(kept)
      count = kept.length
    }
    known = joined
  }
  const { exclusive, idle } = createQueue()

  const maySeal = ({ number, justifiedHeight }: SealPlace): boolean => {
    const { last, floor } = known
    if (floor !== undefined && number <= floor) return false
    if (last === undefined || justifiedHeight > last.justifiedHeight) return true
    return justifiedHeight === last.justifiedHeight && number > last.number
  }

  return {
    signer,
    maySeal,
    seal: (request) =>
      exclusive(async () => {
        const { last, floor } = known
        if (last === undefined || !isSameSeal(last, request)) {
          const { number, justifiedHeight, sealHash } = request
          if (!maySeal(request)) throw new SealRefusedError(request, last, floor)
          await record({ kind: 'seal', seal: { number, justifiedHeight, sealHash } })
        }
        return signSeal(request)
      }),
    lastSealHash: () => known.last?.sealHash,
    highest: () => {
      const { last, floor } = known
      if (last !== undefined && (floor === undefined || last.number >= floor)) return last
      return floor === undefined ? undefined : { number: floor, sealHash: undefined }
    },
    takeOver: (number) =>
      exclusive(async () => {
        if (known.floor === undefined || number > known.floor)
          await record({ kind: 'floor', number })
      }),
    close: async () => {
      await idle()
      await log.close()
    },
  }
}

function isSameSeal(last: Sealed, { number, justifiedHeight, sealHash }: Sealed): boolean {
  return (
    last.number === number && last.justifiedHeight === justifiedHeight && last.sealHash === sealHash
  )
}

function join({ last, floor }: Known, record: SealRecord): Known {
  if (record.kind === 'seal') return { last: record.seal, floor }
  return { last, floor: floor === undefined || record.number > floor ? record.number : floor }
}

function recordsOf({ last, floor }: Known): readonly SealRecord[] {
  return [
    ...(floor === undefined ? [] : [{ kind: 'floor', number: floor } as const]),
    ...(last === undefined ? [] : [{ kind: 'seal', seal: last } as const]),
  ]
}

const sealRecordCodec: RecordCodec<SealRecord> = {
  write: (record) => {
    if (record.kind === 'floor') return { floor: record.number.toString() }
    const { number, justifiedHeight, sealHash } = record.seal
    return {
      seal: {
        number: number.toString(),
        justifiedHeight: justifiedHeight.toString(),
        sealHash,
      },
    }
  },
  read: (members) => {
    if (members['seal'] === undefined) {
      return { kind: 'floor', number: toBlockNumber(BigInt(textOf(members, 'floor'))) }
    }
    const seal = membersOf(members['seal'])
    return {
      kind: 'seal',
      seal: {
        number: toBlockNumber(BigInt(textOf(seal, 'number'))),
        justifiedHeight: toHeight(BigInt(textOf(seal, 'justifiedHeight'))),
        sealHash: toHash32(textOf(seal, 'sealHash')),
      },
    }
  },
}
