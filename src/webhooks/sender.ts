import { lookup } from 'node:dns/promises'
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { DeliveryResult } from '../domain/notification/decider.ts'
import type { DeliveryFault } from '../domain/notification/events.ts'
import { signatureHeaders } from './signing.ts'
import { targetOf, type Target, type Targets } from './targets.ts'

/** One attempt. `body` is posted as it is; `secrets` sign it, the newest first. */
export type Message = Readonly<{
  id: string
  url: string
  body: string
  /** Of this attempt, in seconds since 1970. */
  timestamp: number
  secrets: readonly Uint8Array[]
}>

type Resolved = Readonly<{ address: string; family: number }>

export type SenderOptions = Readonly<{
  targets: Targets
  /** Every address of a name. Left out: as the system resolves it. */
  resolve?: (host: string) => Promise<readonly Resolved[]>
  /** For all of an attempt, from the name to the answer. Standard Webhooks asks for 15 to 30 s. */
  deadlineMs?: number
  /** Authorities beside the system's, as PEM. */
  ca?: string
}>

/** Posts a message once. Answers what came of it; it never throws for what the network does. */
export type Sender = (message: Message) => Promise<DeliveryResult>

const DEADLINE_MS = 15_000

/** How much of an answer's body is read, and for how long; all of it is thrown away. */
const MOST_BODY_BYTES = 4_096
const BODY_MS = 1_000

/**
 * A sender that goes only where `targets` allow. A name is resolved here, once: every address that it has
 * must be allowed, and the connection is made to one of exactly those, so that a name that answers
 * otherwise the next time (DNS rebinding) leads nowhere. Redirects are not followed, proxies not used.
 */
export function createSender(options: SenderOptions): Sender {
  const { targets, resolve = resolveBySystem, deadlineMs = DEADLINE_MS, ca } = options
  return async (message) => {
    const target = targetOf(message.url)
    if (!targets.mayAsk(target)) {
      return failed(isIP(target.host) === 0 ? 'url_not_allowed' : 'address_not_allowed')
    }
    const deadline = AbortSignal.timeout(deadlineMs)
    const addresses = await addressesOf(target.host, resolve, deadline)
    if (addresses === 'late') return failed('timed_out')
    if (addresses.length === 0) return failed('name_not_resolved')
    if (!addresses.every(({ address }) => targets.mayReach(target, address))) {
      return failed('address_not_allowed')
    }
    return post(target, message, {
      lookup: pinnedTo(addresses),
      signal: deadline,
      ...(ca === undefined ? {} : { ca }),
    })
  }
}

const resolveBySystem = (host: string) => lookup(host, { all: true, order: 'verbatim' })

async function addressesOf(
  host: string,
  resolve: NonNullable<SenderOptions['resolve']>,
  deadline: AbortSignal,
): Promise<readonly Resolved[] | 'late'> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family }]
  const late = Promise.withResolvers<'late'>()
  const onAbort = () => late.resolve('late')
  deadline.addEventListener('abort', onAbort)
  try {
    return await Promise.race([resolve(host).catch(() => []), late.promise])
  } finally {
    deadline.removeEventListener('abort', onAbort)
  }
}

/** Answers the addresses that were checked, whatever the name leads to by now. */
function pinnedTo(addresses: readonly Resolved[]): LookupFunction {
  return (_host, { all }, callback) => {
    const [first] = addresses
    if (all) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family)
  }
}

type Connection = Pick<RequestOptions, 'lookup' | 'signal'> & { ca?: string }

function post(
  { secure, host, port, path }: Target,
  message: Message,
  connection: Connection,
): Promise<DeliveryResult> {
  const { promise, resolve } = Promise.withResolvers<DeliveryResult>()
  const request = (secure ? requestHttps : requestHttp)({
    ...connection,
    ...{ host, port, path, method: 'POST', agent: false, rejectUnauthorized: true },
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(message.body),
      'user-agent': 'custody-webhooks',
      ...signatureHeaders(message, message.secrets),
    },
  })
  request.on('response', (response) => {
    resolve(resultOf(response, message.timestamp))
    throwAway(response)
  })
  request.on('upgrade', ({ statusCode }, socket) => {
    socket.destroy()
    resolve(failed('rejected', statusCode))
  })
  request.on('error', (error) => resolve(failed(faultOf(error))))
  request.on('close', () => resolve(failed('connection_failed')))
  request.end(message.body)
  return promise
}

function resultOf(response: IncomingMessage, now: number): DeliveryResult {
  const status = response.statusCode ?? 0
  if (status >= 200 && status <= 299) return { delivered: true, status }
  const retryAfterSeconds = secondsUntil(response.headers['retry-after'], now)
  if (status >= 300 && status <= 399) return failed('redirected', status, retryAfterSeconds)
  return failed(status === 410 ? 'gone' : 'rejected', status, retryAfterSeconds)
}

/** `Retry-After` (RFC 9110, 10.2.3): seconds, or a date. Null where it is neither. */
function secondsUntil(header: string | undefined, now: number): number | null {
  if (header === undefined) return null
  if (/^[0-9]{1,9}$/.test(header)) return Number(header)
  const date = Date.parse(header)
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil(date / 1_000 - now))
}

/** The answer's body says nothing to us; a short one is read, so that the other side can end in peace. */
function throwAway(response: IncomingMessage): void {
  let bytes = 0
  const patience = setTimeout(() => response.destroy(), BODY_MS)
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MOST_BODY_BYTES) response.destroy()
  })
  response.on('error', () => {})
  response.on('close', () => clearTimeout(patience))
}

const tlsCodes =
  /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/

function faultOf(error: NodeJS.ErrnoException): DeliveryFault {
  const code = error.code ?? ''
  if (code === 'ABORT_ERR' || code === 'ETIMEDOUT') return 'timed_out'
  if (code.startsWith('HPE_')) return 'answer_malformed'
  return tlsCodes.test(code) ? 'tls_failed' : 'connection_failed'
}

function failed(
  code: DeliveryFault,
  status: number | null = null,
  retryAfterSeconds: number | null = null,
): DeliveryResult {
  return { delivered: false, code, status, retryAfterSeconds }
}
