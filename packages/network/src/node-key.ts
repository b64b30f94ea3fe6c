import { randomBytes } from 'node:crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { bytesToHash32, type Hash32, hexToBytes } from '@mosaic/primitives'

/**
 * The secret of a node's Ed25519 identity on the network: the 32-byte seed as hex, which is also its serialised form.
 * Unrelated to the keys that seal blocks and sign votes.
 */
export type NodeKey = Hash32

/** Makes a node key from 32 bytes of `entropy`. */
export function createNodeKey(entropy: Uint8Array = randomBytes(32)): NodeKey {
  return bytesToHash32(entropy)
}

/** The identity that peers know a node by, as libp2p prints it (`12D3Koo…`). */
export async function nodeKeyToPeerId(key: NodeKey): Promise<string> {
  return peerIdFromPrivateKey(await nodeKeyToPrivateKey(key)).toString()
}

/** The form that libp2p takes. */
export async function nodeKeyToPrivateKey(key: NodeKey): Promise<Ed25519PrivateKey> {
  return generateKeyPairFromSeed('Ed25519', hexToBytes(key))
}
