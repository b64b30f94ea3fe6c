import {
  type Address,
  bytesToAddress,
  bytesToHex,
  concatBytes,
  hexToBytes,
  InvalidValueError,
} from '@mosaic/primitives'

/** Bytes at the start of the extra data that the signer may fill at will. */
export const VANITY_BYTES = 32

/** Bytes at the end of the extra data: r ‖ s ‖ y parity of a secp256k1 signature. */
export const SEAL_BYTES = 65

/** Bytes of one listed signer. */
export const SIGNER_BYTES = 20

/** The three parts of a header's extra data. */
export type ExtraData = {
  readonly vanity: Uint8Array
  /** As listed: order and repetitions are the header's. Empty unless the block begins an epoch. */
  readonly signers: readonly Address[]
  readonly seal: Uint8Array
}

/**
 * Joins vanity (filled up with zeros), signers in ascending order, and seal (zeros if there is none yet).
 *
 * @throws {@link InvalidValueError} if the vanity is too long, the seal is not 65 bytes, or a signer is repeated.
 */
export function buildExtraData(parts: {
  readonly vanity?: Uint8Array
  readonly signers?: readonly Address[]
  readonly seal?: Uint8Array
}): Uint8Array {
  const { vanity = new Uint8Array(), signers = [], seal = new Uint8Array(SEAL_BYTES) } = parts
  if (vanity.length > VANITY_BYTES) {
    throw new InvalidValueError(`at most ${VANITY_BYTES} bytes of vanity`, bytesToHex(vanity))
  }
  if (seal.length !== SEAL_BYTES) {
    throw new InvalidValueError(`a seal of ${SEAL_BYTES} bytes`, bytesToHex(seal))
  }
  const ascending = signers.toSorted(compareAddresses)
  if (!isAscending(ascending)) throw new InvalidValueError('different signers', signers.join())
  return concatBytes(
    vanity,
    new Uint8Array(VANITY_BYTES - vanity.length),
    ...ascending.map(hexToBytes),
    seal,
  )
}

/** @throws {@link InvalidValueError} if the length is not that of a vanity, whole addresses, and a seal. */
export function splitExtraData(extraData: Uint8Array): ExtraData {
  const end = extraData.length - SEAL_BYTES
  if (end < VANITY_BYTES || (end - VANITY_BYTES) % SIGNER_BYTES !== 0) {
    throw new InvalidValueError(
      'extra data of a vanity, addresses and a seal',
      `${extraData.length} bytes`,
    )
  }
  const signers: Address[] = []
  for (let at = VANITY_BYTES; at < end; at += SIGNER_BYTES) {
    signers.push(bytesToAddress(extraData.subarray(at, at + SIGNER_BYTES)))
  }
  return { vanity: extraData.slice(0, VANITY_BYTES), signers, seal: extraData.slice(end) }
}

/** Orders addresses by their bytes. */
export function compareAddresses(a: Address, b: Address): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Whether each address is above the one before, so that none is repeated. */
export function isAscending(addresses: readonly Address[]): boolean {
  return addresses.every((address, i) => {
    const previous = addresses[i - 1]
    return previous === undefined || previous < address
  })
}
