import { setTimeout } from 'node:timers/promises'
import { countFor, type Figures, median, ms, perSecond, timeEach } from './figures.ts'
import { type Ask, connectRpc, type RpcClient } from './json-rpc-client.ts'
import { type Served, serve } from './processes.ts'
import { LANES, type Lanes, type Workload } from './workload.ts'

/** How a server is started; `blockTime` in seconds, 0 for a block for each transaction. First comes the program. */
export type ServerPeer = {
  readonly command: (port: number, blockTime: number) => readonly string[]
  /** Where it is started. */
  readonly cwd?: string | undefined
}

const STARTS = 3
const PER_LANE = 32
const FLOOD_PER_LANE = 125
const FLOODS = 6
const CALL_MS = 2000
/** Until then, compilers are at work: on a chain that lives for long, calls are answered as afterwards. */
const WARM_UP_MS = 2000
/** Some servers never mine some of what they took. */
const MOST_MS = 20_000
/** Of a flood that a slow server still mines in a slow minute. */
const MOST_FLOOD_MS = 60_000
const MEGABYTE = 2 ** 20

/** Measures one server over HTTP. */
export async function measureServer(peer: ServerPeer, workload: Workload): Promise<Figures> {
  const starts = await measureStarts(peer)
  const served = await serve((port) => peer.command(port, 0), peer.cwd)
  const { ask } = served.client
  const clients = await Promise.all(Array.from({ length: LANES }, () => connectRpc(served.port)))
  try {
    const idle = served.memory()
    for (const raw of workload.setup) await sendAndWait(ask, raw)
    const common = await measureCommon(ask)
    const calls = await measureCalls(served, clients, workload)
    const transfers = await measureLanes(served, clients, workload.transfers(PER_LANE, 0))
    const tokens = await measureLanes(served, clients, workload.tokenTransfers(PER_LANE, PER_LANE))
    const flood = await measureFlood(served, clients, workload.transfers(PER_LANE, 2 * PER_LANE))
    const peak = served.memory()
    return {
      ...starts,
      ...common,
      'eth_call of a token, 64 lanes, when warm': calls,
      'transfers, 64 lanes, each waits for its receipt': transfers,
      'ERC-20 transfers, 64 lanes, each waits': tokens,
      'transfers, 64 lanes, no waiting': formatRate(flood),
      ...(await measureIntervals(peer, workload)),
      'memory, idle / peak of the above': `${megabytes(idle?.resident)} / ${megabytes(peak?.peak)}`,
    }
  } finally {
    for (const { close } of clients) close()
    await served.stop()
  }
}

async function measureStarts(peer: ServerPeer): Promise<Figures> {
  const answers: number[] = []
  const mined: number[] = []
  for (let i = 0; i < STARTS; i++) {
    const served = await serve((port) => peer.command(port, 0), peer.cwd)
    answers.push(performance.now() - served.begun)
    await transferFromServer(served.client.ask)
    mined.push(performance.now() - served.begun)
    await served.stop()
  }
  return {
    'process start to first answer': ms(median(answers)),
    'process start to first mined transaction': ms(median(mined)),
  }
}

/** What is measured in process as well. */
export async function measureCommon(ask: Ask): Promise<Figures> {
  await timeEach(300, () => transferFromServer(ask))
  const transaction = median(await timeEach(300, () => transferFromServer(ask)))
  const snapshots: number[] = []
  const reverts: number[] = []
  for (let i = 0; i < 100; i++) {
    let id: unknown
    const takeSnapshot = async (): Promise<void> => {
      id = await ask('evm_snapshot')
    }
    snapshots.push(...(await timeEach(1, takeSnapshot)))
    await transferFromServer(ask)
    reverts.push(...(await timeEach(1, () => ask('evm_revert', [id]))))
  }
  return {
    'transaction and receipt': ms(transaction),
    'snapshot / revert': `${median(snapshots).toFixed(2)} / ${ms(median(reverts))}`,
  }
}

