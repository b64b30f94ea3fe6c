/** A foundry project that deploys to the chain of a test: the server is where anvil would be, and speaks as anvil does. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createDevChain, type DevChain } from '@mosaic/devchain'
import { BrowserProvider, Contract } from 'ethers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const PROJECT = fileURLToPath(new URL('foundry', import.meta.url))
const FORGE = fileURLToPath(new URL('../scripts/forge.mjs', import.meta.url))

let chain: DevChain
let scratch: string
beforeEach(async () => {
  chain = await createDevChain()
  scratch = await mkdtemp(join(tmpdir(), 'foundry-'))
})
afterEach(async () => {
  await chain.close()
  await rm(scratch, { recursive: true })
})

/** Runs forge with the first account of the chain; what it printed. */
async function forge(...words: readonly string[]): Promise<string> {
  const [deployer] = chain.accounts
  const { url } = await chain.listen()
  const target = ['--rpc-url', url, '--private-key', String(deployer?.secretKey), '--broadcast']
  const places = ['--out', join(scratch, 'out'), '--cache-path', join(scratch, 'cache')]
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [FORGE, ...words, ...target, ...places],
    { cwd: PROJECT, env: { ...process.env, FOUNDRY_BROADCAST: join(scratch, 'broadcast') } },
  )
  return stdout
}

describe('forge', () => {
  test('creates a contract, and the test calls it', async () => {
    const stdout = await forge('create', 'src/Counter.sol:Counter', '--json')
    const { deployedTo }: { readonly deployedTo: string } = JSON.parse(stdout)
    const artifact: { readonly abi: [] } = JSON.parse(
      await readFile(join(scratch, 'out', 'Counter.sol', 'Counter.json'), 'utf8'),
    )
    const provider = new BrowserProvider(chain.provider, undefined, { cacheTimeout: -1 })
    const counter = new Contract(deployedTo, artifact.abi, await provider.getSigner(1))
    await counter.getFunction('add')(3n)
    expect(await counter.getFunction('count')()).toBe(3n)
    await expect(counter.getFunction('add').staticCall(11n)).rejects.toMatchObject({
      revert: { name: 'TooFar', args: [10n] },
    })
    provider.destroy()
  })

  test('runs a script that deploys and calls, and waits for both transactions', async () => {
    await forge('script', 'script/Deploy.s.sol:Deploy')
    const log: {
      readonly transactions: readonly { readonly contractAddress: string }[]
      readonly receipts: readonly { readonly status: string }[]
    } = JSON.parse(
      await readFile(
        join(scratch, 'broadcast', 'Deploy.s.sol', '31337', 'run-latest.json'),
        'utf8',
      ),
    )
    expect(log.receipts.map(({ status }) => status)).toEqual(['0x1', '0x1'])
    const provider = new BrowserProvider(chain.provider, undefined, { cacheTimeout: -1 })
    const counter = new Contract(
      log.transactions[0]?.contractAddress ?? '',
      ['function count() view returns (uint256)'],
      provider,
    )
    expect(await counter.getFunction('count')()).toBe(2n)
    provider.destroy()
  })
})
