import {
  bigintToBytes,
  bytesToHash32,
  type Hash32,
  type Height,
  type Hex,
  keccak256,
  toHeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  originIdentifier,
  secretKeyToAddress,
  signDigest,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'

const CORE = secretKeyToAddress(bigintToBytes(99n, 32))
const KEY = bigintToBytes(1n, 32)

export const AUXILIARY: Hash32 = coreIdentifier({ originChainId: 1n, core: CORE })
export const ORIGIN: Hash32 = originIdentifier(1n)
export const IDENTITY = {
  validator: secretKeyToAddress(KEY),
  domain: domainSeparator({ originChainId: 1n, core: CORE }),
}

/** Signs as the devnet does: with a key in memory. */
export async function signWithKey(vote: VoteMessage): Promise<Hex> {
  return signDigest(voteDigest(IDENTITY.domain, vote), KEY)
}

/** A vote between the checkpoints of one history; members may be replaced. */
export function voteOf(
  source: bigint,
  target: bigint,
  changes: Partial<VoteMessage> = {},
): VoteMessage {
  return {
    chain: AUXILIARY,
    transitionHash: hashOf(`transition ${source}`),
    source: hashOf(`checkpoint ${source}`),
    target: hashOf(`checkpoint ${target}`),
    sourceHeight: toHeight(source),
    targetHeight: toHeight(target),
    ...changes,
  }
}

export function hashOf(name: string): Hash32 {
  return keccak256(utf8ToBytes(name))
}

export function heightOf(value: number | bigint): Height {
  return toHeight(BigInt(value))
}

/** A hash that is easy to read in a failure. */
export function numbered(value: number): Hash32 {
  return bytesToHash32(bigintToBytes(BigInt(value), 32))
}
