import { hexToBytes, keccak256 } from '@mosaic/primitives'
import { serverError } from './errors.ts'
import { type Json, quantity } from './json.ts'
import { type MethodTable, method0, method1 } from './method.ts'
import { hexData, required } from './parameters.ts'
import type { NodePort, SyncProgress } from './ports.ts'

/** Methods about the node itself. */
export function createNodeMethods(node: NodePort): MethodTable {
  return {
    web3_clientVersion: method0(() => node.clientVersion),
    web3_sha3: method1(required(hexData), (bytes) => keccak256(hexToBytes(bytes))),
    net_version: method0(() => node.chainId.toString()),
    net_listening: method0(() => node.isListening()),
    net_peerCount: method0(() => quantity(node.peerCount())),
    eth_chainId: method0(() => quantity(node.chainId)),
    eth_accounts: method0(() => []),
    eth_coinbase: method0(() => {
      const signer = node.signer()
      if (signer === undefined) throw serverError('etherbase must be explicitly specified')
      return signer
    }),
    eth_mining: method0(() => node.signer() !== undefined),
    eth_hashrate: method0(() => '0x0'),
    eth_syncing: method0(() => {
      const progress = node.syncProgress()
      return progress === undefined ? false : formatProgress(progress)
    }),
  }
}

/** The object of `eth_syncing`. */
export function formatProgress(progress: SyncProgress): { readonly [key: string]: Json } {
  return {
    startingBlock: quantity(progress.startingBlock),
    currentBlock: quantity(progress.currentBlock),
    highestBlock: quantity(progress.highestBlock),
  }
}
