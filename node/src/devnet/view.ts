import { bytesToHex } from '@mosaic/primitives'
import { formatUnits } from 'ethers'
import type { DevAccount } from './accounts.ts'
import { DEV_MNEMONIC } from './accounts.ts'
import type { Layout } from './layout.ts'
import { rpcUrl } from './layout.ts'
import type { DevnetEvent, DevnetStatus } from './monitor.ts'

/** Where the network is shown. */
export type View = {
  readonly event: (event: DevnetEvent) => void
  readonly refresh: (status: DevnetStatus) => void
  readonly note: (text: string) => void
  readonly close: () => void
}

/** What does not change while the network runs. */
export type Banner = {
  readonly layout: Layout
  readonly accounts: readonly DevAccount[]
  readonly dataDir: string
}

const META_BLOCKS_SHOWN = 6
/** One loss of all makes as many lines as there are validators. */
const VERDICTS_SHOWN = 8

/** The text that precedes everything else: endpoints, accounts, keys. */
export function bannerText({ layout, accounts, dataDir }: Banner): string {
  const lines = [
    'Mosaic local network',
    '',
    'Accounts (funded on both chains; everybody knows these keys)',
    ...accounts.map(
      ({ address, secretKey }, index) => `  (${index}) ${address}  ${bytesToHex(secretKey)}`,
    ),
    `  mnemonic  ${DEV_MNEMONIC}`,
    '',
    `origin      ${layout.originUrl}`,
    `core        ${layout.core ?? 'not deployed yet'}`,
    ...layout.nodes.map(
      (node) =>
        `${node.name.padEnd(11)} ${rpcUrl(node)}  ws on the same port  ${node.signer === undefined ? 'validates' : 'validates, produces blocks'}`,
    ),
    `data        ${dataDir}`,
    '',
  ]
  return lines.join('\n')
}

/** How long a note stays, in milliseconds. */
const NOTE_MS = 15_000

/** Redraws a block of lines in a terminal; `columns` is its width at this moment. */
export function createLiveView(write: (text: string) => void, columns: () => number): View {
  let drawn = 0
  let note = ''
  let noteEnds = 0
  const started = Date.now()
  return {
    event: () => undefined,
    note: (text) => {
      note = text
      noteEnds = Date.now() + NOTE_MS
      if (drawn === 0 && text !== '') write(`${text}\n`)
    },
    refresh: (status) => {
      const seconds = Math.floor((Date.now() - started) / 1000)
      if (Date.now() > noteEnds) note = ''
      // A line that wraps would shift everything that is drawn next.
      const width = columns()
      const lines = statusLines(status, seconds, note).map((line) => line.slice(0, width))
      const up = drawn > 0 ? `\u001b[${drawn}A` : ''
      write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}\u001b[J`)
      drawn = lines.length
    },
    close: () => undefined,
  }
}

/** One line per event, for output that is not a terminal. */
export function createLineView(write: (text: string) => void): View {
  return {
    event: (event) => {
      const text = eventText(event)
      if (text !== undefined) write(`${text}\n`)
    },
    refresh: () => undefined,
    note: (text) => {
      if (text !== '') write(`${text}\n`)
    },
    close: () => undefined,
  }
}

/** One JSON object per line, for machines. */
export function createJsonView(write: (text: string) => void): View {
  const line = (value: object): void => {
    write(
      `${JSON.stringify(value, (_key, member: unknown) => (typeof member === 'bigint' ? Number(member) : member))}\n`,
    )
  }
  return {
    event: line,
    refresh: () => undefined,
    note: () => undefined,
    close: () => undefined,
  }
}

function statusLines(status: DevnetStatus, seconds: number, note: string): readonly string[] {
  const votes = [...status.votes].map(([address, height]) => `${address.slice(0, 8)} ${height}`)
  return [
    `auxiliary   head ${status.head}   justified ${status.justified}   finalized ${status.finalized ?? '-'}   dynasty ${status.dynasty}   up ${seconds} s`,
    `votes       ${votes.join('   ') || 'none counted yet'}`,
    `origin      observed ${status.observation}   kernel open ${status.openKernel}, active on auxiliary ${status.activeKernel}`,
    `meta-blocks ${status.metaBlocks.length}`,
    ...status.metaBlocks
      .slice(-META_BLOCKS_SHOWN)
      .map(
        (block) =>
          `  B${block.height}  dynasty ${block.dynasty}  gas ${block.gas}  transactions ${block.transactions}  origin gas ${block.originGas}  ${block.originTx}`,
      ),
    ...status.verdicts.slice(-VERDICTS_SHOWN).flatMap((verdict) => eventText(verdict) ?? []),
    ...(note === '' ? [] : [note]),
  ]
}

function eventText(event: DevnetEvent): string | undefined {
  switch (event.event) {
    case 'block':
      return undefined
    case 'checkpoint.justified':
      return `justified  checkpoint ${event.height}  ${event.hash}`
    case 'checkpoint.finalized':
      return `finalized  checkpoint ${event.height}  ${event.hash}  dynasty ${event.dynasty}`
    case 'metablock.proposed':
      return `proposed   meta-block ${event.height}  dynasty ${event.dynasty}  origin gas ${event.originGas}`
    case 'metablock.committed':
      return `committed  meta-block ${event.height}  dynasty ${event.dynasty}  gas ${event.gas}  transactions ${event.transactions}  origin gas ${event.originGas}  ${event.originTx}`
    case 'kernel.activated':
      return `activated  kernel ${event.height} on auxiliary`
    case 'validator.slashed':
      return `slashed    ${event.validator} for a ${event.offence}: ${formatUnits(event.loss)} lost, reported by ${event.reporter} in ${event.originTx}`
    case 'dynasty.capped':
      return `capped     height ${event.height} at dynasty ${event.dynasty}, shown by ${event.challenger} in ${event.originTx}`
    case 'proposal.struck':
      return `struck     proposal ${event.transitionHash} of height ${event.height}: its bond is ${event.challenger}'s, in ${event.originTx}`
    case 'gastarget.missed':
      return `missed     gas target of height ${event.height} by ${event.missedDynasties} dynasties: its validators lose ${Number(event.fraction) / 10_000} %, shown by ${event.challenger} in ${event.originTx}`
    case 'stake.reduced':
      return `reduced    stake of ${event.validator} by ${formatUnits(event.loss)}, for ${event.challenger} in ${event.originTx}`
    case 'core.halted':
      return `HALTED     the core at height ${event.height}: ${event.reason}, reported by ${event.reporter} in ${event.originTx}`
  }
}
