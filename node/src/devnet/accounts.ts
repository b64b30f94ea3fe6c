import { type Address, hexToBytes, toAddress } from '@mosaic/primitives'
import { HDNodeWallet, Mnemonic } from 'ethers'

/** A key of the development mnemonic. Everybody knows these keys: for local networks only. */
export type DevAccount = { readonly address: Address; readonly secretKey: Uint8Array }

/** The mnemonic that development chains share. */
export const DEV_MNEMONIC = 'test test test test test test test test test test test junk'

/** Accounts for users, funded on both chains: the same ten as in other development chains. */
export function userAccounts(): readonly DevAccount[] {
  return derive(0, 10)
}

/** Accounts of the network itself: deployer, relayer, validators, signers, fishermen. Nobody else's nonce is used up by them. */
export function networkAccounts(validators: number): {
  readonly deployer: DevAccount
  readonly relayer: DevAccount
  readonly validators: readonly DevAccount[]
  readonly signers: readonly DevAccount[]
  readonly fishermen: readonly DevAccount[]
} {
  const [deployer, relayer] = derive(1, 2)
  if (deployer === undefined || relayer === undefined) throw new RangeError('expected two accounts')
  return {
    deployer,
    relayer,
    validators: derive(2, validators),
    signers: derive(3, validators),
    fishermen: derive(4, validators),
  }
}

function derive(account: number, count: number): readonly DevAccount[] {
  const root = HDNodeWallet.fromMnemonic(
    Mnemonic.fromPhrase(DEV_MNEMONIC),
    `m/44'/60'/${account}'/0`,
  )
  return Array.from({ length: count }, (_, index) => {
    const { address, privateKey } = root.deriveChild(index)
    return { address: toAddress(address), secretKey: hexToBytes(privateKey) }
  })
}
