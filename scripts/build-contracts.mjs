// Compiles packages/contracts and writes typed ABIs, creation code and the snapshots under review. Runs on `npm install`.
// Nothing is compiled when neither a source, a setting nor the compiler changed. `--update-snapshots` rewrites the
// committed snapshots; without it they are only written to the cache, and a test compares the two.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('../packages/contracts/', import.meta.url))
const generated = join(home, 'src/generated')
const cache = join(home, 'cache')
const stampFile = join(cache, 'build.sha256')
const require = createRequire(join(home, 'package.json'))

/** Contracts that programs deploy or call: their generated module, and where they are. */
const CONTRACTS = {
  'core.ts': ['src/origin/Core.sol', 'Core'],
  'core-arbiter.ts': ['src/origin/CoreArbiter.sol', 'CoreArbiter'],
  'core-keeper.ts': ['src/origin/CoreKeeper.sol', 'CoreKeeper'],
  'core-factory.ts': ['src/origin/CoreFactory.sol', 'CoreFactory'],
  'transition-tracker.ts': ['src/auxiliary/TransitionTracker.sol', 'TransitionTracker'],
  'finality-gadget.ts': ['src/auxiliary/FinalityGadget.sol', 'FinalityGadget'],
  'origin-observer.ts': ['src/auxiliary/OriginObserver.sol', 'OriginObserver'],
  'kernel-registry.ts': ['src/auxiliary/KernelRegistry.sol', 'KernelRegistry'],
  'constant-reputation.ts': ['src/reputation/ConstantReputation.sol', 'ConstantReputation'],
  'ramp-up-reputation.ts': ['src/reputation/RampUpReputation.sol', 'RampUpReputation'],
  'finite-lifetime-reputation.ts': [
    'src/reputation/FiniteLifetimeReputation.sol',
    'FiniteLifetimeReputation',
  ],
  'devnet-token.ts': ['src/devnet/DevnetToken.sol', 'DevnetToken'],
}

/** The same settings as in foundry.toml, so that the tests run the code that is deployed. */
const SETTINGS = {
  viaIR: true,
  optimizer: { enabled: true, runs: 10_000 },
  evmVersion: 'prague',
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: {
    '*': { '*': ['abi', 'evm.bytecode', 'evm.deployedBytecode', 'storageLayout'] },
  },
}

/** EIP-170. */
const MAX_RUNTIME_BYTES = 24_576

const sources = readSources('src')
const stamp = createStamp()
const updateSnapshots = process.argv.includes('--update-snapshots')
if (!isUpToDate() || updateSnapshots) build()

function readSources(directory) {
  const entries = readdirSync(join(home, directory), { withFileTypes: true })
  const found = entries.flatMap((entry) => {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory()) return Object.entries(readSources(path))
    return path.endsWith('.sol')
      ? [[path, { content: readFileSync(join(home, path), 'utf8') }]]
      : []
  })
  return Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function createStamp() {
  const versions = ['solc', '@openzeppelin/contracts'].map(
    (name) => require(`${name}/package.json`).version,
  )
  const script = readFileSync(fileURLToPath(import.meta.url), 'utf8')
  return createHash('sha256')
    .update(JSON.stringify([sources, versions, script]))
    .digest('hex')
}

function isUpToDate() {
  const files = Object.keys(CONTRACTS).map((file) => join(generated, file))
  return [stampFile, ...files].every(existsSync) && readFileSync(stampFile, 'utf8') === stamp
}

function build() {
  const { contracts } = compile()
  for (const directory of [generated, join(cache, 'snapshots')]) {
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { recursive: true })
  }
  for (const [file, [path, name]] of Object.entries(CONTRACTS)) {
    const contract = contracts[path][name]
    requireDeployable(name, contract)
    writeFileSync(join(generated, file), toModule(name, contract))
    writeFileSync(join(cache, 'snapshots', `${name}.json`), toSnapshot(contract))
    if (updateSnapshots) {
      mkdirSync(join(home, 'snapshots'), { recursive: true })
      writeFileSync(join(home, 'snapshots', `${name}.json`), toSnapshot(contract))
    }
  }
  writeFileSync(stampFile, stamp)
}

function compile() {
  const solc = require('solc')
  const input = { language: 'Solidity', sources, settings: SETTINGS }
  const readImport = (path) => {
    try {
      return { contents: readFileSync(require.resolve(path), 'utf8') }
    } catch (cause) {
      return { error: String(cause) }
    }
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readImport }))
  const complaints = (output.errors ?? []).filter(
    ({ severity, sourceLocation }) =>
      severity === 'error' || sourceLocation?.file.startsWith('src/'),
  )
  if (complaints.length > 0) {
    process.stderr.write(complaints.map((complaint) => complaint.formattedMessage).join('\n'))
    process.exit(1)
  }
  return output
}

function requireDeployable(name, contract) {
  const size = contract.evm.deployedBytecode.object.length / 2
  if (size > MAX_RUNTIME_BYTES) {
    throw new Error(
      `${name} has ${size} bytes of code, at most ${MAX_RUNTIME_BYTES} can be deployed`,
    )
  }
  if (/__\$/.test(contract.evm.bytecode.object)) throw new Error(`${name} needs linking`)
}

function toModule(name, contract) {
  const prefix = name[0].toLowerCase() + name.slice(1)
  const abi = JSON.stringify(contract.abi, undefined, 2)
  return `// Written by scripts/build-contracts.mjs.

/** ABI of ${name}. */
export const ${prefix}Abi = ${abi} as const

/** Creation code of ${name}, without constructor arguments. */
export const ${prefix}CreationCode: \`0x\${string}\` =
  '0x${contract.evm.bytecode.object}'
`
}

function toSnapshot(contract) {
  const { Interface } = require('ethers')
  const { storage, types } = contract.storageLayout
  const snapshot = {
    runtimeBytes: contract.evm.deployedBytecode.object.length / 2,
    storage: storage.map(
      ({ slot, offset, type, label }) => `${slot}:${offset} ${types[type].label} ${label}`,
    ),
    abi: new Interface(contract.abi).format().toSorted(),
  }
  return `${JSON.stringify(snapshot, undefined, 2)}\n`
}
