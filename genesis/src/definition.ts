import {
  type Address,
  bytesToHex,
  InvalidValueError,
  toAddress,
  utf8ToBytes,
} from '@mosaic/primitives'

/**
 * The auxiliary definition: what the creator of a core fixes of the auxiliary chain beyond the core's own parameters. Its bytes are
 * emitted on origin and their hash is kept by the core, so every node makes the same genesis.
 */
export type AuxiliaryDefinition = {
  /** Seconds between blocks. */
  readonly period: bigint
  /** Blocks between lists of signers (EIP-225). */
  readonly cliqueEpoch: bigint
  readonly gasLimit: bigint
  /** Wei. */
  readonly baseFeePerGas: bigint
  /** The first block producers. */
  readonly signers: readonly Address[]
  /** Base coin at genesis, in wei. */
  readonly balances: Readonly<Record<Address, bigint>>
}

const FORMAT = 'mosaic-auxiliary-1'

/** The one JSON text of a definition: fixed order of keys, lower-case addresses ascending, integers as decimal strings. */
export function encodeDefinition(definition: AuxiliaryDefinition): Uint8Array {
  return utf8ToBytes(
    JSON.stringify({
      format: FORMAT,
      period: definition.period.toString(),
      cliqueEpoch: definition.cliqueEpoch.toString(),
      gasLimit: definition.gasLimit.toString(),
      baseFeePerGas: definition.baseFeePerGas.toString(),
      signers: definition.signers.toSorted(),
      balances: Object.fromEntries(
        Object.entries(definition.balances)
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([address, balance]) => [address, balance.toString()]),
      ),
    }),
  )
}

/** @throws InvalidValueError if the bytes are not exactly what {@link encodeDefinition} makes of the definition they hold. */
export function decodeDefinition(bytes: Uint8Array): AuxiliaryDefinition {
  const { text, parsed } = parse(bytes)
  if (!isRecord(parsed) || parsed['format'] !== FORMAT) {
    throw new InvalidValueError(`an auxiliary definition of format ${FORMAT}`, text)
  }
  const { signers, balances } = parsed
  if (!Array.isArray(signers) || signers.length === 0 || !isRecord(balances)) {
    throw new InvalidValueError('an auxiliary definition with signers and balances', text)
  }
  const definition: AuxiliaryDefinition = {
    period: integer(parsed['period'], 'period'),
    cliqueEpoch: integer(parsed['cliqueEpoch'], 'cliqueEpoch'),
    gasLimit: integer(parsed['gasLimit'], 'gasLimit'),
    baseFeePerGas: integer(parsed['baseFeePerGas'], 'baseFeePerGas'),
    signers: signers.map((signer) => toAddress(String(signer))),
    balances: Object.fromEntries(
      Object.entries(balances).map(([address, balance]) => [
        toAddress(address),
        integer(balance, address),
      ]),
    ),
  }
  if (new Set(definition.signers).size !== definition.signers.length) {
    throw new InvalidValueError('signers that are all different', definition.signers.join())
  }
  const canonical = new TextDecoder().decode(encodeDefinition(definition))
  if (canonical !== text) throw new InvalidValueError(`the canonical text ${canonical}`, text)
  return definition
}

function parse(bytes: Uint8Array): { readonly text: string; readonly parsed: unknown } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { text, parsed: JSON.parse(text) }
  } catch {
    throw new InvalidValueError('JSON in UTF-8', bytesToHex(bytes))
  }
}

function integer(value: unknown, name: string): bigint {
  if (typeof value !== 'string' || !/^\d{1,78}$/.test(value)) {
    throw new InvalidValueError(`a decimal string at ${name}`, JSON.stringify(value))
  }
  return BigInt(value)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
