import { type BlockParameter, blockNumberOrTag, LATEST, requireHeader } from './block-reference.ts'
import { serverError } from './errors.ts'
import type { Json } from './json.ts'
import { type MethodTable, method0, method1, method2 } from './method.ts'
import { address, boolean, hash32, optional, required } from './parameters.ts'
import type { ChainPort, CliquePort, CliqueSnapshotView } from './ports.ts'
import type { HeaderView } from './views.ts'

const STATUS_BLOCKS = 64
const IN_TURN = 2n

/** Methods about block producers. */
export function createCliqueMethods(ports: {
  readonly chain: ChainPort
  readonly clique: CliquePort
}): MethodTable {
  const { chain, clique } = ports

  const snapshotAt = async (parameter: BlockParameter): Promise<CliqueSnapshotView> => {
    const snapshot = await clique.snapshot((await requireHeader(chain, parameter)).hash)
    if (snapshot === undefined) throw serverError('unknown block')
    return snapshot
  }
  const signersAt = async (parameter: BlockParameter): Promise<Json> =>
    (await snapshotAt(parameter)).signers
  const snapshotJson = async (parameter: BlockParameter): Promise<Json> =>
    formatSnapshot(await snapshotAt(parameter))

  /** Who sealed lately, and how much of it in turn. */
  const status = async (): Promise<Json> => {
    const { signers } = await snapshotAt(LATEST)
    const activity = new Map(signers.map((signer) => [signer, 0]))
    let blocks = 0
    let inTurn = 0
    let header: HeaderView | undefined = await requireHeader(chain, LATEST)
    while (header !== undefined && header.number > 0n && blocks < STATUS_BLOCKS) {
      const sealer = clique.sealer(header)
      if (sealer !== undefined) activity.set(sealer, (activity.get(sealer) ?? 0) + 1)
      blocks++
      if (header.difficulty === IN_TURN) inTurn++
      header = await chain.header({ hash: header.parentHash })
    }
    return {
      inturnPercent: blocks === 0 ? 0 : (100 * inTurn) / blocks,
      sealerActivity: Object.fromEntries(activity),
      numBlocks: blocks,
    }
  }
  const at = optional(blockNumberOrTag, LATEST)

  return {
    clique_getSigners: method1(at, signersAt),
    clique_getSignersAtHash: method1(required(hash32), (hash) => signersAt({ hash })),
    clique_getSnapshot: method1(at, snapshotJson),
    clique_getSnapshotAtHash: method1(required(hash32), (hash) => snapshotJson({ hash })),
    clique_getSigner: method1(at, async (parameter) => {
      const sealer = clique.sealer(await requireHeader(chain, parameter))
      if (sealer === undefined) throw serverError('unknown block')
      return sealer
    }),
    clique_status: method0(status),
    clique_propose: method2(required(address), required(boolean), async (signer, authorise) => {
      await clique.propose(signer, authorise)
      return null
    }),
    clique_discard: method1(required(address), async (signer) => {
      await clique.discard(signer)
      return null
    }),
    clique_proposals: method0(() => Object.fromEntries(clique.proposals())),
  }
}

/** As geth prints it: numbers in decimal, sets as objects. */
function formatSnapshot(snapshot: CliqueSnapshotView): Json {
  return {
    number: Number(snapshot.number),
    hash: snapshot.hash,
    signers: Object.fromEntries(snapshot.signers.map((signer) => [signer, {}])),
    recents: Object.fromEntries([...snapshot.recents].map(([number, by]) => [String(number), by])),
    votes: snapshot.votes.map(({ signer, block, address: about, authorize }) => ({
      signer,
      block: Number(block),
      address: about,
      authorize,
    })),
    tally: Object.fromEntries(
      [...snapshot.tally].map(([about, { authorize, votes }]) => [about, { authorize, votes }]),
    ),
  }
}
