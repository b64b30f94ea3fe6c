import { createRpcPorts, createTransactionIntake, type OriginPort } from '@mosaic/api'
import { sealPlan } from '@mosaic/authority'
import {
  type Chain,
  createKeySealer,
  createProducer,
  createTransactionPool,
  createVoteIntake,
  createVotePool,
  encodeSignedVote,
} from '@mosaic/chain'
import { createProvider, createWallet, type DevAccount, type Provider } from '@mosaic/devchain'
import { type Block, encodeBlock } from '@mosaic/execution'
import type { NetworkGenesis } from '@mosaic/genesis'
import type { NetworkPorts } from '@mosaic/network'
import type { EthereumClient } from '@mosaic/origin'
import { hexToBytes, InvalidValueError, toBlockNumber } from '@mosaic/primitives'
import { domainSeparator, signDigest, voteDigest } from '@mosaic/protocol'
import { createMethods } from '@mosaic/rpc'
import { createMemoryStore } from '@mosaic/storage'
import {
  createMemoryJournal,
  createValidator,
  openSigningGuard,
  type Validator,
} from '@mosaic/validator'
import { createExchangeHandlers } from '../exchange-handlers.ts'
import { takeVote } from '../gossip-validators.ts'
import type { Log } from '../logger.ts'
import { openNodeChain } from '../open-chain.ts'
import { createAuxiliaryView, createOriginWatch } from '../validator-ports.ts'
import type { Gossip, Wire } from './wire.ts'

