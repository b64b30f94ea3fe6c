import { type CoreEvent, coreAbi, coreEventTopics, PREDEPLOYS } from '@mosaic/contracts'
import type { ChainLog, EthereumClient, LogFilter } from '@mosaic/origin'
import {
  bytesToHex,
  type Hash32,
  type Hex,
  hexToBytes,
  keccak256,
  toAddress,
  toBlockNumber,
  toDynasty,
  toGas,
  toHash32,
  toHeight,
  toHex,
  toMetaHeight,
  toWeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  domainSeparator,
  encodeUpdates,
  type Kernel,
  kernelHash,
  metaBlockHash,
  NO_END_HEIGHT,
  signDigest,
  type TransitionObject,
  transitionHash,
  type VoteMessage,
  voteDigest,
} from '@mosaic/protocol'
import { Interface } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Account,
  ALICE,
  CORE,
  copyBlocks,
  EPOCH_LENGTH,
  hexAt,
  listAt,
  member,
  ORIGIN_CHAIN_ID,
  startTestNode,
  type TestNode,
  textAt,
  VALIDATORS,
} from '../../packages/api/test/rpc-node.ts'
import { createOriginViews } from '../src/origin-views.ts'

const identity = { originChainId: ORIGIN_CHAIN_ID, core: CORE }
const domain = domainSeparator(identity)

type Checkpoint = { readonly hash: Hash32; readonly transitionHash: Hash32 }

async function checkpoint(on: TestNode, height: number): Promise<Checkpoint> {
  const view = await on.call('mosaic_checkpoint', height)
  return {
    hash: toHash32(textAt(view, 'hash')),
    transitionHash: toHash32(textAt(view, 'transitionHash')),
  }
}

async function buildVote(on: TestNode, from: number, to: number): Promise<VoteMessage> {
  const [source, target] = [await checkpoint(on, from), await checkpoint(on, to)]
  return {
    chain: coreIdentifier(identity),
    transitionHash: source.transitionHash,
    source: source.hash,
    target: target.hash,
    sourceHeight: toHeight(BigInt(from)),
    targetHeight: toHeight(BigInt(to)),
  }
}

const sign = (vote: VoteMessage, who: Account): Hex =>
  signDigest(voteDigest(domain, vote), who.secretKey)

const toParameter = (vote: VoteMessage, signature: Hex): object => ({
  message: {
    ...vote,
    sourceHeight: vote.sourceHeight.toString(),
    targetHeight: vote.targetHeight.toString(),
  },
  signature,
})

/** Three of four validators vote, which is a supermajority; a block carries it. */
async function justify(on: TestNode, from: number, to: number): Promise<void> {
  const vote = await buildVote(on, from, to)
  for (const validator of VALIDATORS.slice(0, 3)) {
    await on.call('mosaic_sendVote', toParameter(vote, sign(vote, validator)))
  }
  await on.mine()
}

const stages = async (on: TestNode, last: number): Promise<readonly (string | undefined)[]> => {
  const found: (string | undefined)[] = []
  for (let height = 0; height <= last; height++) {
    const view = await on.call('mosaic_checkpoint', height)
    found.push(view === null ? undefined : textAt(view, 'stage'))
  }
  return found
}

