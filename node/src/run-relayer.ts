import { readFile } from 'node:fs/promises'
import { decodeGenesisFile } from '@mosaic/genesis'
import { finalityOf } from './config/read-config.ts'
import type { RelayerConfig } from './config/types.ts'
import { openDataDir } from './data-dir.ts'
import { openEndpoints } from './endpoints.ts'
import type { Log } from './logger.ts'
import { pause } from './periodic.ts'
import { startRelayer, type WorkingRelayer } from './relayer-role.ts'

/**
 * Runs a relayer by itself.
 *
 * @throws DataDirError, KeyFileError, InvalidValueError
 */
export async function runRelayer(config: RelayerConfig, log: Log): Promise<WorkingRelayer> {
  const genesis = decodeGenesisFile(await readFile(config.genesisFile, 'utf8'))
  const { originChainId, chain } = genesis
  const finality = finalityOf(config.origin)
  const release = await openDataDir(config.dataDir)
  try {
    const relayer = await startRelayer(config.relayer, {
      dataDir: config.dataDir,
      genesis,
      origin: openEndpoints('origin', config.origin.url, finality, originChainId, log),
      auxiliary: openEndpoints(
        'auxiliary',
        config.auxiliary.url,
        { kind: 'finalized-tag' },
        chain.chainId,
        log,
      ),
      passwordFile: config.passwordFile,
      sleep: pause,
      log,
    })
    return {
      ...relayer,
      stop: async () => {
        await relayer.stop()
        await release()
      },
    }
  } catch (error) {
    await release()
    throw error
  }
}
