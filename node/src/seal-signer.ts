import { openRemoteKey, readKeyFile } from '@mosaic/keys'
import { type Address, type Hash32, type Hex, keccak256 } from '@mosaic/primitives'
import { secretKeyToAddress, signDigest } from '@mosaic/protocol'
import type { NodeConfig } from './config/types.ts'

/** A producer's key, wherever it is. Signatures have 64 bytes (EIP-2098). */
export type SealSigner = {
  readonly address: Address
  /** Signs the hash of a header without seal, of which the preimage is given too. */
  readonly seal: (block: {
    readonly sealHash: Hash32
    readonly preimage: Uint8Array
  }) => Promise<Hex>
  /** Signs the Keccak-256 of a transaction's bytes. */
  readonly signTransaction: (preimage: Uint8Array) => Promise<Hex>
}

type SealConfig = Pick<NodeConfig, 'signerKeyFile' | 'sealSigner' | 'passwordFile'>

/**
 * Opens the key that a configuration names for blocks; undefined if it names none.
 *
 * @throws KeyFileError, RemoteSignerError
 */
export async function openSealSigner({
  signerKeyFile,
  sealSigner,
  passwordFile,
}: SealConfig): Promise<SealSigner | undefined> {
  if (sealSigner !== undefined) {
    const key = await openRemoteKey({ ...sealSigner, api: 'web3signer' })
    return {
      address: key.address,
      seal: ({ preimage }) => key.sign({ preimage }),
      signTransaction: (preimage) => key.sign({ preimage }),
    }
  }
  if (signerKeyFile === undefined) return undefined
  const secretKey = await readKeyFile(signerKeyFile, passwordFile)
  return {
    address: secretKeyToAddress(secretKey),
    seal: async ({ sealHash }) => signDigest(sealHash, secretKey),
    signTransaction: async (preimage) => signDigest(keccak256(preimage), secretKey),
  }
}
