import {
  type Address,
  bytesToAddress,
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  keccak256Bytes,
  toHex,
} from '@mosaic/primitives'
import { normaliseSignature, recoverSigner } from '@mosaic/protocol'
import { RemoteSignerError } from './key-errors.ts'

/** A message to sign, in both forms that signers know. */
export type SigningRequest = {
  /** Its Keccak-256 is what is signed; of a vote: 0x19 0x01 ‖ domain separator ‖ hash of the struct (EIP-712). */
  readonly preimage: Uint8Array
  /** The parameter of `eth_signTypedData_v4`, as JSON; undefined for what is no typed data, and so for signers of bytes only. */
  readonly typedData?: unknown
}

/** A secret key that another process holds. */
export type RemoteKey = {
  readonly address: Address
  /** A compact signature (EIP-2098) that was checked. @throws RemoteSignerError */
  readonly sign: (request: SigningRequest) => Promise<Hex>
}

/** Where a remote key is. */
export type RemoteKeyOptions = {
  readonly url: string
  readonly address: Address
  /**
   * `web3signer`: its HTTP interface for secp256k1 keys (`/api/v1/eth1/sign/…`), which signs bytes; `typed-data`: `eth_signTypedData_v4` over
   * JSON-RPC, for signers that show what they sign.
   */
  readonly api: 'web3signer' | 'typed-data'
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 5_000
const MOST_ANSWER_BYTES = 1024 * 1024

/** Opens a remote key: the signer must know the address. Nothing is signed yet. @throws RemoteSignerError */
export async function openRemoteKey(options: RemoteKeyOptions): Promise<RemoteKey> {
  const { url, address, api, timeoutMs = TIMEOUT_MS } = options
  const ask = (path: string, body?: string): Promise<string> => request(url, path, body, timeoutMs)
  const signRaw =
    api === 'web3signer'
      ? await openWeb3Signer(url, address, ask)
      : createTypedDataSigner(url, address, ask)
  return {
    address,
    sign: async (message) => {
      const signature = await signRaw(message)
      const compact = normaliseSignature(signature)
      const signer =
        compact === undefined ? undefined : recoverSigner(keccak256(message.preimage), compact)
      if (compact === undefined || signer !== address) {
        throw new RemoteSignerError(
          url,
          `expected a signature of ${address}, received one of ${signer ?? 'nobody'}`,
        )
      }
      return compact
    },
  }
}

type Ask = (path: string, body?: string) => Promise<string>
type SignRaw = (message: SigningRequest) => Promise<Hex>

async function openWeb3Signer(url: string, address: Address, ask: Ask): Promise<SignRaw> {
  const keys = parse(url, await ask('/api/v1/eth1/publicKeys'))
  const known: readonly unknown[] = Array.isArray(keys) ? keys : []
  const key = known.find((each) => typeof each === 'string' && addressOf(each) === address)
  if (typeof key !== 'string') throw new RemoteSignerError(url, `it has no key of ${address}`)
  return async ({ preimage }) => {
    const body = JSON.stringify({ data: bytesToHex(preimage) })
    return readHex(url, (await ask(`/api/v1/eth1/sign/${key}`, body)).trim().replaceAll('"', ''))
  }
}

function createTypedDataSigner(url: string, address: Address, ask: Ask): SignRaw {
  let id = 0
  return async ({ typedData }) => {
    if (typedData === undefined) throw new RemoteSignerError(url, 'it signs typed data only')
    id++
    const params = [address, JSON.stringify(typedData)]
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_signTypedData_v4', params })
    const answer = parse(url, await ask('', body))
    const members = new Map<string, unknown>(
      typeof answer === 'object' && answer !== null ? Object.entries(answer) : [],
    )
    const result = members.get('result')
    if (typeof result !== 'string') {
      throw new RemoteSignerError(url, `it refused: ${JSON.stringify(members.get('error'))}`)
    }
    return readHex(url, result)
  }
}

/** The address of a public key: 64 bytes, or 65 with the leading 4. */
function addressOf(publicKey: string): Address | undefined {
  const digits = publicKey.replace(/^0x/, '')
  if (!/^[0-9a-fA-F]+$/.test(digits)) return undefined
  const point = digits.length === 130 && digits.startsWith('04') ? digits.slice(2) : digits
  if (point.length !== 128) return undefined
  return bytesToAddress(keccak256Bytes(hexToBytes(toHex(`0x${point}`))).subarray(12))
}

async function request(
  base: string,
  path: string,
  body: string | undefined,
  timeoutMs: number,
): Promise<string> {
  let response: Response
  try {
    response = await fetch(`${base.replace(/\/$/, '')}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body }),
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    })
  } catch (cause) {
    throw new RemoteSignerError(base, 'it does not answer', { cause })
  }
  const text = await response.text()
  if (!response.ok || text.length > MOST_ANSWER_BYTES) {
    const reason = REASONS[response.status] ?? `it answered with status ${response.status}`
    throw new RemoteSignerError(base, reason)
  }
  return text
}

const REASONS: Readonly<Record<number, string>> = {
  404: 'it does not know the key',
  412: 'its own protection refused to sign',
}

function parse(url: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RemoteSignerError(url, 'it answered something else than JSON', { cause })
  }
}

function readHex(url: string, text: string): Hex {
  if (!/^0x(?:[0-9a-fA-F]{2})+$/.test(text)) {
    throw new RemoteSignerError(url, 'it answered something else than a signature')
  }
  return toHex(text)
}
