/** A contract tested with viem under vitest: one chain for the file, taken back to the same snapshot before each test. */
import { devnetTokenAbi, devnetTokenCreationCode } from '@mosaic/contracts'
import { createDevChain, type DevChain } from '@mosaic/devchain'
import {
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  type CustomTransport,
  createPublicClient,
  createWalletClient,
  custom,
  type PublicClient,
  parseEventLogs,
  parseUnits,
} from 'viem'
import { hardhat } from 'viem/chains'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

let chain: DevChain
let client: PublicClient
let token: Address
let snapshot: bigint

/** Reverts are no reason to ask again, which viem does with every error of a provider that it has no class for. */
const transport = (): CustomTransport => custom(chain.provider, { retryCount: 0 })
const account = (index: number): Address => {
  const found = chain.accounts[index]
  if (found === undefined) throw new RangeError(`expected an account ${index}`)
  return found.address
}
const walletOf = (index: number) =>
  createWalletClient({ account: account(index), chain: hardhat, transport: transport() })

beforeAll(async () => {
  chain = await createDevChain()
  client = createPublicClient({ chain: hardhat, transport: transport(), cacheTime: 0 })
  const hash = await walletOf(0).deployContract({
    abi: devnetTokenAbi,
    bytecode: devnetTokenCreationCode,
    args: [account(0)],
  })
  const { contractAddress } = await client.getTransactionReceipt({ hash })
  if (!contractAddress) throw new TypeError('expected a contract')
  token = contractAddress
  snapshot = await chain.snapshot()
})
beforeEach(async () => {
  await chain.revert(snapshot)
  snapshot = await chain.snapshot()
})
afterAll(() => chain.close())

const balanceOf = (owner: Address): Promise<bigint> =>
  client.readContract({
    address: token,
    abi: devnetTokenAbi,
    functionName: 'balanceOf',
    args: [owner],
  })
const mint = async (amount: bigint) =>
  walletOf(0).writeContract({
    address: token,
    abi: devnetTokenAbi,
    functionName: 'mint',
    args: [account(0), amount],
  })

describe('the token', () => {
  test('is moved by who owns it', async () => {
    await mint(parseUnits('10', 18))
    const hash = await walletOf(0).writeContract({
      address: token,
      abi: devnetTokenAbi,
      functionName: 'transfer',
      args: [account(1), 7n],
    })
    // The transaction is mined when its hash is there.
    const { logs } = await client.getTransactionReceipt({ hash })
    const [transfer] = parseEventLogs({ abi: devnetTokenAbi, logs, eventName: 'Transfer' })
    expect(transfer?.args.value).toBe(7n)
    expect(await balanceOf(account(1))).toBe(7n)
  })

  test('begins each test with nothing', async () => {
    expect(await balanceOf(account(0))).toBe(0n)
  })

  test('says who owns too little', async () => {
    const error: unknown = await client
      .simulateContract({
        account: account(1),
        address: token,
        abi: devnetTokenAbi,
        functionName: 'transfer',
        args: [account(0), 1n],
      })
      .catch((reason: unknown) => reason)
    const reverted =
      error instanceof BaseError
        ? error.walk((cause) => cause instanceof ContractFunctionRevertedError)
        : undefined
    expect(reverted).toMatchObject({ data: { errorName: 'ERC20InsufficientBalance' } })
  })

  test('can be used in the name of anybody', async () => {
    await mint(5n)
    const whale: Address = `0x${'9'.repeat(40)}`
    await chain.setBalance(whale, 10n ** 18n)
    chain.impersonate(whale)
    const wallet = createWalletClient({
      account: whale,
      chain: hardhat,
      transport: transport(),
    })
    await walletOf(0).writeContract({
      address: token,
      abi: devnetTokenAbi,
      functionName: 'transfer',
      args: [whale, 5n],
    })
    await wallet.writeContract({
      address: token,
      abi: devnetTokenAbi,
      functionName: 'transfer',
      args: [account(2), 5n],
    })
    expect(await balanceOf(account(2))).toBe(5n)
  })
})
