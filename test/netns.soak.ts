import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRecord } from '@mosaic/origin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Lab, type LabStatus, startLab } from './lab/lab-network.ts'
import { canLose, createNamespaces, findObstacle, type Namespaces } from './lab/namespaces.ts'
import { recordVotes, type VoteRecorder } from './lab/vote-recorder.ts'

const NODES = 7
const EPOCH_LENGTH = 16n
const POLL_MS = 250
/** How long each disturbance lasts: more than a checkpoint, and long enough for connections to break. */
const DISTURBED_MS = 30_000
const PATIENCE_MS = 180_000
/** Checkpoints after a disturbance within which something new is finalized on every node. */
const MOST_CHECKPOINTS = 2

/** What is expected of a network that was disturbed. */
const RECOVERED = {
  checkpoints: expect.toSatisfy((count: unknown) => Number(count) <= MOST_CHECKPOINTS),
  offences: [],
}

const obstacle = await findObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: ${obstacle}\n`)
const isLossPossible = await canLose()
if (!isLossPossible)
  process.stdout.write('skipped: loss of packets needs nftables (the command nft)\n')

describe.skipIf(obstacle !== undefined)(`${NODES} nodes in network namespaces`, () => {
  let dir: string
  let net: Namespaces
  let lab: Lab
  let recorder: VoteRecorder
  /** Every checkpoint that any node ever called finalized, by height. */
  const finalized = new Map<bigint, string>()

  /** What all nodes say now. @throws Error if two ever said something else of one height. */
  const look = async (): Promise<readonly LabStatus[]> => {
    const all = await Promise.all(lab.nodes.map((node) => node.status()))
    for (const [index, status] of all.entries()) {
      const { height, hash } = status.finalized
      const known = finalized.get(height) ?? hash
      if (known !== hash)
        throw new Error(`node ${index} finalized ${hash} at ${height}, not ${known}`)
      finalized.set(height, hash)
    }
    return all
  }
  const watch = async (ms: number): Promise<void> => {
    for (const end = performance.now() + ms; performance.now() < end; ) {
      await look()
      await sleep(POLL_MS)
    }
  }
  /** Waits until every node has finalized something new. @returns the checkpoints that the chain took for that. */
  const recover = async (): Promise<bigint> => {
    const before = await look()
    const heads = before.map(({ head }) => head)
    const from = heads.reduce((a, b) => (a > b ? a : b)) / EPOCH_LENGTH
    const known = highest(before)
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
      const now = await look()
      if (now.every((status) => status.finalized.height > known)) {
        const to = now.map(({ head }) => head).reduce((a, b) => (a > b ? a : b)) / EPOCH_LENGTH
        return to - from
      }
      await sleep(POLL_MS)
    }
    throw new Error(
      `nothing above height ${known} became final: ${JSON.stringify(await look(), text)}`,
    )
  }
  /** Ends all disturbance. @returns the checkpoints until something new was final everywhere, and the offences so far. */
  const heal = async (
    what: string,
  ): Promise<{ readonly checkpoints: bigint; readonly offences: readonly unknown[] }> => {
    await net.heal()
    const checkpoints = await recover()
    process.stdout.write(`${what}: final again within ${checkpoints} checkpoints\n`)
    return { checkpoints, offences: recorder.offences() }
  }
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'mosaic-netns-'))
    net = await createNamespaces(NODES)
    lab = await startLab({
      dir,
      nodes: NODES,
      epochLength: EPOCH_LENGTH,
      place: (index) => ({ host: net.hostOf(index), p2pPort: 30_300, rpcPort: 8545 }),
      origin: { host: net.originHost, port: 8545 },
      wrap: net.wrap,
    })
    recorder = await recordVotes(
      lab.genesis,
      lab.nodes.map(({ address }) => address),
    )
    await recover()
  }, 300_000)

  afterAll(async () => {
    await recorder?.stop()
    await lab?.stop()
    await net?.close()
    if (dir !== undefined) await rm(dir, { recursive: true, force: true })
  }, 60_000)

  test('finalizes nothing while it is split 3 to 4, and goes on when it is joined', {
    timeout: 400_000,
  }, async () => {
    const before = highest(await look())
    await net.partition([0, 1, 2], [3, 4, 5, 6])
    await watch(DISTURBED_MS * 2)
    const during = await look()
    // What was voted for before the cut may still become final on one side.
    expect(highest(during)).toBeLessThanOrEqual(before + 2n)
    expect(await heal('partition 3 to 4')).toEqual(RECOVERED)
  })

  test('goes on while three are not heard by the others', { timeout: 400_000 }, async () => {
    await net.block([0, 1, 2], [3, 4, 5, 6])
    await watch(DISTURBED_MS)
    expect(await heal('one-way loss of everything')).toEqual(RECOVERED)
  })

  test.skipIf(!isLossPossible)(
    'finalizes while one packet of ten is lost',
    {
      timeout: 400_000,
    },
    async () => {
      await net.lose(10)
      await recover()
      await watch(DISTURBED_MS)
      expect(await heal('10 % loss')).toEqual(RECOVERED)
    },
  )

  test('finalizes while one node has a slow link', { timeout: 400_000 }, async () => {
    await net.slow(3, '256kbit')
    await recover()
    expect(await heal('a link of 256 kbit/s')).toEqual(RECOVERED)
  })

  test('finalizes while one node comes and goes', { timeout: 400_000 }, async () => {
    for (let turn = 0; turn < 5; turn++) {
      await net.unplug(2)
      await sleep(3000)
      await net.plug(2)
      await watch(4000)
    }
    expect(await heal('a flapping node')).toEqual(RECOVERED)
  })

  test('has one finalized chain everywhere, and no two votes that offend together', {
    timeout: 100_000,
  }, async () => {
    const all = await look()
    const lowest = all.reduce(
      (least, { finalized: { height } }) => (height < least ? height : least),
      highest(all),
    )
    for (let height = 1n; height <= lowest; height++) {
      const at = `0x${(height * EPOCH_LENGTH).toString(16)}`
      const blocks = await Promise.all(
        lab.nodes.map(({ rpc }) => rpc('eth_getBlockByNumber', [at, false])),
      )
      const hashes = new Set(blocks.map((block) => (isRecord(block) ? block['hash'] : undefined)))
      expect(hashes.size).toBe(1)
      expect(hashes).toContain(finalized.get(height) ?? [...hashes][0])
    }
    const votes = recorder.votes()
    process.stdout.write(`${lowest} checkpoints final, ${votes.length} votes heard\n`)
    expect(new Set(votes.map(({ validator }) => validator)).size).toBe(NODES)
    expect(recorder.offences()).toEqual([])
    for (const { index } of lab.nodes) {
      const log = await readFile(join(dir, `node-${index}.log`), 'utf8')
      expect(log).not.toContain('offence found')
      expect(log).not.toContain('GUARD_UNUSABLE')
    }
  })
})

/** The highest height that any of them calls finalized. */
function highest(all: readonly LabStatus[]): bigint {
  return all.reduce((most, { finalized: { height } }) => (height > most ? height : most), 0n)
}

function text(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
