import type { Block as InnerBlock } from '@ethereumjs/block'
import { Account, type Address } from '@ethereumjs/util'
import { innerAddress, type Machine } from './machine.ts'
import type { State } from './state.ts'
import { innerTransaction, isImpersonated, type Transaction } from './transaction.ts'

const LARGEST = 2n ** 256n - 1n
const SET_CODE = 4

/**
 * Runs a transaction that does nothing but move ether to an account without code, at a fraction of what the EVM takes for it.
 *
 * @returns the gas used, or undefined if it does something else, cannot stand where it stands, or somebody listens: then it is the EVM's to run
 * or to refuse, and nothing has changed.
 */
export function tryPlainTransfer(
  { vm, evm, state, observed }: Machine,
  { header }: InnerBlock,
  transaction: Transaction,
  gasUsedBefore: bigint,
): bigint | undefined {
  const { type, gasLimit, value, nonce, maxFeePerGas, maxPriorityFeePerGas } = transaction
  if (transaction.to === undefined || type === SET_CODE || evm.isWatched) return undefined
  if (isImpersonated(transaction) || transaction.to === observed) return undefined
  const gas = vm.common.isActivatedEIP(7623)
    ? transaction.intrinsicGas
    : innerTransaction(transaction, vm.common).getIntrinsicGas()
  const baseFee = header.baseFeePerGas ?? 0n
  if (gasLimit < gas || gasLimit > header.gasLimit - gasUsedBefore) return undefined
  if (maxFeePerGas < baseFee || maxFeePerGas < maxPriorityFeePerGas) return undefined

  const from = innerAddress(transaction.from)
  const sender = state.peekAccount(from)
  if (sender === undefined || sender.isContract() || sender.nonce !== nonce) return undefined
  if (sender.balance < gasLimit * maxFeePerGas + value) return undefined

  const to = innerAddress(transaction.to)
  const before = state.peekAccount(to)
  if (before !== undefined && (before.isContract() || before.isEmpty())) return undefined
  if ((before?.balance ?? 0n) + value > LARGEST) return undefined
  // By its digits, as EthereumJS keeps them.
  if (evm.precompiles.has(transaction.to.slice(2))) return undefined
  const signer = header.coinbase
  // An empty account that is touched goes (EIP-161).
  if (state.peekAccount(signer)?.isEmpty() === true) return undefined

  const most = maxFeePerGas - baseFee
  const tip = most < maxPriorityFeePerGas ? most : maxPriorityFeePerGas
  const { balance, storageRoot, codeHash } = sender
  state.giveAccount(
    from,
    new Account(nonce + 1n, balance - gas * (baseFee + tip) - value, storageRoot, codeHash),
  )
  // One after the other: two of the three may be the same.
  credit(state, to, value)
  credit(state, signer, gas * tip)
  return gas
}

function credit(state: State, address: Address, amount: bigint): void {
  if (amount === 0n) return
  const before = state.peekAccount(address)
  const after =
    before === undefined
      ? new Account(0n, amount)
      : new Account(before.nonce, before.balance + amount, before.storageRoot, before.codeHash)
  state.giveAccount(address, after)
}
