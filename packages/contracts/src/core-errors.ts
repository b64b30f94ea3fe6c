import type { Hex } from '@mosaic/primitives'
import { coreAbi } from './core-abi.ts'
import { lazyInterface } from './lazy-interface.ts'

const core = lazyInterface(coreAbi)

/** The error of the core behind revert data, as `Name(argument, …)`; undefined if it is none of the core's. */
export function describeCoreError(data: Hex): string | undefined {
  if (data.length < 10) return undefined
  try {
    const found = core().parseError(data)
    return found === null ? undefined : `${found.name}(${found.args.map(String).join(', ')})`
  } catch {
    return undefined
  }
}
