import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildGenesis, encodeGenesisFile, type NetworkGenesis } from '@mosaic/genesis'
import {
  createEthereumClient,
  createJsonRpcClient,
  createTransactionSender,
  type EthereumClient,
  readChainId,
  readCoreGenesis,
} from '@mosaic/origin'
import { type Address, InvalidValueError, toWeight } from '@mosaic/primitives'
import { readGenesisFile } from '../input-file.ts'
import { describeError, toJson } from '../logger.ts'
import { makeDirectory } from '../make-directory.ts'
import { networkAccounts, userAccounts } from './accounts.ts'
import { deployCore } from './deploy.ts'
import { createLayout, readLayout, rpcUrl, writeConfigurations, writeLayout } from './layout.ts'
import { startLoad } from './load.ts'
import { createMonitor } from './monitor.ts'
import {
  type DevnetOptions,
  LOCAL,
  type LocalCoreParameters,
  STAKES,
  TOKEN_HOLDERS,
} from './options.ts'
import { claimProcessList, type ProcessList } from './process-list.ts'
import { anvilPath, mosaicCommand, type SupervisedProcess, supervise } from './processes.ts'
import { bannerText, createJsonView, createLineView, createLiveView, type View } from './view.ts'

const POLL_MS = 500
const CLIQUE_EPOCH = 30_000n
const ONE_GWEI = 10n ** 9n
const BALANCE = 10_000n * 10n ** 18n
const SIGNER_BALANCE = 1_000_000n * 10n ** 18n
/** Polls of an endpoint before it counts as not coming up: a minute. */
const START_POLLS = 600
const START_POLL_MS = 100

/** Runs a local network until `signal` aborts or the duration is over: origin, core, validators, relayer. */
export async function runDevnet(options: DevnetOptions, signal: AbortSignal): Promise<void> {
  const view = chooseView(options)
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'mosaic-devnet-')))
  await makeDirectory(join(dataDir, 'logs')).catch((error: unknown) => {
    throw new InvalidValueError(`a directory that can be made at ${dataDir}`, error)
  })
  const processes = await claimProcessList(dataDir)
  const children: SupervisedProcess[] = []
  try {
    await operate(options, dataDir, children, processes, view, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    view.close()
    const [origin, ...others] = children
    await Promise.all(others.map((child) => child.stop()))
    await origin?.stop()
    processes.clear()
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  }
}

async function operate(
  options: DevnetOptions,
  dataDir: string,
  children: SupervisedProcess[],
  processes: ProcessList,
  view: View,
  signal: AbortSignal,
): Promise<void> {
  const report = (error: unknown): void => {
    if (signal.aborted) return
    const text = describeError(error)
    if (options.json) write(`${toJson({ event: 'error', message: text })}\n`)
    else view.note(`error      ${text}`)
  }
  const start = (name: string, command: string, words: readonly string[]): void => {
    children.push(
      supervise({
        name,
        command,
        arguments: words,
        logFile: join(dataDir, 'logs', `${name}.log`),
        onStart: (pid) => {
          processes.set(name, pid)
        },
        onExit: (code, killedBy) => {
          report(new Error(`${name} ended (${killedBy ?? code}); starting it again`))
        },
      }),
    )
  }

  const resumed = await readLayout(dataDir)
  let layout = resumed ?? (await createLayout(dataDir, STAKES.length, options.originUrl))
  if (layout.anvilPort !== undefined) {
    view.note('starting origin')
    start('origin', anvilPath(), anvilArguments(layout.anvilPort, dataDir))
  }
  const originRequest = createJsonRpcClient(layout.originUrl)
  const originChainId = await untilUp(() => readChainId(originRequest), signal)
  const origin = createEthereumClient(originRequest, { kind: 'finalized-tag' }, originChainId)

  const genesisFile = join(dataDir, 'genesis.json')
  if (layout.core === undefined) {
    view.note('deploying the core and staking')
    layout = { ...layout, core: await deploy(origin, options.parameters, signal) }
  }
  if (!existsSync(genesisFile) && layout.core !== undefined) {
    const genesis = await buildGenesis(await readCoreGenesis(origin, layout.core))
    await writeFile(genesisFile, encodeGenesisFile(genesis))
    await writeConfigurations(layout, genesisFile)
  }
  await writeLayout(dataDir, layout)
  const genesis = await readGenesisFile(genesisFile)

  view.note('starting 4 validators and a relayer')
  for (const node of layout.nodes) {
    const { command, arguments: words } = mosaicCommand(
      'node',
      '--config',
      join(node.dir, 'config.json'),
    )
    start(node.name, command, words)
  }
  const relayer = mosaicCommand('relayer', '--config', join(layout.relayerDir, 'config.json'))
  start('relayer', relayer.command, relayer.arguments)

  for (const node of layout.nodes) {
    const request = createJsonRpcClient(rpcUrl(node))
    await untilUp(() => readChainId(request), signal)
    if (options.json)
      write(`${toJson({ event: 'node.ready', name: node.name, rpcUrl: rpcUrl(node) })}\n`)
  }
  const [first] = layout.nodes
  const auxiliary = createEthereumClient(
    createJsonRpcClient(rpcUrl(first)),
    { kind: 'finalized-tag' },
    genesis.chain.chainId,
  )
  if (!options.json)
    write(
      `${bannerText({ layout, accounts: userAccounts(), dataDir })}\nListening on 127.0.0.1:${first?.rpcPort}\n\n`,
    )
  view.note('')
  await follow(options, genesis, origin, auxiliary, view, report, signal)
}

