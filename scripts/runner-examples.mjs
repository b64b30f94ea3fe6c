// Runs the examples for jest, mocha, Node's own runner and vitest, on Node 22 and on the Node that runs this.
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, withProject } from './example-project.mjs'

const RUNNERS = {
  jest: ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'],
  mocha: ['node_modules/mocha/bin/mocha.js', 'mocha.test.mjs'],
  'node:test': ['--test', 'node.test.mjs'],
  vitest: ['node_modules/vitest/vitest.mjs', 'run', 'vitest.test.mjs'],
}

await withProject('runners', async ({ folder, run }) => {
  // Node comes by a script of its package.
  await run('npm', ['rebuild', 'node'])
  // The chain and vitest are those of this repository, as if they were installed.
  const installed = join(folder, 'node_modules')
  mkdirSync(join(installed, '@mosaic'))
  symlinkSync(
    join(ROOT, 'packages', 'devchain'),
    join(installed, '@mosaic', 'devchain'),
    'junction',
  )
  symlinkSync(join(ROOT, 'node_modules', 'vitest'), join(installed, 'vitest'), 'junction')
  const programs = {
    'Node 22': join('node_modules', 'node', 'bin', 'node'),
    [`Node ${process.version}`]: process.execPath,
  }
  for (const [version, program] of Object.entries(programs)) {
    for (const [runner, words] of Object.entries(RUNNERS)) {
      await run(program, words)
      process.stdout.write(`passed: ${runner} on ${version}\n`)
    }
  }
})
