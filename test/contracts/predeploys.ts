import {
  type AuxiliaryConfiguration,
  encodeFinalityGadgetCreation,
  encodeKernelRegistryCreation,
  encodeOriginObserverCreation,
  encodeTransitionTrackerCreation,
  PREDEPLOYS,
} from '@mosaic/contracts'
import { type Address, bytesToHex, type Hex } from '@mosaic/primitives'
import { EMPTY_TRIE_ROOT, encodeValidatorSet, kernelHash } from '@mosaic/protocol'
import { type Anvil, readFields } from './anvil.ts'
import type { RunningCore } from './meta-block.ts'

/** Puts the predeploys of an auxiliary chain of this core in their places, as its genesis would. */
export async function placePredeploys(
  anvil: Anvil,
  core: RunningCore,
  configuration: AuxiliaryConfiguration,
): Promise<void> {
  const { kernel, validators } = core
  const words = bytesToHex(encodeValidatorSet(validators))
  const creations: readonly (readonly [Address, Hex])[] = [
    [
      PREDEPLOYS.transitionTracker,
      encodeTransitionTrackerCreation(configuration, EMPTY_TRIE_ROOT, kernelHash(kernel)),
    ],
    [PREDEPLOYS.finalityGadget, encodeFinalityGadgetCreation(configuration, words)],
    [PREDEPLOYS.originObserver, encodeOriginObserverCreation(configuration)],
    [PREDEPLOYS.kernelRegistry, encodeKernelRegistryCreation(configuration, kernel)],
  ]
  for (const [predeploy, creation] of creations) await place(anvil, predeploy, creation)
}

async function place(anvil: Anvil, predeploy: Address, creation: Hex): Promise<void> {
  const { contractAddress, transactionHash } = await anvil.send({ data: creation })
  const constructed = String(contractAddress).toLowerCase()
  const code = await anvil.request('eth_getCode', constructed, 'latest')
  await anvil.request('anvil_setCode', predeploy, code)
  const trace = await anvil.request('debug_traceTransaction', transactionHash, {
    tracer: 'prestateTracer',
    tracerConfig: { diffMode: true },
  })
  const written = readFields(readFields(readFields(trace)['post'])[constructed])['storage']
  for (const [slot, value] of Object.entries(readFields(written))) {
    await anvil.request('anvil_setStorageAt', predeploy, slot, value)
  }
}
