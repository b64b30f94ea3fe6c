import { type AuthorityHeader, decodeHeader, headerHash } from '@mosaic/authority'
import { MAX_HEADERS_BY_RANGE } from '@mosaic/network'
import { type BlockNumber, type Hash32, InvalidValueError, toBlockNumber } from '@mosaic/primitives'
import { type Answer, type Courier, FalseAnswerError, type PeerPort } from './courier.ts'

/** How long the headers of one request are waited for. */
const WAIT_MS = 20_000

/**
 * Fetches headers backwards from a block whose hash is known: each is the parent of the next, so nobody can lie about any.
 *
 * @param from the lowest wanted.
 * @returns in rising order, the last with the hash.
 */
export async function downloadHeaders(
  parts: {
    readonly courier: Courier
    readonly peers: PeerPort
    readonly signal: AbortSignal
  },
  from: BlockNumber,
  last: { readonly number: BlockNumber; readonly hash: Hash32 },
): Promise<readonly AuthorityHeader[]> {
  const { courier, peers, signal } = parts
  const pieces: (readonly AuthorityHeader[])[] = []
  let expected = last.hash
  for (let end: bigint = last.number; end >= from; ) {
    const wanted = end - from + 1n
    const most = BigInt(MAX_HEADERS_BY_RANGE)
    const count = Number(wanted < most ? wanted : most)
    const request = { start: toBlockNumber(end - BigInt(count) + 1n), count }
    const piece = await courier.ask(async (peerId): Promise<Answer<readonly AuthorityHeader[]>> => {
      const headers: AuthorityHeader[] = []
      const options = { signal, waitMs: WAIT_MS }
      for await (const bytes of peers.request(peerId, 'headersByRange', request, options)) {
        headers.push(toHeader(bytes))
      }
      if (headers.length < count) return undefined
      requireChained(headers, expected)
      return { value: headers, isComplete: true }
    })
    pieces.push(piece)
    expected = piece[0]?.parentHash ?? expected
    end -= BigInt(count)
  }
  return pieces.toReversed().flat()
}

function toHeader(bytes: Uint8Array): AuthorityHeader {
  try {
    return decodeHeader(bytes)
  } catch (error) {
    if (error instanceof InvalidValueError) throw new FalseAnswerError('no header')
    throw error
  }
}

function requireChained(headers: readonly AuthorityHeader[], last: Hash32): void {
  let expected = last
  for (const header of headers.toReversed()) {
    if (headerHash(header) !== expected) throw new FalseAnswerError(`not the header ${expected}`)
    expected = header.parentHash
  }
}
