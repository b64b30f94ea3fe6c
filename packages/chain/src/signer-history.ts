import {
  type AuthorityHeader,
  type AuthorityRules,
  applyHeader,
  genesisSnapshot,
  headerHash,
  type SignerSnapshot,
  splitExtraData,
} from '@mosaic/authority'
import type { ExecutionLayer } from '@mosaic/execution'
import { type BlockNumber, InvalidValueError, toBlockNumber } from '@mosaic/primitives'

/** No chain has more signers (`MAX_EXTRA_DATA_BYTES` of authority), so who sealed so many blocks ago is forgotten. */
const FORGOTTEN_AFTER = 1000n

/**
 * The block from which on headers say everything about the signers after block `number`, and all hashes that the EVM may ask for there: the
 * last that lists the signers and drops all votes (EIP-225), but not so near that it matters who sealed before it.
 */
export function firstHeaderNeeded(number: BlockNumber, { epoch }: AuthorityRules): BlockNumber {
  // Farther back than the 256 blocks of BLOCKHASH.
  return toBlockNumber(listingNumber(number, epoch))
}

/**
 * Who may seal after the last of `headers`.
 *
 * @param headers each the parent of the next, the first at or below {@link firstHeaderNeeded}; genesis if it is 0.
 * @throws InvalidValueError if none of them lists the signers, or one could not follow.
 */
export async function replaySigners(
  headers: readonly AuthorityHeader[],
  rules: AuthorityRules,
  recoverSigner: ExecutionLayer['recoverSigner'],
  pause: () => Promise<void>,
): Promise<SignerSnapshot> {
  const last = headers.at(-1)
  if (last === undefined) throw new InvalidValueError('at least one header', 0)
  const start = listingNumber(last.number, rules.epoch)
  const listing = headers.find(({ number }) => number === start)
  if (listing === undefined) throw new InvalidValueError(`the header of block ${start}`, undefined)
  let snapshot = listing.number === 0n ? genesisSnapshot(listing) : listedSnapshot(listing)
  for (const [index, header] of headers.entries()) {
    if (header.number <= start) continue
    const signer = recoverSigner(header)
    if (signer === undefined) throw new InvalidValueError('a sealed header', headerHash(header))
    const next = applyHeader(snapshot, header, signer, rules.epoch)
    if (!next.ok) throw new InvalidValueError(next.fault.expected, next.fault.received)
    snapshot = next.value
    if (index % 64 === 0) await pause()
  }
  return snapshot
}

/** The last block that lists the signers and lies so far below `number` that who sealed up to it is forgotten; genesis if there is none. */
function listingNumber(number: bigint, epoch: bigint): bigint {
  const latest = number > FORGOTTEN_AFTER ? number - FORGOTTEN_AFTER : 0n
  return latest - (latest % epoch)
}

/** After a block that lists the signers, as if nobody had sealed yet: that is forgotten before it is asked. */
function listedSnapshot(header: AuthorityHeader): SignerSnapshot {
  const { signers } = splitExtraData(header.extraData)
  return {
    number: header.number,
    hash: headerHash(header),
    signers,
    recents: new Map(),
    votes: [],
    tally: new Map(),
  }
}
