import { type Address, ZERO_ADDRESS } from '@mosaic/primitives'
import { compareAddresses } from './extra-data.ts'
import type { AuthorityHeader } from './header.ts'
import { voteNonce } from './nonce.ts'
import { isApplicable, nextNumber, type SignerSnapshot } from './signer-snapshot.ts'

/** The fields of a header that carry its signer's vote. */
export type VoteFields = Pick<AuthorityHeader, 'coinbase' | 'nonce'>

/**
 * The vote for the block after the snapshot: one of the operator's proposals (admit if true, drop if false) that would still change
 * something, or none. None in a block that begins an epoch, and none that would leave the chain without signers.
 *
 * @param random Gives a number in [0, 1). Drawn so that all proposals get their turn.
 */
export function chooseProposal(
  snapshot: SignerSnapshot,
  proposals: ReadonlyMap<Address, boolean>,
  random: () => number,
  epoch: bigint,
): VoteFields {
  const { signers } = snapshot
  const isEpochStart = nextNumber(snapshot) % epoch === 0n
  const open = isEpochStart
    ? []
    : [...proposals]
        .filter(([target, authorize]) => isApplicable(signers, target, authorize))
        .filter(([, authorize]) => authorize || signers.length > 1)
        .toSorted(([a], [b]) => compareAddresses(a, b))
  const [coinbase, authorize] = open[Math.floor(random() * open.length)] ?? [ZERO_ADDRESS, false]
  return { coinbase, nonce: voteNonce(authorize) }
}
