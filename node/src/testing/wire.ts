/** What one node tells the others. */
export type Gossip =
  | { readonly kind: 'block'; readonly bytes: Uint8Array }
  | { readonly kind: 'transaction'; readonly bytes: Uint8Array }
  | { readonly kind: 'vote'; readonly bytes: Uint8Array }

/** Takes what another node tells. */
type Receiver = (gossip: Gossip) => Promise<void>

/** What connects the nodes of one process, and can be cut. */
export type Wire = {
  readonly join: (node: number, receive: Receiver) => void
  /** Tells all who are on the sender's side. Resolves when they have taken it. */
  readonly send: (from: number, gossip: Gossip) => Promise<void>
  /** Cuts the wire into these sides; who is in none is alone. @throws RangeError if a node is on two sides. */
  readonly cut: (sides: readonly (readonly number[])[]) => void
  readonly heal: () => void
  /** Nodes that can hear each other. */
  readonly sides: () => readonly (readonly number[])[]
}

/** Creates a whole wire. */
export function createWire(): Wire {
  const receivers = new Map<number, Receiver>()
  let cuts: readonly (readonly number[])[] | undefined

  const sides = (): readonly (readonly number[])[] => {
    const all = [...receivers.keys()]
    if (cuts === undefined) return [all]
    const named = cuts.flat()
    return [...cuts, ...all.filter((node) => !named.includes(node)).map((node) => [node])]
  }
  return {
    join: (node, receive) => {
      receivers.set(node, receive)
    },
    send: async (from, gossip) => {
      const side = sides().find((members) => members.includes(from)) ?? []
      for (const node of side) if (node !== from) await receivers.get(node)?.(gossip)
    },
    cut: (next) => {
      const named = next.flat()
      if (new Set(named).size !== named.length) {
        throw new RangeError(`expected each node on one side, received ${JSON.stringify(next)}`)
      }
      const unknown = named.find((node) => !receivers.has(node))
      if (unknown !== undefined) {
        throw new RangeError(`expected nodes 0 to ${receivers.size - 1}, received ${unknown}`)
      }
      cuts = next.filter((side) => side.length > 0)
    },
    heal: () => {
      cuts = undefined
    },
    sides,
  }
}
