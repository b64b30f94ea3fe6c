import type { Block as InnerBlock } from '@ethereumjs/block'
import { runTx } from '@ethereumjs/vm'
import { toAddress } from '@mosaic/primitives'
import type { Crypto } from './crypto.ts'
import { StateUnavailableError } from './errors.ts'
import { abandon, innerAddress, type Machine, toLogs } from './machine.ts'
import { tryPlainTransfer } from './plain-transfer.ts'
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
  const gasUsed = tryPlainTransfer(machine, context, transaction, run.gasUsed)
  if (gasUsed !== undefined) {
    note(run, context, transaction, { gasUsed, succeeded: true, logs: [] }, crypto)
    return undefined
  }
  const mark = machine.state.mark()
  const tx = innerTransaction(transaction, machine.vm.common)
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
    abandon(machine, mark)
    return error instanceof Error ? error.message : String(error)
  }
  const ran = {
    gasUsed: result.totalGasSpent,
    succeeded: result.execResult.exceptionError === undefined,
    logs: toLogs(result.execResult.logs),
    created: result.createdAddress,
  }
  note(run, context, transaction, ran, crypto)
  return undefined
}

/** Adds what a transaction did to what the block's did. */
function note(
  run: Run,
  context: InnerBlock,
  transaction: Transaction,
  ran: Pick<Receipt, 'gasUsed' | 'succeeded' | 'logs'> & {
    readonly created?: { toString: () => string } | undefined
  },
  crypto: Crypto,
): void {
  const { gasUsed, succeeded, logs, created } = ran
  run.gasUsed += gasUsed
  const bloom = logsBloom(logs, crypto.keccak256)
  if (logs.length > 0) {
    for (let i = 0; i < bloom.length; i++) run.bloom[i] = (run.bloom[i] ?? 0) | (bloom[i] ?? 0)
  }
  const baseFee = context.header.baseFeePerGas ?? 0n
  const tip = transaction.maxFeePerGas - baseFee
  const receipt: Receipt = {
    type: transaction.type,
    succeeded,
    cumulativeGasUsed: run.gasUsed,
    gasUsed,
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
}
