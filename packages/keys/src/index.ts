/**
 * Secret keys: in files, in encrypted files, and in the hands of remote signers.
 *
 * @packageDocumentation
 */
export { KeyFileError, RemoteSignerError } from './key-errors.ts'
export { readKeyFile, readPassword, writeKeyFile } from './key-file.ts'
export {
  decryptKeystore,
  encryptKeystore,
  isKeystore,
  keystoreAddress,
  type ScryptCost,
} from './keystore.ts'
export { listKeys, type StoredKey, storeKey } from './keystore-directory.ts'
export {
  openRemoteKey,
  type RemoteKey,
  type RemoteKeyOptions,
  type SigningRequest,
} from './remote-key.ts'
