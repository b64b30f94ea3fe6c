import { createClosers } from './closers.ts'
import { finalityOf } from './config/read-config.ts'
import type { RelayerConfig } from './config/types.ts'
import { openDataDir } from './data-dir.ts'
import { openEndpoints } from './endpoints.ts'
import { readGenesisFile } from './input-file.ts'
import type { Log } from './logger.ts'
import { openMetrics } from './metrics.ts'
import { pause } from './periodic.ts'
import { startRelayer, type WorkingRelayer } from './relayer-role.ts'

/**
 * Runs a relayer by itself.
 *
 * @throws DataDirError, KeyFileError, InvalidValueError
 */
export async function runRelayer(config: RelayerConfig, log: Log): Promise<WorkingRelayer> {
  const genesis = await readGenesisFile(config.genesisFile)
  const { originChainId, chain } = genesis
  const finality = finalityOf(config.origin)
  const closers = createClosers(log)
  try {
    closers.add(await openDataDir(config.dataDir))
    const figures = await openMetrics('relayer', config.metrics, log)
    closers.add(figures.stop)
    const relayer = await startRelayer(config.relayer, {
      dataDir: config.dataDir,
      genesis,
      origin: openEndpoints('origin', config.origin.url, finality, originChainId, figures.log),
      auxiliary: openEndpoints(
        'auxiliary',
        config.auxiliary.url,
        { kind: 'finalized-tag' },
        chain.chainId,
        figures.log,
      ),
      signer: undefined,
      passwordFile: config.passwordFile,
      sleep: pause,
      metrics: figures.metrics,
      log: figures.log,
    })
    closers.add(relayer.stop)
    return { stop: closers.close }
  } catch (error) {
    await closers.close()
    throw error
  }
}
