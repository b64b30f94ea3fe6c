import { readFile } from 'node:fs/promises'
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
