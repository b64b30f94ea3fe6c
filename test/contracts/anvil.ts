import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Address, type Hex, toAddress, toHex } from '@mosaic/primitives'

/** A development chain in a process of its own, spoken to over JSON-RPC. */
export type Anvil = {
  readonly url: string
  readonly request: (method: string, ...parameters: readonly unknown[]) => Promise<unknown>
  /** Sends from the funded account; resolves to the receipt. @throws if the transaction reverts. */
  readonly send: (transaction: Transaction) => Promise<Receipt>
  readonly call: (to: Address, data: Hex) => Promise<Hex>
  /** An account that can sign and has funds. */
  readonly account: Address
  readonly stop: () => Promise<void>
}

type Transaction = {
  /** Undefined: creates a contract. */
  readonly to?: Address
  readonly data: Hex
  /** Wei. */
  readonly value?: bigint
}

type Receipt = {
  readonly transactionHash: string
  readonly gasUsed: bigint
  readonly contractAddress: string | undefined
  readonly logs: readonly Log[]
}

export type Log = {
  readonly address: string
  readonly topics: readonly string[]
  readonly data: string
}

/** What `eth_getProof` proves of one account and one slot. */
export type StorageProof = {
  readonly accountProof: readonly Hex[]
  readonly storageProof: readonly Hex[]
}

/** EIP-7825: most gas of one transaction. */
const GAS_LIMIT = 16_777_216n

/** Starts anvil on a free port. Time advances by one second per block, so runs are alike. @param more further arguments. */
export async function startAnvil(more: readonly string[] = []): Promise<Anvil> {
  const child = spawn(
    findBinary(),
    [
      ['--port', '0', '--hardfork', 'osaka', '--chain-id', '31337', '--accounts', '1'],
      ['--timestamp', '1700000000', '--block-base-fee-per-gas', '0', '--no-cors'],
      more,
    ].flat(),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const [, address] = /Listening on (\S+)/.exec(output) ?? []
      if (address !== undefined) resolve(`http://${address}`)
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`anvil exited: ${output}`)))
  })

  let id = 0
  const request = async (method: string, ...parameters: readonly unknown[]): Promise<unknown> => {
    id += 1
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params: parameters }),
    })
    const body: unknown = await response.json()
    const { result, error } = readFields(body)
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`)
    return result
  }
  await request('anvil_setBlockTimestampInterval', 1)
  const accounts = await request('eth_accounts')
  if (!Array.isArray(accounts)) throw new TypeError('accounts of anvil')
  const account = toAddress(String(accounts[0]))

  const send = async ({ to, data, value = 0n }: Transaction): Promise<Receipt> => {
    const transaction = {
      from: account,
      ...(to === undefined ? {} : { to }),
      data,
      value: toQuantity(value),
      gas: toQuantity(GAS_LIMIT),
      gasPrice: '0x0',
    }
    const hash = await request('eth_sendTransaction', transaction)
    const receipt = await waitForReceipt(request, hash)
    if (receipt['status'] !== '0x1') {
      await request('eth_call', transaction, 'latest')
      throw new Error(`transaction ${String(hash)} failed`)
    }
    const { contractAddress } = receipt
    return {
      transactionHash: String(hash),
      gasUsed: BigInt(String(receipt['gasUsed'])),
      contractAddress: typeof contractAddress === 'string' ? contractAddress : undefined,
      logs: readLogs(receipt['logs']),
    }
  }
  const call = async (to: Address, data: Hex): Promise<Hex> =>
    toHex(String(await request('eth_call', { from: account, to, data }, 'latest')))
  const stop = async (): Promise<void> => {
    child.kill()
    await exited
  }
  return { url, request, send, call, account, stop }
}

/** The proof of one slot of an account at the newest block. */
export async function getProof(
  anvil: Anvil,
  account: Address,
  slot: string,
): Promise<StorageProof> {
  const proof = readFields(await anvil.request('eth_getProof', account, [slot], 'latest'))
  const storage = proof['storageProof']
  if (!Array.isArray(storage)) throw new TypeError('a storage proof')
  return {
    accountProof: readHexes(proof['accountProof']),
    storageProof: readHexes(readFields(storage[0])['proof']),
  }
}

/** The members of a JSON object. */
export function readFields(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new TypeError('a JSON object')
  return { ...value }
}

/** A JSON-RPC quantity. */
export function toQuantity(value: bigint): Hex {
  return `0x${value.toString(16)}`
}

/** Anvil answers with the hash before the block with the transaction is there. */
async function waitForReceipt(
  request: Anvil['request'],
  hash: unknown,
): Promise<Record<string, unknown>> {
  for (;;) {
    const receipt = await request('eth_getTransactionReceipt', hash)
    if (receipt !== null) return readFields(receipt)
    await setTimeout(2)
  }
}

function readHexes(value: unknown): readonly Hex[] {
  if (!Array.isArray(value)) throw new TypeError('a list of hex')
  return value.map((hex) => toHex(String(hex)))
}

function readLogs(value: unknown): readonly Log[] {
  if (!Array.isArray(value)) throw new TypeError('a list of logs')
  return value.map((log) => {
    const { address, topics, data } = readFields(log)
    if (!Array.isArray(topics)) throw new TypeError('topics of a log')
    return { address: String(address), topics: topics.map(String), data: String(data) }
  })
}

/** The native program: what the launcher of the package would start, without the launcher in between. */
export function findBinary(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const name = `@foundry-rs/anvil-${process.platform}-${arch}`
  const launcher = createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json')
  const home = dirname(createRequire(launcher).resolve(`${name}/package.json`))
  return join(home, 'bin', process.platform === 'win32' ? 'anvil.exe' : 'anvil')
}
