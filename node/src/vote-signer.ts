import { openRemoteKey, readKeyFile } from '@mosaic/keys'
import type { Address } from '@mosaic/primitives'
import {
  type CoreIdentity,
  domainSeparator,
  secretKeyToAddress,
  signDigest,
  voteDigest,
  voteSigningRequest,
} from '@mosaic/protocol'
import type { SignVote } from '@mosaic/validator'
import type { NodeConfig } from './config/types.ts'

/** A validator's key, wherever it is. */
export type VoteSigner = { readonly address: Address; readonly sign: SignVote }

type ValidatorConfig = Pick<NodeConfig, 'validatorKeyFile' | 'validatorSigner' | 'passwordFile'>

/**
 * Opens the key that a configuration names for votes; undefined if it names none.
 *
 * @throws KeyFileError, RemoteSignerError
 */
export async function openVoteSigner(
  { validatorKeyFile, validatorSigner, passwordFile }: ValidatorConfig,
  identity: CoreIdentity,
): Promise<VoteSigner | undefined> {
  if (validatorSigner !== undefined) {
    const key = await openRemoteKey(validatorSigner)
    return {
      address: key.address,
      sign: (vote) => key.sign(voteSigningRequest(identity, vote)),
    }
  }
  if (validatorKeyFile === undefined) return undefined
  const secretKey = await readKeyFile(validatorKeyFile, passwordFile)
  const domain = domainSeparator(identity)
  return {
    address: secretKeyToAddress(secretKey),
    sign: async (vote) => signDigest(voteDigest(domain, vote), secretKey),
  }
}