/** A transfer that the server signs, until its receipt. */
async function transferFromServer(ask: Ask): Promise<void> {
  const [, from, to] = await accounts(ask)
  const hash = await ask('eth_sendTransaction', [{ from, to, value: '0x1', gas: '0x5208' }])
  await untilMined(ask, hash, Number.POSITIVE_INFINITY)
}

const known = new WeakMap<Ask, readonly unknown[]>()

/** Asked once, so that it is not measured each time. Account 0 is the owner of the token. */
async function accounts(ask: Ask): Promise<readonly unknown[]> {
  const list = known.get(ask) ?? (await ask('eth_accounts'))
  if (!Array.isArray(list)) throw new TypeError('expected a list of accounts')
  known.set(ask, list)
  return list
}

/** Whether there is a receipt before `until`, as of `performance.now()`. */
async function untilMined(ask: Ask, hash: unknown, until: number): Promise<boolean> {
  while ((await ask('eth_getTransactionReceipt', [hash])) === null) {
    if (performance.now() > until) return false
  }
  return true
}

async function sendAndWait(ask: Ask, raw: string): Promise<void> {
  const hash = await ask('eth_sendRawTransaction', [raw])
  if (!(await untilMined(ask, hash, performance.now() + MOST_MS))) {
    throw new Error(`not mined: ${String(hash)}`)
  }
}

async function measureCalls(
  served: Served,
  clients: readonly RpcClient[],
  workload: Workload,
): Promise<string> {
  const call = { to: workload.token, data: workload.balanceOf }
  const lanes = clients.map(
    ({ ask }) =>
      () =>
        ask('eth_call', [call, 'latest']),
  )
  await countFor(lanes, WARM_UP_MS)
  const cpu = served.cpuSeconds()
  const { count, seconds } = await countFor(lanes, CALL_MS)
  const used = served.cpuSeconds()
  const cpuSeconds = cpu === undefined || used === undefined ? undefined : used - cpu
  return formatRate({ count, missing: 0, seconds, cpuSeconds })
}

/** Each lane waits for the receipt of one transaction before it sends the next. */
async function measureLanes(
  served: Served,
  clients: readonly RpcClient[],
  lanes: Lanes,
): Promise<string> {
  const rate = await measureRate(served, sizeOf(lanes), async (until) => {
    let mined = 0
    await forEachLane(clients, lanes, async (ask, raw) => {
      const hash = await ask('eth_sendRawTransaction', [raw])
      const isMined = await untilMined(ask, hash, until)
      if (isMined) mined++
      return isMined
    })
    return mined
  })
  return formatRate(rate)
}

function sizeOf(lanes: Lanes): number {
  return lanes.reduce((sum, lane) => sum + lane.length, 0)
}

/** Everything is sent as fast as the server takes it, until it is all in blocks. */
async function measureFlood(
  served: Served,
  clients: readonly RpcClient[],
  lanes: Lanes,
  mostMs?: number,
): Promise<Rate> {
  const { ask } = served.client
  const before = Number(await ask('eth_blockNumber'))
  const run = async (until: number): Promise<number> => {
    let sent = 0
    await forEachLane(clients, lanes, async (client, raw) => {
      await client('eth_sendRawTransaction', [raw])
      sent++
      return performance.now() < until
    })
    return countMined(ask, before, sent, until)
  }
  return measureRate(served, sizeOf(lanes), run, mostMs)
}

/**
 * With blocks of one second. Each flood begins right after a block: otherwise how lucky it was would count for as much as how fast it is. The first
 * finds a server that has done nothing yet; what it does on the others is told by the middle one of them.
 */
