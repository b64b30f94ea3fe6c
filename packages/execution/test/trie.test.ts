import { createMPT, createMPTFromProof, verifyMerkleProof } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, equalBytes, type Hex, hexToBytes, keccak256Bytes } from '@mosaic/primitives'
import { describe, expect, test } from 'vitest'
import { EMPTY_ROOT, orderedRoot, StateUnavailableError, Trie, toNibbles } from '../src/index.ts'
import { seeded } from './seeded.ts'

type Nodes = Map<string, Uint8Array>

function openTrie(nodes: Nodes, root?: Uint8Array): Trie {
  return new Trie(keccak256Bytes, (hash) => nodes.get(bytesToHex(hash)), root)
}

function store(trie: Trie, nodes: Nodes): Uint8Array {
  const root = trie.root()
  for (const [hash, encoding] of trie.takeWrites()) nodes.set(bytesToHex(hash), encoding)
  return root
}

describe('Trie', () => {
  test.each(Array.from({ length: 12 }, (_, seed) => ({ seed })))(
    'has the roots of @ethereumjs/mpt under puts, deletes and reloads (seed $seed)',
    async ({ seed }) => {
      const random = seeded(seed)
      const reference = await createMPT()
      const nodes: Nodes = new Map()
      let trie = openTrie(nodes)
      // Few distinct first bytes, so that long paths are shared, split and joined again.
      const keys = Array.from({ length: 60 }, () => {
        const key = random.bytes(32)
        key[0] = random.below(2)
        key[1] = random.below(3)
        return key
      })
      for (let step = 0; step < 300; step++) {
        const key = random.pick(keys)
        if (random.below(3) === 0) {
          trie.delete(toNibbles(key))
          await reference.del(key)
        } else {
          const value = random.bytes(1 + random.below(40))
          trie.put(toNibbles(key), value)
          await reference.put(key, value)
        }
        expect(bytesToHex(trie.root())).toBe(bytesToHex(reference.root()))
        if (random.below(20) === 0) trie = openTrie(nodes, store(trie, nodes))
        if (random.below(20) === 0) {
          store(trie, nodes)
          trie.prune(random.below(12))
        }
        const read = random.pick(keys)
        expect(trie.get(toNibbles(read)) ?? null).toEqual(await reference.get(read))
      }
      for (const key of keys) trie.delete(toNibbles(key))
      expect(trie.root()).toEqual(EMPTY_ROOT)
    },
  )

  test('keeps no more nodes than it is told, those next to the root, and reads the others again', () => {
    const random = seeded(7)
    const nodes: Nodes = new Map()
    const read: string[] = []
    const trie = new Trie(keccak256Bytes, (hash) => {
      read.push(bytesToHex(hash))
      return nodes.get(bytesToHex(hash))
    })
    const keys = Array.from({ length: 400 }, () => toNibbles(random.bytes(32)))
    for (const key of keys) trie.put(key, random.bytes(40))
    const root = store(trie, nodes)
    expect(trie.prune(17)).toBe(17)
    expect(trie.root()).toEqual(root)
    const [first = new Uint8Array()] = keys
    const value = trie.get(first)
    expect(value).toHaveLength(40)
    // The root and the sixteen branches below it stay; of 400 keys hardly a leaf is deeper than five.
    expect(read.length).toBeGreaterThan(0)
    expect(read.length).toBeLessThan(4)
    expect(trie.get(first)).toBe(value)
    expect(trie.prune(0)).toBe(1)
    expect(new Trie(keccak256Bytes).prune(5)).toBe(0)
  })

  test('has one root per content, also for keys that are prefixes of each other', async () => {
    const random = seeded(99)
    for (let round = 0; round < 60; round++) {
      const trie = openTrie(new Map())
      const content = new Map<Hex, Uint8Array>()
      for (let step = 0; step < 25; step++) {
        const key = Uint8Array.from({ length: 1 + random.below(4) }, () => random.below(2) * 16)
        if (random.below(4) === 0) {
          trie.delete(toNibbles(key))
          content.delete(bytesToHex(key))
        } else {
          const value = random.bytes(1 + random.below(3))
          trie.put(toNibbles(key), value)
          content.set(bytesToHex(key), value)
        }
        // Built anew: after deletions of such keys @ethereumjs/mpt itself has other roots than it has without the detour.
        const reference = await createMPT()
        for (const [k, value] of content) await reference.put(hexToBytes(k), value)
        expect(bytesToHex(trie.root())).toBe(bytesToHex(reference.root()))
      }
    }
  })

  test('proves presence and absence so that @ethereumjs/mpt agrees', async () => {
    const random = seeded(7)
    for (const size of [1, 2, 3, 17, 200]) {
      const trie = openTrie(new Map())
      const keys = Array.from({ length: size }, () => keccak256Bytes(random.bytes(8)))
      for (const key of keys) trie.put(toNibbles(key), random.bytes(1 + random.below(50)))
      const root = trie.root()
      for (const key of [
        ...keys.slice(0, 20),
        ...keys.slice(0, 20).map((k) => keccak256Bytes(k)),
      ]) {
        const proof = [...trie.prove(toNibbles(key))]
        const proven = await verifyMerkleProof(key, proof)
        expect(proven).toEqual(trie.get(toNibbles(key)) ?? null)
        expect((await createMPTFromProof(proof)).root()).toEqual(root)
      }
    }
  })

  test('proves absence from nothing with no nodes', () => {
    expect(openTrie(new Map()).prove(toNibbles(new Uint8Array(32)))).toEqual([])
  })

  test('leaves the nodes of earlier roots as they were', () => {
    const nodes: Nodes = new Map()
    const random = seeded(3)
    const trie = openTrie(nodes)
    const keys = Array.from({ length: 40 }, () => random.bytes(32))
    for (const key of keys) trie.put(toNibbles(key), Uint8Array.of(1))
    const before = store(trie, nodes)
    for (const key of keys) trie.put(toNibbles(key), Uint8Array.of(2))
    const after = store(trie, nodes)
    expect(equalBytes(before, after)).toBe(false)
    for (const key of keys) {
      expect(openTrie(nodes, before).get(toNibbles(key))).toEqual(Uint8Array.of(1))
      expect(openTrie(nodes, after).get(toNibbles(key))).toEqual(Uint8Array.of(2))
    }
  })

  test('says which node is missing', () => {
    const hash = keccak256Bytes(Uint8Array.of(1))
    const read = (): unknown => openTrie(new Map(), hash).get(toNibbles(new Uint8Array(32)))
    expect(read).toThrow(StateUnavailableError)
    expect(read).toThrow(bytesToHex(hash))
  })
})

