import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  type CoreParameters,
  coreViews,
  encodeFiniteLifetimeReputationCreation,
} from '@mosaic/contracts'
import {
  createEthereumClient,
  createJsonRpcClient,
  createTransactionSender,
  type EthereumClient,
  readView,
} from '@mosaic/origin'
import { toGas, toWeight } from '@mosaic/primitives'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { validatorCommand } from '../../node/src/commands/validator.ts'
import { userAccounts } from '../../node/src/devnet/accounts.ts'
import { deployCore } from '../../node/src/devnet/deploy.ts'
import { writeKeyFile } from '../../packages/keys/src/index.ts'
import { type Anvil, startAnvil } from './anvil.ts'
import { ORIGIN_CHAIN_ID } from './meta-block.ts'

const [PAYER, FIRST, SECOND] = userAccounts()
const PARAMETERS: Omit<CoreParameters, 'token' | 'reputation'> = {
  minimumStake: toWeight(1n),
  auxiliaryChainId: 1414n,
  epochLength: 4n,
  originEpochLength: 4n,
  maxVoteAge: 4n,
  gasTarget: toGas(1n),
  challengePeriod: 0n,
  withdrawalDelay: 0n,
  proposalBond: 0n,
  maxJoins: 2n,
  maxLogouts: 2n,
  reporterShare: 0n,
  missedDynastyLoss: 0n,
}

describe('mosaic validator reweigh', () => {
  let anvil: Anvil
  let client: EthereumClient
  let directory: string

  beforeAll(async () => {
    anvil = await startAnvil()
    const request = createJsonRpcClient(anvil.url)
    client = createEthereumClient(request, { kind: 'finalized-tag' }, ORIGIN_CHAIN_ID)
    directory = await mkdtemp(join(tmpdir(), 'mosaic-reweigh-'))
  })

  afterAll(async () => {
    await anvil.stop()
    await rm(directory, { recursive: true })
  })

  test('logs a validator out whose lifetime is over, whoever asks', async () => {
    if (PAYER === undefined || FIRST === undefined || SECOND === undefined) throw new Error('keys')
    const sender = createTransactionSender(client, PAYER.secretKey, {
      sleep: (ms) => setTimeout(ms),
      pollMs: 10,
    })
    const core = await deployCore(client, sender, {
      parameters: PARAMETERS,
      // The genesis set counts at heights 0 and 1; the next kernel is that of height 2.
      reputation: encodeFiniteLifetimeReputationCreation(2n, 0n),
      definition: {
        period: 1n,
        cliqueEpoch: 30_000n,
        gasLimit: 30_000_000n,
        baseFeePerGas: 1n,
        signers: [FIRST.address],
        balances: {},
      },
      validators: [
        { account: FIRST, stake: toWeight(100n) },
        { account: SECOND, stake: toWeight(50n) },
      ],
      holders: { accounts: [], tokens: toWeight(0n) },
    })
    const keyFile = join(directory, 'payer.key')
    await writeKeyFile(keyFile, PAYER.secretKey)
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    const options = ['--origin', anvil.url, '--core', core, '--key', keyFile]
    expect(await validatorCommand(['reweigh', ...options, '--validator', FIRST.address])).toBe(0)
    const printed = String(write.mock.lastCall?.[0])
    write.mockRestore()
    expect(JSON.parse(printed)).toMatchObject({
      validator: FIRST.address,
      status: 'logout-queued',
      stake: '100',
      weight: '100',
    })
    const other = await readView(client, core, coreViews.validatorOf, [SECOND.address])
    expect(other.status).toBe('seated')
    expect((await readView(client, core, coreViews.head, [])).queuedChanges).toBe(1n)
  })
})
