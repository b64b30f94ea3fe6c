// Runs every check of the project: types, lint, contracts, tests. The last line says how many passed.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const scratch = mkdtempSync(join(tmpdir(), 'mosaic-test-'))
const report = join(scratch, 'vitest.json')

/** Each gate is one command; it counts as one test, unless `count` reads how many tests it ran. */
const gates = [
  { name: 'contracts build', command: ['npm', 'run', '--silent', 'build:contracts'] },
  { name: 'types', command: ['npm', 'run', '--silent', 'typecheck'] },
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
  { name: 'lint of contracts', command: ['npm', 'run', '--silent', 'lint:contracts'] },
  { name: 'forge', command: ['npm', 'run', '--silent', 'test:contracts'], count: countForge },
  {
    name: 'vitest',
    command: [
      'npx',
      'vitest',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    count: countVitest,
  },
  {
    name: 'examples under node:test',
    command: [
      'node',
      '--conditions=source',
      '--test',
      '--test-reporter=tap',
      'examples/ethers.node-test.ts',
    ],
    count: countTap,
  },
  {
    name: 'hardhat project',
    command: ['node', 'scripts/hardhat-example.mjs'],
    count: countHardhat,
  },
  {
    name: 'runners of tests',
    command: ['node', 'scripts/runner-examples.mjs'],
    count: countRunners,
  },
]

let passed = 0
let failed = 0
const broken = []
for (const { name, command, count } of gates) {
  process.stdout.write(`\n== ${name}\n`)
  const { code, output } = await run(command)
  const counted = count?.(output) ?? { passed: 0, failed: 0 }
  passed += counted.passed
  failed += counted.failed
  if (code === 0 && counted.failed === 0) passed += count === undefined ? 1 : 0
  else {
    broken.push(name)
    if (counted.failed === 0) failed += 1
  }
  if (count !== undefined && code === 0 && counted.passed === 0) {
    broken.push(`${name} ran no test`)
    failed += 1
  }
}
rmSync(scratch, { recursive: true, force: true })
process.stdout.write(broken.length === 0 ? '\n' : `\nnot in order: ${broken.join(', ')}\n`)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1

function run([file, ...words]) {
  return new Promise((resolve) => {
    const child = spawn(file, words, {
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: process.platform === 'win32',
    })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      process.stdout.write(chunk)
    })
    child.on('error', () => resolve({ code: 1, output }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

function countForge(output) {
  const sums = [...output.matchAll(/(\d+) tests? passed, (\d+) failed/g)].at(-1)
  return { passed: Number(sums?.[1] ?? 0), failed: Number(sums?.[2] ?? 0) }
}

function countTap(output) {
  const sum = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0)
  return { passed: sum('pass'), failed: sum('fail') }
}

function countHardhat(output) {
  const sum = (what) => Number(new RegExp(`^\\s*(\\d+) ${what}\\b`, 'm').exec(output)?.[1] ?? 0)
  return { passed: sum('passing'), failed: sum('failing') }
}

/** Each runner on each version of Node counts once: what fails is the exit code. */
function countRunners(output) {
  return { passed: [...output.matchAll(/^passed: /gm)].length, failed: 0 }
}

function countVitest() {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
    return { passed: numPassedTests, failed: numFailedTests }
  } catch {
    return { passed: 0, failed: 0 }
  }
}
