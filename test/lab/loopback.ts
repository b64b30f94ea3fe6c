import { createServer } from 'node:net'
import type { LabOptions } from './lab-network.ts'

/** Free ports of this machine for a network of so many nodes. */
export async function placeOnLoopback(
  nodes: number,
): Promise<Pick<LabOptions, 'place' | 'origin' | 'wrap'>> {
  const host = '127.0.0.1'
  const servers = Array.from({ length: 2 * nodes + 1 }, () => createServer())
  // All at once: a port that was closed may be given away again.
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject)
          server.listen(0, host, () => {
            const address = server.address()
            resolve(typeof address === 'object' ? (address?.port ?? 0) : 0)
          })
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  const portOf = (at: number): number => ports[at] ?? 0
  return {
    place: (index) => ({ host, p2pPort: portOf(2 * index), rpcPort: portOf(2 * index + 1) }),
    origin: { host, port: portOf(2 * nodes) },
    wrap: () => [],
  }
}
