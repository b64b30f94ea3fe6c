import {
  type CoreParameters,
  constantReputationCreationCode,
  coreArbiterCreationCode,
  coreCreationCode,
  devnetTokenAbi,
  devnetTokenCreationCode,
  encodeCoreFactoryCreation,
  encodeCreateCore,
  encodeDeposit,
  encodeOpen,
  predictCore,
} from '@mosaic/contracts'
import { encodeDefinition } from '@mosaic/genesis'
import { type EthereumClient, readView, type TransactionSender } from '@mosaic/origin'
import {
  type Address,
  bytesToHex,
  type Hex,
  hexToBytes,
  InvalidValueError,
  keccak256,
  toAddress,
  toHex,
  toWeight,
  type Weight,
  ZERO_HASH,
} from '@mosaic/primitives'
import { domainSeparator, registrationDigest, signDigest } from '@mosaic/protocol'
import { AbiCoder, Interface } from 'ethers'
import type { DevAccount } from './accounts.ts'

/** What a local network is deployed with. */
export type Deployment = {
  readonly parameters: Omit<CoreParameters, 'token' | 'reputation'>
  /** Creation calldata of the reputation contract; without it, stake alone decides. */
  readonly reputation?: Hex
  readonly definition: Parameters<typeof encodeDefinition>[0]
  readonly validators: readonly { readonly account: DevAccount; readonly stake: Weight }[]
  /** Accounts that get tokens to stake later, each as many. */
  readonly holders: { readonly accounts: readonly Address[]; readonly tokens: Weight }
}

const token = new Interface(devnetTokenAbi)

/** Deploys token, arbiter, factory and core on origin, stakes for the validators and opens the core. Returns the core's address. */
export async function deployCore(
  client: EthereumClient,
  deployer: TransactionSender,
  { parameters, reputation, definition, validators, holders }: Deployment,
): Promise<Address> {
  const create = async (data: Hex): Promise<Address> => {
    const { contract } = await deployer.send({ to: undefined, data })
    if (contract === undefined) throw new InvalidValueError('a created contract', undefined)
    return contract
  }
  const total = toWeight(validators.reduce((sum, { stake }) => sum + stake, 0n))
  const tokenAddress = await create(
    toHex(devnetTokenCreationCode + constructorWords(deployer.address)),
  )
  const mint = async (to: Address, amount: Weight): Promise<void> => {
    const data = toHex(token.encodeFunctionData('mint', [to, amount]))
    await deployer.send({ to: tokenAddress, data })
  }
  await mint(deployer.address, total)
  const arbiter = await create(coreArbiterCreationCode)
  const codeHash = keccak256(hexToBytes(coreCreationCode))
  const factory = await create(encodeCoreFactoryCreation(codeHash, arbiter))
  const complete: CoreParameters = {
    ...parameters,
    token: tokenAddress,
    reputation: await create(reputation ?? constantReputationCreationCode),
  }
  const document = bytesToHex(encodeDefinition(definition))
  const core = await readView(client, factory, predictCore, [
    complete,
    deployer.address,
    document,
    ZERO_HASH,
  ])
  await deployer.send({ to: factory, data: encodeCreateCore(complete, document, ZERO_HASH) })
  await deployer.send({
    to: tokenAddress,
    data: toHex(token.encodeFunctionData('approve', [core, total])),
  })
  const domain = domainSeparator({ originChainId: client.chainId, core })
  for (const { account, stake } of validators) {
    const registration = { validator: account.address, withdrawal: account.address }
    const signature = signDigest(registrationDigest(domain, registration), account.secretKey)
    await deployer.send({
      to: core,
      data: encodeDeposit(account.address, account.address, stake, signature),
    })
  }
  await deployer.send({ to: core, data: encodeOpen() })
  for (const account of holders.accounts) await mint(account, holders.tokens)
  return toAddress(core)
}

function constructorWords(owner: Address): string {
  const { inputs } = token.deploy
  return inputs.length === 0 ? '' : AbiCoder.defaultAbiCoder().encode(inputs, [owner]).slice(2)
}
