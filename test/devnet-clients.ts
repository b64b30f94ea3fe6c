import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  auxiliaryEventTopics,
  decodeAuxiliaryEvent,
  finalityGadgetViews,
  PREDEPLOYS,
} from '@mosaic/contracts'
import { decodeGenesisFile, type NetworkGenesis } from '@mosaic/genesis'
import {
  createEthereumClient,
  createJsonRpcClient,
  type EthereumClient,
  isRecord,
  readView,
  toQuantityHex,
} from '@mosaic/origin'
import { type Hash32, toBlockNumber } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'

/** What a devnet's data directory leads to. */
export type DevnetClients = {
  readonly genesis: NetworkGenesis
  readonly originUrl: string
  readonly origin: EthereumClient
  /** The second node: no test kills it. */
  readonly auxiliary: EthereumClient
}

/** Connects to both chains of a running devnet. */
export async function connectDevnet(dataDir: string): Promise<DevnetClients> {
  const genesis = decodeGenesisFile(await readFile(join(dataDir, 'genesis.json'), 'utf8'))
  const layout: unknown = JSON.parse(await readFile(join(dataDir, 'devnet.json'), 'utf8'))
  if (!isRecord(layout) || !Array.isArray(layout['nodes'])) throw new TypeError('expected a layout')
  const node: unknown = layout['nodes'][1]
  const port = isRecord(node) ? String(node['rpcPort']) : ''
  const originUrl = String(layout['originUrl'])
  const policy = { kind: 'finalized-tag' } as const
  return {
    genesis,
    originUrl,
    origin: createEthereumClient(createJsonRpcClient(originUrl), policy, genesis.originChainId),
    auxiliary: createEthereumClient(
      createJsonRpcClient(`http://127.0.0.1:${port}`),
      policy,
      genesis.chain.chainId,
    ),
  }
}

/** The link that justified the newest justified auxiliary checkpoint. */
export async function readJustifyingVote(
  auxiliary: EthereumClient,
  chain: Hash32,
): Promise<VoteMessage> {
  const { finalityGadget } = PREDEPLOYS
  const status = await readView(auxiliary, finalityGadget, finalityGadgetViews.status, [chain])
  const logs = await auxiliary.logs({
    address: finalityGadget,
    topics: [[auxiliaryEventTopics.LinkOpened]],
    fromBlock: toBlockNumber(0n),
    toBlock: 'latest',
  })
  for (const log of logs) {
    const event = decodeAuxiliaryEvent(log)
    if (event?.name === 'LinkOpened' && event.vote.target === status.justifiedHash)
      return event.vote
  }
  throw new Error('expected a link to the justified checkpoint')
}

/** A vote message as `mosaic_sendVote` takes it. */
export function toVoteParameter(message: VoteMessage): Readonly<Record<string, string>> {
  return {
    ...message,
    sourceHeight: toQuantityHex(message.sourceHeight),
    targetHeight: toQuantityHex(message.targetHeight),
  }
}
