import {
  type Address,
  bytesToHex,
  concatBytes,
  createQueue,
  hexToBytes,
  InvalidValueError,
} from '@mosaic/primitives'
import { decodeEvidence, type Evidence, encodeEvidence, offenderOf } from './evidence.ts'
import type { Court, FishermanStore } from './ports.ts'

/** What is to be brought against one validator, and where that is done. One offence costs the whole stake, so there is one case each. */
type Case = {
  readonly evidence: Evidence
  readonly settled: ReadonlySet<Court['name']>
}

/** All cases, on disk and in memory. */
export type CaseBook = {
  readonly cases: () => readonly Case[]
  readonly of: (validator: Address) => Case | undefined
  /** Replaces an earlier case against the validator. On disk, synced, when the promise resolves. */
  readonly open: (evidence: Evidence) => Promise<void>
  readonly settle: (validator: Address, court: Court['name']) => Promise<void>
}

const CASE = 3
/** One bit per court, in the first byte of a case on disk. */
const BITS: Readonly<Record<Court['name'], number>> = { origin: 1, auxiliary: 2 }

/** Reads the cases of a store. @throws InvalidValueError if a record is none. */
export async function openCaseBook(store: FishermanStore): Promise<CaseBook> {
  const book = new Map<Address, Case>()
  const range = { from: Uint8Array.of(CASE), to: Uint8Array.of(CASE + 1) }
  for await (const [, value] of store.entries(range)) {
    const found = decodeCase(value)
    book.set(offenderOf(found.evidence), found)
  }
  const write = async (validator: Address, entry: Case): Promise<void> => {
    const key = concatBytes(Uint8Array.of(CASE), hexToBytes(validator))
    await store.batch([{ key, value: encodeCase(entry) }], { sync: true })
    book.set(validator, entry)
  }

  const { exclusive } = createQueue()

  return {
    cases: () => [...book.values()],
    of: (validator) => book.get(validator),
    open: (evidence) =>
      exclusive(() => write(offenderOf(evidence), { evidence, settled: new Set() })),
    settle: (validator, court) =>
      exclusive(async () => {
        const entry = book.get(validator)
        if (entry === undefined) throw new InvalidValueError('a validator with a case', validator)
        await write(validator, { ...entry, settled: new Set([...entry.settled, court]) })
      }),
  }
}

function encodeCase({ evidence, settled }: Case): Uint8Array {
  const bits = [...settled].reduce((sum, court) => sum | BITS[court], 0)
  return concatBytes(Uint8Array.of(bits), encodeEvidence(evidence))
}

function decodeCase(bytes: Uint8Array): Case {
  const [bits] = bytes
  if (bits === undefined || bits > 3) throw new InvalidValueError('a case', bytesToHex(bytes))
  const courts = ['origin', 'auxiliary'] as const
  return {
    evidence: decodeEvidence(bytes.subarray(1)),
    settled: new Set(courts.filter((court) => (bits & BITS[court]) !== 0)),
  }
}
