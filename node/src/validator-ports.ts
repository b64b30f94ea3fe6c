import { type Chain, deriveTransitionHash } from '@mosaic/chain'
import { originObserverViews, PREDEPLOYS } from '@mosaic/contracts'
import type { EthereumClient, RawHeader } from '@mosaic/origin'
import {
  bytesToHex,
  type Hash32,
  type Height,
  hexToBytes,
  toBlockNumber,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@mosaic/primitives'
import { coreIdentifier, originIdentifier, originTransitionHash } from '@mosaic/protocol'
import type { AuxiliaryView, OriginView } from '@mosaic/validator'
import type { Log } from './logger.ts'

/** The auxiliary chain as this node has executed it, for its validator. */
export function createAuxiliaryView(chain: Chain, log: Log): AuxiliaryView {
  const { definition } = chain
  const head = chain.head()
  return {
    chain: coreIdentifier(definition.identity),
    head: { number: toBlockNumber(head.header.number), hash: head.hash },
    epochLength: definition.epochLength,
    justified: head.auxiliary.justified,
    checkpointHash: async (height) => chain.checkpoint(head, height)?.hash,
    transitionHash: async (height) => {
      const record = chain.checkpoint(head, height)
      if (record === undefined) return undefined
      const parent = chain.database.record(record.header.parentHash)
      const own = deriveTransitionHash(record, parent)
      const { transitionTracker } = PREDEPLOYS
      const stored = await chain.execution.queries.slot(
        record.header.stateRoot,
        transitionTracker,
        ZERO_HASH,
      )
      if (own === stored) return own
      log('error', 'transition hash differs from the one computed here', { height, own, stored })
      return undefined
    },
  }
}

/** Headers of origin checkpoints kept in memory. */
const HEADERS_KEPT = 256

/** Sees origin through one endpoint, for the validator that trusts it. */
export function createOriginWatch(
  chain: Chain,
  client: EthereumClient,
): () => Promise<OriginView | undefined> {
  const { definition } = chain
  const finalHeaders = new Map<Height, RawHeader>()
  /** The newest of them. Origin may take back what it called final: then none of them holds. */
  let newest: RawHeader | undefined
  const reports = createReportReader(chain)

  const headerAt = async (height: Height, finalNumber: bigint): Promise<RawHeader | undefined> => {
    const known = finalHeaders.get(height)
    if (known !== undefined) return known
    const number = toBlockNumber(height * definition.originEpochLength)
    const header = await client.header(number)
    if (header === undefined || number > finalNumber) return header
    const [oldest] = finalHeaders.keys()
    if (finalHeaders.size >= HEADERS_KEPT && oldest !== undefined) finalHeaders.delete(oldest)
    finalHeaders.set(height, header)
    if (newest === undefined || header.number > newest.number) newest = header
    return header
  }

  const forgetIfReplaced = async (): Promise<void> => {
    if (newest === undefined || (await client.header(newest.number))?.hash === newest.hash) return
    finalHeaders.clear()
    newest = undefined
  }

  return async () => {
    const finalNumber = await client.finalNumber()
    if (finalNumber === undefined) return undefined
    await forgetIfReplaced()
    const head = chain.head()
    return {
      chain: originIdentifier(definition.identity.originChainId),
      epochLength: definition.originEpochLength,
      justified: head.origin.justified,
      finalNumber,
      checkpointHash: async (height) => (await headerAt(height, finalNumber))?.hash,
      isReported: async (hash) => reports(head, hash),
      transitionHash: async (height) => {
        const header = await headerAt(height, finalNumber)
        if (header === undefined) return undefined
        return originTransitionHash({
          blockNumber: header.number,
          blockHash: header.hash,
          stateRoot: header.stateRoot,
        })
      },
    }
  }
}

/**
 * Says of hashes of origin blocks whether they are reported in the state of a head. A validator asks for the same ones every second: the observer
 * is called only when its storage has changed since.
 */
function createReportReader(
  chain: Chain,
): (head: ReturnType<Chain['head']>, hash: Hash32) => Promise<boolean> {
  const { queries } = chain.execution
  const { originObserver } = PREDEPLOYS
  const answers = new Map<Hash32, boolean>()
  let answersOf: Hash32 | undefined

  return async (head, hash) => {
    const { storageRoot } = await queries.account(head.header.stateRoot, originObserver)
    if (storageRoot !== answersOf || answers.size >= HEADERS_KEPT) answers.clear()
    answersOf = storageRoot
    const known = answers.get(hash)
    if (known !== undefined) return known
    const result = await queries.call(head.header, head.signer ?? ZERO_ADDRESS, {
      to: originObserver,
      data: hexToBytes(originObserverViews.observation.encode(hash)),
    })
    if (!result.ok) return false
    const { blockHash } = originObserverViews.observation.decode(bytesToHex(result.value.returned))
    const isReported = blockHash === hash
    // Another state may have been asked about meanwhile.
    if (storageRoot === answersOf) answers.set(hash, isReported)
    return isReported
  }
}
