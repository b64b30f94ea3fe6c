import { parseArgs } from 'node:util'
import { readKeyFile } from '@mosaic/keys'
import { createJsonRpcClient } from '@mosaic/origin'
import { InvalidValueError, toAddress } from '@mosaic/primitives'
import { createToken } from '@mosaic/rpc'

const DEFAULT_RPC = 'http://127.0.0.1:8545'
const TIMEOUT_MS = 20_000

/**
 * `mosaic authority status | admit | drop | discard`: who may seal blocks, and this producer's votes on that. A signer is admitted or dropped when
 * more than half of all signers vote so in the blocks that they seal (EIP-225).
 *
 * @throws InvalidValueError, RpcError
 */
export async function authorityCommand(words: readonly string[]): Promise<number> {
  const [action = '', ...rest] = words
  const { values, positionals } = parseArgs({
    args: [...rest],
    allowPositionals: true,
    options: { rpc: { type: 'string' }, 'token-secret-file': { type: 'string' } },
  })
  const secretFile = values['token-secret-file']
  const secret = secretFile === undefined ? undefined : await readKeyFile(secretFile)
  const request = createJsonRpcClient(
    values.rpc ?? DEFAULT_RPC,
    TIMEOUT_MS,
    secret === undefined ? undefined : () => createToken(secret, Date.now()),
  )
  const named = (): string => {
    const [address, ...more] = positionals
    if (address === undefined || more.length > 0) {
      throw new InvalidValueError('one address', positionals.join(' '))
    }
    return toAddress(address.toLowerCase())
  }
  switch (action) {
    case 'status': {
      const [snapshot, activity, proposals] = await Promise.all([
        request('clique_getSnapshot', []),
        request('clique_status', []),
        request('clique_proposals', []),
      ])
      process.stdout.write(`${JSON.stringify({ snapshot, activity, proposals }, undefined, 2)}\n`)
      return 0
    }
    case 'admit':
    case 'drop':
      await request('clique_propose', [named(), action === 'admit'])
      break
    case 'discard':
      await request('clique_discard', [named()])
      break
    default:
      throw new InvalidValueError('status, admit, drop or discard', action)
  }
  const proposals = await request('clique_proposals', [])
  process.stdout.write(`votes of this producer: ${JSON.stringify(proposals)}\n`)
  return 0
}
