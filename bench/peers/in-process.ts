/**
 * Measures one chain for tests in this process, and prints its figures as JSON. A process for each: what one of them loads must not be
 * warm for the next. Words: which, the folder of the peers.
 */
import { type Figures, median, ms, perSecond, timeEach } from './figures.ts'
import { loadPeer } from './in-process-peer.mjs'
import { measureCommon } from './measure-server.ts'

const CALLS = 2000
const MEGABYTE = 2 ** 20

async function measure(create: Awaited<ReturnType<typeof loadPeer>>): Promise<Figures> {
  const { ask, close } = await create()
  const common = await measureCommon(ask)
  const list = await ask('eth_accounts')
  if (!Array.isArray(list)) throw new TypeError('expected a list of accounts')
  const [, from, to]: readonly unknown[] = list
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

const [which = 'mosaic', dir = '.'] = process.argv.slice(2)
process.stdout.write(`${JSON.stringify(await measure(await loadPeer(which, dir)))}\n`)
// Some of them keep the process alive.
process.exit()
