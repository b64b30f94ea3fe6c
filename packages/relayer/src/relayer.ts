import { NotSentError } from '@mosaic/origin'
import { createCoreHistory } from './core-history.ts'
import { advanceMetaBlock, type TransitionCache } from './meta-block-duties.ts'
import { confirmNextKernel, reportOriginHeader } from './origin-duties.ts'
import type { RelayedCore, RelayerAction, RelayerPorts, RelayPolicy } from './ports.ts'
import { beginReputationProgress, followReputations } from './reputation-duties.ts'

/** Moves headers, kernels and meta-blocks between one core and its auxiliary chain. */
export type Relayer = {
  /** Does what both chains show to be due, each duty once. A duty that fails is logged and tried again the next time. */
  readonly relayOnce: () => Promise<readonly RelayerAction[]>
  /**
   * Repeats each duty on its own, `pause` apart, until `signal` aborts: a transaction that waits on one chain holds up nothing that is
   * due on the other.
   */
  readonly relayUntil: (signal: AbortSignal, pause: () => Promise<void>) => Promise<void>
}

type Duty = () => Promise<RelayerAction | undefined>

/**
 * Creates a relayer. What it keeps between calls it can read again: two of them, or one killed and started again, do no harm.
 */
export function createRelayer(
  ports: RelayerPorts,
  core: RelayedCore,
  policy: RelayPolicy,
): Relayer {
  const failures = new Map<string, { readonly text: string; readonly times: number }>()
  const perform = async (name: string, duty: Duty): Promise<RelayerAction | undefined> => {
    try {
      const action = await duty()
      if (action !== undefined) ports.log('info', action.kind, { ...action })
      failures.delete(name)
      return action
    } catch (error) {
      tell(name, error)
      return undefined
    }
  }
  /** What fails in the same way again and again is told ever more rarely. */
  const tell = (name: string, error: unknown): void => {
    const text = error instanceof Error ? error.message : String(error)
    const before = failures.get(name)
    const times = before?.text === text ? before.times + 1 : 1
    failures.set(name, { text, times })
    if ((times & (times - 1)) !== 0) return
    if (error instanceof NotSentError) {
      const { purpose, gas } = error.shape
      if (times === 1) ports.log('info', 'would send', { purpose, gas })
    } else ports.log('warn', `${name} failed`, { error, times })
  }
  const history = createCoreHistory(ports.origin.client, core.identity.core, core.createdAt)
  const transitions: TransitionCache = new Map()
  const progress = beginReputationProgress()
  const duties: readonly Duty[] = [
    () => perform('report-header', () => reportOriginHeader(ports, core)),
    () =>
      perform('confirm-kernel', async () => confirmNextKernel(ports, core, await history.read())),
    () =>
      perform('meta-block', async () =>
        advanceMetaBlock(ports, core, policy, await history.read(), transitions),
      ),
    ...(policy.followsReputations === true
      ? [
          () =>
            perform('reputations', async () =>
              followReputations(ports, core, await history.read(), progress),
            ),
        ]
      : []),
  ]
  return {
    relayOnce: async () => {
      const actions = await Promise.all(duties.map((duty) => duty()))
      return actions.filter((action) => action !== undefined)
    },
    relayUntil: async (signal, pause) => {
      const repeat = async (duty: Duty): Promise<void> => {
        while (!signal.aborted) {
          await duty()
          await pause()
        }
      }
      await Promise.all(duties.map(repeat))
    },
  }
}
