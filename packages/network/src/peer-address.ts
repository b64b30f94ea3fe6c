import { peerIdFromString } from '@libp2p/peer-id'
import { InvalidValueError } from '@mosaic/primitives'
import { multiaddr } from '@multiformats/multiaddr'

/** The peer id at the end of a multiaddress. @throws {@link InvalidValueError} if there is none. */
export function peerIdOf(address: string): string {
  const invalid = (): InvalidValueError =>
    new InvalidValueError('a multiaddress that ends in /p2p/<peer id>', address)
  try {
    const last = multiaddr(address).getComponents().at(-1)
    if (last?.name !== 'p2p' || last.value === undefined) throw invalid()
    return peerIdFromString(last.value).toString()
  } catch {
    throw invalid()
  }
}
