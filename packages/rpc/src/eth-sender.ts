import { type Address, type BlockNumber, toBlockNumber } from '@mosaic/primitives'
import { LATEST, requireHeader } from './block-reference.ts'
import { formatTransaction } from './format.ts'
import type { Json } from './json.ts'
import { type MethodTable, method2 } from './method.ts'
import { address, decimalOrHex, required } from './parameters.ts'
import type { ChainPort, PoolPort, StatePort } from './ports.ts'
import type { HeaderView } from './views.ts'

/** The method that finds a transaction by who sent it and its nonce, as anvil has it. */
export function createSenderMethods(ports: {
  readonly chain: ChainPort
  readonly state: StatePort
  readonly pool: PoolPort
}): MethodTable {
  const { chain, state, pool } = ports

  const nonceAfter = async ({ hash }: HeaderView, account: Address): Promise<bigint> =>
    (await state.account(hash, account)).nonce

  /** The first block after which the nonce of an account is above `nonce`, by halving: one state is read for each doubling of the chain. */
  const findBlock = async (
    account: Address,
    nonce: bigint,
    head: HeaderView,
  ): Promise<HeaderView> => {
    let found = head
    let low = 0n
    while (low < found.number) {
      const middle: BlockNumber = toBlockNumber((low + found.number) / 2n)
      const header = await requireHeader(chain, { number: middle })
      if ((await nonceAfter(header, account)) > nonce) found = header
      else low = middle + 1n
    }
    return found
  }

  const find = async (account: Address, nonce: bigint): Promise<Json> => {
    const head = await requireHeader(chain, LATEST)
    if ((await nonceAfter(head, account)) <= nonce) {
      const { pending, queued } = pool.content()
      const waiting = [...pending, ...queued].find(
        (each) => each.from === account && each.nonce === nonce,
      )
      return waiting === undefined ? null : formatTransaction(waiting, undefined)
    }
    const header = await findBlock(account, nonce, head)
    const transactions = (await chain.transactionsOfBlock(header.hash)) ?? []
    const index = transactions.findIndex((each) => each.from === account && each.nonce === nonce)
    const transaction = transactions[index]
    // A nonce may also grow without a transaction: by an authorization, by a creation, by hand.
    return transaction === undefined ? null : formatTransaction(transaction, { header, index })
  }

  return {
    eth_getTransactionBySenderAndNonce: method2(required(address), required(decimalOrHex), find),
  }
}
