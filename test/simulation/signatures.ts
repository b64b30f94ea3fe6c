import {
  type Address,
  concatBytes,
  type Hash32,
  hexToBytes,
  toAddress,
  toHex,
} from '@mosaic/primitives'
import { recoverSigner, secretKeyToAddress, signDigest, voteDigest } from '@mosaic/protocol'
import { DOMAIN, nameHash } from './model.ts'
import type { Signatures } from './rules.ts'

/**
 * Stand-ins, some hundred times as fast as the real ones: a link is a number for its message, a signature is signer ‖ link. Nobody but
 * the world may make them, so that they are as unforgeable as the real ones.
 */
export function createFastSignatures(): Signatures {
  const links = new Map<string, Hash32>()
  return {
    linkOf: (vote) => {
      const text = `${vote.sourceHeight}${vote.source}${vote.targetHeight}${vote.target}${vote.transitionHash}${vote.chain}`
      const known = links.get(text)
      if (known !== undefined) return known
      const link = nameHash('11', links.size)
      links.set(text, link)
      return link
    },
    sign: (validator, link) => toHex(`${validator}${link.slice(2)}`),
    recover: (link, signature) =>
      signature.slice(42) === link.slice(2) ? toAddress(signature.slice(0, 42)) : undefined,
    forge: (validator) => toHex(`${validator}${'ee'.repeat(32)}`),
  }
}

/** EIP-712 digests and secp256k1, as in the product. The keys are small numbers. */
export function createRealSignatures(count: number): Signatures & {
  readonly validators: readonly Address[]
} {
  const keys = new Map<Address, Uint8Array>()
  for (let index = 0; index < count; index++) {
    const key = concatBytes(new Uint8Array(31), Uint8Array.of(index + 1))
    keys.set(secretKeyToAddress(key), key)
  }
  const stranger = new Uint8Array(32).fill(0x77)
  return {
    validators: [...keys.keys()],
    linkOf: (vote) => voteDigest(DOMAIN, vote),
    sign: (validator, link) => {
      const key = keys.get(validator)
      if (key === undefined) throw new RangeError(`expected a key of ${validator}`)
      return signDigest(link, key)
    },
    recover: recoverSigner,
    forge: (_validator, link) => {
      // A signature by a key without a stake, with its last byte bent.
      const bytes = hexToBytes(signDigest(link, stranger))
      bytes[63] = (bytes[63] ?? 0) ^ 1
      return toHex(`0x${Buffer.from(bytes).toString('hex')}`)
    },
  }
}
