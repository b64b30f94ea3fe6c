import type { Block as InnerBlock } from '@ethereumjs/block'
import { Account, Address } from '@ethereumjs/util'
import { hexToBytes } from '@mosaic/primitives'
import type { Admission } from './admission.ts'
import { gasUsedAfter } from './intrinsic-gas.ts'
import { type Machine, toLogs, warmUp } from './machine.ts'
import { credit } from './plain-transfer.ts'
import type { Receipt } from './receipt.ts'
import type { Transaction } from './transaction.ts'

/**
 * Runs a transaction that calls an account: what `runTx` of EthereumJS does around the EVM, without the transaction object, bloom and receipt
 * that it makes as well (EIP-1559, EIP-2929, EIP-3529, EIP-3651, EIP-6780, EIP-7623).
 *
 * @throws what the EVM throws; then the state is to be unwound.
 */
export async function runPlainCall(
  { vm: { common }, evm, state }: Machine,
  context: InnerBlock,
  { gasLimit, value, data, accessList }: Transaction,
  { from, to, sender, intrinsic, floor, price, tip }: Admission,
): Promise<Pick<Receipt, 'gasUsed' | 'succeeded' | 'logs'>> {
  const { accesses } = evm
  const { coinbase } = context.header
  accesses.cleanJournal()
  warmUp(accesses, common.isActivatedEIP(3651) ? [from, to, coinbase] : [from, to], accessList)
  // To be unwound if the EVM throws.
  state.open()
  accesses.touch(from.bytes)
  const { nonce, balance, storageRoot, codeHash } = sender
  state.giveAccount(
    from,
    new Account(nonce + 1n, balance - gasLimit * price, storageRoot, codeHash),
  )
  const { execResult } = await evm.runCall({
    block: context,
    caller: from,
    to,
    gasPrice: price,
    gasLimit: gasLimit - intrinsic,
    value,
    data,
    skipNonceIncrement: true,
  })
  const spent = intrinsic + execResult.executionGasUsed
  const gasUsed = gasUsedAfter(spent, execResult.gasRefund ?? 0n, floor)
  credit(state, from, (gasLimit - gasUsed) * price)
  accesses.touch(coinbase.bytes)
  credit(state, coinbase, gasUsed * tip)
  for (const destroyed of execResult.selfdestruct?.keys() ?? []) {
    const isNew = execResult.createdAddresses?.has(destroyed) === true
    if (isNew || !common.isActivatedEIP(6780)) {
      await accesses.deleteAccount(new Address(hexToBytes(destroyed)))
    }
  }
  await accesses.cleanup()
  await state.commit()
  state.originalStorageCache.clear()
  return {
    gasUsed,
    succeeded: execResult.exceptionError === undefined,
    logs: toLogs(execResult.logs),
  }
}
