import {
  type CoreEvent,
  type CoreLedger,
  coreViews,
  devnetTokenAbi,
  finalityGadgetViews,
  PREDEPLOYS,
  type RegisteredValidator,
} from '@mosaic/contracts'
import { type EthereumClient, readCoreLogs, readView } from '@mosaic/origin'
import { type Address, type Hash32, hexToBytes, toBlockNumber, toHex } from '@mosaic/primitives'
import { decodeValidatorSet } from '@mosaic/protocol'
import { Interface } from 'ethers'

const token = new Interface(devnetTokenAbi)

/** Who has what by the books of a core, and what the gadget of its auxiliary chain says of validators. */
export type StakeBooks = {
  readonly validator: (address: Address) => Promise<RegisteredValidator>
  readonly ledger: () => Promise<CoreLedger>
  /** Tokens that an account holds. */
  readonly tokensOf: (account: Address) => Promise<bigint>
  /** Whether a validator has no weight on auxiliary: slashed, or without a seat. */
  readonly isWeightless: (validator: Address) => Promise<boolean>
  /** Sums of effective weights on auxiliary. */
  readonly auxiliaryWeights: () => Promise<{ readonly forward: bigint; readonly rear: bigint }>
  /** Events of the core of one name, oldest first. */
  readonly events: <Name extends CoreEvent['name']>(
    name: Name,
  ) => Promise<readonly (Extract<CoreEvent, { name: Name }> & { readonly transaction: Hash32 })[]>
}

/** Opens the books. */
export function openStakeBooks(
  origin: EthereumClient,
  core: Address,
  auxiliary: EthereumClient,
): StakeBooks {
  const gadget = PREDEPLOYS.finalityGadget
  return {
    validator: (address) => readView(origin, core, coreViews.validatorOf, [address]),
    ledger: () => readView(origin, core, coreViews.ledger, []),
    tokensOf: async (account) => {
      const parameters = await readView(origin, core, coreViews.parameters, [])
      const data = toHex(token.encodeFunctionData('balanceOf', [account]))
      return BigInt(await origin.call(parameters.token, data))
    },
    isWeightless: async (validator) => {
      const words = await readView(auxiliary, gadget, finalityGadgetViews.validatorSet, [])
      const seats = decodeValidatorSet(hexToBytes(words))
      const index = seats.findIndex((seat) => seat?.address === validator)
      if (index < 0) return true
      return readView(auxiliary, gadget, finalityGadgetViews.isSlashed, [BigInt(index)])
    },
    auxiliaryWeights: () => readView(auxiliary, gadget, finalityGadgetViews.weights, []),
    events: async (name) => {
      const logs = await readCoreLogs(origin, core, [name], toBlockNumber(0n))
      return logs.flatMap(({ event, log }) =>
        isNamed(event, name) ? [{ ...event, transaction: log.transactionHash }] : [],
      )
    },
  }
}

function isNamed<Name extends CoreEvent['name']>(
  event: CoreEvent,
  name: Name,
): event is Extract<CoreEvent, { name: Name }> {
  return event.name === name
}
