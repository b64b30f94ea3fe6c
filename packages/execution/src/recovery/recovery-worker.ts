/** The thread behind {@link createSenderRecovery}. */
import { parentPort } from 'node:worker_threads'
import { createCommon } from '../common.ts'
import { loadCrypto } from '../crypto.ts'
import { decodeTransaction } from '../transaction.ts'
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
  const found = Array.from(unpackRequest(request), (raw) => {
    const verdict = decodeTransaction(raw, common)
    return { hash: crypto.keccak256(raw), sender: verdict.ok ? verdict.value.from : undefined }
  })
  const answer = packAnswer(request.id, found)
  parentPort?.postMessage(answer, [answer.records.buffer])
})
parentPort?.postMessage('ready', [])
