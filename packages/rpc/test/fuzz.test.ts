import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Clock, createMethods, type Json, RpcError } from '../src/index.ts'
import { ALICE, FakeNode, hashOf } from './fake-node.ts'
import { callContext } from './harness.ts'

const node = new FakeNode()
/** Whatever waits has waited long enough at once. */
const clock: Clock = {
  now: () => 0,
  schedule: (callback) => {
    const immediate = setImmediate(callback)
    return () => clearImmediate(immediate)
  },
}
const methods = createMethods(node.ports, { clock })

const likely = fc.oneof(
  fc.constantFrom<unknown>(
    '0x0',
    '0x1',
    '0x',
    '0X1',
    '0xzz',
    '0x01',
    'latest',
    'pending',
    'finalized',
    'safe',
    'earliest',
    ALICE,
    hashOf('x'),
    node.head.header.hash,
    true,
    false,
    null,
    {},
    [],
    [null],
    -1,
    1e300,
    { fromBlock: '0x1', toBlock: '0x3' },
    { blockHash: hashOf('x') },
    { blockNumber: '0x1' },
    { to: ALICE, data: '0x01' },
    { address: [ALICE], topics: [null, [hashOf('t')]] },
    `0x${'ff'.repeat(33)}`,
    `0x${'f'.repeat(63)}`,
    '__proto__',
    'newHeads',
    'logs',
    { __proto__: null },
  ),
  fc.jsonValue({ maxDepth: 3 }),
)

describe.each(methods.names.map((name) => [name]))('%s', (name) => {
  test('answers any parameters with a result or an error of its own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(likely, { maxLength: 5 }), async (params) => {
        const answer = await methods
          .call(name, params, callContext())
          .catch((error: unknown): Json | RpcError => {
            // Anything but an error meant for the caller is a fault of ours.
            if (error instanceof RpcError) return error
            throw error
          })
        const text = answer instanceof RpcError ? answer.message : JSON.stringify(answer)
        expect(typeof text).toBe('string')
      }),
      { numRuns: 150 },
    )
  })
})
