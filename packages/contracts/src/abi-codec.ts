import { type Hex, toHash32, toHex } from '@mosaic/primitives'
import type { Result } from 'ethers'
import { type AbiEntry, eventTopic } from './event-topic.ts'
import { type LazyInterface, lazyInterface } from './lazy-interface.ts'

/** A log as JSON-RPC and the EVM give it. */
export type EncodedLog = { readonly topics: readonly string[]; readonly data: string }

/** A view function: its calldata from arguments, and its result from return data. */
export type View<Arguments extends readonly unknown[], Value> = {
  readonly encode: (...values: Arguments) => Hex
  /** @throws if `data` is not what the function returns. */
  readonly decode: (data: string) => Value
}

/** Reads one decoded tuple. Values of ethers are checked again by the constructors of branded values. */
export type ReadFields<T> = (fields: Result) => T

/** Ties event names of a contract to the readers of their fields. */
export type EventReaders<Events> = {
  readonly [Name in keyof Events]: ReadFields<Events[Name]>
}

/** An event with its name as the discriminant. */
export type NamedEvent<Events> = {
  [Name in keyof Events]: { readonly name: Name } & Events[Name]
}[keyof Events]

/** @throws TypeError if the ABI has no such function, or the values do not fit. */
export function encodeFunction(abi: LazyInterface, name: string, values: readonly unknown[]): Hex {
  return toHex(abi().encodeFunctionData(name, values))
}

/** Creation code followed by the constructor's arguments. */
export function encodeCreation(abi: LazyInterface, code: Hex, values: readonly unknown[]): Hex {
  return toHex(code + abi().encodeDeploy(values).slice(2))
}

/** A view whose return values are read by `read`. */
export function createView<Arguments extends readonly unknown[], Value>(
  abi: LazyInterface,
  name: string,
  read: ReadFields<Value>,
): View<Arguments, Value> {
  return {
    encode: (...values) => encodeFunction(abi, name, values),
    decode: (data) => read(abi().decodeFunctionResult(name, data)),
  }
}

/** A decoder for the events of one contract; it returns undefined for logs of any other event. */
export function createEventDecoder<Events extends Record<string, object>>(
  abi: readonly AbiEntry[],
  readers: EventReaders<Events>,
): (log: EncodedLog) => NamedEvent<Events> | undefined {
  const contract = lazyInterface(abi)
  const byTopic = new Map(
    Object.keys(readers).map((name) => [eventTopic(abi, name), name] as const),
  )
  const isName = (name: string): name is Extract<keyof Events, string> => name in readers
  return (log) => {
    const name = byTopic.get(toHash32(log.topics[0] ?? `0x${'00'.repeat(32)}`))
    if (name === undefined || !isName(name)) return undefined
    const fields = contract().decodeEventLog(name, log.data, log.topics)
    return { name, ...readers[name](fields) }
  }
}
