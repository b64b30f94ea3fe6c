import { createHmac, timingSafeEqual } from 'node:crypto'
import { isRecord } from './json.ts'

/** Tells whether a bearer token was made with the secret, lately. */
export type TokenCheck = (authorization: string | undefined) => 'absent' | 'valid' | 'invalid'

/** How old or early a token may be, as on the engine API of Ethereum's nodes. */
const TOLERANCE_SECONDS = 60

/**
 * Checks `Authorization: Bearer` headers: JSON Web Tokens signed by HMAC-SHA256 (RFC 7519) whose `iat` is at most a minute off.
 *
 * @param secret 32 bytes or more.
 * @param nowMs milliseconds since 1970.
 */
export function createTokenCheck(secret: Uint8Array, nowMs: () => number): TokenCheck {
  if (secret.length < 32)
    throw new RangeError(`expected a secret of at least 32 bytes, received ${secret.length}`)
  return (authorization) => {
    if (authorization === undefined) return 'absent'
    const [, token] = /^Bearer ([\w.-]{1,4096})$/i.exec(authorization) ?? []
    const [head, body, signature, ...more] = token?.split('.') ?? []
    if (head === undefined || body === undefined || signature === undefined || more.length > 0) {
      return 'invalid'
    }
    const { alg } = readPart(head)
    const { iat, exp } = readPart(body)
    const right = createHmac('sha256', secret).update(`${head}.${body}`).digest()
    const given = Buffer.from(signature, 'base64url')
    const now = nowMs() / 1000
    const isValid =
      alg === 'HS256' &&
      given.length === right.length &&
      timingSafeEqual(given, right) &&
      typeof iat === 'number' &&
      Math.abs(now - iat) <= TOLERANCE_SECONDS &&
      (exp === undefined || (typeof exp === 'number' && exp > now))
    return isValid ? 'valid' : 'invalid'
  }
}

/**
 * Makes a token as {@link createTokenCheck} wants it.
 *
 * @param nowMs milliseconds since 1970.
 */
export function createToken(secret: Uint8Array, nowMs: number): string {
  const head = encodePart({ alg: 'HS256', typ: 'JWT' })
  const signed = `${head}.${encodePart({ iat: Math.floor(nowMs / 1000) })}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function readPart(part: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}
