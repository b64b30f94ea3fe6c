import {
  type AuthorityHeader,
  buildExtraData,
  EMPTY_UNCLE_HASH,
  headerHash,
  sealHash,
} from '@mosaic/authority'
import type { Block, Built, Execution, ExecutionLayer } from '@mosaic/execution'
import { type Address, concatBytes, type Hex, hexToBytes, ZERO_HASH } from '@mosaic/primitives'

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
  }

/** A block that has been run, with 65 zero bytes in the place of the seal. */
export function unsealedBlock(built: Built, seal: BlockSeal): Block {
  const header = unsealedHeader(built, seal)
  const { transactions } = built
  return { hash: headerHash(header), header, transactions, signer: seal.sealer }
}

function unsealedHeader(
  built: Execution,
  { vanity, signers, sealer: _signs, ...fields }: BlockSeal,
): AuthorityHeader {
  return {
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
}

/** Makes a sealed block of what running its transactions gave. */
export function sealBlock(
  { sign }: Pick<ExecutionLayer, 'sign'>,
  built: Built,
  { secretKey, ...fields }: BlockSeal & { readonly secretKey: Uint8Array },
): Block {
  const header = unsealedHeader(built, fields)
  const { compact, recovery } = sign(hexToBytes(sealHash(header)), secretKey)
  const block = { header, transactions: built.transactions, signer: fields.sealer }
  return withSeal(block, concatBytes(compact, Uint8Array.of(recovery)))
}

/** The seal of EIP-225, r ‖ s ‖ recovery bit, of a 64-byte signature (EIP-2098). */
export function toSeal(signature: Hex): Uint8Array {
  const seal = concatBytes(hexToBytes(signature), new Uint8Array(1))
  seal[64] = (seal[32] ?? 0) >> 7
  seal[32] = (seal[32] ?? 0) & 0x7f
  return seal
}

/** The block with 65 bytes of a seal. */
export function withSeal({ header, ...block }: Omit<Block, 'hash'>, seal: Uint8Array): Block {
  const sealed = { ...header, extraData: concatBytes(header.extraData.slice(0, -65), seal) }
  return { ...block, hash: headerHash(sealed), header: sealed }
}
