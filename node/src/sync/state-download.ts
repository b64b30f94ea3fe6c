import { setImmediate } from 'node:timers/promises'
import { HashSet } from '@mosaic/chain'
import { EMPTY_ROOT, type ExecutionLayer, readReferences } from '@mosaic/execution'
import { MAX_STATE_NODES } from '@mosaic/network'
import { bytesToHash32, equalBytes, type Hash32, hexToBytes } from '@mosaic/primitives'
import type { Store } from '@mosaic/storage'
import { type Answer, type Courier, FalseAnswerError, type PeerPort } from './courier.ts'

/** What came of a download. */
export type StateDownload = {
  /** Nodes and codes of the state. */
  readonly pieces: number
  /** Those that were fetched; the others were there from an earlier attempt. */
  readonly fetched: number
  readonly bytes: number
}

type Kind = 'account' | 'slot' | 'code'
/** A node or code that the state refers to. */
type Piece = { readonly hash: Uint8Array; readonly kind: Kind }

const PIECES_AT_ONCE = MAX_STATE_NODES / 2
const QUESTIONS_AT_ONCE = 4
/** How long the pieces of one request are waited for. */
const WAIT_MS = 20_000

/**
 * Brings a whole state into the store: every trie node, storage and code included. Each piece is named by its hash, so nobody can lie about
 * any. What an interrupted download left in the store is read instead of fetched.
 *
 * @throws NobodyAnswersError if no peer has a piece.
 */
export async function downloadState(
  parts: {
    readonly courier: Courier
    readonly peers: PeerPort
    readonly store: Store
    readonly keccak256: ExecutionLayer['keccak256']
    readonly signal: AbortSignal
    /** Is told now and then. */
    readonly onProgress: (progress: StateDownload) => void
  },
  stateRoot: Hash32,
): Promise<StateDownload> {
  const { courier, peers, store, keccak256, signal } = parts
  const seen = new HashSet()
  const waiting: Piece[] = []
  let fetched = 0
  let bytes = 0
  let inFlight = 0
  let failed = false
  const progress = (): StateDownload => ({ pieces: seen.size, fetched, bytes })

  const expect = (hash: Uint8Array, kind: Kind): void => {
    if (!equalBytes(hash, EMPTY_ROOT) && seen.add(hash)) waiting.push({ hash, kind })
  }
  const follow = (node: Uint8Array, kind: Kind): void => {
    if (kind === 'code') return
    const { below, storage, codes } = readReferences(node, kind === 'account')
    for (const hash of below) expect(hash, kind)
    for (const hash of storage) expect(hash, 'slot')
    for (const hash of codes) expect(hash, 'code')
  }
  /** Follows what is in the store, up to what is not. */
  const nextMissing = async (): Promise<readonly Piece[]> => {
    const missing: Piece[] = []
    for (let count = 1; missing.length < PIECES_AT_ONCE; count++) {
      const piece = waiting.pop()
      if (piece === undefined) break
      const known = store.get(piece.kind === 'code' ? 'code' : 'node', piece.hash)
      if (known !== undefined && equalBytes(keccak256(known), piece.hash)) {
        follow(known, piece.kind)
      } else missing.push(piece)
      if (count % PIECES_AT_ONCE === 0) await setImmediate()
    }
    return missing
  }
  const fetch = async (missing: readonly Piece[]): Promise<void> => {
    for (let wanted = missing; wanted.length > 0; ) {
      const asked = wanted
      const found = await courier.ask((peerId) => request(peerId, asked))
      await store.batch(
        found.map(([{ hash, kind }, value]) => ({
          type: 'put',
          space: kind === 'code' ? 'code' : 'node',
          key: hash,
          value,
        })),
      )
      for (const [{ kind }, value] of found) {
        follow(value, kind)
        fetched++
        bytes += value.length
      }
      const there = new Set(found.map(([piece]) => piece))
      wanted = wanted.filter((piece) => !there.has(piece))
    }
    parts.onProgress(progress())
  }
  const request = async (
    peerId: string,
    pieces: readonly Piece[],
  ): Promise<Answer<readonly (readonly [Piece, Uint8Array])[]>> => {
    const wanted = new Map(pieces.map((piece) => [bytesToHash32(piece.hash), piece]))
    const hashes = [...wanted.keys()]
    const found: (readonly [Piece, Uint8Array])[] = []
    try {
      const options = { signal, waitMs: WAIT_MS }
      for await (const value of peers.request(peerId, 'stateNodes', { hashes }, options)) {
        const hash = bytesToHash32(keccak256(value))
        const piece = wanted.get(hash)
        if (piece === undefined) throw new FalseAnswerError('a piece of state nobody asked for')
        wanted.delete(hash)
        found.push([piece, value])
      }
    } catch (error) {
      // What came before it broke off is good.
      if (error instanceof FalseAnswerError || found.length === 0) throw error
    }
    return found.length === 0 ? undefined : { value: found, isComplete: wanted.size === 0 }
  }
  const work = async (): Promise<void> => {
    while (!failed) {
      signal.throwIfAborted()
      const missing = await nextMissing()
      if (missing.length === 0) {
        if (inFlight === 0 && waiting.length === 0) return
        await changed()
        continue
      }
      inFlight++
      try {
        await fetch(missing)
      } catch (error) {
        failed = true
        throw error
      } finally {
        inFlight--
        wake()
      }
    }
  }
  let wakeUp = Promise.withResolvers<void>()
  const changed = (): Promise<void> => wakeUp.promise
  const wake = (): void => {
    wakeUp.resolve()
    wakeUp = Promise.withResolvers()
  }

  expect(hexToBytes(stateRoot), 'account')
  const results = await Promise.allSettled(Array.from({ length: QUESTIONS_AT_ONCE }, work))
  for (const result of results) if (result.status === 'rejected') throw result.reason
  return progress()
}
