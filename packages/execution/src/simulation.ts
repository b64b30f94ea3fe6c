import type { Common } from '@ethereumjs/common'
import { createTx, type TypedTransaction } from '@ethereumjs/tx'
import { type AuthorityHeader, encodeHeader, nextBaseFee } from '@mosaic/authority'
import {
  type Address,
  accept,
  bytesToHash32,
  checksummed,
  type Hash32,
  hexToBytes,
  refuse,
  toBlockNumber,
  type Verdict,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@mosaic/primitives'
import {
  applyMessage,
  type CallBlock,
  type CallFault,
  type CallRequest,
  feeCap,
  type MessageRun,
  settleMessage,
} from './call.ts'
import type { Crypto } from './crypto.ts'
import {
  blockContext,
  callEndOfBlock,
  hasTracker,
  innerAddress,
  type Machine,
  recordParentHash,
} from './machine.ts'
import type { MachinePool, TakeTurn } from './machine-pool.ts'
import { orderedRoot } from './ordered-root.ts'
import {
  applyStateOverrides,
  type BlockOverrides,
  overrideBlock,
  type StateOverrides,
} from './overrides.ts'
import type { TrackerRule } from './processor.ts'
import { encodeReceiptEnvelope, type Log, logsBloom } from './receipt.ts'
import { attachTracer } from './tracing/tracer.ts'
import { createTransferTracer } from './tracing/transfer-tracer.ts'

/** A message of a simulation. */
export type SimulatedMessage = CallRequest & { readonly nonce?: bigint | undefined }

/** A block to simulate. */
export type SimulatedBlockRequest = {
  readonly blockOverrides: BlockOverrides
  readonly stateOverrides: StateOverrides
  readonly calls: readonly SimulatedMessage[]
}

/** What a message of a simulation came to. */
export type SimulatedCall = {
  readonly hash: Hash32
  readonly from: Address
  readonly to: Address | undefined
  readonly nonce: bigint
  readonly gas: bigint
  readonly value: bigint
  readonly data: Uint8Array
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly returned: Uint8Array
  readonly gasUsed: bigint
  readonly logs: readonly Log[]
  readonly fault: CallFault | undefined
}

/** A block as it would be, without a seal. */
export type SimulatedBlock = {
  readonly header: AuthorityHeader
  readonly hash: Hash32
  readonly feeRecipient: Address
  /** Bytes of the encoded block. */
  readonly size: number
  readonly calls: readonly SimulatedCall[]
}

/** Why a simulation was not done at all. */
export type SimulationFault = {
  readonly code:
    | 'SIMULATION_TOO_MANY_BLOCKS'
    | 'SIMULATION_NUMBER_ORDER'
    | 'SIMULATION_TIME_ORDER'
    | 'SIMULATION_NONCE_TOO_LOW'
    | 'SIMULATION_NONCE_TOO_HIGH'
    | 'SIMULATION_BLOCK_GAS'
    | 'SIMULATION_FEE_TOO_LOW'
    | 'SIMULATION_INSUFFICIENT_FUNDS'
    | 'SIMULATION_INTRINSIC_GAS'
    | 'SIMULATION_INVALID'
  readonly message: string
}

/** How a simulation is done. */
export type SimulationOptions = {
  /** Nonces and fees must be those of real transactions; otherwise gas costs nothing. */
  readonly validation: boolean
  /** Also logs transfers of the chain's own coin. */
  readonly traceTransfers: boolean
}

/** Runs blocks of messages after a block, as execution-apis' `eth_simulateV1`. */
export type Simulate = (
  at: AuthorityHeader,
  hash: Hash32,
  feeRecipient: Address,
  blocks: readonly SimulatedBlockRequest[],
  options: SimulationOptions,
) => Promise<Verdict<readonly SimulatedBlock[], SimulationFault>>

const MOST_BLOCKS = 256
/** All messages together, as a call. */
const GAS_CAP = 50_000_000n
const TIMEOUT_MS = 5_000

/** Creates the simulation of one chain. */
export function createSimulation(parts: {
  readonly common: Common
  readonly crypto: Crypto
  readonly pool: MachinePool
  readonly tracker: TrackerRule
}): Simulate {
  return (at, hash, feeRecipient, requests, options) =>
    parts.pool.useOnce(
      at.stateRoot,
      async (machine, takeTurn) => {
        const run = new SimulationRun(parts, machine, takeTurn, options)
        const plan = planBlocks(at, requests)
        if (!plan.ok) return plan
        const blocks: SimulatedBlock[] = []
        const hashes = new Map<bigint, Hash32>()
        machine.observe(false)
        machine.enter(hash, {
          from: at.number + 1n,
          hash: (number) => hashes.get(number) ?? ZERO_HASH,
        })
        let parent: Parent = { header: at, hash, feeRecipient }
        for (const request of plan.value) {
          const block = await run.block(parent, request)
          if (!block.ok) return block
          blocks.push(block.value)
          hashes.set(block.value.header.number, block.value.hash)
          parent = block.value
        }
        return accept(blocks)
      },
      TIMEOUT_MS,
    )
}

type Parent = Pick<SimulatedBlock, 'header' | 'hash' | 'feeRecipient'>

/** The requests with numbers and times, and an empty block for each number that was left out. */
function planBlocks(
  at: AuthorityHeader,
  requests: readonly SimulatedBlockRequest[],
): Verdict<readonly SimulatedBlockRequest[], SimulationFault> {
  const planned: SimulatedBlockRequest[] = []
  let number: bigint = at.number
  let { timestamp } = at
  for (const request of requests) {
    const wanted: bigint = request.blockOverrides.number ?? number + 1n
    if (wanted <= number) {
      return refuseFor(
        'SIMULATION_NUMBER_ORDER',
        `block numbers must be in order: ${wanted} <= ${number}`,
      )
    }
    if (wanted - at.number > BigInt(MOST_BLOCKS)) {
      return refuseFor('SIMULATION_TOO_MANY_BLOCKS', `too many blocks (max ${MOST_BLOCKS})`)
    }
    for (number++; number < wanted; number++) {
      timestamp++
      const blockOverrides = { number: toBlockNumber(number), timestamp }
      planned.push({ blockOverrides, stateOverrides: new Map(), calls: [] })
    }
    const time = request.blockOverrides.timestamp ?? timestamp + 1n
    if (time <= timestamp) {
      return refuseFor(
        'SIMULATION_TIME_ORDER',
        `block timestamps must be in order: ${time} <= ${timestamp}`,
      )
    }
    timestamp = time
    planned.push({
      ...request,
      blockOverrides: { ...request.blockOverrides, number: toBlockNumber(number), timestamp },
    })
  }
  return accept(planned)
}

class SimulationRun {
  readonly #parts: Parameters<typeof createSimulation>[0]
  readonly #machine: Machine
  readonly #takeTurn: TakeTurn
  readonly #options: SimulationOptions
  #gasLeft = GAS_CAP

  constructor(
    parts: Parameters<typeof createSimulation>[0],
    machine: Machine,
    takeTurn: TakeTurn,
    options: SimulationOptions,
  ) {
    this.#parts = parts
    this.#machine = machine
    this.#takeTurn = takeTurn
    this.#options = options
  }

  async block(
    parent: Parent,
    request: SimulatedBlockRequest,
  ): Promise<Verdict<SimulatedBlock, SimulationFault>> {
    const { common, crypto, tracker } = this.#parts
    const machine = this.#machine
    const draft: AuthorityHeader = {
      ...parent.header,
      parentHash: parent.hash,
      coinbase: ZERO_ADDRESS,
      extraData: new Uint8Array(),
      nonce: new Uint8Array(8),
      baseFeePerGas: this.#options.validation ? nextBaseFee(parent.header) : 0n,
    }
    const { header, feeRecipient } = overrideBlock(
      { header: draft, feeRecipient: parent.feeRecipient },
      request.blockOverrides,
    )
    await applyStateOverrides(machine, request.stateOverrides)
    await recordParentHash(machine, parent.hash, header.number)
    const calls: SimulatedCall[] = []
    const envelopes: Uint8Array[] = []
    const raws: Uint8Array[] = []
    const bloom = new Uint8Array(256)
    let gasUsed = 0n
    for (const message of request.calls) {
      const done = await this.#call({ header, feeRecipient }, message, gasUsed)
      if (!done.ok) return done
      const { call, raw } = done.value
      gasUsed += call.gasUsed
      calls.push(call)
      raws.push(raw)
      const own = logsBloom(call.logs, crypto.keccak256, bloom)
      envelopes.push(
        encodeReceiptEnvelope(
          {
            type: 2,
            succeeded: call.fault === undefined,
            cumulativeGasUsed: gasUsed,
            gasUsed: call.gasUsed,
            effectiveGasPrice: 0n,
            contract: undefined,
            logs: call.logs,
          },
          own,
        ),
      )
    }
    const transactionsRoot = orderedRoot(crypto.keccak256, raws)
    if (tracker === 'required' && (await hasTracker(machine))) {
      const context = blockContext(header, feeRecipient, common)
      await callEndOfBlock(machine, context, transactionsRoot, gasUsed)
    }
    const sealed: AuthorityHeader = {
      ...draft,
      ...header,
      gasUsed,
      stateRoot: bytesToHash32(machine.state.computeRoot()),
      transactionsRoot: bytesToHash32(transactionsRoot),
      receiptsRoot: bytesToHash32(orderedRoot(crypto.keccak256, envelopes)),
      logsBloom: bloom,
    }
    const encoded = encodeHeader(sealed)
    return accept({
      header: sealed,
      hash: bytesToHash32(crypto.keccak256(encoded)),
      feeRecipient,
      size: encoded.length + raws.reduce((sum, raw) => sum + raw.length, 0),
      calls,
    })
  }

  async #call(
    block: CallBlock,
    message: SimulatedMessage,
    gasUsed: bigint,
  ): Promise<Verdict<{ call: SimulatedCall; raw: Uint8Array }, SimulationFault>> {
    const machine = this.#machine
    const from = message.from ?? ZERO_ADDRESS
    const left = block.header.gasLimit - gasUsed
    const gas = message.gas ?? (left < this.#gasLeft ? left : this.#gasLeft)
    if (gas > left) {
      return refuseFor(
        'SIMULATION_BLOCK_GAS',
        `block gas limit reached: ${left} left, ${gas} wanted`,
      )
    }
    if (gas > this.#gasLeft) {
      return refuseFor('SIMULATION_BLOCK_GAS', `gas of all calls exceeds ${GAS_CAP}`)
    }
    const next = machine.state.readAccount(innerAddress(from))?.nonce ?? 0n
    const nonce = message.nonce ?? next
    if (this.#options.validation) {
      const reason = this.#obstacle(message, block, nonce, next)
      if (reason !== undefined) return refuse(reason)
    }
    const tracer = createTransferTracer()
    const detach = this.#options.traceTransfers
      ? attachTracer(machine, tracer, this.#takeTurn)
      : undefined
    let run: Verdict<MessageRun, CallFault>
    try {
      run = await applyMessage(machine, block, message, gas, this.#parts.common)
    } finally {
      detach?.()
    }
    if (!run.ok) return refuse(toFault(run.fault))
    await settleMessage(machine, block, from, gas, run.value)
    this.#gasLeft -= run.value.gasUsed
    const transaction = unsignedTransaction(message, nonce, gas, this.#parts.common)
    if (typeof transaction === 'string') return refuseFor('SIMULATION_INVALID', transaction)
    const raw = transaction.serialize()
    const failed = run.value.fault !== undefined
    const call: SimulatedCall = {
      hash: bytesToHash32(this.#parts.crypto.keccak256(raw)),
      from,
      to: message.to,
      nonce,
      gas,
      value: message.value ?? 0n,
      data: message.data ?? new Uint8Array(),
      maxFeePerGas: feeCap(message),
      maxPriorityFeePerGas: message.gasPrice ?? message.maxPriorityFeePerGas ?? 0n,
      returned: run.value.returned,
      gasUsed: run.value.gasUsed,
      logs: failed
        ? []
        : this.#options.traceTransfers
          ? tracer.end({ gasUsed: 0n, succeeded: true, returned: new Uint8Array() }, machine.state)
          : run.value.logs,
      fault: run.value.fault,
    }
    return accept({ call, raw })
  }

  #obstacle(
    message: SimulatedMessage,
    { header }: CallBlock,
    nonce: bigint,
    next: bigint,
  ): SimulationFault | undefined {
    const from = message.from ?? ZERO_ADDRESS
    const words = `address ${checksummed(from)}, tx: ${nonce} state: ${next}`
    if (nonce < next)
      return { code: 'SIMULATION_NONCE_TOO_LOW', message: `nonce too low: ${words}` }
    if (nonce > next) {
      return { code: 'SIMULATION_NONCE_TOO_HIGH', message: `nonce too high: ${words}` }
    }
    const baseFee = header.baseFeePerGas ?? 0n
    const cap = feeCap(message)
    return cap < baseFee
      ? {
          code: 'SIMULATION_FEE_TOO_LOW',
          message: `max fee per gas less than block base fee: address ${checksummed(from)}, maxFeePerGas: ${cap}, baseFee: ${baseFee}`,
        }
      : undefined
  }
}

function toFault(fault: CallFault): SimulationFault {
  const message = fault.code === 'CALL_REVERTED' ? 'execution reverted' : fault.message
  const code = message.startsWith('insufficient funds')
    ? 'SIMULATION_INSUFFICIENT_FUNDS'
    : /^(?:intrinsic gas too low|insufficient gas for floor)/.test(message)
      ? 'SIMULATION_INTRINSIC_GAS'
      : message.startsWith('max fee per gas less than')
        ? 'SIMULATION_FEE_TOO_LOW'
        : 'SIMULATION_INVALID'
  return { code, message }
}

function refuseFor(
  code: SimulationFault['code'],
  message: string,
): { readonly ok: false; readonly fault: SimulationFault } {
  return refuse({ code, message })
}

/** A fee-market transaction that nobody signed; a message if its fields are out of range. */
function unsignedTransaction(
  request: CallRequest,
  nonce: bigint,
  gasLimit: bigint,
  common: Common,
): TypedTransaction | string {
  const { to, value = 0n, data = new Uint8Array(), accessList = [] } = request
  const maxFeePerGas = feeCap(request)
  try {
    return createTx(
      {
        type: 2,
        chainId: common.chainId(),
        nonce,
        gasLimit,
        value,
        data,
        maxFeePerGas,
        maxPriorityFeePerGas: request.gasPrice ?? request.maxPriorityFeePerGas ?? 0n,
        ...(to === undefined ? {} : { to: hexToBytes(to) }),
        accessList: accessList.map(({ address, storageKeys }) => ({
          address,
          storageKeys: [...storageKeys],
        })),
      },
      { common, freeze: false },
    )
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