describe('finality', () => {
  let node: TestNode
  beforeAll(async () => {
    node = await startTestNode()
  })
  afterAll(() => node.stop())

  test('a new chain stands at genesis', async () => {
    expect(await node.call('mosaic_status')).toMatchObject({
      coreIdentifier: coreIdentifier(identity),
      originChainId: `0x${ORIGIN_CHAIN_ID.toString(16)}`,
      core: CORE,
      epochLength: '0x4',
      head: { number: '0x0', hash: node.chain.genesis.hash },
      justified: { height: '0x0', number: '0x0', hash: node.chain.genesis.hash },
      finalized: { height: '0x0', number: '0x0', hash: node.chain.genesis.hash },
      dynasty: '0x0',
      kernelHeight: '0x1',
      observation: { number: '0x64' },
      validator: null,
    })
    expect(await node.call('mosaic_checkpoint', 0)).toMatchObject({
      stage: 'justified',
      dynasty: '0x0',
    })
    expect(await node.call('mosaic_checkpoint', 1)).toBeNull()
    expect(await node.call('mosaic_transitionObject', '0xffffffffffffffff')).toBeNull()
  })

  test('votes wait, are counted, and justify', async () => {
    await node.mineTo(EPOCH_LENGTH + 1n)
    expect(await stages(node, 2)).toEqual(['justified', 'proposed', undefined])
    const vote = await buildVote(node, 0, 1)
    const [first, ...others] = VALIDATORS.map((each) => sign(vote, each))
    const link = voteDigest(domain, vote)
    expect(await node.call('mosaic_sendVote', toParameter(vote, first ?? '0x'))).toBe(link)
    expect(node.gossiped.votes).toHaveLength(1)
    // Again: it is known, and not gossiped twice.
    expect(await node.call('mosaic_sendVote', toParameter(vote, first ?? '0x'))).toBe(link)
    expect(node.gossiped.votes).toHaveLength(1)
    const view = { link, validator: VALIDATORS[0]?.address, blockNumber: null, signature: first }
    expect(await node.call('mosaic_votes', { link })).toMatchObject([view])
    expect(await node.call('mosaic_votes', { chain: 'auxiliary', height: 1 })).toMatchObject([view])
    expect(await node.call('mosaic_votes', { chain: 'origin', height: 1 })).toEqual([])
    await node.mine()
    expect(await node.call('mosaic_votes', { link })).toMatchObject([
      { ...view, blockNumber: '0x6' },
    ])
    expect(await stages(node, 1)).toEqual(['justified', 'proposed'])
    for (const signature of others.slice(0, 2)) {
      await node.call('mosaic_sendVote', toParameter(vote, signature))
    }
    await node.mine()
    expect(await node.call('mosaic_votes', { link })).toHaveLength(3)
    expect(await stages(node, 1)).toEqual(['finalized', 'justified'])
    expect(await node.call('eth_getBlockByNumber', 'safe', false)).toMatchObject({ number: '0x4' })
    expect(await node.failure('eth_getBlockByNumber', 'finalized', false)).toEqual([
      -39_001,
      'finalized block not found',
    ])
  })

  test('a link over several heights justifies, and only direct children finalize', async () => {
    await node.mineTo(3n * EPOCH_LENGTH + 1n)
    await justify(node, 1, 3)
    expect(await stages(node, 3)).toEqual(['finalized', 'justified', 'proposed', 'justified'])
    await node.mineTo(4n * EPOCH_LENGTH + 1n)
    await justify(node, 3, 4)
    expect(await stages(node, 4)).toEqual([
      'finalized',
      'justified',
      'proposed',
      'finalized',
      'justified',
    ])
    expect(await node.call('eth_getBlockByNumber', 'safe', false)).toMatchObject({ number: '0x10' })
    expect(await node.call('eth_getBlockByNumber', 'finalized', false)).toMatchObject({
      number: '0xc',
    })
    await node.mineTo(5n * EPOCH_LENGTH + 1n)
    await justify(node, 4, 5)
    expect((await stages(node, 5)).slice(3)).toEqual(['finalized', 'finalized', 'justified'])
    expect(await node.call('mosaic_status')).toMatchObject({
      justified: { height: '0x5', number: '0x14' },
      finalized: { height: '0x4', number: '0x10' },
      // What the head's own votes finalized counts from the next block on.
      dynasty: '0x2',
    })
    await node.mine()
    expect(await node.call('mosaic_status')).toMatchObject({ dynasty: '0x3' })
  })

  test('the transition object hashes to what the contract stored, with the dynasty before its block', async () => {
    await node.mineTo(6n * EPOCH_LENGTH)
    const at = await node.call('mosaic_transitionObject', 6)
    expect(member(at, 'transition')).toMatchObject({ dynasty: '0x3', originBlockNumber: '0x64' })
    expect((await checkpoint(node, 6)).transitionHash).toBe(textAt(at, 'hash'))
    const slot = await node.call('eth_getStorageAt', PREDEPLOYS.transitionTracker, '0x0', 'latest')
    expect(slot).toBe(textAt(at, 'hash'))
  })

  test('votes that cannot count are refused', async () => {
    const vote = await buildVote(node, 5, 6)
    const [validator] = VALIDATORS
    if (validator === undefined) throw new Error('no validator')
    const send = async (message: VoteMessage, who: Account): Promise<readonly unknown[]> =>
      node.failure('mosaic_sendVote', toParameter(message, sign(message, who)))
    expect(await send(vote, ALICE)).toEqual([
      -32_003,
      `vote rejected: signed by ${ALICE.address}, who is not in the active set`,
    ])
    expect(await send({ ...vote, chain: keccak256(utf8ToBytes('other')) }, validator)).toEqual([
      -32_003,
      'vote rejected: another chain',
    ])
    expect(await send({ ...vote, targetHeight: toHeight(100n) }, validator)).toEqual([
      -32_000,
      'vote deferred: the newest checkpoint here is 6',
    ])
    expect(
      await node.failure('mosaic_sendVote', toParameter(vote, toHex(`0x${'ff'.repeat(64)}`))),
    ).toEqual([-32_003, 'vote rejected: improper signature'])
    const bytes = hexToBytes(sign(vote, validator))
    const parity = (bytes[32] ?? 0) >> 7
    bytes[32] = (bytes[32] ?? 0) & 0x7f
    const long = toHex(`${bytesToHex(bytes)}${(27 + parity).toString(16)}`)
    expect(await node.call('mosaic_sendVote', toParameter(vote, long))).toBe(
      voteDigest(domain, vote),
    )
  })

  test('kernel and validator set are those of the state; what only origin knows is null', async () => {
    const kernel = await node.call('mosaic_kernel')
    expect(kernel).toMatchObject({
      hash: node.genesis.kernelHash,
      active: true,
      kernel: { height: '0x1' },
    })
    expect(await node.call('mosaic_kernel', 1)).toEqual(kernel)
    expect(await node.call('mosaic_kernel', 0)).toMatchObject({
      kernel: { height: '0x0', gasTarget: '0x0' },
    })
    expect(await node.call('mosaic_kernel', 2)).toBeNull()
    const set = await node.call('mosaic_validatorSet')
    expect(listAt(set, 'seats').map((seat) => textAt(seat, 'address'))).toEqual(
      VALIDATORS.map(({ address }) => address),
    )
    expect(await node.call('mosaic_validatorSet', 1)).toEqual(set)
    expect(await node.call('mosaic_validatorSet', 2)).toBeNull()
    const zeroth = await node.call('mosaic_metaBlock', 0)
    expect(textAt(zeroth, 'hash')).toBe(textAt(kernel, 'kernel', 'parent'))
    expect(await node.call('mosaic_metaBlock', 1)).toBeNull()
    expect(await node.call('mosaic_proof', CORE, [], 1)).toBeNull()
  })
})

