import type { TransactionFault } from './ports.ts'

/** The words that geth has for a fault. Clients match on them, so they are part of the interface. */
export function faultToWords(fault: TransactionFault): string {
  switch (fault.code) {
    case 'MALFORMED':
      return `rlp: ${fault.reason}`
    case 'TYPE_NOT_SUPPORTED':
      return 'transaction type not supported'
    case 'INVALID_SENDER':
      return 'invalid sender'
    case 'UNPROTECTED':
      return 'only replay-protected (EIP-155) transactions allowed over RPC'
    case 'ALREADY_KNOWN':
      return 'already known'
    case 'NONCE_TOO_LOW':
      return `nonce too low: next nonce ${fault.next}, tx nonce ${fault.given}`
    case 'NONCE_TOO_HIGH':
      return `nonce too high: next nonce ${fault.next}, tx nonce ${fault.given}`
    case 'NONCE_AT_MAXIMUM':
      return 'nonce has max value'
    case 'SENDER_HAS_CODE':
      return `sender not an eoa: address ${fault.address}`
    case 'INSUFFICIENT_FUNDS':
      return `insufficient funds for gas * price + value: balance ${fault.balance}, tx cost ${fault.cost}, overshot ${fault.cost - fault.balance}`
    case 'INTRINSIC_GAS':
      return `intrinsic gas too low: gas ${fault.gas}, minimum needed ${fault.needed}`
    case 'FLOOR_DATA_GAS':
      return `insufficient gas for floor data gas cost: gas ${fault.gas}, minimum needed ${fault.needed}`
    case 'ABOVE_BLOCK_GAS_LIMIT':
      return 'exceeds block gas limit'
    case 'GAS_ABOVE_ALLOWANCE':
      return `gas required exceeds allowance (${fault.allowance})`
    case 'FEE_CAP_BELOW_BASE_FEE':
      return `max fee per gas less than block base fee: address ${fault.address}, maxFeePerGas: ${fault.feeCap}, baseFee: ${fault.baseFee}`
    case 'TIP_ABOVE_FEE_CAP':
      return 'max priority fee per gas higher than max fee per gas'
    case 'UNDERPRICED':
      return `transaction underpriced: tip needed ${fault.minimum}, tip permitted ${fault.tip}`
    case 'REPLACEMENT_UNDERPRICED':
      return 'replacement transaction underpriced'
    case 'OVERSIZED':
      return `oversized data: transaction size ${fault.size}, limit ${fault.limit}`
    case 'INIT_CODE_TOO_LARGE':
      return `max initcode size exceeded: code size ${fault.size}, limit ${fault.limit}`
    case 'POOL_FULL':
      return 'txpool is full'
    case 'ACCOUNT_LIMIT':
      return 'account limit exceeded'
    default:
      return fault satisfies never
  }
}
