import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** Machines in network namespaces on one bridge, each with an address; and an interface of this machine, to look at them. */
export type Namespaces = {
  readonly hostOf: (index: number) => string
  readonly originHost: string
  /** The words before a command that runs there. */
  readonly wrap: (who: number | 'origin') => readonly string[]
  /** Lets nothing go from these to those; what comes from those still arrives. */
  readonly block: (from: readonly number[], to: readonly number[]) => Promise<void>
  /** Cuts both ways. */
  readonly partition: (a: readonly number[], b: readonly number[]) => Promise<void>
  /** Loses so many of a hundred packets that arrive anywhere. */
  readonly lose: (percent: number) => Promise<void>
  /** Lets what one sends through at a rate, as `1mbit`, after a queue of 200 ms. */
  readonly slow: (index: number, rate: string) => Promise<void>
  readonly unplug: (index: number) => Promise<void>
  readonly plug: (index: number) => Promise<void>
  /** Ends all of the above. */
  readonly heal: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What is missing for namespaces; undefined if nothing is. */
export async function findObstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  return (await has('ip')) ? undefined : 'the command ip is missing (package iproute2)'
}

/** Whether packets can be lost at random here: the kernels that lack netem mostly have nftables. */
export async function canLose(): Promise<boolean> {
  return has('nft')
}

const SWITCH = 'mosaicsw'
const HOST = 'mosaichost'
const NET = '10.77.0'
const ORIGIN = 200
const SELF = 254

const name = (index: number): string => `mosaic${index}`
const hostOf = (index: number): string => `${NET}.${index + 1}`

async function ip(...words: readonly string[]): Promise<void> {
  await exec('ip', words)
}

async function nft(index: number, text: string): Promise<void> {
  await exec('ip', ['netns', 'exec', name(index), 'nft', text])
}

async function plug(index: number): Promise<void> {
  await ip('-n', SWITCH, 'link', 'set', `port${index}`, 'up')
}

/** Builds so many machines; what an earlier, killed run left is taken down first. */
export async function createNamespaces(count: number): Promise<Namespaces> {
  const all = Array.from({ length: count }, (_, index) => index)
  const blocked = new Set<string>()
  const isSlow = new Set<number>()

  const close = async (): Promise<void> => {
    for (const each of [...all.map(name), 'mosaicorigin', SWITCH]) {
      await ip('netns', 'del', each).catch(() => undefined)
    }
    await ip('link', 'del', HOST).catch(() => undefined)
  }
  const plugIn = async (namespace: string, address: string, port: string): Promise<void> => {
    await ip('netns', 'add', namespace)
    await ip(
      'link',
      'add',
      'eth0',
      'netns',
      namespace,
      'type',
      'veth',
      'peer',
      'name',
      port,
      'netns',
      SWITCH,
    )
    await ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
    await ip('-n', namespace, 'link', 'set', 'eth0', 'up')
    await ip('-n', namespace, 'link', 'set', 'lo', 'up')
    await ip('-n', SWITCH, 'link', 'set', port, 'master', 'br0')
    await ip('-n', SWITCH, 'link', 'set', port, 'up')
  }

  await close()
  await ip('netns', 'add', SWITCH)
  await ip('-n', SWITCH, 'link', 'add', 'br0', 'type', 'bridge')
  await ip('-n', SWITCH, 'link', 'set', 'br0', 'up')
  for (const index of all) await plugIn(name(index), hostOf(index), `port${index}`)
  await plugIn('mosaicorigin', `${NET}.${ORIGIN}`, 'portorigin')
  await ip('link', 'add', HOST, 'type', 'veth', 'peer', 'name', 'porthost', 'netns', SWITCH)
  await ip('addr', 'add', `${NET}.${SELF}/24`, 'dev', HOST)
  await ip('link', 'set', HOST, 'up')
  await ip('-n', SWITCH, 'link', 'set', 'porthost', 'master', 'br0')
  await ip('-n', SWITCH, 'link', 'set', 'porthost', 'up')

  const block: Namespaces['block'] = async (from, to) => {
    for (const a of from) {
      for (const b of to) {
        await ip('-n', name(a), 'route', 'add', 'blackhole', `${hostOf(b)}/32`)
        blocked.add(`${a} ${b}`)
      }
    }
  }
  let isLossy = false
  return {
    hostOf,
    originHost: `${NET}.${ORIGIN}`,
    wrap: (who) => ['ip', 'netns', 'exec', who === 'origin' ? 'mosaicorigin' : name(who)],
    block,
    partition: async (a, b) => {
      await block(a, b)
      await block(b, a)
    },
    lose: async (percent) => {
      isLossy = true
      for (const index of all) {
        await nft(index, 'add table inet lab')
        await nft(
          index,
          'add chain inet lab in { type filter hook input priority 0; policy accept; }',
        )
        await nft(
          index,
          `add rule inet lab in iifname eth0 numgen random mod 100 < ${percent} drop`,
        )
      }
    },
    slow: async (index, rate) => {
      isSlow.add(index)
      const words = ['qdisc', 'replace', 'dev', 'eth0', 'root', 'tbf', 'rate', rate]
      await exec('tc', ['-n', name(index), ...words, 'burst', '20kb', 'latency', '200ms'])
    },
    unplug: async (index) => {
      await ip('-n', SWITCH, 'link', 'set', `port${index}`, 'down')
    },
    plug,
    heal: async () => {
      for (const pair of blocked) {
        const [a, b] = pair.split(' ').map(Number)
        if (a === undefined || b === undefined) continue
        await ip('-n', name(a), 'route', 'del', 'blackhole', `${hostOf(b)}/32`)
      }
      blocked.clear()
      if (isLossy) for (const index of all) await nft(index, 'delete table inet lab')
      isLossy = false
      for (const index of isSlow) {
        await exec('tc', ['-n', name(index), 'qdisc', 'del', 'dev', 'eth0', 'root'])
      }
      isSlow.clear()
      for (const index of all) await plug(index)
    },
    close,
  }
}

async function has(command: string): Promise<boolean> {
  try {
    await exec('which', [command])
    return true
  } catch {
    return false
  }
}
