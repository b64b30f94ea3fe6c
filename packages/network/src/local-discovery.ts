import { isStartable, type Startable } from '@libp2p/interface'
import { type MulticastDNSComponents, mdns } from '@libp2p/mdns'
import { concatBytes, type Hash32, hexToBytes, keccak256 } from '@mosaic/primitives'
import { isLoopback, type PeerBook } from './peer-book.ts'

/** A service of libp2p. */
export type LocalDiscovery = (components: MulticastDNSComponents) => Startable

/**
 * Discovery by multicast DNS: tells other nodes of the local network where this one is, and hears where they are. That goes into the book of
 * addresses, as what any peer tells: anybody on the local network may say anything. Nothing goes into libp2p's own store of peers, which has
 * no bound.
 */
export function createLocalDiscovery(options: {
  readonly serviceTag: string
  readonly learn: PeerBook['learn']
  /** How often others are asked for. */
  readonly intervalMs: number
  /** A fraction in [0, 1). */
  readonly random: () => number
}): LocalDiscovery {
  const { serviceTag, intervalMs: interval, learn, random } = options
  return (components) => {
    const service = mdns({ serviceTag, interval })(components)
    if (!isStartable(service)) throw new TypeError('expected a service that can be started')
    service.addEventListener('peer', ({ detail }) => {
      const peerId = detail.id.toString()
      const addresses = detail.multiaddrs.map((address) => `${address.toString()}/p2p/${peerId}`)
      // Where both machines are on several networks, another address is tried each time.
      const first = Math.floor(random() * addresses.length)
      // Who listens on this machine only, means this machine.
      const own = components.addressManager.getAddresses()
      const isHere = own.every((address) => isLoopback(address.toString()))
      for (const address of [...addresses.slice(first), ...addresses.slice(0, first)])
        learn(address, { peerId, isLoopback: isHere })
    })
    return {
      start: async () => service.start(),
      stop: async () => service.stop(),
    }
  }
}

/** The service that nodes of one network ask for: others on the same local network have another, as far as eight digits tell them apart (RFC 6763, 7.2). */
export function toServiceTag(genesisHash: Hash32, coreIdentifier: Hash32): string {
  const network = keccak256(concatBytes(hexToBytes(genesisHash), hexToBytes(coreIdentifier)))
  return `_mosaic-${network.slice(2, 10)}._udp.local`
}
