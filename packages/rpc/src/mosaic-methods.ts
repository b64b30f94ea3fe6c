import { type Height, type MetaHeight, toHeight, toMetaHeight } from '@mosaic/primitives'
import type { VoteMessage } from '@mosaic/protocol'
import { ERROR_CODE, RpcError, serverError } from './errors.ts'
import { formatProof } from './format.ts'
import { type Json, quantity, toJson } from './json.ts'
import { type MethodTable, method0, method1, method3 } from './method.ts'
import type { ChainName, MosaicPort, SignedVoteView, VoteQuery } from './mosaic-port.ts'
import {
  address,
  decimalOrHex,
  field,
  hash32,
  hexData,
  listOf,
  optional,
  ParameterError,
  type Parse,
  proofKey,
  recordOf,
  required,
  requiredField,
} from './parameters.ts'

const MAX_PROOF_KEYS = 1024

const height: Parse<Height> = (value) => toHeight(decimalOrHex(value))
const metaHeight: Parse<MetaHeight> = (value) => toMetaHeight(decimalOrHex(value))

const chainName: Parse<ChainName> = (value) => {
  if (value === 'auxiliary' || value === 'origin') return value
  throw new ParameterError('chain: expected "auxiliary" or "origin"')
}

const voteQuery: Parse<VoteQuery> = (value) => {
  const query = recordOf('mosaic.VoteQuery')(value)
  const link = field(query, 'link', hash32)
  const chain = field(query, 'chain', chainName)
  const target = field(query, 'height', height)
  if (link !== undefined && chain === undefined && target === undefined) return { link }
  if (link === undefined && chain !== undefined && target !== undefined) {
    return { chain, height: target }
  }
  throw new ParameterError('expected either "link", or "chain" and "height"')
}

const voteMessage: Parse<VoteMessage> = (value) => {
  const message = recordOf('mosaic.VoteMessage')(value)
  return {
    chain: requiredField(message, 'chain', hash32),
    transitionHash: requiredField(message, 'transitionHash', hash32),
    source: requiredField(message, 'source', hash32),
    target: requiredField(message, 'target', hash32),
    sourceHeight: requiredField(message, 'sourceHeight', height),
    targetHeight: requiredField(message, 'targetHeight', height),
  }
}

const signedVote: Parse<SignedVoteView> = (value) => {
  const vote = recordOf('mosaic.SignedVote')(value)
  const signature = requiredField(vote, 'signature', hexData)
  if (signature.length !== 2 + 2 * 64 && signature.length !== 2 + 2 * 65) {
    throw new ParameterError('signature: want 64 or 65 bytes')
  }
  return { message: requiredField(vote, 'message', voteMessage), signature }
}

/** Methods about checkpoints, votes, kernels and meta-blocks. What is not known is answered with null. */
export function createMosaicMethods(mosaic: MosaicPort): MethodTable {
  const ofCheckpoint = required(height)
  const active = optional(metaHeight, undefined)
  return {
    mosaic_status: method0(async () => toJson(await mosaic.status())),
    mosaic_checkpoint: method1(ofCheckpoint, async (at) => toJson(await mosaic.checkpoint(at))),
    mosaic_transitionObject: method1(ofCheckpoint, async (at) =>
      toJson(await mosaic.transitionObject(at)),
    ),
    mosaic_votes: method1(required(voteQuery), async (query) => toJson(await mosaic.votes(query))),
    mosaic_validatorSet: method1(active, async (at) => toJson(await mosaic.validatorSet(at))),
    mosaic_kernel: method1(active, async (at) => toJson(await mosaic.kernel(at))),
    mosaic_metaBlock: method1(required(metaHeight), async (at) =>
      toJson(await mosaic.metaBlock(at)),
    ),
    mosaic_sendVote: method1(required(signedVote), async (vote) => {
      const outcome = await mosaic.sendVote(vote)
      switch (outcome.kind) {
        case 'accepted':
          return outcome.link
        case 'deferred':
          throw serverError(`vote deferred: ${outcome.message}`)
        case 'rejected':
          throw new RpcError(ERROR_CODE.rejected, `vote rejected: ${outcome.message}`)
        default:
          return outcome satisfies never
      }
    }),
    mosaic_proof: method3(
      required(address),
      required(listOf(proofKey, MAX_PROOF_KEYS, '[]string')),
      required(metaHeight),
      async (account, keys, at): Promise<Json> => {
        const slots = keys.map(({ slot }) => slot)
        const anchored = await mosaic.proof(account, slots, at)
        if (anchored === undefined) return null
        return {
          height: quantity(anchored.height),
          blockNumber: quantity(anchored.blockNumber),
          blockHash: anchored.blockHash,
          stateRoot: anchored.stateRoot,
          header: anchored.header,
          proof: formatProof(anchored.proof, keys),
        }
      },
    ),
  }
}
