// Bundles the command line and the chain for tests: to read a few files takes a third of the time that hundreds take. What has native code
// stays outside, as does what only nodes with peers need. Runs on `npm install` and with `npm run build`.
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const OUTSIDE =
  /^(?:secp256k1|classic-level|snappy|bufferutil|utf-8-validate|@foundry-rs|ethers|yaml|libp2p|@libp2p|@chainsafe|@multiformats)(?:\/|$)/

// The program of the thread that recovers senders must lie beside what starts it, by its name.
const THREAD = 'packages/execution/src/recovery/recovery-worker.ts'
await write(['node/src/cli.ts', THREAD], 'node/dist/bundle')
await write(['packages/devchain/src/index.ts', THREAD], 'packages/devchain/dist/bundle')

async function write(inputs, directory) {
  const dir = path(directory)
  rmSync(dir, { recursive: true, force: true })
  const bundle = await rolldown({
    input: inputs.map(path),
    platform: 'node',
    external: OUTSIDE,
    resolve: { conditionNames: ['source', 'node', 'import', 'default'] },
  })
  await bundle.write({
    dir,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
    // Whoever reads a stack trace wants names.
    minify: { compress: true, mangle: false, codegen: true },
  })
  await bundle.close()
}

function path(relative) {
  return fileURLToPath(new URL(`../${relative}`, import.meta.url))
}
