import { toAddress } from '@mosaic/primitives'
import { getAddress } from 'ethers'
import { beforeEach, describe, expect, test } from 'vitest'
import { createMethods } from '../src/index.ts'
import { ALICE, CONTRACT, hashOf } from './fake-node.ts'
import { type Caller, callContext, createCaller } from './harness.ts'

let node: Caller['node']
let call: Caller['call']
let failure: Caller['failure']
let methods: Caller['methods']
beforeEach(() => {
  ;({ node, call, failure, methods } = createCaller())
})

describe('the methods', () => {
  test('listen to the node until they are closed', () => {
    expect(node.listenerCount()).toBeGreaterThan(0)
    methods.close()
    expect(node.listenerCount()).toBe(0)
  })
})

describe('the node', () => {
  test('introduces itself', async () => {
    expect(await call('web3_clientVersion')).toBe('mosaic/test')
    expect(await call('web3_sha3', '0x68656c6c6f')).toBe(
      '0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8',
    )
    expect(await call('net_version')).toBe('4711')
    expect(await call('net_listening')).toBe(true)
    expect(await call('net_peerCount')).toBe('0x3')
    expect(await call('eth_chainId')).toBe('0x1267')
    expect(await call('eth_accounts')).toEqual([])
    expect(await call('eth_syncing')).toBe(false)
    expect(await call('rpc_modules')).toEqual({
      eth: '1.0',
      net: '1.0',
      web3: '1.0',
      rpc: '1.0',
      txpool: '1.0',
      debug: '1.0',
      clique: '1.0',
      mosaic: '1.0',
    })
  })

  test.each(['eth_protocolVersion', 'eth_fillTransaction', 'eth_sendTransaction', 'eth_sign'])(
    'does not offer %s',
    async (name) => {
      expect(await failure(name)).toEqual([
        -32601,
        `the method ${name} does not exist/is not available`,
      ])
    },
  )

  test('offers the namespaces that are switched on', async () => {
    const few = createMethods(node.ports, { namespaces: ['net', 'rpc'] })
    expect(few.names.toSorted()).toEqual([
      'net_listening',
      'net_peerCount',
      'net_version',
      'rpc_modules',
    ])
    expect(await few.call('rpc_modules', [], callContext())).toEqual({ net: '1.0', rpc: '1.0' })
    few.close()
  })

  test('shows its pool', async () => {
    const sender = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'
    expect(await call('txpool_status')).toEqual({ pending: '0x1', queued: '0x1' })
    expect(await call('txpool_content')).toMatchObject({
      pending: { [sender]: { 100: { hash: node.waiting[0]?.hash } } },
      queued: { [sender]: { 101: { to: null } } },
    })
    expect(await call('txpool_inspect')).toEqual({
      pending: {
        [sender]: {
          100: `${getAddress(CONTRACT)}: 5 wei + 100000 gas × 9000000000 wei`,
        },
      },
      queued: { [sender]: { 101: 'contract creation: 5 wei + 100000 gas × 3000000000 wei' } },
    })
    expect(await call('txpool_contentFrom', ALICE)).toMatchObject({
      pending: { 100: {} },
      queued: { 101: {} },
    })
  })

  test('gives encodings', async () => {
    expect(await call('debug_getRawBlock', 'latest')).toBe('0xb10c')
    expect(await call('debug_getRawHeader', '0x1')).toBe('0x4ead')
    expect(await call('debug_getRawReceipts', node.head.header.hash)).toEqual(['0x01', '0x02'])
    expect(await call('debug_getRawTransaction', node.waiting[0]?.hash)).toBe(node.waiting[0]?.raw)
    expect(await failure('debug_getRawBlock', '0x99')).toEqual([-32000, 'header not found'])
  })
})

describe('clique', () => {
  test('tells signers, votes and activity', async () => {
    expect(await call('clique_getSigners')).toEqual([ALICE, CONTRACT])
    expect(await call('clique_getSignersAtHash', node.head.header.hash)).toEqual([ALICE, CONTRACT])
    expect(await call('clique_getSigner', '0x2')).toBe(ALICE)
    expect(await call('clique_getSnapshot', 'latest')).toEqual({
      number: 4,
      hash: node.head.header.hash,
      signers: { [ALICE]: {}, [CONTRACT]: {} },
      recents: { 4: ALICE },
      votes: [{ signer: ALICE, block: 3, address: CONTRACT, authorize: false }],
      tally: { [CONTRACT]: { authorize: false, votes: 1 } },
    })
    expect(await call('clique_status')).toEqual({
      inturnPercent: 100,
      sealerActivity: { [ALICE]: 4, [CONTRACT]: 0 },
      numBlocks: 4,
    })
  })

  test('takes proposals back', async () => {
    const signer = toAddress(`0x${'ab'.repeat(20)}`)
    expect(await call('clique_propose', signer, true)).toBeNull()
    expect(await call('clique_proposals')).toEqual({ [signer]: true })
    expect(await call('clique_discard', signer)).toBeNull()
    expect(await call('clique_proposals')).toEqual({})
  })
})

describe('mosaic', () => {
  const message = {
    chain: hashOf('core'),
    transitionHash: hashOf('T'),
    source: hashOf('s'),
    target: hashOf('t'),
    sourceHeight: '0x1',
    targetHeight: 2,
  }
  const signature = `0x${'11'.repeat(64)}`

  test('tells where the protocol stands', async () => {
    expect(await call('mosaic_status')).toMatchObject({
      originChainId: '0x1',
      epochLength: '0x14',
      justified: { height: '0x0', number: '0x0' },
      validator: null,
      signer: ALICE,
      accountability: { phase: 'open', slashed: [], halt: null },
    })
    expect(await call('mosaic_checkpoint', 0)).toMatchObject({ stage: 'finalized', dynasty: '0x0' })
    expect(await call('mosaic_checkpoint', '0x7')).toBeNull()
    expect(await call('mosaic_transitionObject', '7')).toBeNull()
    expect(await call('mosaic_votes', { chain: 'origin', height: '0x1' })).toEqual([])
    expect(await call('mosaic_votes', { link: hashOf('link') })).toEqual([])
    expect(await call('mosaic_validatorSet')).toMatchObject({ height: '0x1', seats: [null] })
    expect(await call('mosaic_validatorSet', '0x3')).toMatchObject({ height: '0x3' })
    expect(await call('mosaic_kernel')).toBeNull()
    expect(await call('mosaic_metaBlock', '0x3')).toBeNull()
  })

  test('proves against an anchored state root', async () => {
    expect(await call('mosaic_proof', CONTRACT, ['0x0'], '0x2')).toMatchObject({
      height: '0x2',
      blockNumber: '0x0',
      header: '0xf9',
      proof: { address: CONTRACT, storageProof: [{ key: '0x0', value: '0x0' }] },
    })
  })

  test('takes votes', async () => {
    expect(await call('mosaic_sendVote', { message, signature })).toBe(hashOf('link'))
    node.voteOutcome = { kind: 'deferred', message: 'unknown target' }
    expect(await failure('mosaic_sendVote', { message, signature })).toEqual([
      -32000,
      'vote deferred: unknown target',
    ])
    node.voteOutcome = { kind: 'rejected', message: 'bad signature' }
    expect(await failure('mosaic_sendVote', { message, signature })).toEqual([
      -32003,
      'vote rejected: bad signature',
    ])
    expect(
      await failure('mosaic_sendVote', { message: { ...message, target: '0x' }, signature }),
    ).toMatchObject([
      -32602,
      'invalid argument 0: hex string has length 0, want 64 for common.Hash',
    ])
  })
})
