// Runs the hardhat project of the examples against a chain of its own.
import { spawn } from 'node:child_process'
import { ROOT, withProject } from './example-project.mjs'

let chain
await withProject('hardhat', async ({ run }) => {
  chain = spawn(
    process.execPath,
    ['--conditions=source', 'node/src/bin.ts', 'dev', '--port', '0'],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const address = await listening(chain)
  await run('npm', ['test'], {
    MOSAIC_URL: `http://${address}`,
    HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true',
  })
})
chain?.kill()

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
