#!/usr/bin/env node
// The command line as one program, with what Node compiled of it kept for the next start.
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'

const PATIENCE_MS = 5000
const program = new URL('../dist/bundle/cli.mjs', import.meta.url)
if (existsSync(fileURLToPath(program))) {
  // Node 20 has no such cache.
  nodeModule.enableCompileCache?.()
  const { main } = await import(program.href)
  process.exitCode = await main(process.argv.slice(2))
  // Whatever was left open must not keep a process alive that failed.
  if (process.exitCode !== 0) setTimeout(() => process.exit(), PATIENCE_MS).unref()
} else {
  process.stderr.write('mosaic: expected the program that `npm run build` makes, found none\n')
  process.exitCode = 1
}
