import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Servers close what nobody has used for some seconds; this long it is used again. */
const IDLE_MS = 1000

/** Calls a method of JSON-RPC. Rejects with what the server answered if that is an error. */
export type Ask = (method: string, params?: readonly unknown[]) => Promise<unknown>

/** A client that has one connection and one request under way at a time. */
export type RpcClient = { readonly ask: Ask; readonly close: () => void }

/**
 * Connects to a server of JSON-RPC over HTTP. Servers and this program share the cores, so it does no more than it must: no agent, no
 * streams, one write for each request. It reads bodies with a length and bodies in chunks.
 */
export async function connectRpc(port: number): Promise<RpcClient> {
  const open = async (): Promise<Socket> => {
    const made = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(made, 'connect')
    return made
  }
  let socket = await open()
  let used = performance.now()
  let exchange = createExchange(socket, `127.0.0.1:${port}`)
  return {
    ask: async (method, params = []) => {
      if (performance.now() - used > IDLE_MS) {
        socket.destroy()
        socket = await open()
        exchange = createExchange(socket, `127.0.0.1:${port}`)
      }
      used = performance.now()
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
      const answer: { readonly result?: unknown; readonly error?: unknown } = JSON.parse(
        await exchange(body),
      )
      if (answer.error !== undefined) throw new Error(`${method}: ${JSON.stringify(answer.error)}`)
      return answer.result
    },
    close: () => {
      socket.destroy()
    },
  }
}

function createExchange(socket: Socket, host: string): (body: string) => Promise<string> {
  let text = ''
  let waiting:
    | { readonly resolve: (body: string) => void; readonly reject: (error: Error) => void }
    | undefined
  const fail = (error: Error): void => {
    waiting?.reject(error)
    waiting = undefined
  }
  // Bytes as letters, so that lengths are right; what is not ASCII is in no answer that is measured here.
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    const body = readBody(text)
    if (body === undefined) return
    text = ''
    waiting?.resolve(body)
    waiting = undefined
  })
  socket.on('error', fail)
  socket.on('close', () => {
    fail(new Error('the server closed the connection'))
  })
  return (body) => {
    const answer = new Promise<string>((resolve, reject) => {
      waiting = { resolve, reject }
    })
    socket.write(
      `POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    return answer
  }
}

/** The body of a response; undefined while it is not all there. */
function readBody(text: string): string | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const length = /^content-length: *(\d+)/im.exec(head)?.[1]
  if (length !== undefined) {
    const last = end + 4 + Number(length)
    return text.length < last ? undefined : text.slice(end + 4, last)
  }
  if (!text.endsWith('0\r\n\r\n')) return undefined
  let body = ''
  for (let at = end + 4; ; ) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    if (size === 0) return body
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}
