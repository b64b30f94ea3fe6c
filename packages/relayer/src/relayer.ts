import { advanceMetaBlock } from './meta-block-duties.ts'
import { confirmNextKernel, reportOriginHeader } from './origin-duties.ts'
import type { RelayedCore, RelayerAction, RelayerPorts, RelayPolicy } from './ports.ts'

/** Moves headers, kernels and meta-blocks between one core and its auxiliary chain. */
export type Relayer = {
  /** Does what both chains show to be due, each duty once. A duty that fails is logged and tried again the next time. */
  readonly relayOnce: () => Promise<readonly RelayerAction[]>
}

type Duty = () => Promise<RelayerAction | undefined>

/** Creates a relayer. It keeps nothing between calls: two of them, or one killed and started again, do no harm. */
export function createRelayer(
  ports: RelayerPorts,
  core: RelayedCore,
  policy: RelayPolicy,
): Relayer {
  const duties: readonly { readonly name: string; readonly run: Duty }[] = [
    { name: 'report-header', run: () => reportOriginHeader(ports, core) },
    { name: 'confirm-kernel', run: () => confirmNextKernel(ports, core) },
    { name: 'meta-block', run: () => advanceMetaBlock(ports, core, policy) },
  ]
  return {
    relayOnce: async () => {
      const results = await Promise.all(
        duties.map(async ({ name, run }) => {
          try {
            const action = await run()
            if (action !== undefined) ports.log('info', action.kind, { ...action })
            return action
          } catch (error) {
            ports.log('warn', `${name} failed`, { error })
            return undefined
          }
        }),
      )
      return results.filter((action) => action !== undefined)
    },
  }
}
