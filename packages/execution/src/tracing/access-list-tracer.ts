import type { Address, Hash32 } from '@mosaic/primitives'
import type { AccessListEntry } from '../transaction.ts'
import { namedAccount, peek, type Tracer, wordToAddress, wordToHash } from './tracer.ts'

const SLOAD = 0x54
const SSTORE = 0x55

/**
 * What a message touches, as an access list (EIP-2930).
 *
 * @param isFree tells the accounts that cost no cold access anyway: they are listed only for their slots.
 */
export function createAccessListTracer(
  isFree: (address: Address) => boolean,
): Tracer<readonly AccessListEntry[]> {
  const touched = new Map<Address, Set<Hash32>>()
  const slotsOf = (address: Address): Set<Hash32> => {
    const slots = touched.get(address) ?? new Set()
    touched.set(address, slots)
    return slots
  }
  return {
    step: ({ opcode, stack, address }) => {
      if ((opcode === SLOAD || opcode === SSTORE) && stack.length > 0) {
        slotsOf(wordToAddress(BigInt(address.toString()))).add(wordToHash(peek(stack, 0)))
      }
      const named = namedAccount(opcode, stack)
      if (named !== undefined && !isFree(named)) slotsOf(named)
    },
    end: () =>
      [...touched].map(([address, slots]) => ({ address, storageKeys: [...slots].toSorted() })),
  }
}
