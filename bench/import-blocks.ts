/** The blocks that `bench/import.ts` imports: on a chain with 10,000 accounts, transfers of ether and of a token of OpenZeppelin's. */
import { devnetTokenCreationCode } from '@mosaic/contracts'
import {
  encodeBlock,
  type GenesisAccount,
  loadCrypto,
  runConstructor,
  type Transaction,
} from '@mosaic/execution'
import {
  type Address,
  bytesToHash32,
  bytesToHex,
  concatBytes,
  type Hash32,
  hexToBytes,
  keccak256,
  toAddress,
  toHex,
  toWord,
  utf8ToBytes,
} from '@mosaic/primitives'
import {
  type Account,
  account,
  CHAIN_ID,
  createTestChain,
  type TestChain,
} from '../packages/chain/test/test-chain.ts'

/** What a block is full of. */
export type Load = 'transfers' | 'tokens'

/** Blocks upon one genesis. */
export type Workload = {
  readonly alloc: Readonly<Record<Address, GenesisAccount>>
  readonly genesisHash: Hash32
  readonly blocks: readonly { readonly encoding: Uint8Array; readonly transactions: number }[]
  /** The same transactions without blocks. */
  readonly transactions: readonly Uint8Array[]
}

const ACCOUNTS = 10_000
/** Those of the accounts whose keys are known. */
const SENDERS = 1000
const ETHER = 10n ** 18n
const TOKEN: Address = toAddress(`0x${'70'.repeat(20)}`)
/** Of the mapping of balances in OpenZeppelin's ERC20. */
const BALANCES_SLOT = 0n
const SELECTOR = hexToBytes(keccak256(utf8ToBytes('transfer(address,uint256)'))).subarray(0, 4)
/** Transactions in a block of 30 million gas. */
export const BLOCK_SIZES: Readonly<Record<Load, number>> = { transfers: 1000, tokens: 800 }

function word(address: Address): Uint8Array {
  return concatBytes(new Uint8Array(12), hexToBytes(address))
}

function balanceSlot(address: Address): Hash32 {
  return keccak256(concatBytes(word(address), toWord(BALANCES_SLOT)))
}

/** Makes `count` blocks. Every sender sends once a block, to accounts that exist. */
export async function makeWorkload(load: Load, count: number): Promise<Workload> {
  const senders = Array.from({ length: SENDERS }, (_, index) => account(`sender ${index}`))
  const others = Array.from({ length: ACCOUNTS - SENDERS }, (_, index) =>
    toAddress(toHex(keccak256(utf8ToBytes(`account ${index}`)).slice(0, 42))),
  )
  const addresses = [...senders.map(({ address }) => address), ...others]
  const creation = bytesToHex(
    concatBytes(hexToBytes(devnetTokenCreationCode), word(senders[0]?.address ?? TOKEN)),
  )
  const token = await runConstructor(creation, CHAIN_ID, await loadCrypto())
  const balance = bytesToHash32(toWord(1000n * ETHER))
  const alloc: Record<Address, GenesisAccount> = {
    ...Object.fromEntries(addresses.map((address) => [address, { balance: 1000n * ETHER }])),
    [TOKEN]: {
      ...token,
      storage: {
        ...token.storage,
        ...Object.fromEntries(addresses.map((address) => [balanceSlot(address), balance])),
      },
    },
  }
  const maker = await createTestChain({ alloc })
  const blocks: Workload['blocks'][number][] = []
  const transactions: Uint8Array[] = []
  let parent = maker.chain.genesis
  for (let height = 0; height < count; height++) {
    const content = senders
      .slice(0, BLOCK_SIZES[load])
      .map((sender, index) =>
        sign(
          maker,
          load,
          sender,
          height,
          addresses[(index * 7919 + height * 104_729) % ACCOUNTS] ?? TOKEN,
        ),
      )
    const block = await maker.seal(parent, { transactions: content })
    const verdict = await maker.chain.importBlock(encodeBlock(block))
    if (!verdict.ok) throw new Error(`expected a block, received ${verdict.fault.code}`)
    parent = verdict.value.record
    blocks.push({ encoding: encodeBlock(block), transactions: content.length })
    transactions.push(...content.map(({ raw }) => raw))
  }
  return { alloc, genesisHash: maker.chain.genesis.hash, blocks, transactions }
}

function sign(
  { chain }: TestChain,
  load: Load,
  sender: Account,
  nonce: number,
  to: Address,
): Transaction {
  const isToken = load === 'tokens'
  return chain.execution.signTransaction(
    {
      nonce: BigInt(nonce),
      gasLimit: isToken ? 60_000n : 21_000n,
      maxFeePerGas: 100n * 10n ** 9n,
      maxPriorityFeePerGas: 10n ** 9n,
      to: isToken ? TOKEN : to,
      value: isToken ? 0n : 1n,
      data: isToken ? concatBytes(SELECTOR, word(to), toWord(1n)) : new Uint8Array(),
    },
    sender.secretKey,
  )
}
