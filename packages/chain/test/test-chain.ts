import {
  type AuthorityHeader,
  buildExtraData,
  EMPTY_UNCLE_HASH,
  findSignerFault,
  headerHash,
  isInTurn,
  nextBaseFee,
  sealHash,
  turnDifficulty,
} from '@mosaic/authority'
import {
  encodeFinalityGadgetCreation,
  encodeKernelRegistryCreation,
  encodeOriginObserverCreation,
  encodeSubmitVotes,
  encodeTransitionTrackerCreation,
  PREDEPLOYS,
} from '@mosaic/contracts'
import {
  type Block,
  createExecutionLayer,
  type Execution,
  type ExecutionLayer,
  encodeBlock,
  type GenesisAccount,
  HISTORY_STORAGE,
  loadCrypto,
  runConstructor,
  type SenderRecovery,
  type StateSource,
  type Transaction,
} from '@mosaic/execution'
import {
  type Address,
  bytesToHex,
  concatBytes,
  type Hash32,
  hexToBytes,
  keccak256,
  toAddress,
  toBlockNumber,
  toGas,
  toHeight,
  toHex,
  toMetaHeight,
  toWeight,
  utf8ToBytes,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  EMPTY_TRIE_ROOT,
  encodeValidatorSet,
  genesisKernel,
  kernelHash,
  NO_END_HEIGHT,
  originIdentifier,
  secretKeyToAddress,
  signDigest,
  updatesHash,
  type VoteMessage,
  validatorSetHash,
  voteDigest,
} from '@mosaic/protocol'
import { createMemoryStore, type Store } from '@mosaic/storage'
import type { BlockRecord } from '../src/block-record.ts'
import {
  type Chain,
  type ChainDefinition,
  deriveTransitionHash,
  encodeSignedVote,
  openChain,
} from '../src/index.ts'

/** A key of the tests and its address. */
export type Account = { readonly secretKey: Uint8Array; readonly address: Address }

export function account(name: string): Account {
  const secretKey = hexToBytes(keccak256(utf8ToBytes(name)))
  return { secretKey, address: secretKeyToAddress(secretKey) }
}

export const CHAIN_ID = 4711n
const EPOCH_LENGTH = 2n
const MAX_VOTE_AGE = 4n
export const START = 1_700_000_000n
export const ALICE: Account = account('alice')
export const BOB: Account = account('bob')
export const SIGNERS: readonly Account[] = ['one', 'two', 'three']
  .map((name) => account(`signer ${name}`))
  .toSorted((a, b) => (a.address < b.address ? -1 : 1))
export const VALIDATORS: readonly Account[] = [1, 2, 3, 4].map((i) => account(`validator ${i}`))

const ETHER = 10n ** 18n
const HISTORY_CODE = toHex(
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500',
)

const IDENTITY = { originChainId: 31_337n, core: toAddress(`0x${'c0'.repeat(20)}`) }
export const AUXILIARY: Hash32 = coreIdentifier(IDENTITY)
export const ORIGIN: Hash32 = originIdentifier(IDENTITY.originChainId)
export const DOMAIN: Hash32 = domainSeparator(IDENTITY)

const ORIGIN_ROOT = {
  number: toBlockNumber(100n),
  hash: keccak256(utf8ToBytes('origin root')),
  stateRoot: keccak256(utf8ToBytes('origin state')),
}

const VALIDATOR_SET = VALIDATORS.map(({ address }) => ({
  address,
  weight: toWeight(ETHER),
  forward: true,
  rear: true,
}))

const KERNEL = genesisKernel({
  coreIdentifier: AUXILIARY,
  validatorSetHash: validatorSetHash(VALIDATOR_SET),
  updatesHash: updatesHash(
    VALIDATOR_SET.map((seat, index) => ({
      index,
      seat,
      startHeight: toMetaHeight(0n),
      endHeight: NO_END_HEIGHT,
    })),
  ),
  forwardWeight: toWeight(ETHER * BigInt(VALIDATORS.length)),
  rearWeight: toWeight(ETHER * BigInt(VALIDATORS.length)),
  gasTarget: toGas(10n ** 9n),
  originRoot: ORIGIN_ROOT,
})

export const DEFINITION: ChainDefinition = {
  rules: { period: 1n, epoch: 30_000n },
  epochLength: EPOCH_LENGTH,
  originEpochLength: 10n,
  maxVoteAge: MAX_VOTE_AGE,
  identity: IDENTITY,
  originRoot: ORIGIN_ROOT,
  kernelHash: kernelHash(KERNEL),
}

let predeploys: Promise<Readonly<Record<Address, GenesisAccount>>> | undefined

