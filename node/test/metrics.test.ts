import { afterEach, describe, expect, test } from 'vitest'
import { createMetrics, openMetrics, serveMetrics } from '../src/metrics.ts'

let stop: () => Promise<void> = async () => undefined
afterEach(() => stop())

describe('metrics', () => {
  test('are read when they are asked for, with labels', async () => {
    const metrics = createMetrics('node')
    let height = 1n
    metrics.add([
      { name: 'head_number', help: 'Head', read: () => height },
      {
        name: 'finalized_height',
        help: 'Finalized',
        read: async () => [
          { labels: { chain: 'origin' }, value: 2 },
          { labels: { chain: 'auxiliary' }, value: height },
        ],
      },
    ])
    height = 7n
    const text = await metrics.text()
    expect(text).toContain('mosaic_head_number{role="node"} 7\n')
    expect(text).toContain('mosaic_finalized_height{chain="origin",role="node"} 2\n')
    expect(text).toContain('mosaic_finalized_height{chain="auxiliary",role="node"} 7\n')
    expect(text).toMatch(/^mosaic_build_info\{version="[^"]+",node="[^"]+",role="node"\} 1$/m)
    expect(text).toContain('process_cpu_seconds_total')
  })

  test('of one name from several parts are one figure', async () => {
    const metrics = createMetrics('node')
    for (const [account, value] of [
      ['0x1', 1],
      ['0x2', 2],
    ] as const) {
      metrics.add([{ name: 'ether', help: 'Ether', read: () => [{ labels: { account }, value }] }])
    }
    const text = await metrics.text()
    expect(text.match(/^mosaic_ether\{.*$/gm)).toEqual([
      'mosaic_ether{account="0x1",role="node"} 1',
      'mosaic_ether{account="0x2",role="node"} 2',
    ])
  })

  test('leave out what is not known, and only that', async () => {
    const metrics = createMetrics('node')
    let isKnown = true
    metrics.add([
      { name: 'slashed', help: 'Slashed', read: () => (isKnown ? 3 : undefined) },
      {
        name: 'balance',
        help: 'Balance',
        read: () => {
          throw new Error('no answer')
        },
      },
      { name: 'peers', help: 'Peers', read: () => 4 },
    ])
    expect(await metrics.text()).toContain('mosaic_slashed{role="node"} 3\n')
    isKnown = false
    const text = await metrics.text()
    expect(text).not.toMatch(/^mosaic_(slashed|balance)\{/m)
    expect(text).toContain('mosaic_peers{role="node"} 4\n')
  })

  test('count what is logged, also what is not shown', async () => {
    const metrics = createMetrics('relayer')
    const shown: string[] = []
    const log = metrics.countEvents((level, event) => {
      if (level !== 'debug') shown.push(event)
    })
    log('debug', 'block sealed')
    log('debug', 'block sealed')
    log('warn', 'vote refused', { why: 'because' })
    expect(shown).toEqual(['vote refused'])
    const text = await metrics.text()
    expect(text).toContain(
      'mosaic_events_total{level="debug",event="block sealed",role="relayer"} 2\n',
    )
    expect(text).toContain(
      'mosaic_events_total{level="warn",event="vote refused",role="relayer"} 1\n',
    )
  })

  test('are served over HTTP, and nothing else is', async () => {
    const server = await serveMetrics({ host: '127.0.0.1', port: 0 }, createMetrics('node'))
    ;({ stop } = server)
    const get = async (path: string, method = 'GET'): Promise<readonly [number, string]> => {
      const response = await fetch(`${server.url}${path}`, { method })
      return [response.status, await response.text()]
    }
    expect(await get('/metrics')).toEqual([200, expect.stringContaining('mosaic_build_info')])
    expect(await get('/metrics?x=1')).toEqual([200, expect.stringContaining('mosaic_build_info')])
    expect(await get('/health')).toEqual([200, 'ok\n'])
    expect(await get('/')).toEqual([404, '/metrics, /health\n'])
    expect((await get('/metrics', 'POST'))[0]).toBe(405)
    await expect(
      serveMetrics(
        { host: '127.0.0.1', port: Number(new URL(server.url).port) },
        createMetrics(''),
      ),
    ).rejects.toThrow('EADDRINUSE')
  })

  test('are none unless they are asked for', async () => {
    expect(await openMetrics('node', undefined, silence)).toMatchObject({
      metrics: undefined,
      log: silence,
    })
  })
})

function silence(): void {
  // Nothing is to be seen of it.
}
