import { parseArgs } from 'node:util'
import {
  coreViews,
  devnetTokenAbi,
  encodeDeposit,
  encodeLogout,
  encodeReweigh,
  encodeWithdraw,
  type RegisteredValidator,
} from '@mosaic/contracts'
import { readKeyFile } from '@mosaic/keys'
import {
  createEthereumClient,
  createJsonRpcClient,
  createTransactionSender,
  type EthereumClient,
  readChainId,
  readView,
  type TransactionSender,
} from '@mosaic/origin'
import { type Address, InvalidValueError, toAddress, toHex, toWeight } from '@mosaic/primitives'
import {
  domainSeparator,
  registrationDigest,
  secretKeyToAddress,
  signDigest,
} from '@mosaic/protocol'
import { Interface, parseUnits } from 'ethers'
import { toJson } from '../logger.ts'

const token = new Interface(devnetTokenAbi)

const OPTIONS = {
  origin: { type: 'string' },
  core: { type: 'string' },
  key: { type: 'string' },
  'validator-key': { type: 'string' },
  'password-file': { type: 'string' },
  validator: { type: 'string' },
  withdrawal: { type: 'string' },
  stake: { type: 'string' },
} as const

/** What the core keeps of a validator that has no last height. */
const NO_END_HEIGHT = 2n ** 64n - 1n

/** The account that acts, and on which core. */
type Session = {
  readonly client: EthereumClient
  readonly core: Address
  readonly option: (name: keyof typeof OPTIONS) => string | undefined
  readonly require: (name: keyof typeof OPTIONS) => string
}

/** `mosaic validator …`. @throws InvalidValueError on wrong options; RpcError with the core's revert when it refuses. */
export async function validatorCommand(words: readonly string[]): Promise<number> {
  const [action = '', ...rest] = words
  const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
  if (act === undefined) {
    throw new InvalidValueError(`one of ${Object.keys(ACTIONS).join(', ')}`, action)
  }
  await act(await openSession(rest))
  return 0
}

const ACTIONS: Readonly<Record<string, (session: Session) => Promise<void>>> = {
  deposit,
  logout: (session) => send(session, encodeLogout),
  withdraw: (session) => send(session, encodeWithdraw),
  reweigh: (session) => send(session, encodeReweigh),
  status: (session) => printStatus(session, toAddress(session.require('validator'))),
}

async function openSession(words: readonly string[]): Promise<Session> {
  const { values } = parseArgs({ args: [...words], options: OPTIONS })
  const requireValue = (name: keyof typeof OPTIONS): string => {
    const value = values[name]
    if (value === undefined) throw new InvalidValueError(`--${name}`, words.join(' '))
    return value
  }
  const request = createJsonRpcClient(requireValue('origin'))
  return {
    client: createEthereumClient(request, { kind: 'finalized-tag' }, await readChainId(request)),
    core: toAddress(requireValue('core')),
    option: (name) => values[name],
    require: requireValue,
  }
}

async function deposit(session: Session): Promise<void> {
  const { client, core } = session
  const payerKey = await readKeyFile(session.require('key'), session.option('password-file'))
  const validatorKeyFile = session.option('validator-key')
  const validatorKey =
    validatorKeyFile === undefined
      ? payerKey
      : await readKeyFile(validatorKeyFile, session.option('password-file'))
  const payer = createSender(client, payerKey)
  const validator = secretKeyToAddress(validatorKey)
  const withdrawal = toAddress(session.option('withdrawal') ?? payer.address)
  const { token: stakeToken } = await readView(client, core, coreViews.parameters, [])
  const decimals = Number(
    await client.call(stakeToken, toHex(token.encodeFunctionData('decimals'))),
  )
  const stake = toWeight(parseUnits(session.require('stake'), decimals))
  const domain = domainSeparator({ originChainId: client.chainId, core })
  // The validator's own consent, so that nobody registers somebody else's key.
  const consent =
    validator === payer.address
      ? toHex('0x')
      : signDigest(registrationDigest(domain, { validator, withdrawal }), validatorKey)
  await payer.send({
    to: stakeToken,
    data: toHex(token.encodeFunctionData('approve', [core, stake])),
  })
  await payer.send({ to: core, data: encodeDeposit(validator, withdrawal, stake, consent) })
  await printStatus(session, validator)
}

async function send(
  session: Session,
  encode: (validator: Address) => ReturnType<typeof encodeLogout>,
): Promise<void> {
  const sender = createSender(
    session.client,
    await readKeyFile(session.require('key'), session.option('password-file')),
  )
  const validator = toAddress(session.option('validator') ?? sender.address)
  await sender.send({ to: session.core, data: encode(validator) })
  await printStatus(session, validator)
}

async function printStatus({ client, core }: Session, validator: Address): Promise<void> {
  const registered: RegisteredValidator = await readView(client, core, coreViews.validatorOf, [
    validator,
  ])
  const { weight, queued } = registered.isWeighted
    ? await readView(client, core, coreViews.weightingOf, [validator])
    : { weight: registered.stake, queued: undefined }
  const { height, phase } = await readView(client, core, coreViews.head, [])
  const { withdrawalDelay } = await readView(client, core, coreViews.parameters, [])
  const { removedAt, endHeight } = registered
  process.stdout.write(
    `${toJson({
      validator,
      ...registered,
      weight,
      queuedReputation: queued,
      withdrawableAt: removedAt === 0n ? undefined : removedAt + withdrawalDelay,
      // Until the height after its last one is closed, the validators of that one may still have to answer for it.
      withdrawableFromHeight: endHeight === NO_END_HEIGHT ? undefined : endHeight + 2n,
      core: { address: core, phase, openHeight: height },
    })}\n`,
  )
}

function createSender(client: EthereumClient, secretKey: Uint8Array): TransactionSender {
  return createTransactionSender(client, secretKey, {
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  })
}