describe('two branches', () => {
  test('a vote that both count is shown with the block of the canonical one', async () => {
    const [left, right] = [await startTestNode(), await startTestNode()]
    try {
      await left.mineTo(EPOCH_LENGTH)
      await copyBlocks(left, right, 1n)
      const vote = await buildVote(left, 0, 1)
      const [validator] = VALIDATORS
      if (validator === undefined) throw new Error('no validator')
      const parameter = toParameter(vote, sign(vote, validator))
      // Left counts it in block 5, right in block 6.
      await left.call('mosaic_sendVote', parameter)
      await left.mine(1)
      await right.mine(1)
      await right.call('mosaic_sendVote', parameter)
      await right.mine(0)
      await left.mine(0)
      await left.mine(1)
      for (const [source, target] of [
        [right, left],
        [left, right],
      ] as const) {
        await copyBlocks(source, target, EPOCH_LENGTH + 1n)
      }
      for (const node of [left, right]) {
        expect(node.chain.head().header.number).toBe(7n)
        expect(await node.call('mosaic_votes', { chain: 'auxiliary', height: 1 })).toMatchObject([
          { blockNumber: '0x5', validator: validator.address },
        ])
      }
    } finally {
      await left.stop()
      await right.stop()
    }
  })
})

/** Origin with the events of a core and nothing else. */
class FakeOrigin {
  readonly #logs: ChainLog[] = []
  readonly #core = new Interface(coreAbi)

