import { createHmac } from 'node:crypto'
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { receiverCertificate, receiverKey } from './receiver-certificate.ts'

/** A request as it came. */
export type Received = Readonly<{
  method: string
  path: string
  headers: Readonly<Record<string, string>>
  body: string
}>

/** A downstream system on loopback that answers as a test says. */
export type Receiver = Readonly<{
  port: number
  url: string
  received: readonly Received[]
  /** How many connections there ever were. */
  connections: () => number
  /** From now on. */
  answer: (answer: Answer) => void
  close: () => Promise<void>
}>

type Answer = (response: ServerResponse, received: Received) => void

export const says =
  (status: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (response) =>
    void response.writeHead(status, headers).end(body)

/** Listens on 127.0.0.1, at any free port. */
export async function openReceiver(options: { tls?: boolean } = {}): Promise<Receiver> {
  const received: Received[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let answer: Answer = says(204)
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('error', () => {})
    response.on('error', () => {})
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '' } = request
      const body = Buffer.concat(chunks).toString('utf8')
      const one = { method, path, headers: request.headers as Record<string, string>, body }
      received.push(one)
      answer(response, one)
    })
  }
  const server = options.tls
    ? createHttps({ cert: receiverCertificate, key: receiverKey }, take)
    : createHttp(take)
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}/in`,
    received,
    connections: () => connections,
    answer: (next) => void (answer = next),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/**
 * Verifies a message as the specification tells a receiver to (Standard Webhooks 1.0.0, "Verifying
 * signatures"), written from its text: the secret is what follows `whsec_`, as base64; of the signatures,
 * which are apart by spaces, one of version `v1` must be that of `<id>.<timestamp>.<body>`.
 */
export function verifies({ headers, body }: Received, secret: string): boolean {
  const [, base64 = ''] = /^whsec_(.+)$/.exec(secret) ?? []
  const key = Buffer.from(base64, 'base64')
  const signed = [headers['webhook-id'], headers['webhook-timestamp'], body].join('.')
  const wanted = createHmac('sha256', key).update(signed, 'utf8').digest('base64')
  const signatures = (headers['webhook-signature'] ?? '').split(' ')
  return key.length >= 24 && signatures.some((one) => one === `v1,${wanted}`)
}
