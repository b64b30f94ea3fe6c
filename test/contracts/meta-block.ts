import {
  type CoreEvent,
  type CoreParameters,
  constantReputationCreationCode,
  coreArbiterCreationCode,
  coreEventTopics,
  decodeCoreEvent,
  devnetTokenAbi,
  devnetTokenCreationCode,
  encodeCommit,
  encodeCoreCreation,
  encodeDeposit,
  encodeOpen,
  encodePropose,
  PREDEPLOYS,
} from '@mosaic/contracts'
import {
  type Address,
  bigintToBytes,
  bytesToHex,
  type Hash32,
  type Hex,
  hexToBytes,
  keccak256,
  keccak256Bytes,
  toAddress,
  toBlockNumber,
  toDynasty,
  toGas,
  toHash32,
  toHeight,
  toHex,
  toWeight,
} from '@mosaic/primitives'
import {
  applyUpdates,
  coreIdentifier,
  decodeUpdates,
  domainSeparator,
  encodeValidatorSet,
  hashStruct,
  type Kernel,
  kernelHash,
  secretKeyToAddress,
  signDigest,
  type TransitionObject,
  transitionHash,
  typedDataDigest,
  typeHash,
  type ValidatorSet,
  voteDigest,
} from '@mosaic/protocol'
import { AbiCoder, Interface } from 'ethers'
import { type Anvil, getProof, type Log, type StorageProof, toQuantity } from './anvil.ts'
import { getHeader, type HeaderOfBlock } from './anvil-header.ts'

/** Chain id of the origin that anvil plays. */
export const ORIGIN_CHAIN_ID = 31_337n

const REGISTRATION = typeHash('Registration(address validator,address withdrawal)')
const STAKE = toWeight(32_000n * 10n ** 18n)
const BOND = 10n ** 17n
const token = new Interface(devnetTokenAbi)

/** A core on anvil, followed by its events. */
export type RunningCore = {
  readonly address: Address
  /** Secret keys by seat. */
  readonly keys: readonly Uint8Array[]
  readonly kernel: Kernel
  readonly validators: ValidatorSet
}

/** Gas of one meta-block, as receipts give it. */
export type MetaBlockGas = {
  readonly propose: bigint
  readonly commit: bigint
}

/** Creates a core with `size` validators of equal stake and opens it. */
export async function openCore(
  anvil: Anvil,
  size: number,
  choice: { readonly parameters?: Partial<CoreParameters>; readonly definition?: Hex } = {},
): Promise<RunningCore> {
  const created = await anvil.send({
    data: toHex(devnetTokenCreationCode + token.encodeDeploy([anvil.account]).slice(2)),
  })
  const tokenAddress = toAddress(created.contractAddress ?? '')
  const reputation = await anvil.send({ data: constantReputationCreationCode })
  const parameters: CoreParameters = {
    token: tokenAddress,
    reputation: toAddress(reputation.contractAddress ?? ''),
    minimumStake: STAKE,
    auxiliaryChainId: 1414n,
    epochLength: 1n,
    originEpochLength: 1n,
    maxVoteAge: 2n,
    gasTarget: toGas(1_000_000n),
    challengePeriod: 0n,
    withdrawalDelay: 0n,
    proposalBond: BOND,
    maxJoins: 10n,
    maxLogouts: 10n,
    reporterShare: 1_000n,
    missedDynastyLoss: 10_000n,
    ...choice.parameters,
  }
  const arbiter = await anvil.send({ data: coreArbiterCreationCode })
  const arbiterAddress = toAddress(arbiter.contractAddress ?? '')
  const core = await anvil.send({
    data: encodeCoreCreation(
      parameters,
      arbiterAddress,
      anvil.account,
      choice.definition ?? toHex('0x7b7d'),
    ),
  })
  const address = toAddress(core.contractAddress ?? '')
  const keys = Array.from({ length: size }, (_, i) => bigintToBytes(BigInt(i + 1), 32))
  await depositFor(anvil, { address, token: tokenAddress }, keys)
  const opened = await anvil.send({ to: address, data: encodeOpen() })
  return follow({ address, keys, validators: [] }, opened.logs)
}

/** Pays in a stake for each of `keys`. */
export async function depositFor(
  anvil: Anvil,
  core: { readonly address: Address; readonly token: Address },
  keys: readonly Uint8Array[],
): Promise<void> {
  const { address } = core
  const total = STAKE * BigInt(keys.length)
  for (const [name, values] of [
    ['mint', [anvil.account, total]],
    ['approve', [address, total]],
  ] as const) {
    await anvil.send({ to: core.token, data: toHex(token.encodeFunctionData(name, values)) })
  }
  const domain = domainSeparator({ originChainId: ORIGIN_CHAIN_ID, core: address })
  for (const key of keys) {
    const validator = secretKeyToAddress(key)
    const digest = typedDataDigest(domain, hashStruct(REGISTRATION, validator, anvil.account))
    const data = encodeDeposit(validator, anvil.account, STAKE, signDigest(digest, key))
    await anvil.send({ to: address, data })
  }
}

