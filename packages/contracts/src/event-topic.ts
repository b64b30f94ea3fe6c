import { type Hash32, keccak256, utf8ToBytes } from '@mosaic/primitives'

/** A parameter in a JSON ABI. */
type AbiParameter = { readonly type: string; readonly components?: readonly AbiParameter[] }

/** An entry of a JSON ABI, as far as its signature needs it. */
export type AbiEntry = {
  readonly type: string
  readonly name?: string
  readonly inputs?: readonly AbiParameter[]
}

/** First topic of an event. @throws TypeError if the ABI has no such event. */
export function eventTopic(abi: readonly AbiEntry[], name: string): Hash32 {
  const event = abi.find((entry) => entry.type === 'event' && entry.name === name)
  if (event === undefined) throw new TypeError(`no event ${name} in the ABI`)
  return keccak256(utf8ToBytes(abiSignature(event)))
}

/** Name and types, as they are hashed for selectors and topics. */
export function abiSignature({ name = '', inputs = [] }: AbiEntry): string {
  return `${name}(${canonical(inputs)})`
}

function canonical(parameters: readonly AbiParameter[]): string {
  return parameters
    .map(({ type, components }) =>
      type.startsWith('tuple') ? `(${canonical(components ?? [])})${type.slice(5)}` : type,
    )
    .join(',')
}
