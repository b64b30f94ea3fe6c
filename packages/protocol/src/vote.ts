import type { Address, Hash32, Height } from '@mosaic/primitives'
import {
  type CoreIdentity,
  domainSeparator,
  typedDataDigest,
  typedDataDomain,
  typedDataPreimage,
} from './core-identity.ts'
import { hashStruct, typeHash } from './encoding.ts'

/** The externalised vote ⟨T̃, s, t, h_s, h_t⟩ of §2.2, with the identifier of the chain voted about. */
export type VoteMessage = {
  /** Core identifier for auxiliary checkpoints, the origin's identifier for origin checkpoints. */
  readonly chain: Hash32
  /** T̃ at the source. */
  readonly transitionHash: Hash32
  /** Block hash of the source checkpoint. */
  readonly source: Hash32
  /** Block hash of the target checkpoint. */
  readonly target: Hash32
  readonly sourceHeight: Height
  readonly targetHeight: Height
}

const VOTE_TYPE_HASH = typeHash(
  'VoteMessage(bytes32 chain,bytes32 transitionHash,bytes32 source,bytes32 target,uint64 sourceHeight,uint64 targetHeight)',
)

/** Types of the vote as wallets and remote signers want them (`eth_signTypedData_v4`). */
export const VOTE_TYPED_DATA = {
  VoteMessage: [
    { name: 'chain', type: 'bytes32' },
    { name: 'transitionHash', type: 'bytes32' },
    { name: 'source', type: 'bytes32' },
    { name: 'target', type: 'bytes32' },
    { name: 'sourceHeight', type: 'uint64' },
    { name: 'targetHeight', type: 'uint64' },
  ],
} as const

/** The EIP-712 digest that a validator signs. It names the link (s, t) everywhere: `link` in events, tallies and RPC. */
export function voteDigest(domain: Hash32, vote: VoteMessage): Hash32 {
  return typedDataDigest(domain, voteStructHash(vote))
}

function voteStructHash(vote: VoteMessage): Hash32 {
  return hashStruct(
    VOTE_TYPE_HASH,
    vote.chain,
    vote.transitionHash,
    vote.source,
    vote.target,
    vote.sourceHeight,
    vote.targetHeight,
  )
}

/** A vote in both forms that signers elsewhere know: the bytes whose hash is {@link voteDigest}, and the JSON of EIP-712. */
export function voteSigningRequest(
  identity: CoreIdentity,
  vote: VoteMessage,
): { readonly preimage: Uint8Array; readonly typedData: VoteTypedData } {
  const { sourceHeight, targetHeight, ...rest } = vote
  return {
    preimage: typedDataPreimage(domainSeparator(identity), voteStructHash(vote)),
    typedData: {
      domain: typedDataDomain(identity),
      types: { EIP712Domain: DOMAIN_TYPED_DATA, ...VOTE_TYPED_DATA },
      primaryType: 'VoteMessage',
      message: {
        ...rest,
        sourceHeight: sourceHeight.toString(),
        targetHeight: targetHeight.toString(),
      },
    },
  }
}

/** The parameter of `eth_signTypedData_v4` for a vote. */
export type VoteTypedData = {
  readonly domain: ReturnType<typeof typedDataDomain>
  readonly types: Readonly<
    Record<string, readonly { readonly name: string; readonly type: string }[]>
  >
  readonly primaryType: 'VoteMessage'
  readonly message: Readonly<Record<string, string>>
}

const DOMAIN_TYPED_DATA = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
] as const

const REGISTRATION_TYPE_HASH = typeHash('Registration(address validator,address withdrawal)')

/** The EIP-712 digest by which a validator's key agrees to a deposit that another account pays. */
export function registrationDigest(
  domain: Hash32,
  registration: { readonly validator: Address; readonly withdrawal: Address },
): Hash32 {
  return typedDataDigest(
    domain,
    hashStruct(REGISTRATION_TYPE_HASH, registration.validator, registration.withdrawal),
  )
}