async function measureIntervals(peer: ServerPeer, workload: Workload): Promise<Figures> {
  const served = await serve((port) => peer.command(port, 1), peer.cwd)
  const clients = await Promise.all(Array.from({ length: LANES }, () => connectRpc(served.port)))
  const { ask } = served.client
  const flood = async (lanes: Lanes): Promise<Rate> => {
    await untilBlock(ask, Number(await ask('eth_blockNumber')) + 1)
    return measureFlood(served, clients, lanes, MOST_FLOOD_MS)
  }
  let nonce = 0
  const floods = async (name: string, sign: Workload['transfers']): Promise<Figures> => {
    const rates: Rate[] = []
    for (let i = 0; i < FLOODS; i++) {
      const rate = await flood(sign(FLOOD_PER_LANE, nonce))
      rates.push(rate)
      nonce += FLOOD_PER_LANE
      // What follows a gap in the nonces of a sender is never mined.
      if (rate.missing > 0) break
    }
    const [first, ...later] = rates
    const told = (rate: Rate | undefined): string => (rate === undefined ? '–' : formatRate(rate))
    return {
      [`${name} into blocks of one second, at first`]: told(first),
      [`${name}, afterwards`]: told(medianRate(later)),
    }
  }
  try {
    for (const raw of workload.setup) await ask('eth_sendRawTransaction', [raw])
    return {
      ...(await floods('8,000 transfers', workload.transfers)),
      ...(await floods('8,000 ERC-20 transfers', workload.tokenTransfers)),
    }
  } finally {
    for (const { close } of clients) close()
    await served.stop()
  }
}

/** Waits for a block, without being much work for the server. */
async function untilBlock(ask: Ask, number: number): Promise<void> {
  while (Number(await ask('eth_blockNumber')) < number) await setTimeout(5)
}

/** So many in so much time, with so much of the server's CPU if that is known. */
type Rate = {
  readonly count: number
  readonly missing: number
  readonly seconds: number
  readonly cpuSeconds: number | undefined
}

/** Runs what says how much of `total` it did in time. */
async function measureRate(
  served: Served,
  total: number,
  run: (until: number) => Promise<number>,
  mostMs = MOST_MS,
): Promise<Rate> {
  const cpu = served.cpuSeconds()
  const start = performance.now()
  const count = await run(start + mostMs)
  const seconds = (performance.now() - start) / 1000
  const used = served.cpuSeconds()
  return {
    count,
    missing: total - count,
    seconds,
    cpuSeconds: cpu === undefined || used === undefined ? undefined : used - cpu,
  }
}

/** What is done in a second of time and, in brackets, of the server's CPU; and how much was not, if any. */
function formatRate({ count, missing, seconds, cpuSeconds }: Rate): string {
  const perCpu =
    cpuSeconds === undefined || cpuSeconds === 0 ? '' : ` (${(count / cpuSeconds).toFixed(0)})`
  return `${perSecond(count / seconds)}${perCpu}${missing === 0 ? '' : `, ${missing} missing`}`
}

/** The middle one; undefined if there are none. */
function medianRate(rates: readonly Rate[]): Rate | undefined {
  return rates.toSorted((a, b) => a.count / a.seconds - b.count / b.seconds)[rates.length >> 1]
}

async function forEachLane(
  clients: readonly RpcClient[],
  lanes: Lanes,
  step: (ask: Ask, raw: string) => Promise<boolean>,
): Promise<void> {
  await Promise.all(
    lanes.map(async (lane, i) => {
      const ask = clients[i]?.ask
      if (ask === undefined) throw new RangeError('expected a client for each lane')
      for (const raw of lane) if (!(await step(ask, raw))) return
    }),
  )
}

/** Transactions in the blocks after one, until there are `expected` or it is too late. It asks seldom: to ask is work for the server too. */
async function countMined(
  ask: Ask,
  after: number,
  expected: number,
  until: number,
): Promise<number> {
  let mined = 0
  for (let number = after; ; ) {
    const head = Number(await ask('eth_blockNumber'))
    for (; number < head; number++) {
      const block = `0x${(number + 1).toString(16)}`
      mined += Number(await ask('eth_getBlockTransactionCountByNumber', [block]))
    }
    if (mined >= expected || performance.now() > until) return mined
    await setTimeout(10)
  }
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '–' : `${(bytes / MEGABYTE).toFixed(0)} MB`
}
