import {
  encodeRlp,
  hexToBytes,
  InvalidValueError,
  integerToRlp,
  toHash32,
} from '@mosaic/primitives'
import { type BlockHeaderFields, readBlockHeader } from '@mosaic/protocol'
import { HeaderMismatchError } from './errors.ts'

/** A header as RLP, with what the protocol reads from it. Its hash has been recomputed. */
export type RawHeader = BlockHeaderFields & { readonly rlp: Uint8Array }

/** Header fields by their JSON-RPC names, in RLP order; the forks after London append theirs. */
const FIELDS: readonly { readonly name: string; readonly kind: 'bytes' | 'integer' }[] = [
  { name: 'parentHash', kind: 'bytes' },
  { name: 'sha3Uncles', kind: 'bytes' },
  { name: 'miner', kind: 'bytes' },
  { name: 'stateRoot', kind: 'bytes' },
  { name: 'transactionsRoot', kind: 'bytes' },
  { name: 'receiptsRoot', kind: 'bytes' },
  { name: 'logsBloom', kind: 'bytes' },
  { name: 'difficulty', kind: 'integer' },
  { name: 'number', kind: 'integer' },
  { name: 'gasLimit', kind: 'integer' },
  { name: 'gasUsed', kind: 'integer' },
  { name: 'timestamp', kind: 'integer' },
  { name: 'extraData', kind: 'bytes' },
  { name: 'mixHash', kind: 'bytes' },
  { name: 'nonce', kind: 'bytes' },
  { name: 'baseFeePerGas', kind: 'integer' },
  { name: 'withdrawalsRoot', kind: 'bytes' },
  { name: 'blobGasUsed', kind: 'integer' },
  { name: 'excessBlobGas', kind: 'integer' },
  { name: 'parentBeaconBlockRoot', kind: 'bytes' },
  { name: 'requestsHash', kind: 'bytes' },
  { name: 'blockAccessListHash', kind: 'bytes' },
]
const MANDATORY = 15

/**
 * Encodes the header of a block that came over JSON-RPC and checks it against the claimed hash, so a lying endpoint is noticed.
 *
 * @throws InvalidValueError if a field is missing or malformed; {@link HeaderMismatchError} if the hash differs.
 */
export function blockToHeader(block: Readonly<Record<string, unknown>>): RawHeader {
  const fields: Uint8Array[] = []
  for (const { name, kind } of FIELDS) {
    const value = block[name]
    if (value === undefined || value === null) {
      if (fields.length < MANDATORY) throw new InvalidValueError(`a block with ${name}`, value)
      break
    }
    if (typeof value !== 'string') throw new InvalidValueError(`hex at ${name}`, value)
    fields.push(kind === 'bytes' ? hexToBytes(value) : integerToRlp(BigInt(value)))
  }
  const rlp = encodeRlp(fields)
  const header = readBlockHeader(rlp)
  const claimed = toHash32(String(block['hash']))
  if (header.hash !== claimed) throw new HeaderMismatchError(claimed, header.hash)
  return { ...header, rlp }
}
