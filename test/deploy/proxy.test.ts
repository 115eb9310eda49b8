import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { request, type RequestOptions } from 'node:https'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { missing, programAt, provision } from './provisioned.ts'

/**
 * The real HAProxy with our configuration, before two servers that do as they are told: what is tested is
 * whom it asks, how often, and that it holds nothing back. The addresses and times of checks are the test's.
 */
type Answering = (request: IncomingMessage, answer: ServerResponse) => void

type Node = {
  port: number
  server: Server
  ready: number
  alive: number
  /** What of the API was asked: method and path. */
  asked: string[]
  answering: Answering
}

const usual: Answering = (_request, answer) => void answer.end('done')

describe.skipIf(missing('haproxy') ?? missing('openssl'))('the proxy', { timeout: 60_000 }, () => {
  let root: string
  let port: number
  let proxy: ChildProcess
  let ca: string
  const nodes: Node[] = []
  let said = ''

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'custody-proxy-'))
    provision(root)
    ca = readFileSync(join(root, 'proxy', 'ca.crt'), 'utf8')
    // HAProxy reads it before it gives up its rights.
    cpSync(join(root, 'proxy', 'proxy.pem'), join(root, 'proxy.pem'))
    nodes.push(await startNode(), await startNode())
    port = await freePort()
    const file = join(root, 'haproxy.cfg')
    writeFileSync(
      file,
      readFileSync('deploy/haproxy.cfg', 'utf8')
        .replace('inter 3s', 'inter 100ms')
        .replace('127.0.0.1:8404', `127.0.0.1:${await freePort()}`),
    )
    const env = {
      PROXY_PORT: String(port),
      PROXY_CERTIFICATE: join(root, 'proxy.pem'),
      CUSTODY_NODE_1: `127.0.0.1:${nodes[0]!.port}`,
      CUSTODY_NODE_2: `127.0.0.1:${nodes[1]!.port}`,
    }
    // As it stands in the tree it is valid too.
    execFileSync(programAt('haproxy')!, ['-c', '-f', 'deploy/haproxy.cfg'], { env, stdio: 'pipe' })
    proxy = spawn(programAt('haproxy')!, ['-db', '-f', file], { env })
    for (const stream of [proxy.stdout!, proxy.stderr!]) {
      stream.on('data', (chunk: Buffer) => void (said += chunk.toString()))
    }
    await until(
      () =>
        ask('GET', '/v1/status').then(
          () => true,
          () => false,
        ),
      () => said,
    )
  }, 90_000)

  afterAll(async () => {
    const gone = once(proxy, 'exit')
    proxy.kill('SIGKILL')
    await gone
    for (const { server } of nodes) {
      server.closeAllConnections()
      server.close()
    }
    rmSync(root, { recursive: true, force: true })
  })

  afterEach(async () => {
    for (const node of nodes) Object.assign(node, { ready: 200, alive: 200, answering: usual })
    await bothServe()
    for (const node of nodes) node.asked = []
  })

  const open = (options: RequestOptions) =>
    request({ host: '127.0.0.1', servername: 'localhost', port, ca, agent: false, ...options })

  async function ask(
    method: string,
    path: string,
    body = '',
    headers: RequestOptions['headers'] = {},
  ) {
    const asking = open({
      method,
      path,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    })
    asking.end(body)
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of answer) text += String(chunk)
    return { status: answer.statusCode, type: answer.headers['content-type'], text }
  }

  /** Asks until each of the two answers. */
  async function bothServe(): Promise<void> {
    for (const node of nodes) node.asked = []
    await until(async () => {
      await ask('GET', '/v1/both').catch(() => null)
      return nodes.every(({ asked }) => asked.length > 0)
    })
  }

  /** Asks until several requests after one another have all gone to this one. */
  async function only(wanted: Node): Promise<void> {
    const other = nodes.find((node) => node !== wanted)!
    await until(async () => {
      other.asked = []
      for (let time = 0; time < 4; time += 1) await ask('GET', '/v1/only')
      return other.asked.length === 0
    })
  }

  it('asks no node that is not ready', async () => {
    nodes[0]!.ready = 503
    await only(nodes[1]!)
  })

  it('asks one that lives where none is ready: it knows why', async () => {
    for (const node of nodes) node.ready = 503
    const why: Answering = (_request, answer) =>
      void answer.writeHead(503).end('the ledger is away')
    for (const node of nodes) node.answering = why
    nodes[0]!.alive = 500
    await only(nodes[1]!)
    expect(await ask('POST', '/v1/acts')).toMatchObject({ status: 503, text: 'the ledger is away' })
  })

  it('says itself that nobody answers, as a problem', async () => {
    for (const node of nodes) Object.assign(node, { ready: 503, alive: 503 })
    await until(async () => (await ask('GET', '/v1/none')).status === 503)
    const { type, text } = await ask('POST', '/v1/acts')
    expect(type).toBe('application/problem+json')
    expect(JSON.parse(text)).toMatchObject({ status: 503, detail: 'Nothing was recorded.' })
  })

  it('never sends a write twice, though its node broke off', async () => {
    const breaking: Answering = (request) => {
      request.resume()
      request.once('end', () => request.socket.destroy())
    }
    for (const node of nodes) node.answering = breaking
    for (let time = 0; time < 6; time += 1) {
      const answer = await ask('POST', '/v1/acts', '{}').catch(() => null)
      // Either a 502 that says so, or a connection that is closed.
      if (answer) expect(answer).toMatchObject({ status: 502, type: 'application/problem+json' })
    }
    expect(
      nodes.flatMap(({ asked }) => asked).filter((one) => one === 'POST /v1/acts'),
    ).toHaveLength(6)
  })

  it('sends what nobody has taken yet to the other node', async () => {
    const [first, second] = nodes as [Node, Node]
    const gone = once(first.server, 'close')
    first.server.closeAllConnections()
    first.server.close()
    await gone
    try {
      for (let time = 0; time < 4; time += 1) {
        expect(await ask('POST', '/v1/acts', '{}')).toMatchObject({ status: 200 })
      }
      expect(second.asked.filter((one) => one === 'POST /v1/acts')).toHaveLength(4)
    } finally {
      first.server.listen(first.port, '127.0.0.1')
    }
  })

  it('passes lines on as they come, both ways at once', async () => {
    const echo: Answering = (request, answer) => {
      answer.writeHead(200, { 'content-type': 'application/x-ndjson' })
      request.pipe(answer)
    }
    for (const node of nodes) node.answering = echo
    const asking = open({ method: 'POST', path: '/v1/acts/batch' })
    asking.write('line 1\n')
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    const lines: string[] = []
    for await (const chunk of answer) {
      lines.push(...String(chunk).trim().split('\n'))
      if (lines.length < 5) asking.write(`line ${lines.length + 1}\n`)
      else asking.end()
    }
    expect(lines).toEqual(['line 1', 'line 2', 'line 3', 'line 4', 'line 5'])
  })

  it('passes bodies of any length, and believes no address that a client names', async () => {
    const telling: Answering = (request, answer) => {
      let bytes = 0
      request.on('data', (chunk: Buffer) => void (bytes += chunk.length))
      request.on('end', () => answer.end(`${bytes} ${request.headers['x-forwarded-for']}`))
    }
    for (const node of nodes) node.answering = telling
    const body = 'x'.repeat(32 * 1024 * 1024)
    const headers = { 'x-forwarded-for': '203.0.113.9', 'idempotency-key': 'one' }
    const { text } = await ask('POST', '/v1/acts/batch', body, headers)
    expect(text).toBe(`${body.length} 127.0.0.1`)
  })

  it('writes no path into its log', async () => {
    await ask('GET', '/v1/secret-path?with=query')
    await until(async () => /127\.0\.0\.1 GET 200 ready\/custody[12] /.test(said))
    expect(said).not.toContain('secret-path')
  })

  async function startNode(): Promise<Node> {
    const server = createServer((incoming, answer) => {
      if (incoming.url === '/readyz') return void answer.writeHead(node.ready).end()
      if (incoming.url === '/healthz') return void answer.writeHead(node.alive).end()
      node.asked.push(`${incoming.method} ${incoming.url}`)
      node.answering(incoming, answer)
    }).listen(0, '127.0.0.1')
    const node: Node = { port: 0, server, ready: 200, alive: 200, asked: [], answering: usual }
    await once(server, 'listening')
    node.port = (server.address() as AddressInfo).port
    return node
  }
})

/** Waits until it is so. @throws Error when it is not so in half a minute */
async function until(check: () => Promise<boolean>, why = () => ''): Promise<void> {
  const started = performance.now()
  while (!(await check())) {
    if (performance.now() - started > 30_000) throw new Error(`it did not come about: ${why()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
