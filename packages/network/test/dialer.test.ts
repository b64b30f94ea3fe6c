import { describe, expect, test } from 'vitest'
import { createDialer } from '../src/dialer.ts'
import { nodeKeyToPeerId } from '../src/node-key.ts'
import { createHandClock } from './hand-clock.ts'
import { nodeKey } from './harness.ts'

describe('the dialer', () => {
  test('waits longer after every failure, up to the limit, and never stops', async () => {
    const clock = createHandClock()
    const dials: number[] = []
    const dialer = createDialer({
      node: () => ({
        getConnections: () => [],
        dial: async () => {
          dials.push(clock.now())
          throw new Error('refused')
        },
      }),
      ownPeerId: await nodeKeyToPeerId(nodeKey(1)),
      isBanned: () => false,
      clock,
      random: () => 0.5,
      timing: {
        maintenanceMs: 100,
        redialMinMs: 100,
        redialMaxMs: 1000,
        gossipGraceMs: 1,
        banMs: 1,
        otherChainMs: 1,
        statusMs: 1,
        localQueryMs: 1,
        dialMs: 1,
        firstByteMs: 1,
        chunkMs: 1,
        serveMs: 1,
      },
      closing: new AbortController().signal,
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    })
    dialer.add(`/ip4/127.0.0.1/tcp/1/p2p/${await nodeKeyToPeerId(nodeKey(2))}`)
    for (let i = 0; i < 100; i++) {
      dialer.tick()
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      clock.advance(100)
    }
    const gaps = dials.slice(1).map((at, i) => at - (dials[i] ?? 0))
    expect(gaps.slice(0, 6)).toEqual([100, 200, 400, 800, 1000, 1000])
    expect(gaps.length).toBeGreaterThan(10)
  })
})
