import type { Common } from '@ethereumjs/common'
import { type Hash32, type Verdict, ZERO_ADDRESS } from '@mosaic/primitives'
import { authorityOf } from '../authorizations.ts'
import type { Block } from '../block.ts'
import { applyMessage, type CallBlock, type CallFault, type CallRequest } from '../call.ts'
import type { Crypto } from '../crypto.ts'
import { blockContext, type Machine, recordParentHash } from '../machine.ts'
import type { MachinePool, TakeTurn } from '../machine-pool.ts'
import { type Pretence, pretend } from '../overrides.ts'
import { authorizationsOf } from '../transaction.ts'
import { startRun, tryTransaction } from '../transaction-run.ts'
import { createTracer, type Trace, type TraceChoice } from './trace.ts'
import { attachTracer, type TracedMessage, type Tracer } from './tracer.ts'

/** Runs again what has run, and tells what it did. */
export type Traces = {
  /**
   * Traces the transactions of a block, upon the state of its parent.
   *
   * @param only index of the one transaction that is wanted; all unless told.
   * @throws StateUnavailableError, CallTimeoutError, TraceTooLargeError
   */
  readonly block: (
    block: Block,
    parentStateRoot: Hash32,
    choice: TraceChoice,
    options: { readonly only?: number | undefined; readonly timeoutMs?: number | undefined },
  ) => Promise<readonly Trace[]>
  /** Traces a message upon the state after a block; a fault if it cannot begin. @throws as `block`. */
  readonly call: (
    at: CallBlock & { readonly stateRoot: Hash32 },
    request: CallRequest,
    gas: bigint,
    pretence: Pretence,
    choice: TraceChoice,
    options: { readonly timeoutMs?: number | undefined },
  ) => Promise<Verdict<Trace, CallFault>>
}

/** Creates the traces of one chain. */
export function createTraces(options: {
  readonly common: Common
  readonly crypto: Crypto
  readonly pool: MachinePool
}): Traces {
  const { common, crypto, pool } = options

  return {
    block: (block, parentStateRoot, choice, { only, timeoutMs }) =>
      pool.useOnce(
        parentStateRoot,
        async (machine, takeTurn) => {
          const { header, signer = ZERO_ADDRESS } = block
          machine.observe(false)
          machine.enter(header.parentHash)
          const context = blockContext(header, signer, common)
          await recordParentHash(machine, header.parentHash, header.number)
          const run = startRun()
          const traces: Trace[] = []
          const last = only ?? block.transactions.length - 1
          for (const [index, transaction] of block.transactions.slice(0, last + 1).entries()) {
            const execute = (): Promise<string | undefined> =>
              tryTransaction(machine, context, transaction, run, crypto)
            if (only !== undefined && index !== only) {
              requireRun(await execute())
              continue
            }
            const tracer = createTracer(choice, isPrecompileOf(machine))
            const output: { returned: Uint8Array } = { returned: new Uint8Array() }
            const message = {
              from: transaction.from,
              to: transaction.to,
              gas: transaction.gasLimit,
              feeRecipient: signer,
              authorities: authorizationsOf(transaction).flatMap((each) => authorityOf(each) ?? []),
            }
            requireRun(await watch(machine, takeTurn, message, noting(tracer, output), execute))
            const receipt = run.receipts.at(-1)
            traces.push(
              tracer.end(
                {
                  gasUsed: receipt?.gasUsed ?? 0n,
                  succeeded: receipt?.succeeded === true,
                  returned: output.returned,
                },
                machine.state,
              ),
            )
          }
          return traces
        },
        timeoutMs,
      ),

    call: (at, request, gas, pretence, choice, { timeoutMs }) =>
      pool.useOnce(
        at.stateRoot,
        async (machine, takeTurn) => {
          machine.observe(false)
          const block = await pretend(machine, at, pretence)
          const tracer = createTracer(choice, isPrecompileOf(machine))
          const message = {
            from: request.from ?? ZERO_ADDRESS,
            to: request.to,
            gas,
            feeRecipient: block.feeRecipient,
            authorities: (request.authorizationList ?? []).flatMap(
              (each) => authorityOf(each) ?? [],
            ),
          }
          const run = await watch(machine, takeTurn, message, tracer, () =>
            applyMessage(machine, block, request, gas, common),
          )
          if (!run.ok) return run
          const { gasUsed, fault, returned } = run.value
          const trace = tracer.end(
            { gasUsed, succeeded: fault === undefined, returned },
            machine.state,
          )
          return { ok: true, value: trace }
        },
        timeoutMs,
      ),
  }
}

/** Also keeps what the outermost frame returned, which receipts do not have. */
function noting(tracer: Tracer<Trace>, output: { returned: Uint8Array }): Tracer<Trace> {
  return {
    ...tracer,
    exit: (frame) => {
      output.returned = frame.output
      tracer.exit?.(frame)
    },
  }
}

/** @throws Error if a transaction of a stored block does not run any more. */
function requireRun(reason: string | undefined): void {
  if (reason !== undefined) throw new Error(`expected a stored transaction to run: ${reason}`)
}

async function watch<T>(
  machine: Machine,
  takeTurn: TakeTurn,
  message: TracedMessage,
  tracer: Tracer<unknown>,
  run: () => Promise<T>,
): Promise<T> {
  tracer.begin?.(message, machine.state)
  const detach = attachTracer(machine, tracer, takeTurn)
  try {
    return await run()
  } finally {
    detach()
  }
}

function isPrecompileOf({ evm }: Machine): (address: string) => boolean {
  return (address) => evm.precompiles.has(address.slice(2))
}
