import { utf8ToBytes, ZERO_HASH } from '@mosaic/primitives'
import { afterEach, describe, expect, test } from 'vitest'
import { nodeKeyToPeerId } from '../src/index.ts'
import {
  addressOf,
  connectAll,
  GENESIS,
  Nodes,
  nodeKey,
  OTHER_GENESIS,
  readyPeers,
  statusOf,
  until,
} from './harness.ts'

const nodes = new Nodes()
afterEach(() => nodes.stop())

describe('the handshake', { timeout: 60_000 }, () => {
  test('makes both sides know the status of the other', async () => {
    const a = await nodes.start({ seed: 1 })
    const ready: unknown[] = []
    a.network.events.on('peer-ready', (...event) => ready.push(event))
    const b = await nodes.start({ seed: 2, peers: [addressOf(a)] })
    await until(() => readyPeers(a.network).length === 1 && readyPeers(b.network).length === 1)
    expect(ready).toEqual([[b.network.peerId, statusOf(GENESIS)]])
    expect(b.network.peers()).toMatchObject([
      { peerId: a.network.peerId, direction: 'outbound', status: statusOf(GENESIS), penalty: 0 },
    ])
  })

  test.each([
    ['genesis', { genesisHash: OTHER_GENESIS }],
    ['core', { coreIdentifier: OTHER_GENESIS }],
  ])('ends a connection to a node with another %s', async (_what, other) => {
    const a = await nodes.start({ seed: 1 })
    const parted: string[] = []
    a.network.events.on('other-chain', (peerId) => parted.push(peerId))
    const b = await nodes.start({ seed: 2, ...other, peers: [addressOf(a)] })
    await until(() => parted.length > 0)
    expect(parted).toEqual([b.network.peerId])
    await until(() => a.network.peers().length === 0 && b.network.peers().length === 0)
  })

  test('does not come to pass with a node that is not on the allow-list', async () => {
    const a = await nodes.start({ seed: 1, allowList: [await nodeKeyToPeerId(nodeKey(3))] })
    const stranger = await nodes.start({ seed: 2, peers: [addressOf(a)] })
    const friend = await nodes.start({ seed: 3, peers: [addressOf(a)] })
    await until(() => readyPeers(friend.network).length === 1)
    expect(a.network.peers().map(({ peerId }) => peerId)).toEqual([friend.network.peerId])
    expect(readyPeers(stranger.network)).toEqual([])
  })

  test('is done again with a node that was restarted', async () => {
    const all = await Promise.all([1, 2, 3].map((seed) => nodes.start({ seed })))
    await connectAll(all)
    const [a, b, c] = all
    if (a === undefined || b === undefined || c === undefined) throw new Error('three nodes')
    const gone: string[] = []
    a.network.events.on('peer-gone', (peerId) => gone.push(peerId))
    const address = addressOf(c)
    await c.network.stop()
    await until(() => gone.length === 1)
    expect(gone).toEqual([c.network.peerId])

    const again = await nodes.start({ seed: 3, listen: [address.replace(/\/p2p\/.*/, '')] })
    await until(() => readyPeers(again.network).length === 2)
    await until(() => readyPeers(a.network).length === 2)
    await again.network.publish('vote', utf8ToBytes('back'))
    await until(() => a.received.length === 1 && b.received.length === 1)
    expect(a.received).toHaveLength(1)
  })

  test('keeps dialling a node that is not there yet', async () => {
    const placeholder = await nodes.start({ seed: 2 })
    const address = addressOf(placeholder)
    await placeholder.network.stop()
    const a = await nodes.start({ seed: 1, peers: [address] })
    const late = await nodes.start({ seed: 2, listen: [address.replace(/\/p2p\/.*/, '')] })
    await until(() => readyPeers(a.network).length === 1)
    expect(readyPeers(a.network)).toEqual([late.network.peerId])
  })

  test('is not repeated with a peer that was removed', async () => {
    const a = await nodes.start({ seed: 1 })
    const b = await nodes.start({ seed: 2 })
    a.network.addPeer(addressOf(b))
    await until(() => readyPeers(b.network).length === 1)
    await a.network.removePeer(b.network.peerId)
    await until(() => a.network.peers().length === 0 && b.network.peers().length === 0)
    expect(a.network.peers()).toEqual([])
  })

  test('takes only addresses that name the peer', async () => {
    const { network } = await nodes.start({ seed: 1, coreIdentifier: ZERO_HASH })
    expect(() => {
      network.addPeer('/ip4/127.0.0.1/tcp/1')
    }).toThrow('expected a multiaddress that ends in /p2p/<peer id>')
  })
})
