import { checksummed } from '@mosaic/primitives'
import type { TransactionFault } from './ports.ts'

/** The words that geth has for a fault. Clients match on them, so they are part of the interface. */
export function faultToWords(fault: TransactionFault): string {
  switch (fault.code) {
    case 'MALFORMED':
      return fault.reason
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
      return `sender not an eoa: address ${checksummed(fault.address)}, codehash: ${fault.codeHash}`
    case 'INSUFFICIENT_FUNDS':
      return `insufficient funds for gas * price + value: ${shortfall(fault)}`
    case 'INTRINSIC_GAS':
      return `intrinsic gas too low: gas ${fault.gas}, minimum needed ${fault.needed}`
    case 'ABOVE_BLOCK_GAS_LIMIT':
      return 'exceeds block gas limit'
    case 'TIP_ABOVE_FEE_CAP':
      return 'max priority fee per gas higher than max fee per gas'
    case 'UNDERPRICED':
      return 'transaction underpriced'
    case 'FUTURE_REPLACES_PENDING':
      return 'future transaction tries to replace pending'
    case 'REPLACEMENT_UNDERPRICED':
      return 'replacement transaction underpriced'
    case 'OVERSIZED':
      return `oversized data: transaction size ${fault.size}, limit ${fault.limit}`
    case 'POOL_FULL':
      return 'txpool is full'
    case 'ACCOUNT_LIMIT':
      return `account limit exceeded: pooled ${fault.pooled} txs`
    default:
      return fault satisfies never
  }
}

function shortfall({
  balance,
  cost,
  queued,
  replaced,
}: Extract<TransactionFault, { code: 'INSUFFICIENT_FUNDS' }>): string {
  if (queued === undefined) {
    return `balance ${balance}, tx cost ${cost}, overshot ${cost - balance}`
  }
  const more = cost - (replaced ?? 0n)
  const words = replaced === undefined ? `tx cost ${cost}` : `tx bumped ${more}`
  return `balance ${balance}, queued cost ${queued}, ${words}, overshot ${queued + more - balance}`
}
