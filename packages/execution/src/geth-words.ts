import type { ExecResult } from '@ethereumjs/evm'

/** Reasons of EthereumJS in geth's words, where they differ. Clients match on them. */
const WORDS: Readonly<Record<string, string>> = {
  revert: 'execution reverted',
  'invalid JUMP': 'invalid jump destination',
  'stack overflow': 'stack limit reached 1024 (1023)',
  'static state change': 'write protection',
  'code store out of gas': 'contract creation code storage out of gas',
  'code size to deposit exceeds maximum code size': 'max code size exceeded',
  'initcode exceeds max initcode size': 'max initcode size exceeded',
  'invalid bytecode deployed': 'invalid code: must not begin with 0xef',
  'create collision': 'contract address collision',
  'insufficient balance': 'insufficient balance for transfer',
}

/** The opcode that is defined to be none (EIP-141). */
const INVALID = 0xfe

/** Why a frame failed, as geth says it. */
export function gethWords(error: string, runState?: ExecResult['runState']): string {
  if (error === 'invalid opcode') {
    const opcode = runState?.env.code[runState.programCounter] ?? INVALID
    const name = opcode === INVALID ? 'INVALID' : `opcode 0x${opcode.toString(16)} not defined`
    return `invalid opcode: ${name}`
  }
  // EthereumJS says where an invalid jump was; geth does not.
  const plain = error.replace(/^(invalid JUMP) at .*$/, '$1')
  return WORDS[plain] ?? plain
}
