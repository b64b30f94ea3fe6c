/** A program that uses a chain and does not close it, or closes it and says what is left. */
import { once } from 'node:events'
import { get } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { createDevChain } from '../src/index.ts'

const before = process.getActiveResourcesInfo()
const chain = await createDevChain({ mining: { intervalSeconds: 1 } })
chain.provider.on('message', () => undefined)
await chain.provider.request({ method: 'eth_subscribe', params: ['newHeads'] })
await chain.mine()
if (process.argv[2] === 'close') {
  const { url } = await chain.listen()
  const [response] = await once(get(url, { agent: false }), 'response')
  await once(response.resume(), 'close')
  await chain.close()
  // Handles leave in the turns after they are closed.
  for (let turn = 0; turn < 5; turn++) await setImmediate()
  const after = process.getActiveResourcesInfo()
  const isNew = (what: string): boolean =>
    after.filter((each) => each === what).length > before.filter((each) => each === what).length
  const kinds = ['Timeout', 'Immediate', 'TCPServerWrap', 'TCPSocketWrap']
  process.stdout.write(JSON.stringify(kinds.filter(isNew)))
}
