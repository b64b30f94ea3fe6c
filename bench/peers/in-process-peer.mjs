// Makes chains for tests in this process. Not TypeScript, so that nothing but they is loaded where their start is measured.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * @typedef {(method: string, params?: readonly unknown[]) => Promise<unknown>} Ask
 * @typedef {{ readonly ask: Ask; readonly close: () => Promise<void> }} Instance
 */

/**
 * Loads one of `mosaic`, `hardhat` and `ganache`.
 *
 * @param {string} which
 * @param {string} dir where hardhat and ganache are installed
 * @returns {Promise<() => Promise<Instance>>} makes another instance each time
 */
export async function loadPeer(which, dir) {
  if (which === 'mosaic') {
    const { createDevChain } = await import('@mosaic/devchain/bundle')
    return async () => {
      const chain = await createDevChain()
      return { ask: asking(chain.provider), close: chain.close }
    }
  }
  const require = createRequire(join(dir, 'package.json'))
  if (which === 'hardhat') {
    const hardhat = await import(pathToFileURL(require.resolve('hardhat')).href)
    return async () => {
      const connection = await hardhat.network.create()
      return { ask: asking(connection.provider), close: () => connection.close() }
    }
  }
  const ganache = require('ganache')
  return async () => {
    const provider = ganache.provider({ logging: { quiet: true } })
    return { ask: asking(provider), close: () => provider.disconnect() }
  }
}

/**
 * @param {{ readonly request: (request: object) => Promise<unknown> }} provider EIP-1193
 * @returns {Ask}
 */
function asking(provider) {
  return (method, params = []) => provider.request({ method, params })
}