async function follow(
  options: DevnetOptions,
  genesis: NetworkGenesis,
  origin: EthereumClient,
  auxiliary: EthereumClient,
  view: View,
  report: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const monitor = createMonitor(
    origin,
    auxiliary,
    { originChainId: genesis.originChainId, core: genesis.core },
    genesis.epochLength,
    genesis.coreCreatedAt,
  )
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal })
  const loading =
    options.load > 0 ? startLoad(auxiliary, userAccounts(), options.load, pause, report) : undefined
  loading?.catch((error: unknown) => {
    if (!signal.aborted) report(error)
  })
  while (!signal.aborted) {
    try {
      for (const event of await monitor.poll()) view.event(event)
      view.refresh(monitor.status())
    } catch (error) {
      if (!signal.aborted) report(error)
    }
    await pause(POLL_MS).catch(() => undefined)
  }
  const load = await loading?.catch(() => undefined)
  await load?.stop().catch(() => undefined)
}

async function deploy(
  origin: EthereumClient,
  parameters: LocalCoreParameters,
  signal: AbortSignal,
): Promise<Address> {
  const accounts = networkAccounts(STAKES.length)
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal })
  const paying = [accounts.deployer, accounts.relayer, ...accounts.fishermen]
  await fundOnOrigin(
    origin,
    paying.map(({ address }) => address),
    pause,
  )
  const deployer = createTransactionSender(origin, accounts.deployer.secretKey, {
    sleep: pause,
    pollMs: 100,
  })
  const signers = accounts.signers.slice(0, 2).map(({ address }) => address)
  const balances: Record<Address, bigint> = {}
  for (const { address } of userAccounts()) balances[address] = BALANCE
  balances[accounts.relayer.address] = SIGNER_BALANCE
  for (const { address } of accounts.fishermen) balances[address] = BALANCE
  for (const address of signers) balances[address] = SIGNER_BALANCE
  return deployCore(origin, deployer, {
    parameters,
    definition: {
      period: LOCAL.period,
      cliqueEpoch: CLIQUE_EPOCH,
      gasLimit: LOCAL.gasLimit,
      baseFeePerGas: ONE_GWEI,
      signers,
      balances,
    },
    validators: STAKES.map((stake, index) => {
      const account = accounts.validators[index]
      if (account === undefined) throw new RangeError(`expected an account for validator ${index}`)
      return { account, stake }
    }),
    holders: {
      accounts: userAccounts()
        .slice(0, TOKEN_HOLDERS)
        .map(({ address }) => address),
      tokens: STAKES[0] ?? toWeight(0n),
    },
  })
}

/** Sends ether of the first user account to the network's own accounts. On a foreign origin that account must hold some. */
async function fundOnOrigin(
  origin: EthereumClient,
  recipients: readonly Address[],
  pause: (ms: number) => Promise<void>,
): Promise<void> {
  const [bank] = userAccounts()
  if (bank === undefined) throw new RangeError('expected an account')
  const sender = createTransactionSender(origin, bank.secretKey, { sleep: pause, pollMs: 100 })
  for (const to of recipients) {
    if ((await origin.balance(to)) >= 10n ** 20n) continue
    await sender.send({ to, data: '0x', value: 10n ** 21n })
  }
}

function anvilArguments(port: number, dataDir: string): readonly string[] {
  const options: readonly (readonly string[])[] = [
    ['--port', String(port)],
    ['--host', '127.0.0.1'],
    ['--block-time', '1'],
    ['--quiet'],
    ['--hardfork', 'osaka'],
    // Makes `finalized` trail the head by two blocks.
    ['--slots-in-an-epoch', '1'],
    // Kernels are proven at finalized blocks, which lie in the past.
    ['--max-persisted-states', '2000'],
    ['--preserve-historical-states'],
    ['--state', join(dataDir, 'origin.json')],
    ['--state-interval', '30'],
  ]
  return options.flat()
}

async function untilUp<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let poll = 1; ; poll++) {
    try {
      return await ask()
    } catch (error) {
      if (poll >= START_POLLS || signal.aborted) throw error
      await sleep(START_POLL_MS, undefined, { signal })
    }
  }
}

function chooseView(options: DevnetOptions): View {
  if (options.json) return createJsonView(write)
  return process.stdout.isTTY
    ? createLiveView(write, () => process.stdout.columns)
    : createLineView(write)
}

function write(text: string): void {
  process.stdout.write(text)
}
