/**
 * Messages of the protocol, their encodings, hashes and signatures. Pure; docs/protocol.md §2 is the reference.
 *
 * @packageDocumentation
 */
export { type BlockHeaderFields, readBlockHeader } from './block-header.ts'
export {
  type CoreIdentity,
  coreIdentifier,
  domainSeparator,
  originIdentifier,
  typedDataDigest,
} from './core-identity.ts'
export { type AbiWord, encodeWords, hashStruct, typeHash } from './encoding.ts'
export {
  EMPTY_TRIE_ROOT,
  type GenesisCommitment,
  genesisKernel,
} from './genesis-meta-block.ts'
export { type Kernel, kernelHash, metaBlockHash } from './kernel.ts'
export {
  normaliseSignature,
  publicKeyToAddress,
  recoverSigner,
  secretKeyToAddress,
  signDigest,
} from './signature.ts'
export {
  accumulateTransactionRoot,
  type OriginTransitionObject,
  originTransitionHash,
  type TransitionObject,
  transitionHash,
} from './transition.ts'
export {
  applyUpdates,
  decodeSeat,
  decodeUpdates,
  decodeValidatorSet,
  encodeSeat,
  encodeUpdates,
  encodeValidatorSet,
  MAX_VALIDATOR_WEIGHT,
  NO_END_HEIGHT,
  updatesHash,
  type ValidatorSeat,
  type ValidatorSet,
  type ValidatorUpdate,
  validatorSetHash,
} from './validator-set.ts'
export {
  registrationDigest,
  VOTE_TYPED_DATA,
  type VoteMessage,
  type VoteTypedData,
  voteDigest,
  voteSigningRequest,
} from './vote.ts'
