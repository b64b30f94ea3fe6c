import { PREDEPLOYS } from '@mosaic/contracts'
import { createExecutionLayer, HISTORY_STORAGE } from '@mosaic/execution'
import {
  keccak256,
  toAddress,
  toBlockNumber,
  toGas,
  toMetaHeight,
  toWeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import {
  coreIdentifier,
  genesisKernel,
  kernelHash,
  NO_END_HEIGHT,
  updatesHash,
  validatorSetHash,
} from '@mosaic/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AuxiliaryDefinition,
  buildGenesis,
  decodeDefinition,
  decodeGenesisFile,
  encodeDefinition,
  encodeGenesisFile,
  type GenesisSource,
} from '../src/index.ts'

const [FIRST, SECOND, THIRD] = ['11', '22', 'ab'].map((byte) => toAddress(`0x${byte.repeat(20)}`))
if (FIRST === undefined || SECOND === undefined || THIRD === undefined) throw new Error('addresses')

const DEFINITION: AuxiliaryDefinition = {
  period: 1n,
  cliqueEpoch: 30_000n,
  gasLimit: 6_000_000n,
  baseFeePerGas: 10n ** 9n,
  signers: [FIRST, SECOND],
  balances: { [FIRST]: 10n ** 21n, [THIRD]: 1n },
}

function createSource(definition: Uint8Array = encodeDefinition(DEFINITION)): GenesisSource {
  const validatorSet = [FIRST, SECOND].map((address, i) => ({
    address: address ?? toAddress(`0x${'00'.repeat(20)}`),
    weight: toWeight(BigInt(i + 1)),
    forward: true,
    rear: true,
  }))
  const originRoot = {
    number: toBlockNumber(100n),
    hash: keccak256(utf8ToBytes('root')),
    stateRoot: keccak256(utf8ToBytes('state')),
  }
  const core = toAddress(`0x${'c0'.repeat(20)}`)
  const kernel = genesisKernel({
    coreIdentifier: coreIdentifier({ originChainId: 31_337n, core }),
    validatorSetHash: validatorSetHash(validatorSet),
    updatesHash: updatesHash(
      validatorSet.map((seat, index) => ({
        index,
        seat,
        startHeight: toMetaHeight(0n),
        endHeight: NO_END_HEIGHT,
      })),
    ),
    forwardWeight: toWeight(3n),
    rearWeight: toWeight(3n),
    gasTarget: toGas(5n),
    originRoot,
  })
  return {
    core,
    originChainId: 31_337n,
    createdAt: toBlockNumber(90n),
    openedTimestamp: 1_700_000_000n,
    parameters: {
      token: core,
      reputation: core,
      minimumStake: toWeight(1n),
      auxiliaryChainId: 4711n,
      epochLength: 4n,
      originEpochLength: 10n,
      maxVoteAge: 16n,
      gasTarget: kernel.gasTarget,
      challengePeriod: 60n,
      withdrawalDelay: 60n,
      proposalBond: 1n,
      maxJoins: 4n,
      maxLogouts: 4n,
      reporterShare: 1_000n,
      missedDynastyLoss: 10_000n,
    },
    definition,
    originRoot,
    kernel,
    validatorSet,
  }
}

