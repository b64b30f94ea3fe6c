import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findOffence } from '@mosaic/finality'
import { isRecord } from '@mosaic/origin'
import { toHash32, toHeight } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import type { FaultNode } from './network.ts'

/** A line of a seal journal. */
type Seal = { readonly number: bigint; readonly justifiedHeight: bigint; readonly sealHash: string }

/** The journals of a node, in bytes: they grow with every signature. */
export async function journalSizes(dir: string, node: FaultNode): Promise<readonly number[]> {
  return Promise.all(
    journalPaths(dir, node).map(async (path) => (await readFile(path).catch(() => '')).length),
  )
}

/** Of votes, then of seals. */
export function journalPaths(dir: string, { validator, signer }: FaultNode): readonly string[] {
  return [join(dir, `guard-${validator}.journal`), join(dir, `seals-${signer}.journal`)]
}

/** Everything that a validator was ever ready to say. */
export async function signedVotes(dir: string, node: FaultNode): Promise<readonly VoteMessage[]> {
  const [path = ''] = journalPaths(dir, node)
  return (await entriesOf(path)).flatMap(({ vote }) => {
    if (!isRecord(vote)) return []
    return {
      chain: toHash32(String(vote['chain'])),
      transitionHash: toHash32(String(vote['transitionHash'])),
      source: toHash32(String(vote['source'])),
      target: toHash32(String(vote['target'])),
      sourceHeight: toHeight(BigInt(String(vote['sourceHeight']))),
      targetHeight: toHeight(BigInt(String(vote['targetHeight']))),
    }
  })
}

/** Everything that a producer was ever ready to seal. */
export async function sealedBlocks(dir: string, node: FaultNode): Promise<readonly Seal[]> {
  const [, path = ''] = journalPaths(dir, node)
  return (await entriesOf(path)).flatMap(({ seal }) =>
    isRecord(seal)
      ? {
          number: BigInt(String(seal['number'])),
          justifiedHeight: BigInt(String(seal['justifiedHeight'])),
          sealHash: String(seal['sealHash']),
        }
      : [],
  )
}

/** Pairs among votes that offend, and pairs of blocks at one place. */
export function guiltyPairs(votes: readonly VoteMessage[], seals: readonly Seal[]): number {
  let pairs = 0
  for (const [i, vote] of votes.entries()) {
    for (const other of votes.slice(0, i)) if (findOffence(other, vote) !== undefined) pairs++
  }
  const places = seals.map(({ number, justifiedHeight }) => `${number} ${justifiedHeight}`)
  return pairs + places.length - new Set(places).size
}

async function entriesOf(path: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(1, -1)
  return lines.map((line) => {
    const entry: unknown = JSON.parse(line)
    if (!isRecord(entry)) throw new Error(`expected an entry, received ${line}`)
    return entry
  })
}
