import { expect, test } from 'vitest'
import { createCommon } from '../src/common.ts'
import { loadCrypto } from '../src/crypto.ts'
import { createMachine } from '../src/machine.ts'
import { State } from '../src/state.ts'

const source = { node: () => undefined, code: () => undefined }

test('what all machines share keeps none of them alive', async () => {
  const crypto = await loadCrypto()
  const common = createCommon(1337n, crypto)
  const events: string[] = []
  for (let i = 0; i < 3; i++) {
    await createMachine(common, new State(crypto.keccak256, source), () => undefined)
    events.push(...common.events.eventNames().map(String))
  }
  expect(events).toEqual([])
})