/** Proposes and commits the next meta-block with just more than two thirds of the votes. */
export async function closeMetaBlock(
  anvil: Anvil,
  core: RunningCore,
): Promise<{
  readonly core: RunningCore
  readonly gas: MetaBlockGas
  readonly transition: TransitionObject
}> {
  const transition = await nextTransition(anvil, core)
  const proposed = await propose(anvil, core, transition)

  const { header, accountProof, storageProof } = await mineTransition(
    anvil,
    transitionHash(transition),
  )
  const target = keccak256(hexToBytes(header.hash))
  const link = voteDigest(domainSeparator({ originChainId: ORIGIN_CHAIN_ID, core: core.address }), {
    chain: coreIdentifier({ originChainId: ORIGIN_CHAIN_ID, core: core.address }),
    transitionHash: transitionHash(transition),
    source: header.hash,
    target,
    sourceHeight: toHeight(header.number),
    targetHeight: toHeight(header.number + 1n),
  })
  const quorum = Math.floor((2 * core.keys.length) / 3) + 1
  const votes = core.keys.slice(0, quorum).map((key, validatorIndex) => ({
    validatorIndex,
    signature: signDigest(link, key),
  }))
  const committed = await anvil.send({
    to: core.address,
    data: encodeCommit({
      transition,
      kernel: core.kernel,
      validatorSet: bytesToHex(encodeValidatorSet(core.validators)),
      header: header.rlp,
      target,
      votes,
      accountProof,
      storageProof,
    }),
  })
  return {
    core: follow(core, committed.logs),
    gas: { propose: proposed, commit: committed.gasUsed },
    transition,
  }
}

/** A transition object that may close the open height, with three dynasties and a hundred times the gas target per height. */
export async function nextTransition(anvil: Anvil, core: RunningCore): Promise<TransitionObject> {
  const origin = await getHeader(anvil, 'latest')
  return {
    dynasty: toDynasty(core.kernel.height * 3n),
    originBlockNumber: toBlockNumber(origin.number),
    originBlockHash: origin.hash,
    accumulatedTransactionRoot: keccak256(new Uint8Array(1)),
    accumulatedGas: toGas(core.kernel.height * 100_000_000n),
    kernelHash: kernelHash(core.kernel),
  }
}

/** Proposes with the bond; returns the gas used. */
async function propose(
  anvil: Anvil,
  core: RunningCore,
  transition: TransitionObject,
): Promise<bigint> {
  const data = encodePropose(transition)
  const { gasUsed } = await anvil.send({ to: core.address, data, value: BOND })
  return gasUsed
}

/** The same anvil plays the auxiliary chain: mines a block whose state holds T̃ where TransitionTracker would have it. */
export async function mineTransition(
  anvil: Anvil,
  hash: Hash32,
): Promise<StorageProof & { readonly header: HeaderOfBlock }> {
  const tracker = PREDEPLOYS.transitionTracker
  const slot = `0x${'00'.repeat(32)}`
  await anvil.request('anvil_setStorageAt', tracker, slot, hash)
  await anvil.request('anvil_mine')
  const header = await getHeader(anvil, 'latest')
  return { header, ...(await getProof(anvil, tracker, slot)) }
}

/**
 * Makes the account of TransitionTracker lie as deep in the state as among 100,000 others: four full branches, a fifth one, the
 * leaf. Accounts are chosen by the hash of their address.
 */
export async function deepenState(anvil: Anvil): Promise<void> {
  const path = bytesToHex(keccak256Bytes(hexToBytes(PREDEPLOYS.transitionTracker))).slice(2)
  const taken = new Set<string>()
  for (let i = 1n; taken.size < 4 * 15 + 1; i++) {
    const address = bigintToBytes(0xacc0000000000000000000000000n + i, 20)
    const hash = bytesToHex(keccak256Bytes(address)).slice(2)
    const shared = sharedLength(path, hash)
    const branch = shared === 4 ? 'fifth' : hash.slice(0, shared + 1)
    if (shared > 4 || taken.has(branch)) continue
    taken.add(branch)
    await anvil.request('anvil_setBalance', bytesToHex(address), toQuantity(i))
  }
}

/** The storage slot of `kernelHash[height]` in a core. */
export function kernelHashSlot(height: bigint): Hash32 {
  return toHash32(
    keccak256(
      hexToBytes(toHex(AbiCoder.defaultAbiCoder().encode(['uint64', 'uint256'], [height, 0n]))),
    ),
  )
}

function follow(core: Omit<RunningCore, 'kernel'>, logs: readonly Log[]): RunningCore {
  const opened = logs
    .filter(({ topics }) => topics[0] === coreEventTopics.KernelOpened)
    .map(decodeCoreEvent)
    .find((event): event is CoreEvent & { name: 'KernelOpened' } => event?.name === 'KernelOpened')
  if (opened === undefined) throw new Error('no kernel was opened')
  const updates = decodeUpdates(hexToBytes(opened.updates))
  return { ...core, kernel: opened.kernel, validators: applyUpdates(core.validators, updates) }
}

function sharedLength(a: string, b: string): number {
  let length = 0
  while (a[length] === b[length]) length += 1
  return length
}
