/** Prints how many milliseconds a program takes from its import of the chain for tests to its first mined transaction. */
const start = performance.now()
const { createDevChain } = await import('@mosaic/devchain')
const chain = await createDevChain()
const [from, to] = chain.accounts
const params = [{ from: from?.address, to: to?.address, value: '0x1' }]
const hash = await chain.provider.request({ method: 'eth_sendTransaction', params })
await chain.provider.request({ method: 'eth_getTransactionReceipt', params: [hash] })
process.stdout.write(String(performance.now() - start))
await chain.close()
