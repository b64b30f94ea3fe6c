import {
  type Address,
  CodedError,
  type Hash32,
  type Height,
  toBlockNumber,
  toHash32,
  toHeight,
} from '@mosaic/primitives'
import type { SealedNumber } from './seal-guard.ts'
import type { GuardHistory } from './signing-guard.ts'
import type { KnownTransition, VoteFloor } from './vote-record.ts'

/** A file with the history of a key cannot be used. */
export class InterchangeError extends CodedError<{
  readonly code: 'INTERCHANGE'
  readonly expected: string
  readonly received: string
}> {
  override readonly name = 'InterchangeError'

  constructor(expected: string, received: unknown) {
    const found = JSON.stringify(received)?.slice(0, 200) ?? 'nothing'
    super(
      { code: 'INTERCHANGE', expected, received: found },
      `expected ${expected}, received ${found}`,
    )
  }
}

/** What another program must know of a key to go on with it. */
export type KeyHistory = GuardHistory & {
  /** The highest block that was sealed. */
  readonly sealed: SealedNumber | undefined
}

const VERSION = '5'

/**
 * The history of a key as JSON, in the form of EIP-3076 (version 5): addresses are the keys, the core identifier stands where the genesis
 * validators root does, heights where epochs do. Beyond it: `chain` of each vote, and the T̃ of each source (`signed_transitions`).
 */
export function formatInterchange(
  core: Hash32,
  validator: Address,
  { floors, transitions, sealed }: KeyHistory,
): string {
  const text = {
    metadata: { interchange_format_version: VERSION, genesis_validators_root: core },
    data: [
      {
        pubkey: validator,
        signed_blocks: sealed === undefined ? [] : [blockOf(sealed)],
        signed_attestations: floors.map(({ chain, sourceHeight, targetHeight }) => ({
          source_epoch: sourceHeight.toString(),
          target_epoch: targetHeight.toString(),
          chain,
        })),
        signed_transitions: transitions.map(({ chain, source, transitionHash }) => ({
          chain,
          source,
          transition_hash: transitionHash,
        })),
      },
    ],
  }
  return `${JSON.stringify(text, undefined, 2)}\n`
}

/**
 * Reads what a file says of one key. Votes that name no chain, as those of other programs, count for all of `chains`.
 *
 * @throws InterchangeError if it is no such file, of another core, or any entry of this key is malformed: nothing is taken from it then.
 */
export function parseInterchange(
  text: string,
  core: Hash32,
  validator: Address,
  chains: readonly Hash32[],
): KeyHistory {
  const file = record(parse(text), 'an object')
  const metadata = record(file['metadata'], 'metadata')
  if (metadata['interchange_format_version'] !== VERSION) {
    throw new InterchangeError(
      `interchange_format_version "${VERSION}"`,
      metadata['interchange_format_version'],
    )
  }
  if (metadata['genesis_validators_root'] !== core) {
    throw new InterchangeError(
      `genesis_validators_root ${core}, which is the core identifier`,
      metadata['genesis_validators_root'],
    )
  }
  const floors: VoteFloor[] = []
  const transitions: KnownTransition[] = []
  let sealed: SealedNumber | undefined
  for (const entry of list(file['data'], 'data')) {
    const member = record(entry, 'an entry of data')
    const { pubkey } = member
    if (typeof pubkey !== 'string') throw new InterchangeError('a pubkey', pubkey)
    if (pubkey.toLowerCase() !== validator) continue
    for (const block of list(member['signed_blocks'], 'signed_blocks')) {
      const { slot, signing_root: root } = record(block, 'a signed block')
      const number = toBlockNumber(height(slot, 'slot'))
      const sealHash = root === undefined ? undefined : hash(root, 'signing_root')
      if (sealed === undefined || number > sealed.number) sealed = { number, sealHash }
    }
    for (const attestation of list(member['signed_attestations'], 'signed_attestations')) {
      const vote = record(attestation, 'a signed attestation')
      const sourceHeight = height(vote['source_epoch'], 'source_epoch')
      const targetHeight = height(vote['target_epoch'], 'target_epoch')
      const named = vote['chain']
      const where = named === undefined ? chains : [hash(named, 'chain')]
      for (const chain of where) floors.push({ chain, sourceHeight, targetHeight })
    }
    for (const transition of list(member['signed_transitions'] ?? [], 'signed_transitions')) {
      const known = record(transition, 'a signed transition')
      transitions.push({
        chain: hash(known['chain'], 'chain'),
        source: hash(known['source'], 'source'),
        transitionHash: hash(known['transition_hash'], 'transition_hash'),
      })
    }
  }
  return { floors, transitions, sealed }
}

function blockOf({ number, sealHash }: SealedNumber): Readonly<Record<string, string>> {
  const slot = number.toString()
  return sealHash === undefined ? { slot } : { slot, signing_root: sealHash }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InterchangeError('JSON', text)
  }
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InterchangeError(what, value)
  }
  return Object.fromEntries(Object.entries(value))
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new InterchangeError(`a list of ${what}`, value)
  return value
}

function height(value: unknown, what: string): Height {
  if (typeof value !== 'string' || !/^\d{1,20}$/.test(value) || BigInt(value) >> 64n !== 0n) {
    throw new InterchangeError(`${what} as decimal text`, value)
  }
  return toHeight(BigInt(value))
}

function hash(value: unknown, what: string): Hash32 {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{64}$/.test(value)) {
    throw new InterchangeError(`${what} as 32 bytes of hex`, value)
  }
  return toHash32(value)
}
