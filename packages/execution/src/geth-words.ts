/** Reasons of EthereumJS in geth's words, where they differ. Clients match on them. */
const WORDS: Readonly<Record<string, string>> = {
  revert: 'execution reverted',
  'invalid JUMP': 'invalid jump destination',
  'invalid opcode': 'invalid opcode: INVALID',
  'static state change': 'write protection',
  'code store out of gas': 'contract creation code storage out of gas',
  'code size to deposit exceeds maximum code size': 'max code size exceeded',
  'initcode exceeds max initcode size': 'max initcode size exceeded',
  'invalid bytecode deployed': 'invalid code: must not begin with 0xef',
  'create collision': 'contract address collision',
  'insufficient balance': 'insufficient balance for transfer',
}

/** Why the EVM stopped, as geth says it. */
export function gethWords(reason: string): string {
  // EthereumJS says where an invalid jump was; geth does not.
  const plain = reason.replace(/^(invalid JUMP) at .*$/, '$1')
  return WORDS[plain] ?? plain
}
