import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const MOSAIC = path('../bin/mosaic.mjs')
/** Says at the end which modules were loaded from files, whoever asked for them. */
const LOADED = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
  process.on('exit', () => process.stderr.write(loaded.join('\\n')))
`)}`

describe('the bundled command line', () => {
  beforeAll(async () => {
    await run(process.execPath, [path('../../scripts/bundle.mjs')])
  })

  test('is the same program', async () => {
    const bundled = await run(process.execPath, [MOSAIC, 'help'])
    const source = await run(process.execPath, [
      '--conditions=source',
      path('../src/bin.ts'),
      'help',
    ])
    expect(bundled.stdout).toBe(source.stdout)
  })

  test('serves a chain for tests without what only nodes with peers need', async () => {
    const words = ['--import', LOADED, MOSAIC, 'dev', '--port', '0', '--silent']
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    let loaded = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      loaded += chunk
    })
    const [line]: unknown[] = await once(child.stdout, 'data')
    const address = /Listening on (\S+)/.exec(String(line))?.[1]
    const response = await fetch(`http://${address}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}',
    })
    expect(await response.json()).toEqual({ jsonrpc: '2.0', id: 1, result: '0x7a69' })
    child.kill()
    await once(child, 'exit')
    expect(loaded).toContain('dist/bundle/cli.mjs')
    expect(loaded).not.toMatch(/libp2p|classic-level|node_modules\/(?:ethers|ws)\//)
  })
})
