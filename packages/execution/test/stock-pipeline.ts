import { createBlock, createBlockFromRLP, genTransactionsTrieRoot } from '@ethereumjs/block'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createMPT } from '@ethereumjs/mpt'
import { MerkleStateManager } from '@ethereumjs/statemanager'
import { createTxFromRLP } from '@ethereumjs/tx'
import {
  Account,
  type BatchDBOp,
  bytesToBigInt,
  createAddressFromString,
  type DB,
  type EncodingOpts,
} from '@ethereumjs/util'
import { createVM, runBlock } from '@ethereumjs/vm'
import { hexToBytes, InvalidValueError, toWord } from '@mosaic/primitives'
import type { GenesisAccount } from '../src/index.ts'

/** Where EthereumJS keeps the nodes of its tries: text by text. */
export type TextStore = {
  readonly get: (key: string) => Promise<string | undefined>
  readonly batch: (
    operations: readonly (
      | { readonly type: 'put'; readonly key: string; readonly value: string }
      | { readonly type: 'del'; readonly key: string }
    )[],
  ) => Promise<void>
}

/** EthereumJS as it comes, with the state trie in a store. */
export type StockPipeline = {
  /** Puts transactions into the next block and encodes it. */
  readonly assemble: (transactions: readonly Uint8Array[]) => Promise<Uint8Array>
  /** Decodes a block, checks its transactions, and runs it. */
  readonly run: (block: Uint8Array) => Promise<void>
}

const GAS_LIMIT = 30_000_000n
const BASE_FEE = 7n
const PERIOD = 12n

/**
 * EthereumJS's own way of a block: `createBlockFromRLP` and `vm.runBlock` on its `MerkleStateManager`, under the rules of Cancun, with the
 * cryptography and the caches that it has unless told. It is not asked to compare the roots that it computes, which costs nothing, nor to keep the
 * block.
 */
export async function createStockPipeline(
  chainId: bigint,
  alloc: Readonly<Record<string, GenesisAccount>>,
  store: TextStore,
): Promise<StockPipeline> {
  const common = createCustomCommon({ chainId: Number(chainId) }, Mainnet, {
    hardfork: Hardfork.Cancun,
  })
  const trie = await createMPT({ db: new TextDatabase(store), useKeyHashing: true, common })
  const stateManager = new MerkleStateManager({ common, trie })
  const vm = await createVM({ common, stateManager })
  await stateManager.checkpoint()
  for (const [text, { balance = 0n, nonce = 0n, code, storage }] of Object.entries(alloc)) {
    const address = createAddressFromString(text)
    await stateManager.putAccount(address, new Account(nonce, balance))
    if (code !== undefined) await stateManager.putCode(address, hexToBytes(code))
    for (const [slot, value] of Object.entries(storage ?? {})) {
      const word = toWord(bytesToBigInt(hexToBytes(value)))
      const first = word.findIndex((byte) => byte !== 0)
      await stateManager.putStorage(
        address,
        hexToBytes(slot),
        first < 0 ? new Uint8Array() : word.subarray(first),
      )
    }
  }
  await stateManager.commit()
  await stateManager.flush()
  let number = 0n
  return {
    assemble: async (transactions) => {
      number += 1n
      const decoded = transactions.map((raw) => createTxFromRLP(raw, { common }))
      const block = createBlock(
        {
          header: {
            number,
            timestamp: number * PERIOD,
            gasLimit: GAS_LIMIT,
            baseFeePerGas: BASE_FEE,
            transactionsTrie: await genTransactionsTrieRoot(decoded),
          },
          transactions: decoded,
        },
        { common },
      )
      return block.serialize()
    },
    run: async (bytes) => {
      const block = createBlockFromRLP(bytes, { common })
      const { receipts } = await runBlock(vm, { block, generate: true, skipHeaderValidation: true })
      const failed = receipts.find((receipt) => 'status' in receipt && receipt.status !== 1)
      if (failed !== undefined) throw new InvalidValueError('transactions that succeed', 'others')
    },
  }
}

/** The store as EthereumJS wants it. */
class TextDatabase implements DB<string, string> {
  readonly #store: TextStore

  constructor(store: TextStore) {
    this.#store = store
  }

  async get(key: string): Promise<string | undefined> {
    return this.#store.get(key)
  }

  async put(key: string, value: string, _options?: EncodingOpts): Promise<void> {
    await this.#store.batch([{ type: 'put', key, value }])
  }

  async del(key: string): Promise<void> {
    await this.#store.batch([{ type: 'del', key }])
  }

  async batch(operations: BatchDBOp<string, string>[]): Promise<void> {
    await this.#store.batch(
      operations.map(({ type, ...operation }) =>
        type === 'put'
          ? { type, key: operation.key, value: 'value' in operation ? operation.value : '' }
          : { type, key: operation.key },
      ),
    )
  }

  shallowCopy(): TextDatabase {
    return new TextDatabase(this.#store)
  }

  async open(): Promise<void> {}
}
