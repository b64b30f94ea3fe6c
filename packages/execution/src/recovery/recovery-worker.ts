/** The thread behind {@link createSenderRecovery}. */
import { parentPort } from 'node:worker_threads'
import { createCommon } from '../common.ts'
import { loadCrypto } from '../crypto.ts'
import { recoverSender } from '../transaction.ts'
import { packAnswer, type RecoveryRequest, unpackRequest } from './recovery-messages.ts'

const crypto = await loadCrypto()
const commons = new Map<bigint, ReturnType<typeof createCommon>>()

function commonOf(chainId: bigint): ReturnType<typeof createCommon> {
  const known = commons.get(chainId)
  if (known !== undefined) return known
  const common = createCommon(chainId, crypto)
  commons.set(chainId, common)
  return common
}

parentPort?.on('message', (request: RecoveryRequest) => {
  const common = commonOf(request.chainId)
  const found = Array.from(unpackRequest(request), (raw) => ({
    hash: crypto.keccak256(raw),
    sender: recoverSender(raw, common),
  }))
  const answer = packAnswer(request.id, found)
  parentPort?.postMessage(answer, [answer.records.buffer])
})
parentPort?.postMessage('ready', [])
