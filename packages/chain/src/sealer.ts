import type { Address, BlockNumber, Hash32, Height, Hex } from '@mosaic/primitives'
import { keccak256 } from '@mosaic/primitives'
import { secretKeyToAddress, signDigest } from '@mosaic/protocol'

/** Where a block stands: its number, and the height of the checkpoint that is justified on its branch. */
export type SealPlace = { readonly number: BlockNumber; readonly justifiedHeight: Height }

/** Signs what a producer makes, wherever the key is. */
export type Sealer = {
  readonly address: Address
  /** Whether a new block may be sealed there. Asked before one is built. */
  readonly maySeal: (place: SealPlace) => boolean
  /** Signs a block: 64 bytes (EIP-2098). The block sealed last may be sealed again. @throws if it must not be sealed, or cannot */
  readonly seal: (
    block: SealPlace & { readonly sealHash: Hash32; readonly preimage: Uint8Array },
  ) => Promise<Hex>
  /** The block that was sealed last, as far as is known; it may never have left. */
  readonly lastSealHash: () => Hash32 | undefined
  /** Signs a transaction of the same account: the Keccak-256 of these bytes. 64 bytes (EIP-2098). */
  readonly signTransaction: (preimage: Uint8Array) => Promise<Hex>
}

/** A sealer that signs whatever it is asked to: for chains that live inside a process. */
export function createKeySealer(secretKey: Uint8Array): Sealer {
  return {
    address: secretKeyToAddress(secretKey),
    maySeal: () => true,
    seal: async ({ sealHash }) => signDigest(sealHash, secretKey),
    lastSealHash: () => undefined,
    signTransaction: async (preimage) => signDigest(keccak256(preimage), secretKey),
  }
}
