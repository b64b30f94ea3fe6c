/** A foundry project that deploys to the chain of a test: the server is where anvil would be, and speaks as anvil does. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createDevChain } from '@mosaic/devchain'
import { BrowserProvider, Contract } from 'ethers'
import { expect, test } from 'vitest'

const PROJECT = fileURLToPath(new URL('foundry', import.meta.url))
const FORGE = fileURLToPath(new URL('../scripts/forge.mjs', import.meta.url))

test('forge deploys, and the test calls what it deployed', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'foundry-'))
  await using chain = await createDevChain()
  const [deployer] = chain.accounts
  const { url } = await chain.listen()
  const target = ['--rpc-url', url, '--private-key', String(deployer?.secretKey)]
  const words = ['create', 'src/Counter.sol:Counter', '--broadcast', '--json', ...target]
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [FORGE, ...words, '--out', join(scratch, 'out'), '--cache-path', join(scratch, 'cache')],
    { cwd: PROJECT },
  )
  const { deployedTo }: { readonly deployedTo: string } = JSON.parse(stdout)
  const artifact: { readonly abi: [] } = JSON.parse(
    await readFile(join(scratch, 'out', 'Counter.sol', 'Counter.json'), 'utf8'),
  )
  await rm(scratch, { recursive: true })

  const provider = new BrowserProvider(chain.provider, undefined, { cacheTimeout: -1 })
  const counter = new Contract(deployedTo, artifact.abi, await provider.getSigner(1))
  await counter.getFunction('add')(3n)
  expect(await counter.getFunction('count')()).toBe(3n)
  await expect(counter.getFunction('add').staticCall(11n)).rejects.toMatchObject({
    revert: { name: 'TooFar', args: [10n] },
  })
  provider.destroy()
})
