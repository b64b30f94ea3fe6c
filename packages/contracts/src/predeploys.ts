import { type Address, toAddress } from '@mosaic/primitives'

/** Fixed addresses of the auxiliary chain's contracts (docs/protocol.md §4). */
export const PREDEPLOYS: {
  readonly transitionTracker: Address
  readonly finalityGadget: Address
  readonly originObserver: Address
  readonly kernelRegistry: Address
} = {
  transitionTracker: toAddress('0x0000000000000000000000000000000000004d00'),
  finalityGadget: toAddress('0x0000000000000000000000000000000000004d01'),
  originObserver: toAddress('0x0000000000000000000000000000000000004d02'),
  kernelRegistry: toAddress('0x0000000000000000000000000000000000004d03'),
}

/** Who calls `TransitionTracker.endBlock` at the end of every block. */
export const SYSTEM_ADDRESS: Address = toAddress('0xfffffffffffffffffffffffffffffffffffffffe')
