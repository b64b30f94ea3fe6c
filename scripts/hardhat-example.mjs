// Runs the hardhat project of the examples as a user would: a copy with its own packages, against a chain of its own.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'mosaic-hardhat-'))
const isWindows = process.platform === 'win32'
let chain

try {
  cpSync(join(ROOT, 'examples', 'hardhat'), project, { recursive: true })
  // It has the native parts of Linux alone, which `npm ci` would not take; `npm install` keeps to its versions and finds other parts itself.
  cpSync(join(project, 'linux-lock.json'), join(project, 'package-lock.json'))
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'])
  chain = spawn(
    process.execPath,
    ['--conditions=source', 'node/src/bin.ts', 'dev', '--port', '0'],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const address = await listening(chain)
  await run('npm', ['test'], { MOSAIC_URL: `http://${address}` })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  chain?.kill()
  rmSync(project, { recursive: true, force: true })
}

function run(file, words, more = {}) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...more, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true', CI: 'true' }
    const child = spawn(file, words, { cwd: project, env, stdio: 'inherit', shell: isWindows })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`expected \`${file} ${words.join(' ')}\` to succeed, received ${code}`))
    })
  })
}

/** Where a chain listens, once it does. */
function listening(child) {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      const found = /^Listening on (.*)$/m.exec(output)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.on('exit', () => reject(new Error(`expected a chain that listens, received ${output}`)))
  })
}
