import { createBlock } from '@ethereumjs/block'
import type { Common } from '@ethereumjs/common'
import { createTx, type TypedTxData } from '@ethereumjs/tx'
import {
  bytesToHex,
  encodeRlp,
  hexToBytes,
  keccak256,
  toAddress,
  utf8ToBytes,
  ZERO_HASH,
} from '@mosaic/primitives'
import type { Rules } from '../../src/common.ts'
import { createMachine, innerAddress, type Machine } from '../../src/machine.ts'
import type { Log } from '../../src/receipt.ts'
import { State } from '../../src/state.ts'
import { decodeTransaction, type Transaction } from '../../src/transaction.ts'
import { startRun, tryTransaction } from '../../src/transaction-run.ts'
import {
  type Case,
  commonOf,
  crypto,
  EARLIER_FORKS,
  fail,
  fill,
  type Outcome,
  pad,
  skip,
} from './cases.ts'
import { type Fields, isFields, toBytes, toFields, toList, toNumber, toText } from './json.ts'

const RULES: Readonly<Record<string, Rules>> = {
  London: 'london',
  Paris: 'paris',
  Shanghai: 'shanghai',
  Cancun: 'cancun',
  Prague: 'prague',
}

/** What EthereumJS says where the precompile is called that this chain does not have. */
const NO_POINT_EVALUATION = 'kzg not initialized'

const BLOB_TYPE = 3

/** Whether a file's object holds state tests. */
export function isStateTest(test: Fields): boolean {
  return isFields(test['post']) && isFields(test['transaction']) && isFields(test['pre'])
}

/**
 * The cases of one state test.
 *
 * @yields one for each fork and choice of data, gas and value.
 */
export function* stateCases(name: string, test: Fields): Generator<Case> {
  for (const [fork, posts] of Object.entries(toFields(test['post'], 'post'))) {
    for (const [index, post] of toList(posts, 'post of a fork').entries()) {
      yield {
        name: `${name} ${fork} ${index}`,
        run: async () => {
          if (EARLIER_FORKS.has(fork)) return skip('rules before London')
          if (isOfDraft(test)) return skip('drafts of EIP-2537 and EOF')
          const rules = RULES[fork]
          if (rules === undefined) return skip(`rules of ${fork}`)
          return runCase(test, toFields(post, 'post'), rules)
        },
      }
    }
  }
}

/** Whether a test is of 2024, when BLS12-381 was to have nine precompiles and Prague a format for code. */
function isOfDraft(test: Fields): boolean {
  const source = isFields(test['_info']) ? test['_info']['source'] : undefined
  return typeof source === 'string' && /EIPTestsFiller.*(?:stEIP2537|stEOF)/.test(source)
}

async function runCase(test: Fields, post: Fields, rules: Rules): Promise<Outcome> {
  const common = commonOf(rules)
  const raw = toBytes(post['txbytes'], 'txbytes')
  if (raw[0] === BLOB_TYPE) return skip('blob transactions (EIP-4844)')
  // As a processor runs blocks: above the state of the parent.
  const before = new State(crypto.keccak256, { node: () => undefined, code: () => undefined })
  await fill(before, toFields(test['pre'], 'pre'))
  before.computeRoot()
  const machine = await createMachine(
    common,
    State.above(before),
    // What clients agreed on for these tests: no block has this hash.
    (_parent, number) => keccak256(utf8ToBytes(String(number))),
  )
  machine.enter(ZERO_HASH)
  const mustFail = post['expectException'] !== undefined
  const { logs, refusal } = await runTransaction(test, post, raw, machine, common)
  if (refusal === NO_POINT_EVALUATION) return skip('point evaluation (EIP-4844)')
  if (mustFail !== (refusal !== undefined)) {
    return fail(
      mustFail
        ? `expected the transaction to be refused for ${String(post['expectException'])}`
        : `refused: ${refusal}`,
    )
  }
  const root = bytesToHex(machine.state.computeRoot())
  const expectedRoot = toText(post['hash'], 'hash')
  if (root !== expectedRoot) return fail(`state root ${root}, expected ${expectedRoot}`)
  const logItems = logs.map(({ address, topics, data }) => [
    hexToBytes(address),
    topics.map(hexToBytes),
    data,
  ])
  const logsHash = bytesToHex(crypto.keccak256(encodeRlp(logItems)))
  const expectedLogs = toText(post['logs'], 'logs')
  return logsHash === expectedLogs
    ? { kind: 'passed' }
    : fail(`hash of logs ${logsHash}, expected ${expectedLogs}`)
}

