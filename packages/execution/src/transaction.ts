import type { Common } from '@ethereumjs/common'
import { createTx, createTxFromRLP, type TypedTransaction, type TypedTxData } from '@ethereumjs/tx'
import { Address as InnerAddress } from '@ethereumjs/util'
import {
  type Address,
  accept,
  bytesToAddress,
  bytesToBigint,
  bytesToHash32,
  type Hash32,
  type Hex,
  hexToBytes,
  InvalidValueError,
  integerToRlp,
  keccak256Bytes,
  refuse,
  toAddress,
  type Verdict,
} from '@mosaic/primitives'
import type { Authorization } from './authorizations.ts'
import { impersonatedSender, impersonationOf } from './impersonation.ts'
import { calldataFloor } from './intrinsic-gas.ts'
import {
  readSimpleTransaction,
  type SimpleTransaction,
  signedBytes,
  signSimpleTransaction,
} from './simple-transaction.ts'
import { findTransactionFault } from './transaction-encoding.ts'

/** One entry of an EIP-2930 access list. */
export type AccessListEntry = { readonly address: Address; readonly storageKeys: readonly Hash32[] }

/** A signed transaction whose sender has been recovered. */
export type Transaction = {
  readonly hash: Hash32
  /** EIP-2718 type: 0 legacy, 1 access list, 2 fee market, 4 set code. */
  readonly type: number
  readonly from: Address
  /** Undefined: creates a contract. */
  readonly to: Address | undefined
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Wei. */
  readonly value: bigint
  readonly data: Uint8Array
  /** Most that is paid per gas, base fee included: gasPrice, or maxFeePerGas. */
  readonly maxFeePerGas: bigint
  /** Most that goes to the signer per gas: gasPrice, or maxPriorityFeePerGas. */
  readonly maxPriorityFeePerGas: bigint
  readonly chainId: bigint | undefined
  readonly accessList: readonly AccessListEntry[] | undefined
  readonly v: bigint
  readonly r: bigint
  readonly s: bigint
  /** The envelope as it stands in a block and on the wire: EIP-2718 bytes. */
  readonly raw: Uint8Array
  /** Intrinsic gas under the chain's rules, or the calldata floor of EIP-7623 if that is more. */
  readonly intrinsicGas: bigint
}

/** Why bytes are no transaction for this chain; `message` has geth's words. */
export type TransactionFault = {
  readonly code:
    | 'TRANSACTION_MALFORMED'
    | 'TRANSACTION_FOREIGN_CHAIN'
    | 'TRANSACTION_UNPROTECTED'
    | 'TRANSACTION_TYPE'
  readonly message: string
}

/** Whose transactions are taken: of those who signed, or also of those in whose name somebody wrote one. */
export type SenderRule = 'signed' | 'impersonated'

/** The EthereumJS object behind each transaction that was not read without it. */
const inner = new WeakMap<Transaction, TypedTransaction>()

/** The EthereumJS object of a transaction. @param transaction what {@link decodeTransaction} made, unchanged. */
export function innerTransaction(transaction: Transaction, common: Common): TypedTransaction {
  const found = inner.get(transaction)
  if (found !== undefined) return found
  const { raw, from } = transaction
  const made = createTxFromRLP(raw, { common, freeze: false })
  settle(made, new InnerAddress(hexToBytes(from)), made.getIntrinsicGas())
  return made
}

/** EthereumJS hashes the public key anew each time it is asked for the sender, and counts the data anew for the price. */
function settle(decoded: TypedTransaction, sender: InnerAddress, intrinsicGas: bigint): void {
  Object.assign(decoded, { getSenderAddress: () => sender, getIntrinsicGas: () => intrinsicGas })
}

/** The authorizations of a set-code transaction (EIP-7702), in order; none for other types. */
export function authorizationsOf(transaction: Transaction): readonly Authorization[] {
  const decoded = inner.get(transaction)
  if (decoded === undefined || !('authorizationList' in decoded)) return []
  return decoded.authorizationList.map(([chainId, address, nonce, yParity, r, s]) => ({
    chainId: bytesToBigint(chainId),
    address: bytesToAddress(address),
    nonce: bytesToBigint(nonce),
    yParity: bytesToBigint(yParity),
    r: bytesToBigint(r),
    s: bytesToBigint(s),
  }))
}

