import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { count, type Devnet, startDevnet } from './devnet-process.ts'
import { createRandom } from './simulation/random.ts'

const KILLS = Number(process.env['KILLS'] ?? 200)
const SEED = Number(process.env['SEED'] ?? 1)
const ROLES = ['node-0', 'node-1', 'node-2', 'node-3', 'relayer']
/** Most time between a kill and two finalized checkpoints. */
const PATIENCE_MS = 200_000

describe(`${KILLS} times kill -9 of random roles under load`, () => {
  const random = createRandom(SEED)
  let dataDir: string
  let net: Devnet

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mosaic-soak-'))
    net = startDevnet(dataDir)
    await net.until((events) => count(events, 'metablock.committed') >= 1, 'the first meta-block')
  })

  afterAll(async () => {
    await net.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  test('costs neither finality nor a vote that offends', {
    timeout: PATIENCE_MS * KILLS,
  }, async () => {
    const waits = new Map<string, number[]>(ROLES.map((role) => [role, []]))
    for (let kill = 0; kill < KILLS; kill++) {
      const role = random.pick(ROLES)
      const finalized = count(net.events, 'checkpoint.finalized')
      process.kill(await net.pidOf(role), 'SIGKILL')
      const begin = Date.now()
      await net.until(
        (events) => count(events, 'checkpoint.finalized') >= finalized + 2,
        `finality after kill ${kill} of ${role}`,
      )
      waits.get(role)?.push(Date.now() - begin)
    }
    const committed = count(net.events, 'metablock.committed')
    await net.until(
      (events) => count(events, 'metablock.committed') > committed,
      'a meta-block after the last kill',
    )
    for (const [role, times] of waits) {
      const sorted = times.toSorted((a, b) => a - b)
      process.stdout.write(
        `${role.padEnd(8)} ${times.length} kills, two checkpoints final after ${toSeconds(sorted[times.length >> 1])} s (median), ${toSeconds(sorted.at(-1))} s (most)\n`,
      )
    }
    // Every node's fisherman compares all votes that it saw.
    for (const name of await readdir(join(dataDir, 'logs'))) {
      const log = await readFile(join(dataDir, 'logs', name), 'utf8')
      expect(log).not.toContain('offence found')
      expect(log).not.toContain('GUARD_UNUSABLE')
    }
    expect(count(net.events, 'validator.slashed')).toBe(0)
  })
})

function toSeconds(ms: number | undefined): string {
  return ((ms ?? 0) / 1000).toFixed(1)
}