/** Its logs, or why it cannot run. */
async function runTransaction(
  test: Fields,
  post: Fields,
  raw: Uint8Array,
  machine: Machine,
  common: Common,
): Promise<{ readonly logs: readonly Log[]; readonly refusal: string | undefined }> {
  const environment = toFields(test['env'], 'env')
  const decoded = decode(test, post, raw, common)
  if (typeof decoded === 'string') return { logs: [], refusal: decoded }
  const gasLimit = toNumber(environment['currentGasLimit'], 'currentGasLimit')
  const context = blockOf(environment, common)
  const run = startRun()
  const refusal =
    decoded.gasLimit > gasLimit
      ? 'more gas than the block has'
      : await tryTransaction(machine, context, decoded, run, crypto)
  const coinbase = innerAddress(
    toAddress(toText(environment['currentCoinbase'], 'currentCoinbase').toLowerCase()),
  )
  // The block's reward is nothing, but even that touches who gets it (EIP-161).
  const account = machine.state.readAccount(coinbase)
  if (refusal === undefined && account?.isEmpty() === true) {
    await machine.state.deleteAccount(coinbase)
  }
  return { logs: run.receipts[0]?.logs ?? [], refusal }
}

function blockOf(environment: Fields, common: Common): ReturnType<typeof createBlock> {
  const number = (field: string): bigint => toNumber(environment[field] ?? '0x0', field)
  const isProofOfStake = common.isActivatedEIP(4399)
  return createBlock(
    {
      header: {
        parentHash: ZERO_HASH,
        number: number('currentNumber'),
        timestamp: number('currentTimestamp'),
        gasLimit: number('currentGasLimit'),
        baseFeePerGas: number('currentBaseFee'),
        coinbase: innerAddress(
          toAddress(toText(environment['currentCoinbase'], 'currentCoinbase').toLowerCase()),
        ),
        ...(isProofOfStake
          ? { mixHash: pad(toBytes(environment['currentRandom'] ?? '0x', 'currentRandom')) }
          : { difficulty: number('currentDifficulty') }),
        ...(common.isActivatedEIP(4844) ? { excessBlobGas: number('currentExcessBlobGas') } : {}),
      },
    },
    { common, freeze: false, skipConsensusFormatValidation: true },
  )
}

/**
 * The transaction of a case, or why it is none. This chain takes only protected transactions (EIP-155), which most of the tests are not:
 * those are signed again.
 */
function decode(test: Fields, post: Fields, raw: Uint8Array, common: Common): Transaction | string {
  const verdict = decodeTransaction(raw, common)
  if (verdict.ok) return verdict.value
  if (verdict.fault.code !== 'TRANSACTION_UNPROTECTED') return verdict.fault.message
  const fields = toFields(test['transaction'], 'transaction')
  const indexes = toFields(post['indexes'], 'indexes')
  const chosen = (field: string, from: string): unknown =>
    toList(fields[from], from)[Number(indexes[field])]
  const data: TypedTxData = {
    type: 0,
    nonce: toNumber(fields['nonce'], 'nonce'),
    gasPrice: toNumber(fields['gasPrice'], 'gasPrice'),
    gasLimit: toNumber(chosen('gas', 'gasLimit'), 'gasLimit'),
    value: toNumber(chosen('value', 'value'), 'value'),
    data: toBytes(chosen('data', 'data'), 'data'),
    ...(fields['to'] === '' || fields['to'] === undefined
      ? {}
      : { to: toBytes(fields['to'], 'to') }),
  }
  let signed: Uint8Array
  try {
    signed = createTx(data, { common })
      .sign(pad(toBytes(fields['secretKey'], 'secretKey')))
      .serialize()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const again = decodeTransaction(signed, common)
  return again.ok ? again.value : again.fault.message
}