/** Types of envelopes; a legacy transaction has none. */
const TYPES = new Set([1, 2, 4])

/**
 * Decodes a signed transaction and recovers its sender.
 *
 * @param recovered its sender, if these same bytes were decoded before, on another thread.
 * @param hash of the bytes, if it is known.
 */
export function decodeTransaction(
  raw: Uint8Array,
  common: Common,
  senders: SenderRule = 'signed',
  recovered?: Address,
  hash?: Hash32,
): Verdict<Transaction, TransactionFault> {
  const simple = readSimpleTransaction(raw, common.chainId())
  if (simple !== undefined) return decodeSimple(simple, raw, common, senders, recovered, hash)
  const [first] = raw
  if (first === undefined || (first < 0x80 && raw.length < 2)) {
    return malformed('typed transaction too short')
  }
  if (first < 0x80 && !TYPES.has(first)) {
    return refuse({ code: 'TRANSACTION_TYPE', message: 'transaction type not supported' })
  }
  let decoded: TypedTransaction
  try {
    decoded = createTxFromRLP(raw, { common, freeze: false })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const fault = findTransactionFault(raw)
    if (fault === undefined && /chain ?id/i.test(message)) {
      return refuse({ code: 'TRANSACTION_FOREIGN_CHAIN', message: 'invalid sender' })
    }
    return malformed(fault ?? 'invalid sender')
  }
  const chainId = chainIdOf(decoded)
  if (chainId === undefined) {
    return refuse({
      code: 'TRANSACTION_UNPROTECTED',
      message: 'only replay-protected (EIP-155) transactions allowed over RPC',
    })
  }
  if (chainId !== common.chainId()) {
    return refuse({ code: 'TRANSACTION_FOREIGN_CHAIN', message: 'invalid sender' })
  }
  try {
    return accept(describe(decoded, raw, common, senders, recovered))
  } catch {
    return malformed('invalid sender')
  }
}

/** As {@link describe}, of what was read without EthereumJS. */
function decodeSimple(
  simple: SimpleTransaction,
  raw: Uint8Array,
  common: Common,
  senders: SenderRule,
  recovered: Address | undefined,
  hash: Hash32 | undefined,
): Verdict<Transaction, TransactionFault> {
  const { type, to, data, r, s } = simple
  const keccak = common.customCrypto.keccak256 ?? keccak256Bytes
  const named = (senders === 'impersonated' ? impersonatedSender(r, s) : undefined) ?? recovered
  let from = named
  if (from === undefined) {
    const sender = recoverSimple(simple, common)
    if (sender === undefined) return malformed('invalid sender')
    from = bytesToAddress(sender)
  }
  return accept({
    hash: hash ?? bytesToHash32(keccak(raw)),
    type,
    from,
    to: bytesToAddress(to),
    nonce: simple.nonce,
    gasLimit: simple.gasLimit,
    value: simple.value,
    data,
    maxFeePerGas: simple.maxFeePerGas,
    maxPriorityFeePerGas: simple.maxPriorityFeePerGas,
    chainId: common.chainId(),
    accessList: type === 0 ? undefined : [],
    v: simple.v,
    r,
    s,
    raw,
    // Without an access list and a creation never less than the price of the data (EIP-2028).
    intrinsicGas: calldataFloor(data),
  })
}

/** The address behind the signature of a transaction; undefined if there is none. */
function recoverSimple(simple: SimpleTransaction, common: Common): Uint8Array | undefined {
  const { keccak256: keccak = keccak256Bytes, ecrecover } = common.customCrypto
  if (ecrecover === undefined) throw new TypeError('expected rules with own cryptography')
  const { type, v, r, s } = simple
  const chainId = common.chainId()
  try {
    const digest = keccak(signedBytes(simple, chainId))
    const id = type === 0 ? chainId : undefined
    return keccak(ecrecover(digest, v, integerToRlp(r), integerToRlp(s), id)).subarray(12)
  } catch {
    return undefined
  }
}

/** The sender of a transaction, as {@link decodeTransaction} would name it; undefined if that would refuse it. */
export function recoverSender(raw: Uint8Array, common: Common): Uint8Array | undefined {
  const simple = readSimpleTransaction(raw, common.chainId())
  if (simple !== undefined) return recoverSimple(simple, common)
  const verdict = decodeTransaction(raw, common)
  return verdict.ok ? hexToBytes(verdict.value.from) : undefined
}

