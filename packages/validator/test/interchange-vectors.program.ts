/**
 * Runs the public test vectors of EIP-3076 through the guard: `npm run test:interchange -- <directory of their JSON files>`. Attestations
 * are votes on one chain, epochs are heights; slots are block numbers upon one justified checkpoint.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Address,
  keccak256,
  toAddress,
  toBlockNumber,
  toHash32,
  toHeight,
  utf8ToBytes,
} from '@mosaic/primitives'
import {
  createMemoryJournal,
  InterchangeError,
  openSealGuard,
  openSigningGuard,
  parseInterchange,
  type SealGuard,
  SealRefusedError,
  type SigningGuard,
  SigningRefusedError,
} from '../src/index.ts'
import { AUXILIARY, IDENTITY, voteOf } from './votes.ts'

type Members = Readonly<Record<string, unknown>>

let passed = 0
let failed = 0
let attempts = 0

const [directory = ''] = process.argv.slice(2)
const files = readdirSync(directory).filter((name) => name.endsWith('.json'))
for (const name of files)
  await runFile(name, members(JSON.parse(readFileSync(join(directory, name), 'utf8'))))
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed > 0 || files.length === 0 ? 1 : 0

type Guards = { readonly votes: SigningGuard; readonly seals: SealGuard }

async function runFile(name: string, file: Members): Promise<void> {
  const root = toHash32(String(file['genesis_validators_root']))
  const guards = new Map<Address, Guards>()
  const guardsOf = async (address: Address): Promise<Guards> => {
    const known = guards.get(address)
    if (known !== undefined) return known
    const identity = { ...IDENTITY, validator: address }
    const sealer = { signer: address, domain: IDENTITY.domain }
    const opened = {
      votes: await openSigningGuard(createMemoryJournal(), identity, async () => '0x'),
      seals: await openSealGuard(createMemoryJournal(), sealer, async () => '0x'),
    }
    guards.set(address, opened)
    return opened
  }
  for (const [index, step] of items(file['steps']).entries()) {
    const where = `${name}, step ${index + 1}`
    const taken = await take(members(step['interchange']), root, guardsOf)
    check(taken === step['should_succeed'], `${where}: import ${taken ? 'taken' : 'refused'}`)
    const attempt = async (
      message: Members,
      sign: (guards: Guards, message: Members) => Promise<unknown>,
    ): Promise<void> => {
      const signs = await isSigned(sign(await guardsOf(addressOf(message)), message))
      const wanted = message['should_succeed'] === true
      const allowed = wanted || message['should_succeed_complete'] === true
      check(
        signs === wanted || (signs && allowed),
        `${where}: ${JSON.stringify(message)} ${signs ? 'signed' : 'refused'}`,
      )
    }
    for (const block of items(step['blocks'])) await attempt(block, seal)
    for (const attestation of items(step['attestations'])) await attempt(attestation, vote)
  }
}

async function take(
  interchange: Members,
  root: ReturnType<typeof toHash32>,
  guardsOf: (address: Address) => Promise<Guards>,
): Promise<boolean> {
  const data = items(interchange['data'])
  const mapped = JSON.stringify({
    ...interchange,
    data: data.map((entry) => ({ ...entry, pubkey: addressOf(entry) })),
  })
  try {
    parseInterchange(mapped, root, IDENTITY.validator, [AUXILIARY])
    for (const address of new Set(data.map(addressOf))) {
      const history = parseInterchange(mapped, root, address, [AUXILIARY])
      const { votes, seals } = await guardsOf(address)
      await votes.takeOver(history)
      if (history.sealed !== undefined) await seals.takeOver(history.sealed.number)
    }
    return true
  } catch (error) {
    if (error instanceof InterchangeError) return false
    throw error
  }
}

async function vote({ votes }: Guards, attempt: Members): Promise<unknown> {
  const [source, target] = [attempt['source_epoch'], attempt['target_epoch']].map((epoch) =>
    BigInt(String(epoch)),
  )
  return votes.sign(voteOf(source ?? 0n, target ?? 0n, { target: rootOf(attempt) }))
}

async function seal({ seals }: Guards, attempt: Members): Promise<unknown> {
  return seals.seal({
    number: toBlockNumber(BigInt(String(attempt['slot']))),
    justifiedHeight: toHeight(0n),
    sealHash: rootOf(attempt),
    preimage: new Uint8Array(),
  })
}

/** What is signed; a message without a root is like no other. */
function rootOf(attempt: Members): ReturnType<typeof keccak256> {
  attempts++
  return keccak256(utf8ToBytes(JSON.stringify(attempt['signing_root'] ?? attempts)))
}

async function isSigned(signature: Promise<unknown>): Promise<boolean> {
  try {
    await signature
    return true
  } catch (error) {
    if (error instanceof SigningRefusedError || error instanceof SealRefusedError) return false
    throw error
  }
}

/** An address in the place of a BLS key. */
function addressOf(entry: Members): Address {
  return toAddress(`0x${keccak256(utf8ToBytes(String(entry['pubkey']))).slice(-40)}`)
}

function check(isRight: boolean, what: string): void {
  if (isRight) passed++
  else {
    failed++
    process.stdout.write(`FAILED ${what}\n`)
  }
}

function members(value: unknown): Members {
  return Object.fromEntries(Object.entries(Object(value)))
}

function items(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.map(members) : []
}
