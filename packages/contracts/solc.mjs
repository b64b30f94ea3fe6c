#!/usr/bin/env node
// Lets forge use the npm build of solc where no native binary can be downloaded.
import { readFileSync } from 'node:fs'
import solc from 'solc'

// Forge passes the sources within its root; what those import from elsewhere is read here, relative to the root.
function readImport(path) {
  try {
    return { contents: readFileSync(new URL(path, import.meta.url), 'utf8') }
  } catch (cause) {
    return { error: String(cause) }
  }
}

if (process.argv.includes('--version')) {
  const version = solc.version().replace('.Emscripten.clang', '.Linux.g++')
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`)
} else {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8'), { import: readImport }))
}
