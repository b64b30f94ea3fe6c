import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ledger, openLedger } from '@mosaic/relayer'
import { readInputText } from './input-file.ts'
import type { Log } from './logger.ts'
import { isSystemError } from './system-error.ts'

/** Where a relayer keeps what it sent and paid. */
function ledgerPath(dataDir: string): string {
  return join(dataDir, 'ledger.jsonl')
}

/**
 * Opens the ledger of a data directory for one process. Half a line at its end, which a power cut can leave, is cut off: what became of
 * that transaction is asked of the chain.
 *
 * @throws TypeError if another line is damaged.
 */
export async function openLedgerFile(dataDir: string, log: Log): Promise<Ledger> {
  const path = ledgerPath(dataDir)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return ''
    throw error
  })
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole !== text) {
    log('warn', 'half a line of the ledger is cut off', { path })
    await writeFile(path, whole, { mode: 0o600 })
  }
  return openLedger(
    whole.split('\n').slice(0, -1),
    (line) => appendFile(path, `${line}\n`, { mode: 0o600, flush: true }),
    () => BigInt(Math.floor(Date.now() / 1000)),
  )
}

/** Reads a ledger that may be in use. */
export async function readLedgerFile(dataDir: string): Promise<Ledger> {
  const text = await readInputText(
    ledgerPath(dataDir),
    'the ledger of a relayer',
    'a relayer with this data directory writes it with its first transaction',
  )
  return openLedger(
    text.split('\n').slice(0, -1),
    async () => undefined,
    () => 0n,
  )
}