describe('orderedRoot', () => {
  test('is the root of @ethereumjs/mpt for lists of every length that changes the index encoding', async () => {
    const random = seeded(5)
    for (const length of [0, 1, 2, 16, 127, 128, 129, 255, 256, 257, 700]) {
      const items = Array.from({ length }, () => random.bytes(1 + random.below(60)))
      const reference = await createMPT()
      for (const [index, item] of items.entries()) await reference.put(RLP.encode(index), item)
      expect(orderedRoot(keccak256Bytes, items)).toEqual(reference.root())
    }
  })

  test('is the root of a trie with the same entries, whatever their size', () => {
    const random = seeded(6)
    const lengths = [...Array(300).keys(), 4095, 4096, 4097, 65_535, 65_536, 65_537, 70_000]
    for (const length of lengths) {
      // Below 32 bytes, nodes stand in their parents.
      const most = length > 300 ? 3 : ([2, 20, 40, 400, 2000][random.below(5)] ?? 2)
      const items = Array.from({ length }, () => random.bytes(1 + random.below(most)))
      const trie = new Trie(keccak256Bytes)
      for (const [index, item] of items.entries()) trie.put(toNibbles(RLP.encode(index)), item)
      expect(bytesToHex(orderedRoot(keccak256Bytes, items))).toBe(bytesToHex(trie.root()))
    }
  })
})
