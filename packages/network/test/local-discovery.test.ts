import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { bytesToHash32 } from '@mosaic/primitives'
import { afterEach, describe, expect, test } from 'vitest'
import { nodeKeyToPeerId } from '../src/index.ts'
import { toServiceTag } from '../src/local-discovery.ts'
import { GENESIS, Nodes, nodeKey, OTHER_GENESIS, readyPeers, until } from './harness.ts'

const nodes = new Nodes()
afterEach(() => nodes.stop())

const GROUP = '224.0.0.251'

/** Whether what is sent to a multicast group comes back on this machine, as it does on one with a network. */
async function hasMulticast(): Promise<boolean> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  const patience = AbortSignal.timeout(1000)
  try {
    socket.bind(0)
    await once(socket, 'listening')
    socket.addMembership(GROUP)
    socket.setMulticastLoopback(true)
    const heard = once(socket, 'message', { signal: patience })
    socket.send('?', socket.address().port, GROUP)
    await heard
    return true
  } catch {
    return false
  } finally {
    socket.close()
  }
}

const multicast = await hasMulticast()
/** Another one in each run: others may be under way on the same local network. */
const genesisHash = bytesToHash32(randomBytes(32))
const LOCAL = { genesisHash, mdns: true, wantedPeers: 4 } as const

describe.skipIf(!multicast)(
  'discovery on the local network (skipped without multicast)',
  { timeout: 60_000 },
  () => {
    test('joins two nodes that know nothing of each other', async () => {
      const a = await nodes.start({ seed: 1, ...LOCAL })
      const b = await nodes.start({ seed: 2, ...LOCAL })
      await until(() => [a, b].every(({ network }) => readyPeers(network).length === 1))
      expect(readyPeers(a.network)).toEqual([b.network.peerId])
      await b.network.publish('vote', Uint8Array.of(1))
      await until(() => a.received.length === 1)
    })

    test('leaves alone who is of another network, banned, or not on the list', async () => {
      const friend = await nodes.start({ seed: 1, ...LOCAL })
      const other = await nodes.start({ seed: 2, ...LOCAL, genesisHash: OTHER_GENESIS })
      const strict = await nodes.start({ seed: 3, ...LOCAL, allowList: [friend.network.peerId] })
      const end = 1_750_000_000_000 + 60_000
      const bad = await nodeKeyToPeerId(nodeKey(3))
      const wary = await nodes.start({
        seed: 4,
        ...LOCAL,
        memory: { reached: [], points: [], bans: [{ peerId: bad, until: end }] },
      })
      await until(() => readyPeers(friend.network).length === 2)
      await until(() => readyPeers(strict.network).length === 1)
      await until(() => readyPeers(wary.network).length === 1)
      expect(new Set(readyPeers(friend.network))).toEqual(
        new Set([strict.network.peerId, wary.network.peerId]),
      )
      expect(readyPeers(strict.network)).toEqual([friend.network.peerId])
      expect(other.network.peers()).toEqual([])
    })

    test('does not take place unless it is wanted', async () => {
      const silent = await nodes.start({ seed: 1, ...LOCAL, mdns: false })
      const open = await nodes.start({ seed: 2, ...LOCAL })
      const other = await nodes.start({ seed: 3, ...LOCAL })
      await until(() => readyPeers(open.network).length === 1)
      expect(readyPeers(open.network)).toEqual([other.network.peerId])
      expect(silent.network.peers()).toEqual([])
    })
  },
)

describe('toServiceTag', () => {
  test('is another one for another genesis or core, and short enough for DNS', () => {
    const tags = [
      toServiceTag(GENESIS, GENESIS),
      toServiceTag(GENESIS, OTHER_GENESIS),
      toServiceTag(OTHER_GENESIS, GENESIS),
    ]
    expect(new Set(tags).size).toBe(3)
    for (const tag of tags) expect(tag).toMatch(/^_mosaic-[0-9a-f]{8}\._udp\.local$/)
  })
})
