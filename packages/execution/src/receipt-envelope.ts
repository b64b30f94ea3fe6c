import {
  bytesToAddress,
  bytesToBigint,
  bytesToHex,
  decodeRlp,
  encodeRlp,
  hexToBytes,
  InvalidValueError,
  integerToRlp,
  keccak256,
} from '@mosaic/primitives'
import type { Block } from './block.ts'
import { encodeReceiptEnvelope, logsBloom, type Receipt, readLog } from './receipt.ts'
import { effectiveTip, type Transaction } from './transaction.ts'

const RECEIPT_FIELDS = 4

/**
 * Reads the receipts of a block from the form in which they are hashed, and works out what that form leaves out: gas used, price paid, and the
 * address of a new contract.
 *
 * @param envelopes one per transaction, in order. Whether they are those of the receipts root is for the caller to compare.
 * @throws InvalidValueError if one is no receipt of its transaction.
 */
export function readReceiptEnvelopes(
  block: Block,
  envelopes: readonly Uint8Array[],
): readonly Receipt[] {
  if (envelopes.length !== block.transactions.length) {
    throw new InvalidValueError(`${block.transactions.length} receipts`, envelopes.length)
  }
  let before = 0n
  return block.transactions.map((transaction, index) => {
    const { type, succeeded, cumulativeGasUsed, logs } = readEnvelope(envelopes[index])
    if (type !== transaction.type || cumulativeGasUsed < before) {
      throw new InvalidValueError(`a receipt of type ${transaction.type} after ${before} gas`, type)
    }
    const gasUsed = cumulativeGasUsed - before
    before = cumulativeGasUsed
    const baseFee = block.header.baseFeePerGas ?? 0n
    return {
      type,
      succeeded,
      cumulativeGasUsed,
      gasUsed,
      effectiveGasPrice: baseFee + effectiveTip(transaction, baseFee),
      contract: transaction.to === undefined ? createdBy(transaction) : undefined,
      logs,
    }
  })
}

/** Receipts in the form in which they are hashed into the receipts root. */
export function toReceiptEnvelopes(
  receipts: readonly Receipt[],
  keccak: (bytes: Uint8Array) => Uint8Array,
): readonly Uint8Array[] {
  return receipts.map((receipt) => encodeReceiptEnvelope(receipt, logsBloom(receipt.logs, keccak)))
}

function readEnvelope(
  envelope: Uint8Array | undefined,
): Pick<Receipt, 'type' | 'succeeded' | 'cumulativeGasUsed' | 'logs'> {
  const bytes = envelope ?? new Uint8Array()
  const isLegacy = (bytes[0] ?? 0) >= 0xc0
  const fields = decodeRlp(isLegacy ? bytes : bytes.subarray(1))
  const [status, gas, , logs] = fields instanceof Uint8Array ? [] : fields
  if (
    fields.length !== RECEIPT_FIELDS ||
    !(status instanceof Uint8Array) ||
    !(gas instanceof Uint8Array) ||
    logs === undefined ||
    logs instanceof Uint8Array
  ) {
    throw new InvalidValueError('a receipt', bytesToHex(bytes))
  }
  return {
    type: isLegacy ? 0 : (bytes[0] ?? 0),
    succeeded: status.length === 1,
    cumulativeGasUsed: bytesToBigint(gas),
    logs: logs.map(readLog),
  }
}

/** The address of the contract that a transaction creates (yellow paper, 7). */
function createdBy({ from, nonce }: Transaction): Receipt['contract'] {
  const hash = keccak256(encodeRlp([hexToBytes(from), integerToRlp(nonce)]))
  return bytesToAddress(hexToBytes(hash).subarray(12))
}
