import { type AbiEntry, abiSignature } from '@mosaic/contracts'
import { bytesToHex, keccak256Bytes, utf8ToBytes } from '@mosaic/primitives'
import { RpcError, type RpcHandler } from '@mosaic/rpc'

/** A contract that the owner of a chain knows. */
export type NamedAbi = { readonly name: string; readonly abi: readonly AbiEntry[] }

/** Names of functions and errors by their selectors. */
export type AbiNames = {
  /** As in `Token.transfer`; undefined if no contract has it. */
  readonly functionOf: (input: string) => string | undefined
  /** As in `ERC20InsufficientBalance`. */
  readonly errorOf: (output: string) => string | undefined
}

const SELECTOR_LENGTH = 10

/** Collects the names of contracts. */
export function createAbiNames(contracts: readonly NamedAbi[]): AbiNames {
  const functions = new Map<string, string>()
  const errors = new Map<string, string>()
  for (const { name: contract, abi } of contracts) {
    for (const entry of abi) {
      if (entry.name === undefined) continue
      const hash = keccak256Bytes(utf8ToBytes(abiSignature(entry)))
      const selector = bytesToHex(hash.subarray(0, 4))
      if (entry.type === 'function') functions.set(selector, `${contract}.${entry.name}`)
      if (entry.type === 'error') errors.set(selector, entry.name)
    }
  }
  return {
    functionOf: (input) => functions.get(input.slice(0, SELECTOR_LENGTH)),
    errorOf: (output) => errors.get(output.slice(0, SELECTOR_LENGTH)),
  }
}

/** The same methods, whose reverts say the names of errors that have no text of their own. */
export function nameErrors(handler: RpcHandler, names: AbiNames): RpcHandler {
  return {
    call: async (method, params, context) => {
      try {
        return await handler.call(method, params, context)
      } catch (error) {
        if (!(error instanceof RpcError) || error.message !== 'execution reverted') throw error
        const { rpcCode, data } = error.shape
        const name = typeof data === 'string' ? names.errorOf(data) : undefined
        if (name === undefined) throw error
        throw new RpcError(rpcCode, `execution reverted: ${name}`, data)
      }
    },
  }
}

/**
 * The tree that `callTracer` gives, as text: a line for each call, with the names of what is known.
 *
 * @param indent what stands before each line.
 */
export function formatCalls(call: unknown, names: AbiNames, indent = ''): string {
  const text = (name: string): string => {
    const value = member(call, name)
    return typeof value === 'string' ? value : ''
  }
  const input = text('input')
  const called = text('type').startsWith('CREATE')
    ? 'new'
    : (names.functionOf(input) ?? (input === '0x' ? 'transfer' : input.slice(0, SELECTOR_LENGTH)))
  const value = BigInt(text('value') || '0x0')
  const failure = text('error')
  const reason = names.errorOf(text('output')) ?? text('revertReason')
  const line = [
    `${indent}${text('type')} ${text('to')} ${called}`,
    value === 0n ? '' : ` value ${value}`,
    ` gas ${BigInt(text('gasUsed') || '0x0')}`,
    failure === '' ? '' : `: ${failure}${reason === '' ? '' : `: ${reason}`}`,
  ].join('')
  const inner = member(call, 'calls')
  const lines: readonly unknown[] = Array.isArray(inner) ? inner : []
  return [line, ...lines.map((each) => formatCalls(each, names, `${indent}  `))].join('\n')
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
