import { describe, expect, test } from 'vitest'
import { createNodeKey, nodeKeyToPeerId } from '../src/node-key.ts'
import { toTopic } from '../src/topics.ts'
import { GENESIS, nodeKey } from './harness.ts'

describe('names', () => {
  test('of topics carry the chain and a version', () => {
    expect(toTopic(GENESIS, 'block')).toBe(`/mosaic/${GENESIS.slice(2)}/block/1`)
  })

  test('of nodes follow from the key', async () => {
    expect(await nodeKeyToPeerId(nodeKey(1))).toMatch(/^12D3KooW/)
    expect(await nodeKeyToPeerId(nodeKey(1))).toBe(await nodeKeyToPeerId(nodeKey(1)))
    expect(createNodeKey()).not.toBe(createNodeKey())
    expect(() => createNodeKey(new Uint8Array(31))).toThrow('32 bytes')
  })
})
