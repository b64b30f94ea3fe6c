import { access, readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'

describe('the dashboard', () => {
  test('asks for nothing that no process tells', async () => {
    const dashboard = await readFile(new URL('../../deploy/grafana.json', import.meta.url), 'utf8')
    const figures = await readFile(new URL('../src/figures.ts', import.meta.url), 'utf8')
    const told = new Set(
      [...figures.matchAll(/figure\(\s*'([a-z_]+)'/g)].map((match) => `mosaic_${match[1]}`),
    )
    for (const own of ['mosaic_build_info', 'mosaic_events_total']) told.add(own)
    expect(told.size).toBeGreaterThan(20)
    const asked = new Set(dashboard.match(/mosaic_[a-z_]+/g))
    expect(asked.size).toBeGreaterThan(15)
    expect([...asked].filter((name) => !told.has(name))).toEqual([])
  })
})

const read = (name: string): Promise<string> =>
  readFile(new URL(`../../${name}`, import.meta.url), 'utf8')

describe('what runs in a container and under systemd', () => {
  test('is the program of this package', async () => {
    const { bin }: { readonly bin: Readonly<Record<string, string>> } = JSON.parse(
      await read('node/package.json'),
    )
    expect(bin).toEqual({ mosaic: './bin/mosaic.mjs' })
    const entry = /^ENTRYPOINT \["node", "\/mosaic\/(.+)"\]$/m.exec(await read('deploy/Dockerfile'))
    expect(entry?.[1]).toBe('node/bin/mosaic.mjs')
    await access(new URL(`../../${entry?.[1]}`, import.meta.url))
    expect(await read('deploy/mosaic@.service')).toMatch(
      /^ExecStart=\/opt\/mosaic\/node_modules\/\.bin\/mosaic %i --config \/etc\/mosaic\/%i\.yaml$/m,
    )
  })

  test('is built of what the context holds', async () => {
    const ignored = (await read('.dockerignore')).split('\n')
    for (const name of ['package-lock.json', 'packages', 'node', 'genesis', 'scripts', 'test']) {
      expect(ignored).not.toContain(name)
    }
  })

  test('is a Node that the program runs on', async () => {
    const { engines }: { readonly engines: { readonly node: string } } = JSON.parse(
      await read('node/package.json'),
    )
    const [, least = ''] = /^>=(\d+)\./.exec(engines.node) ?? []
    const images = [...(await read('deploy/Dockerfile')).matchAll(/^FROM node:(\d+)/gm)]
    expect(images).toHaveLength(2)
    for (const [, major = ''] of images) expect(Number(major)).toBeGreaterThanOrEqual(Number(least))
  })
})