function describe(
  decoded: TypedTransaction,
  raw: Uint8Array,
  common: Common,
  senders: SenderRule,
  signer: Address | undefined,
): Transaction {
  const { v, r, s } = decoded
  const keccak = common.customCrypto.keccak256 ?? keccak256Bytes
  if (v === undefined || r === undefined || s === undefined) throw new TypeError('unsigned')
  const fees =
    'maxFeePerGas' in decoded
      ? { max: decoded.maxFeePerGas, tip: decoded.maxPriorityFeePerGas }
      : { max: decoded.gasPrice, tip: decoded.gasPrice }
  const accessList = 'accessList' in decoded ? toAccessList(decoded.accessList) : undefined
  const floor = calldataFloor(decoded.data)
  const intrinsic = decoded.getIntrinsicGas()
  const named = (senders === 'impersonated' ? impersonatedSender(r, s) : undefined) ?? signer
  const sender =
    named === undefined
      ? new InnerAddress(keccak(decoded.getSenderPublicKey()).slice(12))
      : new InnerAddress(hexToBytes(named))
  settle(decoded, sender, intrinsic)
  const transaction: Transaction = {
    hash: bytesToHash32(keccak(raw)),
    type: decoded.type,
    from: toAddress(sender.toString()),
    to: decoded.to === undefined ? undefined : toAddress(decoded.to.toString()),
    nonce: decoded.nonce,
    gasLimit: decoded.gasLimit,
    value: decoded.value,
    data: decoded.data,
    maxFeePerGas: fees.max,
    maxPriorityFeePerGas: fees.tip,
    chainId: chainIdOf(decoded),
    accessList,
    v,
    r,
    s,
    raw,
    intrinsicGas: intrinsic > floor ? intrinsic : floor,
  }
  inner.set(transaction, decoded)
  return transaction
}

/** What an account of this program sends. */
export type OwnTransaction = {
  /** 2 unless told. */
  readonly type?: 0 | 1 | 2 | 4
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Of types 0 and 1, the gas price. */
  readonly maxFeePerGas: bigint
  /** Of types 0 and 1, not looked at. */
  readonly maxPriorityFeePerGas: bigint
  /** Undefined: creates a contract. */
  readonly to: Address | undefined
  readonly value: bigint
  readonly data: Uint8Array
  readonly accessList?: readonly AccessListEntry[] | undefined
  readonly authorizations?: readonly Authorization[] | undefined
}

/** Signs a transaction. @throws if the key is none or the fields are out of range. */
export function signOwnTransaction(
  fields: OwnTransaction,
  secretKey: Uint8Array,
  common: Common,
): Transaction {
  const own = signSimple(fields, secretKey, common) ?? signAny(fields, secretKey, common)
  addresses.set(secretKey, own.from)
  return own
}

function signAny(fields: OwnTransaction, secretKey: Uint8Array, common: Common): Transaction {
  const signed = toUnsigned(fields, common).sign(secretKey)
  return describe(signed, signed.serialize(), common, 'signed', addresses.get(secretKey))
}

/** Undefined for what is not simple, or out of range. */
function signSimple(
  { type = 2, to, accessList = [], ...fields }: OwnTransaction,
  secretKey: Uint8Array,
  common: Common,
): Transaction | undefined {
  const { keccak256: keccak = keccak256Bytes, ecsign } = common.customCrypto
  if (to === undefined || accessList.length > 0 || (type !== 0 && type !== 2)) return undefined
  const { nonce, gasLimit, value } = fields
  if ([nonce, gasLimit, value].some((each) => each < 0n) || ecsign === undefined) return undefined
  const tip = type === 0 ? fields.maxFeePerGas : fields.maxPriorityFeePerGas
  if (tip < 0n || fields.maxFeePerGas < 0n) return undefined
  const chainId = common.chainId()
  const raw = signSimpleTransaction(
    { ...fields, type, maxPriorityFeePerGas: tip, to: hexToBytes(to) },
    chainId,
    (preimage) => ecsign(keccak(preimage), secretKey),
  )
  const verdict = decodeTransaction(raw, common, 'signed', addresses.get(secretKey))
  return verdict.ok ? verdict.value : undefined
}

