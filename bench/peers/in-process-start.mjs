// A process that makes a chain for tests, mines one transaction and ends. Words: which, the folder of the peers.
import { enableCompileCache } from 'node:module'
import { loadPeer } from './in-process-peer.mjs'

enableCompileCache()
const [which = 'mosaic', dir = '.'] = process.argv.slice(2)
const create = await loadPeer(which, dir)
const { ask } = await create()
const [from, to] = await ask('eth_accounts')
const hash = await ask('eth_sendTransaction', [{ from, to, value: '0x1', gas: '0x5208' }])
while ((await ask('eth_getTransactionReceipt', [hash])) === null);
// Some of them keep the process alive.
process.exit()
