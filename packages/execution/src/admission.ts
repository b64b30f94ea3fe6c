import type { Block as InnerBlock } from '@ethereumjs/block'
import type { Account, Address as InnerAddress } from '@ethereumjs/util'
import { calldataFloor, intrinsicGas } from './intrinsic-gas.ts'
import { innerAddress, type Machine } from './machine.ts'
import { isImpersonated, type Transaction } from './transaction.ts'

/** That a transaction can stand where it stands, and what it pays. */
export type Admission = {
  readonly from: InnerAddress
  readonly to: InnerAddress
  /** As the state holds it: not to be changed. */
  readonly sender: Account
  /** Gas that is used before the first opcode. */
  readonly intrinsic: bigint
  /** Gas that is used at least, also after refunds (EIP-7623). */
  readonly floor: bigint
  /** Wei per gas, the tip to the signer included. */
  readonly price: bigint
  readonly tip: bigint
}

const SET_CODE = 4

/**
 * Admits a transaction that calls or pays somebody.
 *
 * @returns undefined if it does something else (creates a contract, sets code, is in the name of an account), cannot stand where it stands, or
 * somebody listens: then it is EthereumJS's to run, or to refuse in its words.
 */
export function admit(
  { vm, evm, state }: Machine,
  header: InnerBlock['header'],
  transaction: Transaction,
  gasUsedBefore: bigint,
): Admission | undefined {
  const { type, gasLimit, value, nonce, maxFeePerGas, maxPriorityFeePerGas } = transaction
  if (transaction.to === undefined || type === SET_CODE || isImpersonated(transaction)) {
    return undefined
  }
  if (evm.isWatched) return undefined
  const intrinsic = intrinsicGas(transaction)
  const floor = vm.common.isActivatedEIP(7623) ? calldataFloor(transaction.data) : 0n
  if (gasLimit < intrinsic || gasLimit < floor) return undefined
  if (gasLimit > header.gasLimit - gasUsedBefore) return undefined
  const baseFee = header.baseFeePerGas ?? 0n
  if (maxFeePerGas < baseFee || maxFeePerGas < maxPriorityFeePerGas) return undefined

  const from = innerAddress(transaction.from)
  const sender = state.peekAccount(from)
  if (sender === undefined || sender.isContract() || sender.nonce !== nonce) return undefined
  if (sender.balance < gasLimit * maxFeePerGas + value) return undefined
  const most = maxFeePerGas - baseFee
  const tip = most < maxPriorityFeePerGas ? most : maxPriorityFeePerGas
  const to = innerAddress(transaction.to)
  return { from, to, sender, intrinsic, floor, price: baseFee + tip, tip }
}
