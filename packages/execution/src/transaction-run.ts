import type { Block as InnerBlock } from '@ethereumjs/block'
import { runTx } from '@ethereumjs/vm'
import { toAddress } from '@mosaic/primitives'
import type { Crypto } from './crypto.ts'
import { StateUnavailableError } from './errors.ts'
import { abandon, innerAddress, type Machine, toLogs } from './machine.ts'
import { encodeReceiptEnvelope, logsBloom, type Receipt } from './receipt.ts'
import { innerTransaction, isImpersonated, type Transaction } from './transaction.ts'

/** A block's transactions as far as they have run. */
export type Run = {
  gasUsed: bigint
  readonly receipts: Receipt[]
  readonly envelopes: Uint8Array[]
  readonly bloom: Uint8Array
}

/** Nothing has run yet. */
export function startRun(): Run {
  return { gasUsed: 0n, receipts: [], envelopes: [], bloom: new Uint8Array(256) }
}

/** Runs one transaction; the reason why it cannot run, or undefined after it has. */
export async function tryTransaction(
  machine: Machine,
  context: InnerBlock,
  transaction: Transaction,
  run: Run,
  crypto: Crypto,
): Promise<string | undefined> {
  const mark = machine.state.mark()
  const tx = innerTransaction(transaction)
  if (isImpersonated(transaction)) {
    const sender = innerAddress(transaction.from)
    if (machine.state.readCode(sender).length > 0) machine.state.disguise(sender)
  }
  let result: Awaited<ReturnType<typeof runTx>>
  try {
    result = await runTx(machine.vm, {
      tx,
      block: context,
      blockGasUsed: run.gasUsed,
      skipHardForkValidation: true,
    })
  } catch (error) {
    if (error instanceof StateUnavailableError) throw error
    await abandon(machine, mark)
    return error instanceof Error ? error.message : String(error)
  }
  run.gasUsed += result.totalGasSpent
  const logs = toLogs(result.execResult.logs)
  const bloom = logsBloom(logs, crypto.keccak256)
  for (let i = 0; i < bloom.length; i++) run.bloom[i] = (run.bloom[i] ?? 0) | (bloom[i] ?? 0)
  const created = result.createdAddress
  const baseFee = context.header.baseFeePerGas ?? 0n
  const tip = transaction.maxFeePerGas - baseFee
  const receipt: Receipt = {
    type: transaction.type,
    succeeded: result.execResult.exceptionError === undefined,
    cumulativeGasUsed: run.gasUsed,
    gasUsed: result.totalGasSpent,
    effectiveGasPrice:
      baseFee + (tip < transaction.maxPriorityFeePerGas ? tip : transaction.maxPriorityFeePerGas),
    contract:
      transaction.to === undefined && created !== undefined
        ? toAddress(created.toString())
        : undefined,
    logs,
  }
  run.receipts.push(receipt)
  run.envelopes.push(encodeReceiptEnvelope(receipt, bloom))
  return undefined
}
