import { encodeSlash, encodeSlashFalseTransition, type SignedVote } from '@mosaic/contracts'
import { type Hash32, type Hex, keccak256, toHeight, utf8ToBytes } from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  signDigest,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import type { Anvil } from './anvil.ts'
import type { AccountabilityAction } from './gas-targets.ts'
import { mineTransition, ORIGIN_CHAIN_ID, openCore, type RunningCore } from './meta-block.ts'

/** Sends the last transaction of an action and returns its gas. */
type Measure = (anvil: Anvil, core: RunningCore) => Promise<bigint>

/** Gas of an action on a new core with `size` validators, at its dearest: nothing was slashed or earned before. */
export async function measureAction(
  anvil: Anvil,
  action: AccountabilityAction,
  size: number,
): Promise<bigint> {
  return await MEASURES[action](anvil, await openCore(anvil, size))
}

const measureSlash: Measure = async (anvil, core) => {
  const [outer, inner] = [voteOf(core, 1n, 4n), voteOf(core, 2n, 3n)]
  return await send(anvil, core, encodeSlash(signByLast(core, outer), signByLast(core, inner)))
}

const measureSlashFalseTransition: Measure = async (anvil, core) => {
  const truth = hashOf('truth')
  const { header, accountProof, storageProof } = await mineTransition(anvil, truth)
  const vote = { ...voteOf(core, header.number, header.number + 1n), source: header.hash }
  const evidence = { header: header.rlp, accountProof, storageProof }
  return await send(anvil, core, encodeSlashFalseTransition(signByLast(core, vote), evidence))
}

const MEASURES: Record<AccountabilityAction, Measure> = {
  slash: measureSlash,
  slashFalseTransition: measureSlashFalseTransition,
}

async function send(anvil: Anvil, core: RunningCore, data: Hex): Promise<bigint> {
  const { gasUsed } = await anvil.send({ to: core.address, data })
  return gasUsed
}

function voteOf(core: RunningCore, source: bigint, target: bigint): VoteMessage {
  return {
    chain: coreIdentifier({ originChainId: ORIGIN_CHAIN_ID, core: core.address }),
    transitionHash: hashOf(`transition ${source}`),
    source: hashOf(`checkpoint ${source}`),
    target: hashOf(`checkpoint ${target}`),
    sourceHeight: toHeight(source),
    targetHeight: toHeight(target),
  }
}

function signByLast(core: RunningCore, vote: VoteMessage): SignedVote {
  const domain = domainSeparator({ originChainId: ORIGIN_CHAIN_ID, core: core.address })
  const key = core.keys.at(-1) ?? new Uint8Array()
  return { vote, signature: signDigest(voteDigest(domain, vote), key) }
}

function hashOf(text: string): Hash32 {
  return keccak256(utf8ToBytes(text))
}
