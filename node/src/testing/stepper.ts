import { setImmediate } from 'node:timers/promises'
import { type Provider, ProviderError } from '@mosaic/devchain'
import {
  createEthereumClient,
  type EthereumClient,
  type FinalityPolicy,
  RpcError,
} from '@mosaic/origin'
import { type Hex, toHex } from '@mosaic/primitives'

/** Work that goes on by itself between turns, and waits for the next one where it has to. */
export type Stepper = {
  /** A client of a provider, whose questions count as work. */
  readonly client: (provider: Provider, finality: FinalityPolicy, chainId: bigint) => EthereumClient
  /** Waits for the next turn. */
  readonly sleep: () => Promise<void>
  /** Wakes who sleeps, begins `work` if none is under way, and waits until it is done or sleeps. */
  readonly step: (work: () => Promise<unknown>) => Promise<void>
  /** Aborts when the work is to end. */
  readonly signal: AbortSignal
  /** Ends what is under way. */
  readonly finish: () => Promise<void>
}

type State = {
  /** Asked of a provider and not answered. */
  questions: number
  sleepers: (() => void)[]
  working: Promise<unknown> | undefined
}

/** Creates a stepper that has nothing to do. */
export function createStepper(): Stepper {
  const state: State = { questions: 0, sleepers: [], working: undefined }
  const ending = new AbortController()

  const settle = async (): Promise<void> => {
    do await setImmediate()
    while (state.working !== undefined && (state.questions > 0 || state.sleepers.length === 0))
  }
  const wake = (): void => {
    for (const resolve of state.sleepers.splice(0)) resolve()
  }
  return {
    client: (provider, finality, chainId) =>
      createEthereumClient(
        async (method, params) => {
          state.questions++
          try {
            return await provider.request({ method, params })
          } catch (error) {
            throw error instanceof ProviderError
              ? new RpcError(method, error.code, error.message, toData(error.data))
              : error
          } finally {
            state.questions--
          }
        },
        finality,
        chainId,
      ),
    sleep: () =>
      new Promise((resolve) => {
        state.sleepers.push(resolve)
      }),
    step: async (work) => {
      wake()
      state.working ??= work().finally(() => {
        state.working = undefined
      })
      await settle()
    },
    signal: ending.signal,
    finish: async () => {
      ending.abort()
      while (state.working !== undefined) {
        wake()
        await settle()
      }
      state.sleepers = []
    },
  }
}

function toData(data: unknown): Hex | undefined {
  return typeof data === 'string' && /^0x(?:[\da-f]{2})*$/i.test(data) ? toHex(data) : undefined
}
