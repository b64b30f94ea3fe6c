/** Prints the packages whose modules a first transaction loads. */
import { registerHooks } from 'node:module'

const names = new Set<string>()
registerHooks({
  load: (url, context, next) => {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
    if (name !== undefined) names.add(name)
    return next(url, context)
  },
})
const { createDevChain } = await import('../src/index.ts')
const chain = await createDevChain()
const params = [{ from: chain.accounts[0]?.address, to: chain.accounts[1]?.address }]
await chain.provider.request({ method: 'eth_sendTransaction', params })
await chain.close()
process.stdout.write(JSON.stringify([...names]))
