// Runs projects of the examples as their users would: copies with packages of their own.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
const isWindows = process.platform === 'win32'

/**
 * Copies a project, installs what its `linux-lock.json` names, and does something with it. A failure is told and becomes the exit code of this
 * process.
 *
 * @param {string} name its folder in `examples`
 * @param {(project: {
 *   folder: string,
 *   run: (file: string, words: string[], more?: Record<string, string>) => Promise<void>,
 * }) => Promise<void>} use is given the folder of the copy, and what runs a command in it, with `more` in its environment
 */
export async function withProject(name, use) {
  const folder = mkdtempSync(join(tmpdir(), `mosaic-${name}-`))
  const runHere = (file, words, more) => run(folder, file, words, more)
  try {
    cpSync(join(ROOT, 'examples', name), folder, { recursive: true })
    // It has the native parts of Linux alone, which `npm ci` would not take; `npm install` keeps to its versions and finds other parts itself.
    cpSync(join(folder, 'linux-lock.json'), join(folder, 'package-lock.json'))
    await runHere('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'])
    await use({ folder, run: runHere })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function run(folder, file, words, more = {}) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...more, CI: 'true' }
    const child = spawn(file, words, { cwd: folder, env, stdio: 'inherit', shell: isWindows })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`expected \`${file} ${words.join(' ')}\` to succeed, received ${code}`))
    })
  })
}
