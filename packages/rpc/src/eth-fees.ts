import { toBlockNumber } from '@mosaic/primitives'
import {
  type BlockParameter,
  blockNumberOrTag,
  LATEST,
  requireHeader,
  withoutPending,
} from './block-reference.ts'
import { serverError } from './errors.ts'
import { type Json, quantity } from './json.ts'
import { least } from './least.ts'
import { type MethodTable, method0, method3 } from './method.ts'
import {
  decimalOrHex,
  kindOf,
  listOf,
  optional,
  type Parse,
  required,
  UnmarshalError,
} from './parameters.ts'
import type { ChainPort, FeePort } from './ports.ts'
import type { HeaderView } from './views.ts'

const MAX_BLOCKS = 1024n
const MAX_PERCENTILES = 100

const percentile: Parse<number> = (value) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new UnmarshalError(kindOf(value), 'float64')
  }
  return value
}

/** Methods about prices. */
export function createFeeMethods(ports: {
  readonly chain: ChainPort
  readonly fees: FeePort
}): MethodTable {
  const { chain, fees } = ports

  /** The tips at the percentiles of a block, weighted by the gas that paid them. */
  const rewards = async (
    header: HeaderView,
    percentiles: readonly number[],
  ): Promise<readonly bigint[]> => {
    const receipts = (await chain.receiptsOfBlock(header.hash)) ?? []
    const paid = receipts
      .map(({ effectiveGasPrice, gasUsed }) => ({
        tip: effectiveGasPrice - header.baseFeePerGas,
        gasUsed,
      }))
      .toSorted((a, b) => (a.tip < b.tip ? -1 : Number(a.tip > b.tip)))
    return percentiles.map((each) => {
      const threshold = (Number(header.gasUsed) * each) / 100
      let sum = 0
      for (const { tip, gasUsed } of paid) {
        sum += Number(gasUsed)
        if (sum >= threshold) return tip
      }
      return paid.at(-1)?.tip ?? 0n
    })
  }

  const feeHistory = async (
    count: bigint,
    parameter: BlockParameter,
    percentiles: readonly number[],
  ): Promise<Json> => {
    requireAscending(percentiles)
    const head = await requireHeader(chain, LATEST)
    const reference = withoutPending(parameter)
    if ('number' in reference && reference.number > head.number) {
      throw serverError(
        `request beyond head block: requested ${reference.number}, head ${head.number}`,
      )
    }
    const newest = await requireHeader(chain, reference)
    const wanted = least(count, MAX_BLOCKS)
    const blocks = least(wanted, newest.number + 1n)
    if (blocks === 0n) return { oldestBlock: '0x0', gasUsedRatio: null }
    const oldest = newest.number + 1n - blocks
    const headers: HeaderView[] = []
    for (let number = oldest; number <= newest.number; number++) {
      headers.push(await requireHeader(chain, { number: toBlockNumber(number) }))
    }
    const reward =
      percentiles.length === 0
        ? undefined
        : await Promise.all(headers.map((header) => rewards(header, percentiles)))
    return {
      oldestBlock: quantity(oldest),
      ...(reward === undefined ? {} : { reward: reward.map((tips) => tips.map(quantity)) }),
      baseFeePerGas: [
        ...headers.map(({ baseFeePerGas }) => baseFeePerGas),
        fees.nextBaseFee(newest),
      ].map(quantity),
      gasUsedRatio: headers.map(({ gasUsed, gasLimit }) => Number(gasUsed) / Number(gasLimit)),
    }
  }

  return {
    eth_gasPrice: method0(async () => {
      const head = await requireHeader(chain, LATEST)
      return quantity((await fees.suggestTip()) + fees.nextBaseFee(head))
    }),
    eth_maxPriorityFeePerGas: method0(async () => quantity(await fees.suggestTip())),
    eth_feeHistory: method3(
      required(decimalOrHex),
      required(blockNumberOrTag),
      optional(listOf(percentile, MAX_PERCENTILES, '[]float64'), []),
      feeHistory,
    ),
  }
}

function requireAscending(percentiles: readonly number[]): void {
  for (const [i, each] of percentiles.entries()) {
    if (each < 0 || each > 100) throw serverError(`invalid reward percentile: ${each.toFixed(6)}`)
    const before = percentiles[i - 1]
    if (before !== undefined && each <= before) {
      throw serverError(
        `invalid reward percentile: #${i - 1}:${before.toFixed(6)} >= #${i}:${each.toFixed(6)}`,
      )
    }
  }
}
