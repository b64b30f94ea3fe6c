import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeGenesisFile } from '@mosaic/genesis'
import { readKeyFile } from '@mosaic/keys'
import { createEthereumClient, createJsonRpcClient, createTransactionSender } from '@mosaic/origin'
import { createRelayer } from '@mosaic/relayer'
import type { RelayerConfig } from './config.ts'
import type { Log } from './logger.ts'

/** A running relayer. */
export type RunningRelayer = { readonly stop: () => Promise<void> }

const ROUND_MS = 1000

/** Starts a relayer that works until it is stopped, also while an endpoint is down. */
export async function runRelayer(config: RelayerConfig, log: Log): Promise<RunningRelayer> {
  const genesis = decodeGenesisFile(await readFile(config.genesisFile, 'utf8'))
  const stopping = new AbortController()
  const pause = async (ms: number): Promise<void> => {
    await sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined)
  }
  const work = async (): Promise<void> => {
    const origin = createEthereumClient(
      createJsonRpcClient(config.origin.url),
      config.origin.finality,
      genesis.originChainId,
    )
    const auxiliary = createEthereumClient(
      createJsonRpcClient(config.auxiliary.url),
      { kind: 'finalized-tag' },
      genesis.chain.chainId,
    )
    const options = { sleep: pause, ownsAccount: true, signal: stopping.signal }
    const ports = {
      origin: {
        client: origin,
        sender: createTransactionSender(
          origin,
          await readKeyFile(config.origin.keyFile, config.passwordFile),
          options,
        ),
      },
      auxiliary: {
        client: auxiliary,
        sender: createTransactionSender(
          auxiliary,
          await readKeyFile(config.auxiliary.keyFile, config.passwordFile),
          options,
        ),
      },
      log,
    }
    const relayer = createRelayer(
      ports,
      {
        identity: { originChainId: genesis.originChainId, core: genesis.core },
        createdAt: genesis.coreCreatedAt,
        epochLength: genesis.epochLength,
        originEpochLength: genesis.originEpochLength,
      },
      { maxIntervalSeconds: config.maxIntervalSeconds },
    )
    log('info', 'relayer.ready', {
      core: genesis.core,
      origin: ports.origin.sender.address,
      auxiliary: ports.auxiliary.sender.address,
    })
    await relayer.relayUntil(stopping.signal, () => pause(ROUND_MS))
  }
  const working = work().catch((error: unknown) => {
    log('error', 'relayer stopped', { error })
    throw error
  })
  return {
    stop: async () => {
      stopping.abort()
      await working.catch(() => undefined)
    },
  }
}
