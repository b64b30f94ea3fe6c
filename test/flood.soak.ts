import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { constants, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { auxiliaryEventTopics, decodeAuxiliaryEvent, PREDEPLOYS } from '@mosaic/contracts'
import { createEthereumClient, isRecord } from '@mosaic/origin'
import { type Hash32, toBlockNumber } from '@mosaic/primitives'
import { coreIdentifier, type VoteMessage } from '@mosaic/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Lab, type LabStatus, startLab } from './lab/lab-network.ts'
import { placeOnLoopback } from './lab/loopback.ts'
import { readUsage } from './lab/process-usage.ts'

const NODES = 4
const EPOCH_LENGTH = 8n
/** Checkpoints that pass under each flood. */
const CHECKPOINTS = 6n
/** A node without a flood takes about 250 MB. */
const MOST_BYTES = 700 * 1024 * 1024
const POLL_MS = 500
const SAMPLE_MS = 5000
const FLOODER = fileURLToPath(
  new URL('../packages/network/test/flooder.program.ts', import.meta.url),
)

const megabytes = (bytes: number): number => Math.round(bytes / 1024 / 1024)

/** What a flooder says of itself when it ends. */
type Flood = { readonly identities: number }

describe('a node under a flood of junk votes, blocks and transactions', () => {
  let dir: string
  let lab: Lab
  let flooder: ChildProcess | undefined

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'mosaic-flood-'))
    lab = await startLab({
      dir,
      nodes: NODES,
      epochLength: EPOCH_LENGTH,
      period: 2n,
      ...(await placeOnLoopback(NODES)),
    })
  }, 240_000)

  afterAll(async () => {
    flooder?.kill('SIGKILL')
    await lab?.stop()
    await rm(dir, { recursive: true, force: true })
  }, 60_000)

  const statusOfVictim = async (): Promise<LabStatus> => {
    const [victim] = lab.nodes
    if (victim === undefined) throw new Error('expected a node')
    return victim.status()
  }
  const heightNow = async (): Promise<bigint> => (await statusOfVictim()).head / EPOCH_LENGTH
  const readLog = (): Promise<string> => readFile(join(dir, 'node-0.log'), 'utf8')

  /** Floods the first node for some checkpoints. @returns what the flooder said, and how many votes were counted in time. */
  const flood = async (
    perSecond: number,
  ): Promise<{ readonly said: Flood; readonly counted: readonly number[] }> => {
    const [victim] = lab.nodes
    if (victim === undefined) throw new Error('expected a node')
    while ((await victim.status()).finalized.height < 1n) await sleep(POLL_MS)
    const before = await readUsage(victim.pid())
    const begun = performance.now()
    const identity = { originChainId: lab.genesis.originChainId, core: lab.genesis.core }
    const words = [victim.address, lab.genesis.hash, coreIdentifier(identity), String(perSecond)]
    const child = spawn(process.execPath, ['--conditions=source', FLOODER, ...words], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    flooder = child
    // As if it were another machine: it may be as busy as it likes.
    setPriority(child.pid ?? 0, constants.priority.PRIORITY_LOW)
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
    })
    const first = (await heightNow()) + 1n
    const last = first + CHECKPOINTS
    const memory: number[] = []
    for (let height = first - 1n; height <= last; height = await heightNow()) {
      memory.push(megabytes((await readUsage(victim.pid())).residentBytes))
      await sleep(SAMPLE_MS)
    }
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    await ended

    const after = await readUsage(victim.pid())
    const share = (100 * (after.cpuMs - before.cpuMs)) / (performance.now() - begun)
    process.stdout.write(
      `flood ${output.trim()}; memory ${memory.join(' ')} MB, ${megabytes(after.peakBytes)} MB at most; ${share.toFixed(0)} % of a core\n`,
    )
    expect(after.peakBytes).toBeLessThan(MOST_BYTES)
    // Votes for a checkpoint may be counted from the block after it on.
    const counted = [...(await countedBlocks(lab, first, last))].map(
      ([height, blocks]) =>
        blocks.filter((number) => number <= (height + 1n) * EPOCH_LENGTH).length,
    )
    process.stdout.write(
      `votes of ${NODES} counted within their checkpoint: ${counted.join(' ')}\n`,
    )
    for (const node of lab.nodes) {
      const { finalized } = await node.status()
      expect(finalized.height).toBeGreaterThanOrEqual(last - 1n)
    }
    const said: unknown = JSON.parse(output)
    if (!isRecord(said) || typeof said['identities'] !== 'number')
      throw new Error(`expected what a flooder says, received ${output}`)
    return { said: { identities: said['identities'] }, counted }
  }
  const ALL = Array.from({ length: Number(CHECKPOINTS) }, () => NODES)

  test('that stays below the budget counts every honest vote within its checkpoint', {
    timeout: 400_000,
  }, async () => {
    expect(await flood(1500)).toEqual({ said: { identities: 1 }, counted: ALL })
    expect(await readLog()).not.toContain('peer is banned')
  })

  test('of 10,000 messages per second does, too, and lets the flooder in a few times only', {
    timeout: 400_000,
  }, async () => {
    const { said, counted } = await flood(10_000)
    expect(counted).toEqual(ALL)
    // Four, and one more for every two and a half minutes.
    expect(said.identities).toBeLessThan(12)
    expect(await readLog()).toContain('peer is banned')
  })
})

/** By checkpoint, the blocks that counted a vote for it. */
async function countedBlocks(
  { nodes, genesis }: Lab,
  first: bigint,
  last: bigint,
): Promise<ReadonlyMap<bigint, readonly bigint[]>> {
  const [, witness] = nodes
  if (witness === undefined) throw new Error('expected a second node')
  const client = createEthereumClient(witness.rpc, { kind: 'finalized-tag' }, genesis.chain.chainId)
  const { LinkOpened, VoteRecorded } = auxiliaryEventTopics
  const logs = await client.logs({
    address: PREDEPLOYS.finalityGadget,
    topics: [[LinkOpened, VoteRecorded]],
    fromBlock: toBlockNumber(1n),
    toBlock: 'latest',
  })
  const messages = new Map<Hash32, VoteMessage>()
  const blocks = new Map<bigint, bigint[]>()
  for (let height = first; height < last; height++) blocks.set(height, [])
  const about = coreIdentifier({ originChainId: genesis.originChainId, core: genesis.core })
  for (const log of logs) {
    const event = decodeAuxiliaryEvent(log)
    if (event?.name === 'LinkOpened') messages.set(event.link, event.vote)
    if (event?.name !== 'VoteRecorded') continue
    const vote = messages.get(event.link)
    if (vote?.chain === about) blocks.get(vote.targetHeight)?.push(log.blockNumber)
  }
  return blocks
}