async function createPredeploys(): Promise<Readonly<Record<Address, GenesisAccount>>> {
  const crypto = await loadCrypto()
  const configuration = {
    ...IDENTITY,
    epochLength: EPOCH_LENGTH,
    originEpochLength: DEFINITION.originEpochLength,
    maxVoteAge: MAX_VOTE_AGE,
    originRootNumber: ORIGIN_ROOT.number,
    originRootHash: ORIGIN_ROOT.hash,
    originRootStateRoot: ORIGIN_ROOT.stateRoot,
  }
  const creations = [
    [
      PREDEPLOYS.transitionTracker,
      encodeTransitionTrackerCreation(configuration, EMPTY_TRIE_ROOT, kernelHash(KERNEL)),
    ],
    [
      PREDEPLOYS.finalityGadget,
      encodeFinalityGadgetCreation(configuration, bytesToHex(encodeValidatorSet(VALIDATOR_SET))),
    ],
    [PREDEPLOYS.originObserver, encodeOriginObserverCreation(configuration)],
    [PREDEPLOYS.kernelRegistry, encodeKernelRegistryCreation(configuration, KERNEL)],
  ] as const
  const alloc: Record<Address, GenesisAccount> = {
    [HISTORY_STORAGE]: { nonce: 1n, code: HISTORY_CODE },
  }
  for (const [address, creation] of creations) {
    alloc[address] = await runConstructor(creation, CHAIN_ID, crypto)
  }
  return alloc
}

/** What a test varies in a block. */
type BlockOptions = {
  readonly signer?: Account
  readonly transactions?: readonly Transaction[]
  /** Carried in a transaction of the signer, before the others. */
  readonly votes?: readonly VoteMessage[]
  /** Who signs the votes; all validators if left out. */
  readonly voters?: readonly Account[]
  readonly timestamp?: bigint
  /** The header as it is sealed. */
  readonly change?: (header: AuthorityHeader, executed: Execution) => AuthorityHeader
}

/** A chain on a store, with hands to make any block on it. */
export type TestChain = {
  readonly chain: Chain
  readonly store: Store
  readonly source: StateSource
  /** A sealed block on a parent that the chain has; not imported. Signed by the signer in turn if none is named. */
  readonly seal: (parent: BlockRecord, options?: BlockOptions) => Promise<Block>
  /** Seals and imports. @throws if the block is refused. */
  readonly extend: (parent: BlockRecord, options?: BlockOptions) => Promise<BlockRecord>
  /** Code of the fault with which a block is refused; undefined if it is taken. */
  readonly refusal: (block: Block) => Promise<Refusal | undefined>
  /** The vote for the link between two checkpoint heights of the branch that ends in `at`. */
  readonly vote: (at: BlockRecord, sourceHeight: bigint, targetHeight: bigint) => VoteMessage
  /** A transaction of an account with the nonce that it has in a state. */
  readonly sign: (
    at: BlockRecord,
    from: Account,
    fields?: TransactionFields,
  ) => Promise<Transaction>
}

type Refusal = { readonly code: string; readonly field?: string }

export type TransactionFields = {
  readonly to?: Address
  readonly nonce?: bigint
  readonly value?: bigint
  readonly data?: Uint8Array
  readonly gasLimit?: bigint
  readonly tip?: bigint
  readonly cap?: bigint
}