/**
 * Signs a transaction with a key that is elsewhere: it gets the bytes whose Keccak-256 is signed, and answers with 64 bytes (EIP-2098).
 *
 * @throws if the fields are out of range or `type` is 0; whatever `sign` throws.
 */
export async function signTransactionElsewhere(
  fields: OwnTransaction,
  sender: Address,
  sign: (preimage: Uint8Array) => Promise<Hex>,
  common: Common,
): Promise<Transaction> {
  const unsigned = toUnsigned(fields, common)
  const preimage = unsigned.getMessageToSign()
  if (!(preimage instanceof Uint8Array)) throw new InvalidValueError('a typed transaction', 0)
  const signature = hexToBytes(await sign(preimage))
  const s = signature.slice(32, 64)
  const yParity = (s[0] ?? 0) >> 7
  s[0] = (s[0] ?? 0) & 0x7f
  const signed = unsigned.addSignature(BigInt(yParity), signature.slice(0, 32), s)
  return describe(signed, signed.serialize(), common, 'signed', sender)
}

/** Addresses of keys that have signed. The first time it is recovered: to multiply the point takes longer, in plain JavaScript 50 ms. */
const addresses = new WeakMap<Uint8Array, Address>()

/** A transaction in the name of an account whose key nobody has. @throws if the fields are out of range. */
export function impersonateTransaction(
  fields: OwnTransaction,
  sender: Address,
  common: Common,
): Transaction {
  const { r, s } = impersonationOf(sender)
  const named = toUnsigned(fields, common).addSignature(0n, r, s, true)
  return describe(named, named.serialize(), common, 'impersonated', undefined)
}

/** Whether nobody signed a transaction. */
export function isImpersonated({ r, s, from }: Transaction): boolean {
  return impersonatedSender(r, s) === from
}

function toUnsigned(fields: OwnTransaction, common: Common): TypedTransaction {
  const { type = 2, to, accessList, authorizations, maxFeePerGas, maxPriorityFeePerGas } = fields
  const body: TypedTxData = {
    type,
    nonce: fields.nonce,
    gasLimit: fields.gasLimit,
    value: fields.value,
    data: fields.data,
    ...(to === undefined ? {} : { to: hexToBytes(to) }),
    ...(type < 2 ? { gasPrice: maxFeePerGas } : { maxFeePerGas, maxPriorityFeePerGas }),
    ...(type === 0
      ? {}
      : {
          chainId: common.chainId(),
          accessList: (accessList ?? []).map(({ address, storageKeys }) => ({
            address,
            storageKeys: [...storageKeys],
          })),
        }),
    ...(type === 4
      ? {
          authorizationList: (authorizations ?? []).map((each) => ({
            chainId: toQuantity(each.chainId),
            address: each.address,
            nonce: toQuantity(each.nonce),
            yParity: toQuantity(each.yParity),
            r: toQuantity(each.r),
            s: toQuantity(each.s),
          })),
        }
      : {}),
  }
  return createTx(body, { common, freeze: false })
}

function toQuantity(value: bigint): `0x${string}` {
  return `0x${value.toString(16)}`
}

/** Effective tip per gas at a base fee; negative if the transaction cannot pay the base fee. */
export function effectiveTip(transaction: Transaction, baseFeePerGas: bigint): bigint {
  const left = transaction.maxFeePerGas - baseFeePerGas
  return left < transaction.maxPriorityFeePerGas ? left : transaction.maxPriorityFeePerGas
}

function chainIdOf(decoded: TypedTransaction): bigint | undefined {
  if ('chainId' in decoded && typeof decoded.chainId === 'bigint') return decoded.chainId
  const { v } = decoded
  return v === undefined || v < 35n ? undefined : (v - 35n) / 2n
}

function toAccessList(
  list: readonly (readonly [Uint8Array, readonly Uint8Array[]])[],
): readonly AccessListEntry[] {
  return list.map(([address, keys]) => ({
    address: bytesToAddress(address),
    storageKeys: keys.map((key) => bytesToHash32(key)),
  }))
}

function malformed(message: string): Verdict<Transaction, TransactionFault> {
  return refuse({ code: 'TRANSACTION_MALFORMED', message })
}
