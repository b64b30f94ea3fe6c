import { createHash } from 'node:crypto'
import {
  createEthereumClient,
  createFailover,
  createJsonRpcClient,
  type EthereumClient,
  type FinalityPolicy,
} from '@mosaic/origin'
import type { Log } from './logger.ts'

/**
 * A client of one chain, of which there may be several endpoints. Connects to nothing yet.
 *
 * @param chain its name in the log.
 */
export function openEndpoints(
  chain: 'origin' | 'auxiliary',
  urls: string | readonly string[],
  finality: FinalityPolicy,
  chainId: bigint,
  log: Log,
): EthereumClient {
  const list = typeof urls === 'string' ? [urls] : urls
  const request = createFailover({
    endpoints: list.map((url) => ({ name: nameOf(url), request: createJsonRpcClient(url) })),
    chainId,
    now: Date.now,
    onEvent: (event) => {
      if (event.kind === 'up')
        log('info', 'endpoint answers again', { chain, endpoint: event.endpoint })
      else log('warn', 'endpoint is down', { chain, endpoint: event.endpoint, error: event.error })
    },
  })
  return createEthereumClient(request, finality, chainId)
}

/** Host of a URL, and four digits that tell its path apart: there, providers put keys. */
function nameOf(url: string): string {
  const { host, pathname, search } = new URL(url)
  const rest = `${pathname}${search}`
  return rest === '/'
    ? host
    : `${host}#${createHash('sha256').update(rest).digest('hex').slice(0, 4)}`
}
