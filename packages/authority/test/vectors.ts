import { readFileSync } from 'node:fs'

/** A sequence of blocks, and what becomes of it. */
export type VotingCase = {
  readonly id: string
  readonly name: string
  readonly epoch: number | null
  readonly genesisSigners: readonly string[]
  readonly blocks: readonly {
    readonly signer: string
    readonly vote?: { readonly target: string; readonly authorize: boolean }
    readonly checkpointSigners?: readonly string[]
    readonly newImportBatch?: boolean
  }[]
  readonly expect:
    | { readonly finalSigners: readonly string[] }
    | { readonly error: string; readonly atBlock: number }
}

/** Fields of a header as JSON-RPC writes them. */
export type HeaderJson = Readonly<Record<string, string>>

/** `vectors/clique-voting.json`: facts about EIP-225 with their sources. */
export const vectors: {
  readonly cases: readonly VotingCase[]
  readonly headerRules: readonly {
    readonly id: string
    readonly when: string
    readonly error: string
  }[]
  readonly traps: readonly {
    readonly id: string
    readonly fact: string
    readonly case?: Pick<VotingCase, 'genesisSigners' | 'blocks' | 'expect'>
  }[]
  readonly vectors: {
    readonly sealHash: { readonly header: HeaderJson; readonly sealHash: string }
    readonly sealedBlock: {
      readonly secretKey: string
      readonly rlp: string
      readonly hash: string
      readonly sealHash: string
      readonly signer: string
      readonly coinbaseVote: string
      readonly nonce_in_rlp: string
    }
    readonly rinkebyBlock30000: {
      readonly header: HeaderJson
      readonly hash: string
      readonly sealHash: string
      readonly signer: string
      readonly signers: readonly string[]
    }
    readonly besuChain: {
      readonly blocks: readonly {
        readonly number: number
        readonly hash: string
        readonly signer: string | null
        readonly fields: number
        readonly headerRlp: string
      }[]
    }
  }
  readonly forkChoiceScenarios: readonly {
    readonly id: string
    readonly signers: number
    readonly forkA: readonly string[]
    readonly forkB: readonly string[]
    readonly totalDifficultyGain: { readonly A: number; readonly B: number }
  }[]
} = JSON.parse(readFileSync(new URL('vectors/clique-voting.json', import.meta.url), 'utf8'))
