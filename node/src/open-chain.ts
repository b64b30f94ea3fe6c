import { type Chain, type ChainDefinition, openChain } from '@mosaic/chain'
import { createExecutionLayer, type SenderRecovery } from '@mosaic/execution'
import type { NetworkGenesis } from '@mosaic/genesis'
import { InvalidValueError, toBlockNumber } from '@mosaic/primitives'
import type { Store } from '@mosaic/storage'

/**
 * Opens the chain of a genesis on a store.
 *
 * @param options.nowSeconds Unix seconds; those of this machine unless told.
 * @param options.recovery who recovers senders of many transactions; the main thread unless told.
 * @throws InvalidValueError if the genesis file does not make the hash it names.
 */
export async function openNodeChain(
  genesis: NetworkGenesis,
  store: Store,
  options: {
    readonly nowSeconds?: (() => bigint) | undefined
    readonly recovery?: SenderRecovery | undefined
  } = {},
): Promise<Chain> {
  const definition: ChainDefinition = {
    rules: genesis.clique,
    epochLength: genesis.epochLength,
    originEpochLength: genesis.originEpochLength,
    maxVoteAge: genesis.maxVoteAge,
    identity: { originChainId: genesis.originChainId, core: genesis.core },
    originRoot: genesis.originRoot,
    kernelHash: genesis.kernelHash,
  }
  let chain: Chain | undefined
  const execution = await createExecutionLayer({
    genesis: genesis.chain,
    source: { node: (hash) => store.get('node', hash), code: (hash) => store.get('code', hash) },
    ancestorHash: (parentHash, number) => {
      const parent = chain?.database.record(parentHash)
      return parent === undefined ? undefined : chain?.ancestorHash(parent, toBlockNumber(number))
    },
    tracker: 'required',
    recovery: options.recovery,
  })
  const { hash } = execution.genesis.block
  if (hash !== genesis.hash)
    throw new InvalidValueError(`a genesis that hashes to ${genesis.hash}`, hash)
  chain = await openChain({
    definition,
    execution,
    store,
    nowSeconds: options.nowSeconds ?? (() => BigInt(Math.floor(Date.now() / 1000))),
  })
  return chain
}
