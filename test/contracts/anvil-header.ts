import {
  bytesToHex,
  encodeRlp,
  type Hash32,
  type Hex,
  hexToBytes,
  integerToRlp,
  keccak256,
  toHash32,
} from '@mosaic/primitives'
import { type Anvil, readFields } from './anvil.ts'

/** A block as the contracts want it. */
export type HeaderOfBlock = {
  readonly number: bigint
  readonly hash: Hash32
  readonly stateRoot: Hash32
  readonly rlp: Hex
}

/** Fields of a header since Prague, in order; the integers among them. */
const FIELDS = [
  'parentHash',
  'sha3Uncles',
  'miner',
  'stateRoot',
  'transactionsRoot',
  'receiptsRoot',
  'logsBloom',
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'extraData',
  'mixHash',
  'nonce',
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
] as const
const INTEGERS: ReadonlySet<string> = new Set([
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'baseFeePerGas',
  'blobGasUsed',
  'excessBlobGas',
])

/** The header of a block in RLP, which hashes to the block's hash. */
export async function getHeader(anvil: Anvil, block: string): Promise<HeaderOfBlock> {
  const fields = readFields(await anvil.request('eth_getBlockByNumber', block, false))
  const present = FIELDS.filter((name) => fields[name] !== undefined && fields[name] !== null)
  const rlp = encodeRlp(
    present.map((name) => {
      const value = String(fields[name])
      return INTEGERS.has(name) ? integerToRlp(BigInt(value)) : hexToBytes(toEven(value))
    }),
  )
  const hash = toHash32(String(fields['hash']))
  if (keccak256(rlp) !== hash) throw new Error(`the header of block ${block} has other fields`)
  return {
    number: BigInt(String(fields['number'])),
    hash,
    stateRoot: toHash32(String(fields['stateRoot'])),
    rlp: bytesToHex(rlp),
  }
}

function toEven(hex: string): Hex {
  return `0x${hex.slice(2)}`
}
