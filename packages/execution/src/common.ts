import { paramsBlock } from '@ethereumjs/block'
import { type ChainConfig, Common, type CustomCrypto } from '@ethereumjs/common'
import { paramsEVM } from '@ethereumjs/evm'
import { paramsTx } from '@ethereumjs/tx'
import { calculateSigRecovery } from '@ethereumjs/util'
import { paramsVM } from '@ethereumjs/vm'
import type { Crypto } from './crypto.ts'

/** Forks whose rules hold from block 0. From Paris on their EIP lists are replaced: see {@link MODERN_FORKS}. */
const FORKS = [
  'chainstart',
  'homestead',
  'tangerineWhistle',
  'spuriousDragon',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'muirGlacier',
  'berlin',
  'london',
  'arrowGlacier',
  'grayGlacier',
  'paris',
  'shanghai',
  'cancun',
  'prague',
  'osaka',
]

/**
 * What the post-merge forks mean on a Proof-of-Authority chain with 16-field headers: their opcodes and precompiles, without proof of stake,
 * randomness beacon, withdrawals, blobs, beacon roots and execution requests. Of Osaka: the bounds and prices of MODEXP, CLZ and
 * secp256r1.
 */
const MODERN_FORKS = {
  paris: { eips: [] },
  shanghai: { eips: [3651, 3855, 3860] },
  cancun: { eips: [1153, 5656, 6780] },
  prague: { eips: [2537, 2935, 7623, 7702] },
  osaka: { eips: [7823, 7883, 7939, 7951] },
}

/**
 * A chain's rules that are loaded once and shared: EthereumJS otherwise copies them for every transaction and header. The base
 * constructor calls the methods below before the private fields exist, hence the questions whether they do.
 */
class FrozenCommon extends Common {
  readonly #isFrozen: boolean
  readonly #values = new Map<string, bigint>()
  readonly #reached = new Map<string, boolean>()
  readonly #active = new Map<number, boolean>()
  readonly #begun = new Map<string, bigint | null>()

  constructor(options: ConstructorParameters<typeof Common>[0]) {
    super(options)
    for (const params of [paramsBlock, paramsTx, paramsEVM, paramsVM]) super.updateParams(params)
    this.#isFrozen = true
  }

  override copy(): FrozenCommon {
    return this
  }

  override updateParams(params: Parameters<Common['updateParams']>[0]): void {
    if (!(#isFrozen in this && this.#isFrozen)) super.updateParams(params)
  }

  override setHardfork(fork: string): void {
    if (!(#isFrozen in this && this.#isFrozen)) super.setHardfork(fork)
  }

  override setHardforkBy(options: Parameters<Common['setHardforkBy']>[0]): string {
    return #isFrozen in this && this.#isFrozen ? this.hardfork() : super.setHardforkBy(options)
  }

  override getHardforkBy(): string {
    return this.hardfork()
  }

  override param(name: string): bigint {
    if (!(#isFrozen in this && this.#isFrozen)) return super.param(name)
    let value = this.#values.get(name)
    if (value === undefined) {
      value = super.param(name)
      this.#values.set(name, value)
    }
    return value
  }

  override isActivatedEIP(eip: number): boolean {
    if (!(#isFrozen in this && this.#isFrozen)) return super.isActivatedEIP(eip)
    let isActive = this.#active.get(eip)
    if (isActive === undefined) {
      isActive = super.isActivatedEIP(eip)
      this.#active.set(eip, isActive)
    }
    return isActive
  }

  override hardforkBlock(fork: string = this.hardfork()): bigint | null {
    if (!(#isFrozen in this && this.#isFrozen)) return super.hardforkBlock(fork)
    let begin = this.#begun.get(fork)
    if (begin === undefined) {
      begin = super.hardforkBlock(fork)
      this.#begun.set(fork, begin)
    }
    return begin
  }

  override gteHardfork(fork: string): boolean {
    if (!(#isFrozen in this && this.#isFrozen)) return super.gteHardfork(fork)
    let isReached = this.#reached.get(fork)
    if (isReached === undefined) {
      isReached = super.gteHardfork(fork)
      this.#reached.set(fork, isReached)
    }
    return isReached
  }
}

/** The rules of the auxiliary chain, or of one fork of Ethereum as it was there. */
export type Rules = 'auxiliary' | 'london' | 'paris' | 'shanghai' | 'cancun' | 'prague'

/**
 * Rules for EthereumJS, with an own consensus type so that none of its clique code runs.
 *
 * @param rules those of the auxiliary chain unless told; others are for comparison with Ethereum's tests.
 */
export function createCommon(chainId: bigint, crypto: Crypto, rules: Rules = 'auxiliary'): Common {
  const isOwn = rules === 'auxiliary'
  const last = isOwn ? 'osaka' : rules
  const chain: ChainConfig = {
    name: 'mosaic-auxiliary',
    chainId: chainId.toString(),
    defaultHardfork: last,
    consensus: { type: 'authority', algorithm: 'authority' },
    genesis: { gasLimit: 30_000_000, difficulty: 1, nonce: '0x0000000000000000', extraData: '0x' },
    hardforks: FORKS.slice(0, FORKS.indexOf(last) + 1).map((name) => ({ name, block: 0 })),
    ...(isOwn ? { customHardforks: MODERN_FORKS } : {}),
    bootstrapNodes: [],
  }
  const customCrypto: CustomCrypto = {
    keccak256: crypto.keccak256,
    ecsign: (digest, secretKey) => {
      const { compact, recovery } = crypto.sign(digest, secretKey)
      const signature = new Uint8Array(1 + compact.length)
      signature[0] = recovery
      signature.set(compact, 1)
      return signature
    },
    ecrecover: (digest, v, r, s, id) =>
      crypto.recoverPublicKey(digest, r, s, calculateSigRecovery(v, id) === 0n ? 0 : 1),
  }
  return new FrozenCommon({ chain, customCrypto })
}
