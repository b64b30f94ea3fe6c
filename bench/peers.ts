/**
 * Measures the chain for tests, as `npm run build` bundles it, beside others in one run: HTTP against HTTP, in process against in process, the same signed transactions for all.
 *
 * Words: `--peers DIR`, a folder with hardhat and ganache (`npm install hardhat@3 ganache@7 --prefix DIR`, with Node 24); without it they are left
 * out. `--only NAME,NAME` measures those alone.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { findBinary } from '../test/contracts/anvil.ts'
import { type Figures, median, ms, printTable } from './peers/figures.ts'
import { measureServer, type ServerPeer } from './peers/measure-server.ts'
import { ACCOUNTS, CHAIN_ID, createWorkload, MNEMONIC } from './peers/workload.ts'

const run = promisify(execFile)
/** So much gas fits into a block that none of them has to leave something out. */
const GAS_LIMIT = 1_000_000_000
const STARTS = 5
/** Files of settings, with the seconds between blocks. The first is what is found without being named. */
const HARDHAT_SETTINGS = { 'hardhat.config.js': 0, 'interval.config.js': 1 }

const { values } = parseArgs({
  options: { peers: { type: 'string' }, only: { type: 'string' } },
})
const wanted = values.only?.split(',')
const folder = values.peers === undefined ? undefined : resolve(values.peers)
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The version of a peer in the folder; undefined if it is not there. */
function versionOf(name: string): string | undefined {
  if (folder === undefined || !existsSync(join(folder, 'node_modules', name))) return undefined
  const file: { readonly version: string } = createRequire(join(folder, 'package.json'))(
    `${name}/package.json`,
  )
  return file.version
}

function mosaicServer(): ServerPeer {
  return devServer([process.execPath, here('../node/bin/mosaic.mjs'), 'dev'], '--silent')
}

/** Both understand the same words, but for being told to be quiet. */
function devServer(program: readonly string[], quiet: string): ServerPeer {
  return {
    command: (port, blockTime) =>
      [
        program,
        ['--port', String(port), '--accounts', String(ACCOUNTS)],
        ['--gas-limit', String(GAS_LIMIT), quiet],
        blockTime === 0 ? [] : ['--block-time', String(blockTime)],
      ].flat(),
  }
}

/** Hardhat wants a project around it, with its settings in a file. */
function hardhatServer(dir: string, scratch: string): ServerPeer {
  symlinkSync(join(dir, 'node_modules'), join(scratch, 'node_modules'))
  writeFileSync(join(scratch, 'package.json'), '{"name":"peer","private":true,"type":"module"}')
  for (const [name, seconds] of Object.entries(HARDHAT_SETTINGS)) {
    const mining = { auto: seconds === 0, interval: seconds * 1000 }
    writeFileSync(
      join(scratch, name),
      `export default { networks: { node: { type: 'edr-simulated', chainType: 'l1', chainId: ${CHAIN_ID}, blockGasLimit: ${GAS_LIMIT}n,
        accounts: { count: ${ACCOUNTS}, mnemonic: '${MNEMONIC}' }, mining: ${JSON.stringify(mining)} } } }`,
    )
  }
  const program = join(scratch, 'node_modules', 'hardhat', 'dist', 'src', 'cli.js')
  return {
    cwd: scratch,
    command: (port, blockTime) =>
      [
        [process.execPath, program],
        ['--config', blockTime === 0 ? 'hardhat.config.js' : 'interval.config.js'],
        ['node', '--port', String(port), '--hostname', '127.0.0.1'],
      ].flat(),
  }
}

function ganacheServer(dir: string): ServerPeer {
  const program = join(dir, 'node_modules', 'ganache', 'dist', 'node', 'cli.js')
  return {
    command: (port, blockTime) =>
      [
        [process.execPath, program, '--logging.quiet', '--wallet.mnemonic', MNEMONIC],
        ['--server.port', String(port), '--server.host', '127.0.0.1'],
        ['--wallet.totalAccounts', String(ACCOUNTS), '--chain.chainId', String(CHAIN_ID)],
        ['--miner.blockGasLimit', String(GAS_LIMIT), '--miner.blockTime', String(blockTime)],
      ].flat(),
  }
}

async function measureInProcess(which: string, scratch: string): Promise<Figures> {
  const words = [which, folder ?? '.']
  const starts: number[] = []
  for (let i = 0; i < STARTS; i++) {
    const start = performance.now()
    await run(process.execPath, [here('peers/in-process-start.mjs'), ...words], { cwd: scratch })
    starts.push(performance.now() - start)
  }
  const program = ['--conditions=source', here('peers/in-process.ts')]
  const { stdout } = await run(process.execPath, [...program, ...words], { cwd: scratch })
  const last = stdout.trim().split('\n').at(-1) ?? '{}'
  const figures: Figures = JSON.parse(last)
  return { 'process with its first mined transaction': ms(median(starts)), ...figures }
}

const scratch = mkdtempSync(join(tmpdir(), 'mosaic-peers-'))
const hardhat = versionOf('hardhat')
const ganache = versionOf('ganache')
const servers = new Map<string, ServerPeer>([
  ['mosaic dev', mosaicServer()],
  ['anvil', devServer([findBinary()], '--quiet')],
])
if (folder !== undefined && hardhat !== undefined)
  servers.set(`hardhat ${hardhat}`, hardhatServer(folder, scratch))
if (folder !== undefined && ganache !== undefined)
  servers.set(`ganache ${ganache}`, ganacheServer(folder))
for (const [name, version] of Object.entries({ hardhat, ganache })) {
  if (version === undefined) {
    process.stdout.write(
      `Left out: ${name}, for it is not in ${folder ?? 'a folder given by --peers DIR'}. README of packages/devchain.\n`,
    )
  }
}
const isWanted = (name: string): boolean =>
  wanted === undefined || wanted.some((word) => name.startsWith(word))

try {
  const anvil = await run(findBinary(), ['--version'])
  process.stdout.write(
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${anvil.stdout.split('\n')[0]}\n`,
  )
  const workload = await createWorkload()
  const overHttp = new Map<string, Figures>()
  for (const [name, peer] of servers) {
    if (!isWanted(name)) continue
    const figures = await measureServer(peer, workload)
    overHttp.set(name, figures)
    // At once: all of them together take minutes.
    printTable(name, new Map([[name, figures]]))
  }
  printTable('all over HTTP; in brackets: a second of CPU', overHttp)
  const inProcess = new Map<string, Figures>()
  for (const name of servers.keys()) {
    const [which = ''] = name.split(' ')
    if (which !== 'anvil' && isWanted(name))
      inProcess.set(which, await measureInProcess(which, scratch))
  }
  printTable('in process', inProcess)
} finally {
  rmSync(scratch, { recursive: true })
}
