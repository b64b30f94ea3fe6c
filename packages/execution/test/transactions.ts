import { createTx, type TypedTxData } from '@ethereumjs/tx'
import { eoaCode7702SignAuthorization } from '@ethereumjs/util'
import { type Address, bytesToHex, hexToBytes } from '@mosaic/primitives'
import { createCommon } from '../src/common.ts'
import { loadCrypto } from '../src/crypto.ts'
import type { AccessListEntry, Transaction } from '../src/index.ts'
import { type Account, CHAIN_ID, type TestChain } from './test-chain.ts'

const common = createCommon(CHAIN_ID, await loadCrypto())
const GWEI = 1_000_000_000n

/** What the tests vary in a transaction. */
export type Fields = {
  readonly to?: Address
  readonly nonce?: bigint
  readonly value?: bigint
  readonly data?: Uint8Array
  readonly gasLimit?: bigint
  readonly tip?: bigint
  readonly cap?: bigint
  readonly chainId?: bigint
  readonly type?: 0 | 1 | 2 | 4
  /** Of other types than 0. */
  readonly accessList?: readonly AccessListEntry[]
  /** Whom an account lets act for it (type 4): the account, the code's address and the account's nonce. */
  readonly authorization?: readonly [Account, Address, bigint]
}

/** The bytes of a signed transaction. */
export function signRaw(from: Account, fields: Fields): Uint8Array {
  const { type = 2, cap = 10n * GWEI, tip = GWEI } = fields
  const shared = {
    chainId: fields.chainId ?? CHAIN_ID,
    nonce: fields.nonce ?? 0n,
    gasLimit: fields.gasLimit ?? 200_000n,
    value: fields.value ?? 0n,
    data: fields.data ?? new Uint8Array(),
    ...(fields.to === undefined ? {} : { to: hexToBytes(fields.to) }),
  }
  const fees = type < 2 ? { gasPrice: cap } : { maxFeePerGas: cap, maxPriorityFeePerGas: tip }
  const { authorization } = fields
  const authorizationList =
    authorization === undefined
      ? {}
      : {
          authorizationList: [
            eoaCode7702SignAuthorization(
              {
                chainId: bytesToHex(Uint8Array.of(5, 57)),
                address: authorization[1],
                nonce: `0x${authorization[2].toString(16)}`,
              },
              authorization[0].secretKey,
            ),
          ],
        }
  const accessList =
    type === 0 || fields.accessList === undefined
      ? {}
      : {
          accessList: fields.accessList.map(({ address, storageKeys }) => ({
            address,
            storageKeys: [...storageKeys],
          })),
        }
  const data: TypedTxData = { type, ...shared, ...fees, ...accessList, ...authorizationList }
  const rules =
    fields.chainId === undefined || fields.chainId === CHAIN_ID
      ? common
      : createCommon(fields.chainId, fixedCrypto)
  return createTx(data, { common: rules }).sign(from.secretKey).serialize()
}

const fixedCrypto = await loadCrypto()

/** A signed transaction as the chain decodes it. */
export function sign(chain: TestChain, from: Account, fields: Fields): Transaction {
  const verdict = chain.layer.decodeTransaction(signRaw(from, fields))
  if (!verdict.ok) throw new Error(`expected a transaction, received ${verdict.fault.message}`)
  return verdict.value
}
