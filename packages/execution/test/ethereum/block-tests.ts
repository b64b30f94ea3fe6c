import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx'
import { type AuthorityHeader, headerHash } from '@mosaic/authority'
import { type Address, bytesToHash32, bytesToHex, type Hash32, toAddress } from '@mosaic/primitives'
import { outlineBlock, readEnvelopes } from '../../src/block.ts'
import { createProcessor, type Processor } from '../../src/processor.ts'
import { State, type StateWrites } from '../../src/state.ts'
import {
  decodeTransaction,
  impersonateTransaction,
  type Transaction,
} from '../../src/transaction.ts'
import {
  type Case,
  commonOf,
  crypto,
  EARLIER_FORKS,
  fail,
  fill,
  type Outcome,
  skip,
} from './cases.ts'
import { type Fields, isFields, toBytes, toFields, toList, toText } from './json.ts'

/** Why blocks of a network have other contents than those of this chain. */
const FOREIGN_BLOCKS: Readonly<Record<string, string>> = {
  London: 'rewards of proof of work',
  Shanghai: 'withdrawals in the header (EIP-4895)',
  Cancun: 'blobs and beacon roots in the header (EIP-4844, EIP-4788)',
  Prague: 'requests in the header (EIP-7685)',
}

/** What only the rules of headers refuse, which on this chain are others, and not this package's. */
const HEADER_FAULTS =
  /^(?:3675|1559BlockImportImpossible|ExtraDataTooBig|InvalidGasLimit|InvalidNumber|InvalidTimestamp|UnknownParent)/

const common = commonOf('paris')

/** Whether a file's object is a test of blocks. */
export function isBlockTest(test: Fields): boolean {
  return Array.isArray(test['blocks']) && isFields(test['pre']) && 'network' in test
}

/** The case of a test of blocks: all of them in their order, each upon the state of its parent. */
export function blockCase(name: string, test: Fields): Case {
  return {
    name,
    run: async () => {
      const network = toText(test['network'], 'network')
      if (EARLIER_FORKS.has(network)) return skip('rules before London')
      if (network !== 'Paris') return skip(FOREIGN_BLOCKS[network] ?? `rules of ${network}`)
      return runBlocks(test)
    },
  }
}

type Chain = {
  readonly processor: Processor
  readonly headers: Map<Hash32, AuthorityHeader>
  readonly store: (writes: StateWrites) => void
}

async function runBlocks(test: Fields): Promise<Outcome> {
  const chain = createChain()
  const genesis = outlineBlock(toBytes(test['genesisRLP'], 'genesisRLP'), feeRecipient)
  if (!genesis.ok) return fail('the genesis block cannot be decoded')
  const state = new State(crypto.keccak256, { node: () => undefined, code: () => undefined })
  await fill(state, toFields(test['pre'], 'pre'))
  const root = bytesToHex(state.computeRoot())
  const { header } = genesis.value
  if (root !== header.stateRoot) return fail(`state root ${root} of genesis`)
  chain.store(state.takeWrites())
  chain.headers.set(headerHash(header), header)
  let skipped: string | undefined
  for (const [index, each] of toList(test['blocks'], 'blocks').entries()) {
    const block = toFields(each, 'a block')
    const expected = block['expectException']
    const refusal = await runBlock(chain, toBytes(block['rlp'], 'rlp'))
    if (expected === undefined) {
      if (refusal !== undefined) return fail(`block ${index} is refused: ${refusal}`)
    } else if (refusal === undefined) {
      const reason = toText(expected, 'expectException')
      if (!HEADER_FAULTS.test(reason)) return fail(`block ${index} is taken despite ${reason}`)
      skipped = 'a block that only the rules of other headers refuse'
    }
  }
  return skipped === undefined ? { kind: 'passed' } : skip(skipped)
}

function createChain(): Chain {
  const nodes = new Map<string, Uint8Array>()
  const codes = new Map<string, Uint8Array>()
  const headers = new Map<Hash32, AuthorityHeader>()
  return {
    headers,
    store: (writes) => {
      for (const [hash, encoding] of writes.nodes) nodes.set(bytesToHex(hash), encoding)
      for (const [hash, code] of writes.codes) codes.set(bytesToHex(hash), code)
    },
    processor: createProcessor({
      common,
      crypto,
      tracker: 'absent',
      source: {
        node: (hash) => nodes.get(bytesToHex(hash)),
        code: (hash) => codes.get(bytesToHex(hash)),
      },
      ancestorHash: (parentHash, number) => {
        let hash = parentHash
        for (;;) {
          const header = headers.get(hash)
          if (header === undefined || header.number === number) return header && hash
          hash = header.parentHash
        }
      },
    }),
  }
}

/** These blocks have no seal: who gets the fees stands in their headers. */
function feeRecipient({ coinbase }: AuthorityHeader): Address {
  return coinbase
}

/** Takes a block; why it is refused, if it is. */
async function runBlock(chain: Chain, bytes: Uint8Array): Promise<string | undefined> {
  const outline = outlineBlock(bytes, feeRecipient)
  const raws = outline.ok ? readEnvelopes(outline.value) : outline
  if (!outline.ok || !raws.ok) return 'it cannot be decoded'
  const { hash, header, signer } = outline.value
  const parent = chain.headers.get(header.parentHash)
  if (parent === undefined) return 'its parent is unknown'
  if (signer === undefined) return 'it has the number of genesis'
  // EthereumJS itself refuses to make such a block under these rules.
  if (header.difficulty !== 0n) return 'it has a difficulty'
  const transactions: Transaction[] = []
  for (const raw of raws.value) {
    const decoded = decode(raw)
    if (typeof decoded === 'string') return decoded
    transactions.push(decoded)
  }
  const block = { hash, header, transactions, signer }
  const verdict = await chain.processor.execute(block, parent.stateRoot)
  if (!verdict.ok) return JSON.stringify(verdict.fault)
  chain.store(verdict.value.writes)
  chain.headers.set(hash, header)
  return undefined
}

/**
 * A transaction of a block, or why it is none. This chain takes only protected ones (EIP-155), which most of the tests are not: those run in
 * the name of who signed them, and stand in the block as they are.
 */
function decode(raw: Uint8Array): Transaction | string {
  const verdict = decodeTransaction(raw, common)
  if (verdict.ok) return verdict.value
  if (verdict.fault.code !== 'TRANSACTION_UNPROTECTED') return verdict.fault.message
  try {
    const decoded: TypedTransaction = createTxFromRLP(raw, { common, freeze: false })
    if (!('gasPrice' in decoded)) return 'expected a legacy transaction'
    const transaction = impersonateTransaction(
      {
        type: 0,
        nonce: decoded.nonce,
        gasLimit: decoded.gasLimit,
        maxFeePerGas: decoded.gasPrice,
        maxPriorityFeePerGas: decoded.gasPrice,
        to: decoded.to === undefined ? undefined : toAddress(decoded.to.toString()),
        value: decoded.value,
        data: decoded.data,
      },
      toAddress(decoded.getSenderAddress().toString()),
      common,
    )
    return Object.assign(transaction, { raw, hash: bytesToHash32(crypto.keccak256(raw)) })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
