import { createMPT, createMPTFromProof, verifyMerkleProof } from '@ethereumjs/mpt'
import {
  type Address,
  bytesToHash32,
  bytesToHex,
  decodeRlp,
  encodeRlp,
  type Hash32,
  hexToBytes,
  integerToRlp,
  keccak256,
} from '@mosaic/primitives'

/** Fields of an account, proven under a state root. */
export type ProvenAccount = {
  readonly nonce: Uint8Array
  readonly balance: Uint8Array
  readonly storageRoot: Hash32
}

/** Reads what a Merkle proof says of a key. @throws if its first node does not hash to `root`. */
async function readProof(
  root: Hash32,
  key: Uint8Array,
  proof: readonly Uint8Array[],
): Promise<Uint8Array | undefined> {
  const partial = await createMPTFromProof([...proof])
  if (bytesToHex(partial.root()) !== root)
    throw new Error(
      `expected a proof under ${root}, received one under ${bytesToHex(partial.root())}`,
    )
  const path = hexToBytes(keccak256(key))
  return (await verifyMerkleProof(path, [...proof])) ?? undefined
}

/** An account under a state root, by a proof of `eth_getProof`; the verifier is EthereumJS's, not ours. */
export async function proveAccount(
  stateRoot: Hash32,
  address: Address,
  proof: readonly Uint8Array[],
): Promise<ProvenAccount> {
  const account = await readProof(stateRoot, hexToBytes(address), proof)
  const fields = account === undefined ? undefined : decodeRlp(account)
  if (fields === undefined || fields instanceof Uint8Array) throw new Error('expected an account')
  const [nonce, balance, storageRoot] = fields
  if (
    !(nonce instanceof Uint8Array && balance instanceof Uint8Array) ||
    !(storageRoot instanceof Uint8Array)
  )
    throw new Error('expected an account of four strings')
  return { nonce, balance, storageRoot: bytesToHash32(storageRoot) }
}

/** A storage word under an account's storage root. */
export async function proveSlot(
  storageRoot: Hash32,
  slot: Hash32,
  proof: readonly Uint8Array[],
): Promise<Uint8Array | undefined> {
  const encoded = await readProof(storageRoot, hexToBytes(slot), proof)
  const word = encoded === undefined ? undefined : decodeRlp(encoded)
  if (word !== undefined && !(word instanceof Uint8Array)) throw new Error('expected a word')
  return word
}

/** Root of the trie of a block's receipts, each as EIP-2718 encodes it. */
export async function receiptsRoot(receipts: readonly Uint8Array[]): Promise<Hash32> {
  const trie = await createMPT()
  for (const [index, receipt] of receipts.entries()) {
    await trie.put(encodeRlp(integerToRlp(BigInt(index))), receipt)
  }
  return bytesToHash32(trie.root())
}
