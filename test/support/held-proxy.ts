import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a server on which answers can be held back. */
export type HeldProxy = Readonly<{
  port: number
  /** Holds back what the server sends on these connections, by their number from 0, or on all. */
  hold(connections?: readonly number[]): void
  /** Lets everything through, what was held back first. */
  release(): void
  close(): Promise<void>
}>

/** Forwards connections to a port of this machine. */
export async function heldProxy(port: number): Promise<HeldProxy> {
  const ways: { client: Socket; server: Socket }[] = []
  let isHeld: (connection: number) => boolean = () => false
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    const number = ways.push({ client, server }) - 1
    client.pipe(server)
    server.pipe(client)
    if (isHeld(number)) server.unpipe(client).pause()
    for (const socket of [client, server]) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        client.destroy()
        server.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    hold: (connections) => {
      isHeld = (number) => connections?.includes(number) ?? true
      for (const [number, { client, server }] of ways.entries()) {
        if (isHeld(number)) server.unpipe(client).pause()
      }
    },
    release: () => {
      isHeld = () => false
      for (const { client, server } of ways) server.pipe(client)
    },
    close: async () => {
      for (const { client, server } of ways) {
        client.destroy()
        server.destroy()
      }
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
