import type { Block as InnerBlock } from '@ethereumjs/block'
import { runTx } from '@ethereumjs/vm'
import { toAddress } from '@mosaic/primitives'
import { admit } from './admission.ts'
import type { Crypto } from './crypto.ts'
import { StateUnavailableError } from './errors.ts'
import { abandon, innerAddress, type Machine, toLogs } from './machine.ts'
import { runPlainCall } from './plain-call.ts'
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

/** What a transaction did. */
type Ran = Pick<Receipt, 'gasUsed' | 'succeeded' | 'logs'> & {
  readonly created?: { readonly toString: () => string } | undefined
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
  try {
    note(run, context, transaction, await execute(machine, context, transaction, run), crypto)
    return undefined
  } catch (error) {
    if (error instanceof StateUnavailableError) throw error
    abandon(machine, mark)
    return error instanceof Error ? error.message : String(error)
  }
}

async function execute(
  machine: Machine,
  context: InnerBlock,
  transaction: Transaction,
  run: Run,
): Promise<Ran> {
  const admission = admit(machine, context.header, transaction, run.gasUsed)
  if (admission === undefined) return executeByVm(machine, context, transaction, run)
  const gasUsed = tryPlainTransfer(machine, context.header, transaction, admission)
  return gasUsed === undefined
    ? runPlainCall(machine, context, transaction, admission)
    : { gasUsed, succeeded: true, logs: [] }
}

/** Leaves everything to EthereumJS. @throws what it refuses. */
async function executeByVm(
  machine: Machine,
  context: InnerBlock,
  transaction: Transaction,
  run: Run,
): Promise<Ran> {
  const tx = innerTransaction(transaction, machine.vm.common)
  if (isImpersonated(transaction)) {
    const sender = innerAddress(transaction.from)
    if (machine.state.readCode(sender).length > 0) machine.state.disguise(sender)
  }
  const { totalGasSpent, execResult, createdAddress } = await runTx(machine.vm, {
    tx,
    block: context,
    blockGasUsed: run.gasUsed,
    skipHardForkValidation: true,
  })
  return {
    gasUsed: totalGasSpent,
    succeeded: execResult.exceptionError === undefined,
    logs: toLogs(execResult.logs),
    created: createdAddress,
  }
}

/** Adds what a transaction did to what the block's did. */
function note(
  run: Run,
  context: InnerBlock,
  transaction: Transaction,
  ran: Ran,
  crypto: Crypto,
): void {
  const { gasUsed, succeeded, logs, created } = ran
  run.gasUsed += gasUsed
  const bloom = logsBloom(logs, crypto.keccak256, run.bloom)
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
