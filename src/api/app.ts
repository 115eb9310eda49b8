import { randomBytes, randomUUID } from 'node:crypto'
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { addActs } from './acts.ts'
import { addActsBatch } from './acts-batch.ts'
import { addAudit } from './audit.ts'
import { authentication } from './auth.ts'
import { createCursors } from './cursors.ts'
import { addDeletions } from './deletions.ts'
import { defaultLimits, type Deps } from './deps.ts'
import { addEndpoints } from './endpoints.ts'
import { answerError } from './errors.ts'
import { addEvidence } from './evidence.ts'
import { addHolds } from './holds.ts'
import type { Api } from './instance.ts'
import { addInventory } from './inventory.ts'
import { decodeUtf8, parseJson } from './json-text.ts'
import { answerLog, createLogger } from './logging.ts'
import { negotiate } from './negotiation.ts'
import { addDescription, addDocumentation } from './openapi.ts'
import { addMetrics } from './metrics.ts'
import { addNotifications } from './notifications.ts'
import { addLog } from './log.ts'
import type { Reader } from './paging.ts'
import { addPolicies, addPolicyPublication } from './policies.ts'
import type { FaultCode } from './problem-codes.ts'
import { faultProblem, problemMediaType } from './problems.ts'
import { addProofs } from './proofs.ts'
import { addRecipients } from './recipients.ts'
import { addReports } from './reports.ts'
import { addRequests } from './requests.ts'
import { addResidues } from './residues.ts'
import { addRetention } from './retention.ts'
import { bookRoutes, answerNoRoute } from './route-book.ts'
import { addHealth, addStatus } from './status.ts'
import { addSubjects } from './subjects.ts'
import { addTokens } from './tokens.ts'
import { traceRequests } from './tracing.ts'
import { addTransfers } from './transfers.ts'
import { checkingSerializer, plainSerializer, validatorCompiler } from './validation.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came, of routes that take JSON. */
    bodyText: string
  }
}

/** The HTTP API, ready to listen or to be injected into. Closing it lets open requests end. */
export function buildApp(deps: Deps): FastifyInstance {
  const limits = { ...defaultLimits, ...deps.limits }
  const logger = createLogger(deps.log)
  const loggerInstance: FastifyBaseLogger = logger
  const app: Api = fastify({
    loggerInstance,
    // One logger for all: what it may write about a request is written once, by `answerLog`.
    childLoggerFactory: (parent) => parent,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: limits.bodyBytes,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(deps.checkAnswers ? checkingSerializer : plainSerializer)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler(answerNoRoute)
  app.decorateRequest('bearer', null)
  app.decorateRequest('bodyText', '')
  readJsonBodies(app)
  bookRoutes(app)
  if (deps.tracer) traceRequests(app, deps.tracer)
  app.addHook('onRequest', protect)
  app.addHook('onResponse', answerLog(logger))
  closeWithoutHaste(app)
  addDescription(app)
  void app.register((api, _options, done) => {
    addHealth(api.withTypeProvider<ZodTypeProvider>(), deps)
    done()
  })
  void app.register((api, _options, done) => {
    addResources(api.withTypeProvider<ZodTypeProvider>(), deps)
    done()
  })
  void app.register(async (api) => {
    await addDocumentation(api.withTypeProvider<ZodTypeProvider>())
  })
  return app
}

/** Everything under `/v1`: for bearers of tokens. */
function addResources(api: Api, deps: Deps): void {
  const reader: Reader = { deps, cursors: createCursors(deps.cursorKey ?? randomBytes(32)) }
  api.addHook('onRequest', negotiate)
  api.addHook('onRequest', authentication(deps.services.access))
  addActs(api, deps)
  addPolicies(api, reader)
  addRecipients(api, reader)
  addEndpoints(api, reader)
  addNotifications(api, reader)
  addHolds(api, reader)
  addRequests(api, reader)
  addTransfers(api, reader)
  addTokens(api, reader)
  addSubjects(api, reader)
  addInventory(api, reader)
  addRetention(api, reader)
  addDeletions(api, reader)
  addResidues(api, reader)
  addAudit(api, reader)
  addReports(api, reader)
  addProofs(api, reader)
  addEvidence(api, reader)
  addLog(api, reader)
  addStatus(api, reader)
  addMetrics(api, reader)
  // Each in a scope of its own, for the bodies it takes.
  void api.register((scope, _options, done) => {
    addPolicyPublication(scope.withTypeProvider<ZodTypeProvider>(), reader)
    done()
  })
  void api.register((scope, _options, done) => {
    addActsBatch(scope.withTypeProvider<ZodTypeProvider>(), deps)
    done()
  })
}

/** JSON is the only body that is read unless a route says otherwise; its text is kept for idempotency. */
function readJsonBodies(app: Api): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      if (body.length === 0) return done(null, undefined)
      const text = decodeUtf8(body as Buffer)
      request.bodyText = text
      done(null, parseJson(text))
    } catch (error) {
      done(error as Error)
    }
  })
}

/** While closing, a connection goes once its last answer is out: its client would keep it open for later. */
function closeWithoutHaste(app: Api): void {
  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
    done()
  })
  app.addHook('onResponse', (_request, _reply, done) => {
    if (closing) setImmediate(() => app.server.closeIdleConnections())
    done()
  })
}

const protectiveHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

/** What every answer says to browsers. The page at `/docs` says more. */
function protect(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  reply.headers(protectiveHeaders)
  done()
}

const clientFaults: Record<string, { code: FaultCode; detail: string }> = {
  HPE_HEADER_OVERFLOW: { code: 'headers_too_large', detail: 'The headers are too large.' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: 'The request took too long.' },
}

/** Answers what is not HTTP, before there is a request. */
function answerClientError(error: NodeJS.ErrnoException, socket: IncomingMessage['socket']): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable)
    return void socket.destroy()
  const known = clientFaults[error.code ?? '']
  const code = known?.code ?? 'bad_request'
  const detail = known?.detail ?? 'The request is not HTTP.'
  const problem = faultProblem(code, randomUUID(), { detail })
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n` +
      `content-type: ${problemMediaType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  )
}
