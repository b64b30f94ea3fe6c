import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Which packages of ours each package may import. The order is a topological one, so there is no circle. */
const DIRECTIONS: Readonly<Record<string, readonly string[]>> = {
  primitives: [],
  protocol: ['primitives'],
  authority: ['primitives'],
  finality: ['primitives', 'protocol'],
  contracts: ['primitives', 'protocol'],
  storage: ['primitives'],
  keys: ['primitives', 'protocol'],
  network: ['primitives'],
  execution: ['primitives', 'protocol', 'authority'],
  chain: ['primitives', 'protocol', 'authority', 'finality', 'contracts', 'storage', 'execution'],
  origin: ['primitives', 'protocol', 'contracts'],
  validator: ['primitives', 'protocol', 'finality'],
  fisherman: ['primitives', 'protocol', 'finality'],
  relayer: ['primitives', 'protocol', 'contracts', 'origin'],
  rpc: ['primitives', 'protocol'],
  api: ['primitives', 'protocol', 'authority', 'contracts', 'storage', 'execution', 'chain', 'rpc'],
  devchain: ['primitives', 'authority', 'contracts', 'storage', 'execution', 'chain', 'rpc', 'api'],
  genesis: ['primitives', 'protocol', 'authority', 'contracts', 'execution'],
}

/** Libraries that only one package may import. */
const SOLE_IMPORTERS: readonly (readonly [pattern: RegExp, owner: string])[] = [
  [/^@ethereumjs\//, 'execution'],
  [/^(?:level|classic-level)$/, 'storage'],
  [/^(?:libp2p|@libp2p\/.*|@chainsafe\/libp2p-.*|@multiformats\/.*)$/, 'network'],
  [/^ws$/, 'rpc'],
]

const PURE = ['primitives', 'protocol', 'authority', 'finality']

function sourceDir(name: string): string {
  return name === 'genesis' ? join(ROOT, 'genesis', 'src') : join(ROOT, 'packages', name, 'src')
}

function importsOf(dir: string): readonly { readonly file: string; readonly module: string }[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(dir, file), 'utf8')
      const found = text.matchAll(/(?:from|import)\s*\(?\s*'([^'.][^']*)'/g)
      return [...found].map((match) => ({ file, module: match[1] ?? '' }))
    })
}

describe('the packages', () => {
  test('are all in the table of directions, which has no circle', () => {
    const names = [...readdirSync(join(ROOT, 'packages')), 'genesis']
    expect(names.toSorted()).toEqual(Object.keys(DIRECTIONS).toSorted())
    const seen = new Set<string>()
    for (const [name, allowed] of Object.entries(DIRECTIONS)) {
      expect(allowed.filter((other) => !seen.has(other))).toEqual([])
      seen.add(name)
    }
  })

  test.for(Object.entries(DIRECTIONS))('%s imports only what it may', ([name, allowed]) => {
    const imports = importsOf(sourceDir(name))
    expect(imports.length).toBeGreaterThan(0)
    const wrong = imports.filter(({ module }) => {
      const own = /^@mosaic\/([^/]+)(\/.*)?$/.exec(module)
      if (own !== null) return own[2] !== undefined || !allowed.includes(own[1] ?? '')
      return SOLE_IMPORTERS.some(([pattern, owner]) => pattern.test(module) && owner !== name)
    })
    expect(wrong).toEqual([])
  })

  test.for(PURE)('%s imports no module with IO', (name) => {
    const wrong = importsOf(sourceDir(name)).filter(({ module }) => module.startsWith('node:'))
    expect(wrong).toEqual([])
  })
})
