import { StateUnavailableError } from '@mosaic/execution'
import { keccak256, utf8ToBytes } from '@mosaic/primitives'
import { expect, test } from 'vitest'
import { withState } from '../src/state-port.ts'

test('a state that is not kept is told by the words with which clients recognise a node without an archive', async () => {
  const root = keccak256(utf8ToBytes('pruned'))
  const missing = Promise.reject(new StateUnavailableError('a trie node'))
  await expect(withState(root, missing)).rejects.toMatchObject({
    message: `missing trie node ${root.slice(2)} (path ) state ${root} is not available, not found`,
    shape: { rpcCode: -32_000 },
  })
})