  emit(name: CoreEvent['name'], ...values: readonly unknown[]): Hash32 {
    const { topics, data } = this.#core.encodeEventLog(name, values)
    const blockNumber = toBlockNumber(90n + BigInt(this.#logs.length))
    const transactionHash = keccak256(utf8ToBytes(`transaction ${this.#logs.length}`))
    this.#logs.push({
      address: CORE,
      topics: topics.map(toHash32),
      data: toHex(data),
      blockNumber,
      blockHash: keccak256(utf8ToBytes(`block ${blockNumber}`)),
      transactionHash,
      logIndex: 0,
    })
    return transactionHash
  }

  readonly client: EthereumClient = {
    chainId: ORIGIN_CHAIN_ID,
    logs: async ({ topics }: LogFilter) =>
      this.#logs.filter((log) =>
        topics.every((any, i) => any === null || any.some((topic) => topic === log.topics[i])),
      ),
    request: unused,
    blockNumber: unused,
    header: unused,
    finalNumber: unused,
    call: unused,
    proof: unused,
    code: unused,
    balance: unused,
  }
}

async function unused(): Promise<never> {
  throw new Error('not expected of this origin')
}

describe('meta-blocks', () => {
  let node: TestNode
  const origin = new FakeOrigin()
  let kernels: readonly Kernel[]
  let transition: TransitionObject
  let commitTransaction: Hash32

  beforeAll(async () => {
    node = await startTestNode(createOriginViews(origin.client, CORE, toBlockNumber(90n)))
    await node.mineTo(EPOCH_LENGTH + 1n)
    await justify(node, 0, 1)
    await node.mineTo(2n * EPOCH_LENGTH + 1n)
    await justify(node, 1, 2)

    const source = node.chain.canonical(toBlockNumber(EPOCH_LENGTH))
    const target = node.chain.canonical(toBlockNumber(2n * EPOCH_LENGTH))
    if (source === undefined || target === undefined) throw new Error('no checkpoints')
    const at = await node.call('mosaic_transitionObject', 1)
    const inT = (name: keyof TransitionObject): string => textAt(at, 'transition', name)
    transition = {
      dynasty: toDynasty(BigInt(inT('dynasty'))),
      originBlockNumber: toBlockNumber(BigInt(inT('originBlockNumber'))),
      originBlockHash: toHash32(inT('originBlockHash')),
      accumulatedTransactionRoot: toHash32(inT('accumulatedTransactionRoot')),
      accumulatedGas: toGas(BigInt(inT('accumulatedGas'))),
      kernelHash: toHash32(inT('kernelHash')),
    }
    const committed = transitionHash(transition)
    const active = await node.call('mosaic_kernel')
    const inK = (name: keyof Kernel): string => textAt(active, 'kernel', name)
    const first: Kernel = {
      height: toMetaHeight(1n),
      parent: toHash32(inK('parent')),
      validatorSetHash: toHash32(inK('validatorSetHash')),
      updatesHash: toHash32(inK('updatesHash')),
      gasTarget: toGas(BigInt(inK('gasTarget'))),
      forwardWeight: toWeight(BigInt(inK('forwardWeight'))),
      rearWeight: toWeight(BigInt(inK('rearWeight'))),
    }
    const second: Kernel = {
      ...first,
      height: toMetaHeight(2n),
      parent: metaBlockHash(kernelHash(first), committed),
      updatesHash: keccak256(new Uint8Array()),
    }
    kernels = [first, second]
    const set = await node.call('mosaic_validatorSet')
    const updates = encodeUpdates(
      listAt(set, 'seats').map((seat, index) => ({
        index,
        seat: {
          address: toAddress(textAt(seat, 'address')),
          weight: toWeight(BigInt(textAt(seat, 'weight'))),
          forward: true,
          rear: true,
        },
        startHeight: toMetaHeight(0n),
        endHeight: NO_END_HEIGHT,
      })),
    )
    origin.emit('KernelOpened', 1n, kernelHash(first), first, bytesToHex(updates))
    origin.emit('MetaBlockProposed', 1n, committed, transition, ALICE.address, 0n)
    commitTransaction = origin.emit(
      'MetaBlockCommitted',
      1n,
      committed,
      source.hash,
      target.hash,
      1n,
      source.header.stateRoot,
    )
    origin.emit('KernelOpened', 2n, kernelHash(second), second, '0x')
  })
  afterAll(() => node.stop())

  test('the fake knows the topics of the core', () => {
    expect(coreEventTopics.MetaBlockCommitted).toHaveLength(66)
    expect(kernels[0] && kernelHash(kernels[0])).toBe(node.genesis.kernelHash)
  })

  test('a meta-block is told from origin, its seal from auxiliary', async () => {
    const source = node.chain.canonical(toBlockNumber(EPOCH_LENGTH))
    const view = await node.call('mosaic_metaBlock', 1)
    expect(view).toMatchObject({
      height: '0x1',
      hash: kernels[1]?.parent,
      kernelHash: node.genesis.kernelHash,
      transitionHash: transitionHash(transition),
      checkpoint: { height: '0x1', number: '0x4', hash: source?.hash },
      stateRoot: source?.header.stateRoot,
      commitTransaction,
    })
    expect(listAt(view, 'seal')).toHaveLength(3)
    expect(textAt(view, 'seal', 0, 'link')).toBe(voteDigest(domain, await buildVote(node, 1, 2)))
    expect(await node.call('mosaic_metaBlock', 2)).toBeNull()
  })

  test('kernels and sets of other heights come from origin', async () => {
    expect(await node.call('mosaic_kernel', 2)).toMatchObject({
      active: false,
      kernel: { height: '0x2', parent: kernels[1]?.parent },
    })
    const active = await node.call('mosaic_validatorSet')
    expect(await node.call('mosaic_validatorSet', 2)).toMatchObject({
      height: '0x2',
      hash: textAt(active, 'hash'),
      seats: listAt(active, 'seats'),
    })
    expect(await node.call('mosaic_validatorSet', 0)).toMatchObject({
      height: '0x0',
      hash: textAt(active, 'hash'),
    })
    expect(await node.call('mosaic_validatorSet', 3)).toBeNull()
  })

  test('a proof leads from the anchored state root to a slot', async () => {
    const source = node.chain.canonical(toBlockNumber(EPOCH_LENGTH))
    const anchored = await node.call('mosaic_proof', PREDEPLOYS.transitionTracker, ['0x0'], 1)
    expect(anchored).toMatchObject({
      height: '0x1',
      blockNumber: '0x4',
      blockHash: source?.hash,
      stateRoot: source?.header.stateRoot,
    })
    expect(keccak256(hexToBytes(hexAt(anchored, 'header')))).toBe(source?.hash)
    expect(BigInt(textAt(anchored, 'proof', 'storageProof', 0, 'value'))).toBe(
      BigInt(transitionHash(transition)),
    )
  })
})
