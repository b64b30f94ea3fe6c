import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { count, processOf, startDevnet } from './devnet-process.ts'

describe('a local network under kill -9', () => {
  let dataDir: string
  let net: ReturnType<typeof startDevnet>

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mosaic-e2e-'))
    net = startDevnet(dataDir)
  })

  afterAll(async () => {
    const ended = new Promise((resolve) => net.child.once('exit', resolve))
    net.child.kill('SIGTERM')
    await ended
    await rm(dataDir, { recursive: true, force: true })
  })

  test.for(['node-3', 'node-0', 'relayer'])(
    'goes on after kill -9 of %s',
    { timeout: 400_000 },
    async (name) => {
      const committed = count(net.events, 'metablock.committed')
      const pid = processOf(join(dataDir, name, 'config.json'))
      expect(pid).toBeGreaterThan(0)
      process.kill(pid, 'SIGKILL')
      await net.until(
        (events) => count(events, 'metablock.committed') >= committed + 2,
        `two meta-blocks after ${name} was killed`,
      )
    },
  )
})
