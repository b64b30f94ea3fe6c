import {
  type AuthorityHeader,
  buildExtraData,
  EMPTY_UNCLE_HASH,
  headerHash,
  sealHash,
} from '@mosaic/authority'
import type { Block, Execution, ExecutionLayer, Transaction } from '@mosaic/execution'
import { type Address, concatBytes, hexToBytes, ZERO_HASH } from '@mosaic/primitives'

/** The fields of a header that stand before its block is run. */
export type BlockDraft = Pick<
  AuthorityHeader,
  'parentHash' | 'number' | 'timestamp' | 'gasLimit' | 'difficulty'
> & { readonly baseFeePerGas: bigint }

/** What the signer adds to a block that has been run. */
export type BlockSeal = BlockDraft &
  Pick<AuthorityHeader, 'coinbase' | 'nonce'> & {
    /** 32 bytes. */
    readonly vanity: Uint8Array
    /** All signers, on blocks that list them; otherwise none. */
    readonly signers: readonly Address[]
    readonly sealer: Address
    readonly secretKey: Uint8Array
  }

/** Makes a sealed block of what running its transactions gave. */
export function sealBlock(
  { sign }: Pick<ExecutionLayer, 'sign'>,
  built: Execution & { readonly transactions: readonly Transaction[] },
  { vanity, signers, sealer, secretKey, ...fields }: BlockSeal,
): Block {
  const unsealed: AuthorityHeader = {
    ...fields,
    uncleHash: EMPTY_UNCLE_HASH,
    stateRoot: built.stateRoot,
    transactionsRoot: built.transactionsRoot,
    receiptsRoot: built.receiptsRoot,
    logsBloom: built.logsBloom,
    gasUsed: built.gasUsed,
    extraData: buildExtraData({ vanity, signers }),
    mixHash: ZERO_HASH,
  }
  // The seal of EIP-225: r ‖ s ‖ recovery bit.
  const { compact, recovery } = sign(hexToBytes(sealHash(unsealed)), secretKey)
  const header: AuthorityHeader = {
    ...unsealed,
    extraData: concatBytes(unsealed.extraData.slice(0, -65), compact, Uint8Array.of(recovery)),
  }
  return { hash: headerHash(header), header, transactions: built.transactions, signer: sealer }
}