/** A node of the auxiliary chain in this process: everything that a node is, but network and disk. */
export type AuxiliaryNode = {
  readonly index: number
  readonly chain: Chain
  /** EIP-1193. Transactions wait for the next turn. */
  readonly provider: Provider
  /** Lets its validators look at both chains. */
  readonly vote: () => Promise<void>
  /** Seals the next block if its signer may, and tells the others. */
  readonly seal: () => Promise<Block | undefined>
  /** How gladly its signer seals the next block: 2 in turn, 1 out of turn, 0 not at all. */
  readonly readiness: () => number
  /** Blocks that it seals from now on differ from those it sealed before. */
  readonly branchOff: () => void
  /** Answers what peers on a network ask. */
  readonly handlers: NetworkPorts['handlers']
  /** Tells the others all that it has and they may lack. */
  readonly tellAll: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What a node is made of. */
export type AuxiliaryNodeParts = {
  readonly index: number
  readonly genesis: NetworkGenesis
  readonly wire: Wire
  readonly signer: DevAccount
  readonly validators: readonly DevAccount[]
  /** Accounts that its provider signs for. */
  readonly accounts: readonly DevAccount[]
  readonly origin: EthereumClient
  readonly core: OriginPort
  readonly nowSeconds: () => bigint
  readonly log: Log
}

const GAS_LIMIT = 60_000_000n

/** Opens a node on an empty store. */
export async function openAuxiliaryNode(parts: AuxiliaryNodeParts): Promise<AuxiliaryNode> {
  const { index, genesis, wire, signer, nowSeconds, log } = parts
  const store = createMemoryStore()
  const chain = await openNodeChain(genesis, store, { nowSeconds })
  const transactions = createTransactionPool()
  const transactionIntake = createTransactionIntake(chain, transactions)
  const votes = createVotePool()
  const intake = createVoteIntake(chain, votes)
  const ports = createRpcPorts({
    chain,
    transactions,
    transactionIntake,
    gossipTransaction: (bytes) => wire.send(index, { kind: 'transaction', bytes }),
    peerCount: () => (wire.sides().find((side) => side.includes(index)) ?? []).length - 1,
    syncProgress: () => undefined,
    proposals: new Map(),
    signer: signer.address,
    clientVersion: 'mosaic/testing',
    mosaic: {
      store,
      votes,
      intake,
      gossipVote: (bytes) => wire.send(index, { kind: 'vote', bytes }),
      validator: parts.validators[0]?.address,
      origin: parts.core,
      accountability: () => undefined,
    },
  })
  const methods = createMethods({ ...ports, wallet: createWallet(chain.execution, parts.accounts) })
  const provider = createProvider(methods)
  const validators: Validator[] = []
  for (const account of parts.validators) {
    validators.push(await openTestValidator(account))
  }
  let branch = 0

  async function openTestValidator({ address, secretKey }: DevAccount): Promise<Validator> {
    const domain = domainSeparator(chain.definition.identity)
    const guard = await openSigningGuard(
      createMemoryJournal(),
      { validator: address, domain },
      async (vote) => signDigest(voteDigest(domain, vote), hexToBytes(secretKey)),
    )
    return createValidator({
      guard,
      auxiliary: async () => createAuxiliaryView(chain, log),
      origin: createOriginWatch(chain, parts.origin),
      publish: async (vote) => {
        const bytes = encodeSignedVote(vote)
        await takeVote(intake, bytes)
        await wire.send(index, { kind: 'vote', bytes })
      },
      log,
    })
  }
  const receive = async ({ kind, bytes }: Gossip): Promise<void> => {
    if (kind === 'transaction') await transactionIntake.add(bytes)
    else if (kind === 'vote') await takeVote(intake, bytes)
    else {
      const verdict = await chain.importBlock(bytes)
      if (!verdict.ok) log('debug', 'block not taken', { index, fault: verdict.fault })
    }
  }
  wire.join(index, receive)

  /** A producer for one block: time is turned by hand, so its plan is due at once. */
  const sealNow = async (): Promise<Block> => {
    const vanity = new Uint8Array(32)
    new DataView(vanity.buffer).setUint32(0, branch)
    const sealed = Promise.withResolvers<Block>()
    let step: (() => void) | undefined
    const producer = createProducer(
      {
        chain,
        transactions,
        votes,
        publish: async (block) => sealed.resolve(block),
        now: () => Number(nowSeconds()) * 1000,
        schedule: (_ms, run) => {
          step ??= run
          return () => undefined
        },
        random: () => 0,
        proposals: () => new Map(),
        log: (level, event, fields) => {
          log(level, event, fields)
          if (event === 'block not produced' || event === 'own block refused') {
            sealed.reject(new InvalidValueError('a block', event))
          }
        },
      },
      { sealer: createKeySealer(hexToBytes(signer.secretKey)), gasLimit: GAS_LIMIT, vanity },
    )
    producer.start()
    step?.()
    const block = await sealed.promise
    await producer.stop()
    return block
  }
  const readiness = (): number => {
    const { snapshot, header } = chain.head()
    const plan = sealPlan(snapshot, signer.address, header.timestamp, chain.definition.rules)
    if (!plan.canSeal) return 0
    return plan.inTurn ? 2 : 1
  }

  return {
    index,
    chain,
    provider,
    handlers: createExchangeHandlers(chain, store, votes, transactions),
    vote: async () => {
      for (const validator of validators) await validator.performDuties()
    },
    readiness,
    seal: async () => {
      if (readiness() === 0) return undefined
      const block = await sealNow()
      await wire.send(index, { kind: 'block', bytes: encodeBlock(block) })
      return block
    },
    branchOff: () => {
      branch++
    },
    tellAll: async () => {
      for (let number = 1n; number <= chain.head().header.number; number++) {
        const record = chain.canonical(toBlockNumber(number))
        const block = record && chain.database.block(record.hash)
        if (block !== undefined)
          await wire.send(index, { kind: 'block', bytes: encodeBlock(block) })
      }
      for (const vote of votes.pending()) {
        await wire.send(index, { kind: 'vote', bytes: encodeSignedVote(vote) })
      }
      for (const { raw } of transactions.waiting()) {
        await wire.send(index, { kind: 'transaction', bytes: raw })
      }
    },
    close: async () => {
      for (const validator of validators) await validator.stop()
      provider.close()
      methods.close()
      ports.close()
      transactionIntake.close()
      intake.close()
      await store.close()
    },
  }
}
