import {
  type Address,
  bigintToBytes,
  bytesToHash32,
  concatBytes,
  type Hash32,
  hexToBytes,
  keccak256,
  keccak256Bytes,
  utf8ToBytes,
  ZERO_ADDRESS,
} from '@mosaic/primitives'
import { encodeWords, typeHash } from './encoding.ts'

/** Names one meta-blockchain: its core contract on an origin chain. */
export type CoreIdentity = { readonly originChainId: bigint; readonly core: Address }

const DOMAIN_TYPE_HASH = typeHash(
  'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)',
)
const NAME_HASH = keccak256Bytes(utf8ToBytes('Mosaic'))
const VERSION_HASH = keccak256Bytes(utf8ToBytes('1'))

/** The core identifier: 12 bytes origin chain id, 20 bytes core address (§2.4). @throws InvalidValueError if the chain id needs more than 96 bits. */
export function coreIdentifier({ originChainId, core }: CoreIdentity): Hash32 {
  return bytesToHash32(concatBytes(bigintToBytes(originChainId, 12), hexToBytes(core)))
}

/** The identifier of the origin chain itself: the core identifier with a zero address. */
export function originIdentifier(originChainId: bigint): Hash32 {
  return coreIdentifier({ originChainId, core: ZERO_ADDRESS })
}

/** The EIP-712 domain separator {name "Mosaic", version "1", chainId, verifyingContract}. */
export function domainSeparator({ originChainId, core }: CoreIdentity): Hash32 {
  return keccak256(
    concatBytes(DOMAIN_TYPE_HASH, NAME_HASH, VERSION_HASH, encodeWords(originChainId, core)),
  )
}

/** The members of the EIP-712 domain, as wallets and remote signers want them. */
export function typedDataDomain({ originChainId, core }: CoreIdentity): {
  readonly name: string
  readonly version: string
  readonly chainId: string
  readonly verifyingContract: Address
} {
  return {
    name: 'Mosaic',
    version: '1',
    chainId: originChainId.toString(),
    verifyingContract: core,
  }
}

/** What EIP-712 hashes: 0x1901 ‖ domain separator ‖ struct hash. */
export function typedDataPreimage(domain: Hash32, structHash: Hash32): Uint8Array {
  return concatBytes(Uint8Array.of(0x19, 0x01), hexToBytes(domain), hexToBytes(structHash))
}

/** The EIP-712 digest of a struct hash under a domain. */
export function typedDataDigest(domain: Hash32, structHash: Hash32): Hash32 {
  return keccak256(typedDataPreimage(domain, structHash))
}
