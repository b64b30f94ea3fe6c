import { type Address, InvalidValueError, keccak256, utf8ToBytes } from '@mosaic/primitives'

/** Who of several relayers does what is due for all of them. */
export type RelayTurns = {
  /** Whether this relayer may do it now. Asked as long as it is due. */
  readonly isOurs: (duty: string) => boolean
}

/** The relayers of a core. */
export type RelayTeam = {
  /** Origin accounts of all of them, in the same order everywhere. */
  readonly accounts: readonly Address[]
  readonly own: Address
  /** How long each waits for the one before. */
  readonly turnMs: number
  /** Milliseconds since any fixed moment. */
  readonly now: () => number
}

const MOST_DUTIES = 1024

/**
 * Each duty has an order of relayers that follows from its name: the first does it at once, each other after those before had their time. So they share
 * the costs, do not send the same thing twice, and one that is away holds nothing up for long. A restart only begins the waiting again.
 *
 * @throws InvalidValueError if the own account is not in the list.
 */
export function createRelayTurns({ accounts, own, turnMs, now }: RelayTeam): RelayTurns {
  const place = accounts.indexOf(own)
  if (place < 0) throw new InvalidValueError(`a list of relayers with ${own}`, accounts.join(', '))
  const size = BigInt(accounts.length)
  const dueSince = new Map<string, number>()
  return {
    isOurs: (duty) => {
      const since = dueSince.get(duty) ?? now()
      // What is asked for is kept youngest last, so that what is due no more goes first.
      dueSince.delete(duty)
      dueSince.set(duty, since)
      const [oldest] = dueSince.keys()
      if (dueSince.size > MOST_DUTIES && oldest !== undefined) dueSince.delete(oldest)
      const first = BigInt(keccak256(utf8ToBytes(duty))) % size
      const rank = (BigInt(place) - first + size) % size
      return now() - since >= Number(rank) * turnMs
    },
  }
}
