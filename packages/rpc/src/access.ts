/** Which hosts and origins may talk to the server. */
export type Access = {
  /** Whether a request with this `Host` header is meant for us; guards against DNS rebinding. */
  readonly allowsHost: (host: string | undefined) => boolean
  /** Whether a page of this origin may ask; no origin means that no browser is involved. */
  readonly allowsOrigin: (origin: string | undefined) => boolean
}

/**
 * Hosts are names without port; addresses always pass, since a rebound name cannot be one. Origins are as browsers write
 * them (`https://wallet.example`); pages from this machine always pass. `*` in either list allows everything.
 */
export function createAccess(hosts: readonly string[], origins: readonly string[]): Access {
  const names = new Set(hosts.map((host) => host.toLowerCase()))
  /** The last one that was let in: clients say the same each time, and to read it takes longer than many a method. */
  let allowed: string | undefined
  return {
    allowsHost: (host) => {
      if (names.has('*') || (host !== undefined && host === allowed)) return true
      const name = hostName(host)
      if (name === undefined || !(isAddress(name) || names.has(name))) return false
      allowed = host
      return true
    },
    allowsOrigin: (origin) => {
      if (origin === undefined || origins.includes('*') || origins.includes(origin)) return true
      return isLoopback(origin)
    },
  }
}

/** As `isIP` of `node:net`, which nobody need load who serves nothing. */
function isAddress(name: string): boolean {
  return process.getBuiltinModule('node:net').isIP(name) !== 0
}

function hostName(host: string | undefined): string | undefined {
  if (host === undefined || host === '') return undefined
  const url = URL.parse(`http://${host}/`)
  if (url === null || url.pathname !== '/' || url.username !== '') return undefined
  return url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase()
}

function isLoopback(origin: string): boolean {
  const url = URL.parse(origin)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false
  return ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
}
