import { Interface, keccak256, type TransactionRequest, Wallet } from 'ethers'
import { type Anvil, startAnvil } from '../../../../test/contracts/anvil.ts'
import { ALICE, CHAIN_ID, startTestNode, type TestNode } from '../rpc-node.ts'
import { TRACEE_CODE } from './tracee.ts'

export const TRACEE: Interface = new Interface([
  'function make() payable',
  'function play(uint256) payable returns (uint256)',
  'function doom(address)',
  'function bad()',
  'function loop(uint256)',
  'event Done(uint256 indexed, uint256)',
])

/** A node of ours and an anvil that have run the same signed transactions, so that addresses and calldata are alike. */
export type Pair = {
  readonly node: TestNode
  readonly anvil: Anvil
  readonly tracee: string
  /** Hashes of the transactions that made the contract, and its child. */
  readonly created: string
  readonly made: string
  /** Includes a transaction of Alice in a block of its own, on both; the hash. */
  readonly send: (request: TransactionRequest) => Promise<string>
  /** The answers of both to one call. */
  readonly ask: (method: string, ...params: readonly unknown[]) => Promise<[unknown, unknown]>
  readonly stop: () => Promise<void>
}

export async function startPair(): Promise<Pair> {
  const node = await startTestNode()
  const anvil = await startAnvil(['--steps-tracing'])
  await anvil.request('anvil_setChainId', Number(CHAIN_ID))
  await anvil.request('anvil_setBalance', ALICE.address, '0x3635c9adc5dea00000')
  const wallet = new Wallet(`0x${Buffer.from(ALICE.secretKey).toString('hex')}`)
  let nonce = 0
  const send: Pair['send'] = async (request) => {
    const raw = await wallet.signTransaction({
      chainId: CHAIN_ID,
      type: 2,
      gasLimit: 3_000_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 0n,
      ...request,
      nonce,
    })
    nonce++
    await node.call('eth_sendRawTransaction', raw)
    await anvil.request('eth_sendRawTransaction', raw)
    await node.mine()
    return keccak256(raw)
  }
  const created = await send({ data: TRACEE_CODE, value: 1000n })
  const receipt = await node.call('eth_getTransactionReceipt', created)
  const tracee = String(Object(receipt).contractAddress)
  const made = await send({ to: tracee, data: TRACEE.encodeFunctionData('make'), value: 100n })
  return {
    node,
    anvil,
    tracee,
    created,
    made,
    send,
    ask: async (method, ...params) => [
      await node.call(method, ...params),
      await anvil.request(method, ...params),
    ],
    stop: async () => {
      await node.stop()
      await anvil.stop()
    },
  }
}
