/**
 * Measures one chain for tests in this process, and prints its figures as JSON. A process for each: what one of them loads must not be
 * warm for the next. Words: which, the folder of the peers, and `start` to print only when its first transaction was mined.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Figures, median, ms, perSecond, timeEach } from './figures.ts'
import type { Ask } from './json-rpc-client.ts'
import { measureCommon, transferFromServer } from './measure-server.ts'

/** Makes another instance each time. */
type Create = () => Promise<{ readonly ask: Ask; readonly close: () => Promise<void> }>

/** EIP-1193. */
type Provider = {
  readonly request: (request: {
    readonly method: string
    readonly params: readonly unknown[]
  }) => Promise<unknown>
}

const CALLS = 2000
const MEGABYTE = 2 ** 20

function asking(provider: Provider): Ask {
  return (method, params = []) => provider.request({ method, params })
}

async function load(which: string, dir: string): Promise<Create> {
  if (which === 'mosaic') {
    const { createDevChain } = await import('@mosaic/devchain')
    return async () => {
      const chain = await createDevChain()
      return { ask: asking(chain.provider), close: chain.close }
    }
  }
  const require = createRequire(join(dir, 'package.json'))
  if (which === 'hardhat') {
    const hardhat: {
      readonly network: {
        readonly create: () => Promise<{
          readonly provider: Provider
          readonly close: () => Promise<void>
        }>
      }
    } = await import(pathToFileURL(require.resolve('hardhat')).href)
    return async () => {
      const { provider, close } = await hardhat.network.create()
      return { ask: asking(provider), close }
    }
  }
  const ganache: {
    readonly provider: (options: object) => Provider & { readonly disconnect: () => Promise<void> }
  } = require('ganache')
  return async () => {
    const provider = ganache.provider({ logging: { quiet: true } })
    return { ask: asking(provider), close: () => provider.disconnect() }
  }
}

async function measure(create: Create): Promise<Figures> {
  const { ask, close } = await create()
  const common = await measureCommon(ask)
  const [, from, to] = await addresses(ask)
  const calls = await timeEach(CALLS, () => ask('eth_call', [{ from, to }, 'latest']))
  const memory = process.memoryUsage().rss
  const more = await timeEach(10, async () => {
    const second = await create()
    await second.ask('eth_chainId')
    await second.close()
  })
  await close()
  return {
    ...common,
    'eth_call of an account, one after the other': perSecond(1000 / median(calls)),
    'another instance, made and closed': ms(median(more)),
    memory: `${(memory / MEGABYTE).toFixed(0)} MB`,
  }
}

async function addresses(ask: Ask): Promise<readonly unknown[]> {
  const list = await ask('eth_accounts')
  if (!Array.isArray(list)) throw new TypeError('expected a list of accounts')
  return list
}

const [which = 'mosaic', dir = '.', only] = process.argv.slice(2)
const create = await load(which, dir)
if (only === 'start') {
  const { ask } = await create()
  await transferFromServer(ask)
  process.stdout.write('mined\n')
} else process.stdout.write(`${JSON.stringify(await measure(create))}\n`)
// Some of them keep the process alive.
process.exit()
