import { coreViews } from '@mosaic/contracts'
import { type EthereumClient, readCoreLogs, readView } from '@mosaic/origin'
import { type Address, type BlockNumber, type Hash32, toBlockNumber } from '@mosaic/primitives'
import type { AccountabilityView } from '@mosaic/rpc'

/** What origin says of who was punished, and whether the core still takes meta-blocks. */
export type CoreWatch = {
  /** Looks once. @throws what the endpoint throws; what was known stays. */
  readonly look: () => Promise<void>
  /** As of the last look; undefined before the first. */
  readonly accountability: () => AccountabilityView | undefined
  /** Whether the core was halted at the last look. */
  readonly isHalted: () => boolean
}

/** Blocks at the head of origin whose logs are read again at each look, because they may be replaced. If more are, all is read again. */
const UNSETTLED_BLOCKS = 64n

/** Watches a core through this node's own endpoint. */
export function createCoreWatch(
  origin: EthereumClient,
  core: Address,
  createdAt: BlockNumber,
): CoreWatch {
  /** The block up to which slashings are settled; it may yet be replaced. */
  let anchor: { readonly number: bigint; readonly hash: Hash32 } | undefined
  let settled: AccountabilityView['slashed'] = []
  let known: AccountabilityView | undefined

  /** Slashings in a range of blocks, oldest first. */
  const readSlashings = async (
    from: bigint,
    to: bigint,
  ): Promise<AccountabilityView['slashed']> => {
    if (to < from) return []
    const [first, last] = [toBlockNumber(from), toBlockNumber(to)]
    const logs = await readCoreLogs(origin, core, ['ValidatorSlashed'], first, last)
    return logs.flatMap(({ event, log }) =>
      event.name === 'ValidatorSlashed'
        ? [
            {
              validator: event.validator,
              offence: event.offence,
              stake: event.stake,
              reporter: event.reporter,
              transaction: log.transactionHash,
            },
          ]
        : [],
    )
  }

  const readHalt = async (to: bigint): Promise<AccountabilityView['halt']> => {
    const logs = await readCoreLogs(origin, core, ['Halted'], createdAt, toBlockNumber(to))
    const [first] = logs
    if (first?.event.name !== 'Halted') return undefined
    const { height, reason, reporter } = first.event
    return { height, reason, reporter, transaction: first.log.transactionHash }
  }

  const settle = async (boundary: bigint): Promise<void> => {
    if (anchor !== undefined) {
      const header = await origin.header(toBlockNumber(anchor.number))
      if (header?.hash !== anchor.hash) {
        anchor = undefined
        settled = []
      }
    }
    const from = next()
    if (boundary < from) return
    // Read before the logs: if the chain changes in between, the next look notices.
    const header = await origin.header(toBlockNumber(boundary))
    if (header === undefined) return
    settled = [...settled, ...(await readSlashings(from, boundary))]
    anchor = { number: boundary, hash: header.hash }
  }
  const next = (): bigint => (anchor === undefined ? createdAt : anchor.number + 1n)

  return {
    look: async () => {
      const newest = await origin.blockNumber()
      const { phase } = await readView(origin, core, coreViews.head, [], newest)
      await settle(newest > UNSETTLED_BLOCKS ? newest - UNSETTLED_BLOCKS : 0n)
      const slashed = [...settled, ...(await readSlashings(next(), newest))]
      known = { phase, slashed, halt: phase === 'halted' ? await readHalt(newest) : undefined }
    },
    accountability: () => known,
    isHalted: () => known?.phase === 'halted',
  }
}