describe('an auxiliary definition', () => {
  test('has one text, whatever the order in which it was put together', () => {
    const turned: AuxiliaryDefinition = {
      balances: { [THIRD]: 1n, [FIRST]: 10n ** 21n },
      signers: [SECOND, FIRST],
      baseFeePerGas: 10n ** 9n,
      gasLimit: 6_000_000n,
      cliqueEpoch: 30_000n,
      period: 1n,
    }
    expect(encodeDefinition(turned)).toEqual(encodeDefinition(DEFINITION))
    expect(new TextDecoder().decode(encodeDefinition(DEFINITION))).toBe(
      `{"format":"mosaic-auxiliary-1","period":"1","cliqueEpoch":"30000","gasLimit":"6000000","baseFeePerGas":"1000000000","signers":["${FIRST}","${SECOND}"],"balances":{"${FIRST}":"1000000000000000000000","${THIRD}":"1"}}`,
    )
  })

  test('survives its text', () => {
    const integer = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })
    const address = fc
      .bigInt({ min: 0n, max: 2n ** 160n - 1n })
      .map((n) => toAddress(`0x${n.toString(16).padStart(40, '0')}`))
    const definition = fc.record({
      period: integer,
      cliqueEpoch: integer,
      gasLimit: integer,
      baseFeePerGas: integer,
      signers: fc
        .uniqueArray(address, { minLength: 1, maxLength: 5 })
        .map((list) => list.toSorted()),
      balances: fc.dictionary(address, integer, { maxKeys: 5 }),
    })
    fc.assert(
      fc.property(definition, (made) => {
        expect(decodeDefinition(encodeDefinition(made))).toEqual({
          ...made,
          balances: { ...made.balances },
        })
      }),
      { seed: 3, numRuns: 100 },
    )
  })

  const text = new TextDecoder().decode(encodeDefinition(DEFINITION))
  test.for([
    ['of nothing', ''],
    ['of no JSON', '{"format":'],
    ['of a list', '[]'],
    ['of another format', text.replace('auxiliary-1', 'auxiliary-2')],
    ['with a blank', text.replace(',', ', ')],
    ['with a key too many', text.replace('}}', '},"more":1}')],
    ['with a key twice', text.replace('"period":"1"', '"period":"2","period":"1"')],
    [
      'with keys in another order',
      text.replace('"period":"1","cliqueEpoch":"30000"', '"cliqueEpoch":"30000","period":"1"'),
    ],
    ['with an address in capitals', text.replaceAll('abab', 'ABAB')],
    ['with signers out of order', text.replace(`"${FIRST}","${SECOND}"`, `"${SECOND}","${FIRST}"`)],
    ['without signers', text.replace(`"${FIRST}","${SECOND}"`, '')],
    ['with a number that is none of text', text.replace('"period":"1"', '"period":1')],
    ['with a zero before a number', text.replace('"period":"1"', '"period":"01"')],
    ['with a negative number', text.replace('"period":"1"', '"period":"-1"')],
    [
      'with a number of a thousand digits',
      text.replace('"period":"1"', `"period":"${'9'.repeat(1000)}"`),
    ],
    ['with a signer that is no address', text.replace(`"${SECOND}"`, '"0x22"')],
    ['with a signer twice', text.replace(`"${SECOND}"`, `"${FIRST}"`)],
    ['with balances that are a list', text.replace(/"balances":.*\}\}/, '"balances":[]}')],
    ['with a prototype', text.replace('"balances":{', '"balances":{"__proto__":"1",')],
    ['with a line end behind it', `${text}\n`],
  ] as const)('%s is refused', ([, hostile]) => {
    expect(hostile).not.toBe(text)
    expect(() => decodeDefinition(utf8ToBytes(hostile))).toThrow(/^expected/)
  })

  test('of bytes that are no UTF-8 is refused', () => {
    expect(() => decodeDefinition(Uint8Array.of(0xff, 0xfe))).toThrow(/^expected/)
  })
})

