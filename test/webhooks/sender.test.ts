import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSender, type SenderOptions } from '../../src/webhooks/sender.ts'
import { spellSecret } from '../../src/webhooks/signing.ts'
import { createTargets, parseAllowances } from '../../src/webhooks/targets.ts'
import { receiverCertificate } from '../support/receiver-certificate.ts'
import { openReceiver, says, verifies, type Receiver } from '../support/receiver.ts'

const secret = Buffer.alloc(32, 7)
const now = Date.parse('2014-07-01T12:00:00.000Z') / 1000
const message = (url: string) => ({
  id: 'msg-0123456789abcdef0123456789abcdef',
  url,
  body: '{"type":"person.erased","data":{"text":"Größe – 日本語 🦉"}}',
  timestamp: now,
  secrets: [secret],
})
const failed = (
  code: string,
  status: number | null = null,
  retryAfterSeconds: number | null = null,
) => ({
  delivered: false,
  code,
  status,
  retryAfterSeconds,
})

const open: Receiver[] = []
let receiver: Receiver
beforeEach(async () => {
  receiver = await started()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function started(options: { tls?: boolean } = {}): Promise<Receiver> {
  const one = await openReceiver(options)
  open.push(one)
  return one
}

/** A sender that may post to that port of loopback. */
function senderTo(port: number, options: Partial<SenderOptions> = {}, more = '') {
  const targets = createTargets(parseAllowances(`127.0.0.1:${port} ${more}`))
  return createSender({ targets, deadlineMs: 2_000, ...options })
}
const send = (options: Partial<SenderOptions> = {}) =>
  senderTo(receiver.port, options)(message(receiver.url))

const resolvingTo =
  (...answers: string[][]) =>
  () => {
    const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? []
    return Promise.resolve(
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }

describe('a message', () => {
  it('is posted as it is, signed, and confirmed by any 2xx', async () => {
    for (const status of [200, 201, 202, 204, 299]) {
      receiver.answer(says(status))
      expect(await send()).toEqual({ delivered: true, status })
    }
    const [first] = receiver.received
    const { body, id } = message(receiver.url)
    expect(first).toMatchObject({ method: 'POST', path: '/in', body })
    expect(first!.headers).toMatchObject({
      host: `127.0.0.1:${receiver.port}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'webhook-id': id,
      'webhook-timestamp': String(now),
    })
    expect(verifies(first!, spellSecret(secret))).toBe(true)
    expect(verifies(first!, spellSecret(Buffer.alloc(32, 8)))).toBe(false)
  })

  it('is not confirmed by any other answer, and says which it was', async () => {
    for (const status of [400, 401, 404, 429, 500, 503]) {
      receiver.answer(says(status))
      expect(await send()).toEqual(failed('rejected', status))
    }
    receiver.answer(says(410))
    expect(await send()).toEqual(failed('gone', 410))
  })

  it('is put off as the receiver asks, in seconds or to a date', async () => {
    receiver.answer(says(503, { 'retry-after': '120' }))
    expect(await send()).toEqual(failed('rejected', 503, 120))
    receiver.answer(says(429, { 'retry-after': 'Tue, 01 Jul 2014 12:01:30 GMT' }))
    expect(await send()).toEqual(failed('rejected', 429, 90))
    receiver.answer(says(429, { 'retry-after': 'Tue, 01 Jul 2014 11:00:00 GMT' }))
    expect(await send()).toEqual(failed('rejected', 429, 0))
    for (const nonsense of ['soon', '-5', '1e99', '99999999999999999999']) {
      receiver.answer(says(503, { 'retry-after': nonsense }))
      const result = await send()
      expect(result).toMatchObject({ delivered: false, status: 503 })
      if (result.delivered || result.retryAfterSeconds === null) continue
      expect(Number.isSafeInteger(result.retryAfterSeconds)).toBe(true)
    }
  })

  it('never follows a redirect', async () => {
    const elsewhere = await started()
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.answer(says(status, { location: elsewhere.url }))
      expect(await send()).toEqual(failed('redirected', status))
    }
    expect(elsewhere.connections()).toBe(0)
  })
})

describe('over TLS', () => {
  const trusting = { ca: receiverCertificate }

  it('a message arrives where the certificate is of the name that was asked for', async () => {
    const secure = await started({ tls: true })
    const resolve = resolvingTo(['127.0.0.1'])
    const send = senderTo(secure.port, { ...trusting, resolve })
    const path = `:${secure.port}/in`
    expect(await send(message(`https://hooks.example.org${path}`))).toMatchObject({
      delivered: true,
    })
    expect(await send(message(`https://127.0.0.1${path}`))).toMatchObject({ delivered: true })
    expect(secure.received[0]?.headers['host']).toBe(`hooks.example.org:${secure.port}`)
    expect(await send(message(`https://other.example.org${path}`))).toEqual(failed('tls_failed'))
    expect(secure.received).toHaveLength(2)
  })

  it('nothing is said to a certificate that nobody vouches for, whatever the environment says', async () => {
    const secure = await started({ tls: true })
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      const result = await senderTo(secure.port)(message(secure.url))
      expect(result).toEqual(failed('tls_failed'))
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    }
    expect(secure.received).toEqual([])
  })

  it('nothing is said to who speaks no TLS', async () => {
    const url = receiver.url.replace('http:', 'https:')
    expect(await senderTo(receiver.port)(message(url))).toEqual(failed('tls_failed'))
    expect(receiver.received).toEqual([])
  })
})

describe('where a message may not go', () => {
  it.each([
    ...['127.0.0.1', '127.1', '0x7f.1', '0x7f000001', '2130706433', '0177.0.0.1', '[::1]'],
    ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '169.254.169.254', '10.0.0.1', '[fe80::1]'],
  ])('is %s, by default', async (host) => {
    const send = createSender({ targets: createTargets([]) })
    const url = `https://${host}/in`
    expect(await send(message(url))).toEqual(failed('address_not_allowed'))
    expect(receiver.connections()).toBe(0)
  })

  it('is another port, and http, by default', async () => {
    const send = createSender({ targets: createTargets([]), resolve: resolvingTo(['8.8.8.8']) })
    for (const url of ['http://hooks.example.org/', 'https://hooks.example.org:8443/']) {
      expect(await send(message(url))).toEqual(failed('url_not_allowed'))
    }
  })

  it('is a name that leads to a private address, alone or among others', async () => {
    const targets = createTargets([])
    for (const addresses of [
      ['127.0.0.1'],
      ['::1'],
      ['::ffff:127.0.0.1'],
      ['8.8.8.8', '10.0.0.1'],
      ['2606:4700::1111', 'fd00::1'],
    ]) {
      const send = createSender({ targets, resolve: resolvingTo(addresses) })
      const result = await send(message('https://hooks.example.org/'))
      expect(result, addresses.join()).toEqual(failed('address_not_allowed'))
    }
  })

  it('is localhost by its name, as the system resolves it', async () => {
    const send = createSender({ targets: createTargets([]) })
    const result = await send(message('https://localhost/'))
    expect(result).toEqual(failed('address_not_allowed'))
  })

  it('is where a name leads the second time: what was checked is what is connected to', async () => {
    // First loopback, which is allowed here, then an address where another receiver listens.
    let asked = 0
    const answers = resolvingTo(['127.0.0.1'], ['127.0.0.2'])
    const resolve = () => {
      asked += 1
      return answers()
    }
    const send = senderTo(receiver.port, { resolve })
    const url = `http://hooks.example.org:${receiver.port}/in`
    expect(await send(message(url))).toMatchObject({ delivered: true })
    expect(asked).toBe(1)
    expect(await send(message(url))).toEqual(failed('address_not_allowed'))
    expect(receiver.received).toHaveLength(1)
  })

  it('is a name without an address', async () => {
    const nothing = createSender({ targets: createTargets([]), resolve: resolvingTo([]) })
    const url = 'https://hooks.example.org/'
    expect(await nothing(message(url))).toEqual(failed('name_not_resolved'))
    const failing = createSender({
      targets: createTargets([]),
      resolve: () => Promise.reject(new Error('SERVFAIL')),
    })
    expect(await failing(message(url))).toEqual(failed('name_not_resolved'))
  })
})

describe('a receiver that misbehaves is left in time', () => {
  const within = async <T>(milliseconds: number, work: () => Promise<T>): Promise<T> => {
    const began = performance.now()
    const result = await work()
    expect(performance.now() - began).toBeLessThan(milliseconds)
    return result
  }

  it('when it never answers', async () => {
    receiver.answer(() => {})
    const result = await within(1_500, () => send({ deadlineMs: 300 }))
    expect(result).toEqual(failed('timed_out'))
  })

  it('when its name is never resolved', async () => {
    const resolve = () => new Promise<never>(() => {})
    const slow = senderTo(receiver.port, { resolve, deadlineMs: 300 })
    const url = `http://hooks.example.org:${receiver.port}/in`
    expect(await within(1_500, () => slow(message(url)))).toEqual(failed('timed_out'))
  })

  it('when it answers without end: the status is enough', async () => {
    let written = 0
    let closed = false
    receiver.answer((response) => {
      response.writeHead(200)
      const more = () => {
        written += 65_536
        if (!closed && response.write(Buffer.alloc(65_536))) setImmediate(more)
      }
      response.on('drain', more)
      response.on('close', () => (closed = true))
      more()
    })
    expect(await within(1_000, () => send())).toEqual({ delivered: true, status: 200 })
    await expect.poll(() => closed, { timeout: 2_000 }).toBe(true)
    expect(written).toBeLessThan(64 * 1024 * 1024)
  })

  it('when it answers byte by byte, for ever', async () => {
    let closed = false
    receiver.answer((response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write('.'), 20)
      response.on('close', () => {
        clearInterval(drip)
        closed = true
      })
    })
    expect(await within(1_000, () => send())).toEqual({ delivered: true, status: 200 })
    await expect.poll(() => closed, { timeout: 3_000 }).toBe(true)
  })

  it('when nobody listens', async () => {
    await receiver.close()
    expect(await send()).toEqual(failed('connection_failed'))
  })
})

describe('a receiver that speaks no HTTP', () => {
  let server: Server
  let speak: (socket: Socket) => void
  beforeEach(async () => {
    server = createServer((socket) => {
      socket.on('error', () => {})
      speak(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => void server.close())

  const post = () => {
    const { port } = server.address() as AddressInfo
    return senderTo(port, { deadlineMs: 500 })(message(`http://127.0.0.1:${port}/in`))
  }

  it('confirms nothing', async () => {
    const said = [
      ['hello\r\n\r\n', 'answer_malformed'],
      ['HTTP/1.1 200 OK\r\nx: ' + 'a'.repeat(100_000), 'answer_malformed'],
      ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(3), 'timed_out'],
      ['HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 'rejected'],
      ['HTTP/1.1 200', 'timed_out'],
    ] as const
    for (const [text, code] of said) {
      speak = (socket) => void socket.write(text)
      expect(await post(), text.slice(0, 40)).toMatchObject({ delivered: false, code })
    }
    speak = (socket) => void socket.destroy()
    expect(await post()).toEqual(failed('connection_failed'))
    speak = (socket) => void socket.end()
    expect(await post()).toEqual(failed('connection_failed'))
  })
})
