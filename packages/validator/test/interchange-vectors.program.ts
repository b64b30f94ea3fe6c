/**
 * Runs the public test vectors of EIP-3076 through the guard: `npm run test:interchange -- <directory of their JSON files>`. Attestations
 * are votes on one chain, epochs are heights. Blocks have no part in this protocol's offences and are counted as left out.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Address, keccak256, toAddress, toHash32, utf8ToBytes } from '@mosaic/primitives'
import {
  createMemoryJournal,
  InterchangeError,
  openSigningGuard,
  parseInterchange,
  type SigningGuard,
  SigningRefusedError,
} from '../src/index.ts'
import { AUXILIARY, IDENTITY, voteOf } from './votes.ts'

type Members = Readonly<Record<string, unknown>>

let passed = 0
let failed = 0
let leftOut = 0
let attempts = 0

const [directory = ''] = process.argv.slice(2)
const files = readdirSync(directory).filter((name) => name.endsWith('.json'))
for (const name of files)
  await runFile(name, members(JSON.parse(readFileSync(join(directory, name), 'utf8'))))
process.stdout.write(
  `${leftOut} attempts to sign blocks left out\n${passed} passed, ${failed} failed\n`,
)
process.exitCode = failed > 0 || files.length === 0 ? 1 : 0

async function runFile(name: string, file: Members): Promise<void> {
  const root = toHash32(String(file['genesis_validators_root']))
  const guards = new Map<Address, SigningGuard>()
  const guardOf = async (address: Address): Promise<SigningGuard> => {
    const known = guards.get(address)
    if (known !== undefined) return known
    const identity = { ...IDENTITY, validator: address }
    const guard = await openSigningGuard(createMemoryJournal(), identity, async () => '0x')
    guards.set(address, guard)
    return guard
  }
  for (const [index, step] of items(file['steps']).entries()) {
    const where = `${name}, step ${index + 1}`
    const taken = await take(members(step['interchange']), root, guardOf)
    check(taken === step['should_succeed'], `${where}: import ${taken ? 'taken' : 'refused'}`)
    leftOut += items(step['blocks']).length
    for (const attempt of items(step['attestations'])) {
      const guard = await guardOf(addressOf(attempt))
      const signs = await trySign(guard, attempt)
      const wanted = attempt['should_succeed'] === true
      const allowed = wanted || attempt['should_succeed_complete'] === true
      check(
        signs === wanted || (signs && allowed),
        `${where}: ${JSON.stringify(attempt)} ${signs ? 'signed' : 'refused'}`,
      )
    }
  }
}

async function take(
  interchange: Members,
  root: ReturnType<typeof toHash32>,
  guardOf: (address: Address) => Promise<SigningGuard>,
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
      await (await guardOf(address)).takeOver(history)
    }
    return true
  } catch (error) {
    if (error instanceof InterchangeError) return false
    throw error
  }
}

async function trySign(guard: SigningGuard, attempt: Members): Promise<boolean> {
  const [source, target] = [attempt['source_epoch'], attempt['target_epoch']].map((epoch) =>
    BigInt(String(epoch)),
  )
  attempts++
  const target32 = keccak256(utf8ToBytes(JSON.stringify(attempt['signing_root'] ?? attempts)))
  try {
    await guard.sign(voteOf(source ?? 0n, target ?? 0n, { target: target32 }))
    return true
  } catch (error) {
    if (error instanceof SigningRefusedError) return false
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
