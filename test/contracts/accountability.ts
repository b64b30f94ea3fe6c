import { encodeSlash, type SignedVote } from '@mosaic/contracts'
import { type Hash32, type Height, keccak256, toHeight, utf8ToBytes } from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  signDigest,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import type { Anvil } from './anvil.ts'
import type { AccountabilityAction } from './gas-targets.ts'
import { ORIGIN_CHAIN_ID, openCore, type RunningCore } from './meta-block.ts'

/** Gas of an action on a new core with `size` validators, at its dearest: nothing was slashed or earned before. */
export async function measureAction(
  anvil: Anvil,
  action: AccountabilityAction,
  size: number,
): Promise<bigint> {
  return await MEASURES[action](anvil, await openCore(anvil, size))
}

const MEASURES: Record<AccountabilityAction, (anvil: Anvil, core: RunningCore) => Promise<bigint>> =
  {
    slash: async (anvil, core) => {
      const [outer, inner] = [voteOf(core, 1n, 4n), voteOf(core, 2n, 3n)]
      const last = core.keys.length - 1
      const data = encodeSlash(signedBy(core, last, outer), signedBy(core, last, inner))
      const { gasUsed } = await anvil.send({ to: core.address, data })
      return gasUsed
    },
  }

function voteOf(core: RunningCore, source: bigint, target: bigint): VoteMessage {
  const [sourceHeight, targetHeight] = [toHeight(source), toHeight(target)]
  return {
    chain: coreIdentifier({ originChainId: ORIGIN_CHAIN_ID, core: core.address }),
    transitionHash: hashOf('transition', sourceHeight),
    source: hashOf('checkpoint', sourceHeight),
    target: hashOf('checkpoint', targetHeight),
    sourceHeight,
    targetHeight,
  }
}

function signedBy(core: RunningCore, seat: number, vote: VoteMessage): SignedVote {
  const domain = domainSeparator({ originChainId: ORIGIN_CHAIN_ID, core: core.address })
  const key = core.keys[seat] ?? new Uint8Array()
  return { vote, signature: signDigest(voteDigest(domain, vote), key) }
}

function hashOf(what: string, height: Height): Hash32 {
  return keccak256(utf8ToBytes(`${what} ${height}`))
}
