import { readFile, rename, writeFile } from 'node:fs/promises'
import type { PeerMemory } from '@mosaic/network'
import { isRecord } from '@mosaic/origin'

/**
 * Reads what a node remembers of its peers. It is a help and nothing more: a file that is missing or damaged is an empty memory.
 */
export async function readPeerFile(path: string): Promise<PeerMemory> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'))
    const list = (key: string): readonly unknown[] => {
      const member = isRecord(parsed) ? parsed[key] : undefined
      return Array.isArray(member) ? member : []
    }
    return {
      reached: list('reached').flatMap((entry) =>
        isRecord(entry) && typeof entry['address'] === 'string' && typeof entry['at'] === 'number'
          ? [{ address: entry['address'], at: entry['at'] }]
          : [],
      ),
      bans: list('bans').flatMap((entry) =>
        isRecord(entry) && typeof entry['peerId'] === 'string' && typeof entry['until'] === 'number'
          ? [{ peerId: entry['peerId'], until: entry['until'] }]
          : [],
      ),
      points: list('points').flatMap((entry) =>
        isRecord(entry) &&
        typeof entry['peerId'] === 'string' &&
        typeof entry['points'] === 'number' &&
        entry['points'] >= 0 &&
        typeof entry['at'] === 'number'
          ? [{ peerId: entry['peerId'], points: entry['points'], at: entry['at'] }]
          : [],
      ),
    }
  } catch {
    return { reached: [], bans: [], points: [] }
  }
}

/** Writes it, complete or not at all. */
export async function writePeerFile(path: string, memory: PeerMemory): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(memory, undefined, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
