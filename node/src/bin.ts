#!/usr/bin/env node
import { main } from './cli.ts'

const PATIENCE_MS = 5000

process.exitCode = await main(process.argv.slice(2))
// Whatever was left open must not keep a process alive that failed.
if (process.exitCode !== 0) setTimeout(() => process.exit(), PATIENCE_MS).unref()