describe('a genesis', () => {
  test('is the same byte for byte whoever makes it, and opens as the block it names', async () => {
    const genesis = await buildGenesis(createSource())
    const again = await buildGenesis(structuredClone(createSource()))
    expect(encodeGenesisFile(again)).toBe(encodeGenesisFile(genesis))
    const layer = await createExecutionLayer({
      genesis: decodeGenesisFile(encodeGenesisFile(genesis)).chain,
      source: { node: () => undefined, code: () => undefined },
      ancestorHash: () => undefined,
      tracker: 'required',
    })
    expect(layer.genesis.block.hash).toBe(genesis.hash)
    // Changes only with the contracts: then every chain has another genesis.
    expect(genesis.chain.extraData).toContain(FIRST.slice(2) + SECOND.slice(2))
    expect(genesis.kernelHash).toBe(kernelHash(createSource().kernel))
  })

  test('has the predeploys, the history contract and the balances, and nothing else but the CREATE2 proxy', async () => {
    const { chain } = await buildGenesis(createSource())
    const expected = [
      ...Object.values(PREDEPLOYS),
      HISTORY_STORAGE,
      '0x4e59b44847b379578588920ca78fbf26c0b4956c',
      FIRST,
      THIRD,
    ]
    expect(Object.keys(chain.alloc).toSorted()).toEqual(expected.toSorted())
    expect(chain.alloc[FIRST]).toEqual({ balance: 10n ** 21n })
    for (const address of Object.values(PREDEPLOYS)) {
      expect(chain.alloc[address]?.code?.length).toBeGreaterThan(100)
      expect(chain.alloc[address]?.balance ?? 0n).toBe(0n)
    }
  })

  const source = createSource()
  test.for([
    ['the core', { core: toAddress(`0x${'c1'.repeat(20)}`) }],
    ['the origin chain', { originChainId: 1n }],
    ['the time of opening', { openedTimestamp: 1n }],
    ['an epoch length', { parameters: { ...source.parameters, epochLength: 5n } }],
    ['the age of votes', { parameters: { ...source.parameters, maxVoteAge: 17n } }],
    ['the root', { originRoot: { ...source.originRoot, hash: keccak256(new Uint8Array()) } }],
    ['the kernel', { kernel: { ...source.kernel, gasTarget: toGas(6n) } }],
    ['the set', { validatorSet: source.validatorSet.slice(0, 1) }],
    ['a balance', { definition: encodeDefinition({ ...DEFINITION, balances: {} }) }],
    ['a signer', { definition: encodeDefinition({ ...DEFINITION, signers: [FIRST] }) }],
    ['the gas limit', { definition: encodeDefinition({ ...DEFINITION, gasLimit: 5_999_999n }) }],
  ] as const)('is another one when %s is', async ([, change]) => {
    const [genesis, other] = await Promise.all([
      buildGenesis(source),
      buildGenesis({ ...source, ...change }),
    ])
    expect(other.hash).not.toBe(genesis.hash)
  })

  test('lets no balance take the place of a predeploy', async () => {
    for (const address of [PREDEPLOYS.finalityGadget, HISTORY_STORAGE]) {
      const definition = encodeDefinition({ ...DEFINITION, balances: { [address]: 5n } })
      await expect(buildGenesis(createSource(definition))).rejects.toThrow(/predeploy/)
    }
  })
})

describe('a genesis file', () => {
  test('survives its text', async () => {
    const genesis = await buildGenesis(createSource())
    const text = encodeGenesisFile(genesis)
    expect(decodeGenesisFile(text)).toEqual(genesis)
    expect(encodeGenesisFile(decodeGenesisFile(text))).toBe(text)
  })

  test('that lacks a member, or has one of another kind, is refused by its name', async () => {
    const text = encodeGenesisFile(await buildGenesis(createSource()))
    for (const [from, to, name] of [
      ['"mosaic-genesis-1"', '"mosaic-genesis-2"', 'mosaic-genesis-1'],
      ['"chainId": "31337"', '"chainId": 31337', 'genesis.origin.chainId'],
      ['"epoch": "30000"', '"epoch": "3e4"', 'genesis.clique.epoch'],
      ['"alloc": {', '"alloc": [], "other": {', 'genesis.alloc'],
      ['"timestamp"', '"time"', 'genesis.timestamp'],
      ['"root": {', '"roots": {', 'genesis.origin.root'],
      ['"balance": "1"', '"balance": "-1"', 'balance'],
    ] as const) {
      expect(text).toContain(from)
      expect(() => decodeGenesisFile(text.replace(from, to))).toThrow(name)
    }
    expect(() => decodeGenesisFile('')).toThrow(/^expected/)
    expect(() => decodeGenesisFile('null')).toThrow(/^expected/)
  })
})