export async function createTestChain(
  options: {
    readonly store?: Store
    readonly alloc?: Readonly<Record<Address, GenesisAccount>>
    readonly nowSeconds?: () => bigint
    readonly definition?: Partial<ChainDefinition>
    readonly recovery?: SenderRecovery
  } = {},
): Promise<TestChain> {
  const store = options.store ?? createMemoryStore()
  predeploys ??= createPredeploys()
  const balance = 1000n * ETHER
  let opened: Chain | undefined
  const source: StateSource = {
    node: (hash) => store.get('node', hash),
    code: (hash) => store.get('code', hash),
  }
  const execution: ExecutionLayer = await createExecutionLayer({
    genesis: {
      chainId: CHAIN_ID,
      timestamp: START,
      gasLimit: 30_000_000n,
      baseFeePerGas: 10n ** 9n,
      extraData: bytesToHex(
        buildExtraData({
          vanity: new Uint8Array(32),
          signers: SIGNERS.map(({ address }) => address),
        }),
      ),
      alloc: {
        ...Object.fromEntries([ALICE, BOB, ...SIGNERS].map((a) => [a.address, { balance }])),
        ...(await predeploys),
        ...options.alloc,
      },
    },
    source,
    ancestorHash: (parentHash, number) => {
      const parent = opened?.database.record(parentHash)
      return parent && opened?.ancestorHash(parent, toBlockNumber(number))
    },
    tracker: 'required',
    recovery: options.recovery,
  })
  const chain = await openChain({
    definition: { ...DEFINITION, ...options.definition },
    execution,
    store,
    nowSeconds: options.nowSeconds ?? (() => START + 1000n),
  })
  opened = chain

  const vote = (at: BlockRecord, from: bigint, to: bigint): VoteMessage => {
    const justified = requireCheckpoint(chain, at, from)
    const target = requireCheckpoint(chain, at, to)
    const before = chain.database.record(justified.header.parentHash)
    return {
      chain: AUXILIARY,
      transitionHash: deriveTransitionHash(justified, before),
      source: justified.hash,
      target: target.hash,
      sourceHeight: toHeight(from),
      targetHeight: toHeight(to),
    }
  }

  const sign = async (
    at: BlockRecord,
    from: Account,
    fields: TransactionFields = {},
  ): Promise<Transaction> => {
    const state = await execution.queries.account(at.header.stateRoot, from.address)
    return execution.signTransaction(
      {
        nonce: fields.nonce ?? state.nonce,
        gasLimit: fields.gasLimit ?? 100_000n,
        maxFeePerGas: fields.cap ?? 10n ** 10n,
        maxPriorityFeePerGas: fields.tip ?? 10n ** 9n,
        to: fields.to ?? BOB.address,
        value: fields.value ?? 0n,
        data: fields.data ?? new Uint8Array(),
      },
      from.secretKey,
    )
  }

  const seal = async (parent: BlockRecord, choice: BlockOptions = {}): Promise<Block> => {
    const number = toBlockNumber(parent.header.number + 1n)
    const signer =
      choice.signer ??
      SIGNERS.find(({ address }) => isInTurn(parent.snapshot, number, address)) ??
      fail('a signer in turn')
    const carried =
      choice.votes === undefined
        ? []
        : [
            await sign(parent, signer, {
              to: PREDEPLOYS.finalityGadget,
              gasLimit: 10_000_000n,
              data: encodeVotes(choice.votes, choice.voters ?? VALIDATORS),
            }),
          ]
    const pending = [...carried, ...(choice.transactions ?? [])]
    const environment = {
      parentHash: parent.hash,
      number,
      timestamp: choice.timestamp ?? parent.header.timestamp + 1n,
      gasLimit: parent.header.gasLimit,
      difficulty: turnDifficulty(isInTurn(parent.snapshot, number, signer.address)),
      baseFeePerGas: nextBaseFee(parent.header),
    }
    const executed = await chain.exclusive(() =>
      execution.processor.build(environment, chain.stateRoot(parent), signer.address, {
        next: () => pending.shift(),
        skipped: ({ reason }) => fail(`no transaction to be skipped for ${reason}`),
      }),
    )
    const unsealed: AuthorityHeader = {
      ...environment,
      uncleHash: EMPTY_UNCLE_HASH,
      coinbase: ZERO_ADDRESS,
      nonce: new Uint8Array(8),
      stateRoot: executed.stateRoot,
      transactionsRoot: executed.transactionsRoot,
      receiptsRoot: executed.receiptsRoot,
      logsBloom: executed.logsBloom,
      gasUsed: executed.gasUsed,
      extraData: buildExtraData({ vanity: new Uint8Array(32), signers: [] }),
      mixHash: ZERO_HASH,
    }
    const header = choice.change?.(unsealed, executed) ?? unsealed
    return sealBlock(header, executed.transactions, signer)
  }

  return {
    chain,
    store,
    source,
    vote,
    sign,
    seal,
    extend: async (parent, choice) => {
      const verdict = await chain.importBlock(encodeBlock(await seal(parent, choice)))
      if (!verdict.ok) throw new Error(`refused: ${verdict.fault.code}`)
      return verdict.value.record
    },
    refusal: async (block) => {
      const verdict = await chain.importBlock(encodeBlock(block))
      return verdict.ok ? undefined : verdict.fault
    },
  }
}

/** Seals a header, whatever it says. */
export function sealBlock(
  unsealed: AuthorityHeader,
  transactions: readonly Transaction[],
  signer: Account,
): Block {
  const compact = hexToBytes(signDigest(sealHash(unsealed), signer.secretKey))
  const parity = (compact[32] ?? 0) >> 7
  compact[32] = (compact[32] ?? 0) & 0x7f
  const extraData = concatBytes(unsealed.extraData.slice(0, -65), compact, Uint8Array.of(parity))
  const header = { ...unsealed, extraData }
  return { hash: headerHash(header), header, transactions, signer: signer.address }
}

/** A signer who may seal the next block though it is not his turn. */
export function outOfTurn({ snapshot, header }: BlockRecord): Account {
  return (
    SIGNERS.find(
      ({ address }) =>
        !isInTurn(snapshot, header.number + 1n, address) &&
        findSignerFault(snapshot, address) === undefined,
    ) ?? fail('a signer out of turn')
  )
}

/** The wire form of a signed vote. */
export function signedVote(vote: VoteMessage, validator: Account): Uint8Array {
  const signature = signDigest(voteDigest(DOMAIN, vote), validator.secretKey)
  return encodeSignedVote({ vote, signature })
}

function encodeVotes(votes: readonly VoteMessage[], voters: readonly Account[]): Uint8Array {
  return hexToBytes(
    encodeSubmitVotes(
      votes.flatMap((vote) =>
        voters.map(({ secretKey }) => ({
          vote,
          signature: signDigest(voteDigest(DOMAIN, vote), secretKey),
        })),
      ),
    ),
  )
}

function requireCheckpoint(chain: Chain, at: BlockRecord, height: bigint): BlockRecord {
  return chain.checkpoint(at, toHeight(height)) ?? fail(`a checkpoint at height ${height}`)
}

export function fail(expected: string): never {
  throw new Error(`expected ${expected}`)
}
