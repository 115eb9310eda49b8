import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { storeAway } from '../application/away.ts'
import { LedgerDiverged } from '../notary/notary.ts'
import { BadCursor, ViewsBehind } from '../projections/views.ts'
import { InvalidInput } from './field-errors.ts'
import { InvalidJson } from './json-text.ts'
import type { FaultCode } from './problem-codes.ts'
import { sendFault, sendInvalid } from './problems.ts'

/** What fastify's own errors become. Their messages can quote the request, so none is passed on. */
const frameworkFaults: Record<string, { code: FaultCode; detail: string }> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'body_too_large',
    detail: 'The body is larger than this route takes.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'media_type_not_supported',
    detail: 'This route does not take bodies of that media type.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'bad_request',
    detail: 'The body is not as long as Content-Length says.',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'invalid_json', detail: 'The body is empty.' },
  FST_ERR_BAD_URL: { code: 'invalid_url', detail: 'The URL is not well formed.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'url_too_long', detail: 'A part of the path is too long.' },
}

/** Answers an error: what the client did wrong as a problem, anything else as a 500 that says nothing. */
export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  if (error instanceof InvalidInput) return sendInvalid(reply, error.errors)
  if (error instanceof InvalidJson) {
    const detail = `The body is not JSON: ${error.fault}.`
    return sendFault(reply, 'invalid_json', { detail })
  }
  if (error instanceof ViewsBehind) {
    reply.header('retry-after', '1')
    const detail = 'The views have not reached the position in time. Ask again.'
    return sendFault(reply, 'views_behind', { detail })
  }
  if (error instanceof BadCursor) {
    const rule = 'must be the cursor of the page before, of the same question'
    return sendInvalid(reply, [{ in: 'query', field: 'cursor', rule }])
  }
  if (error instanceof LedgerDiverged) {
    request.log.error({ request: request.id, err: error }, 'the ledger is not what was signed')
    const detail =
      'The ledger is not the one that was signed; nothing is signed. The log says more.'
    return sendFault(reply, 'ledger_diverged', { detail })
  }
  const away = storeAway(error)
  if (away) {
    request.log.error({ request: request.id, err: error }, `the ${away} could not do it`)
    reply.header('retry-after', '1')
    const detail = `The ${away} can't do it now. Ask again, under the same key.`
    return sendFault(reply, 'unavailable', { detail })
  }
  const known = frameworkFaults[error.code]
  if (known) return sendFault(reply, known.code, { detail: known.detail })
  if (typeof error.statusCode === 'number' && error.statusCode < 500 && error.statusCode >= 400) {
    return sendFault(reply, 'bad_request', { detail: 'The request is not well formed.' })
  }
  request.log.error({ request: request.id, err: error }, "couldn't answer a request")
  const detail = 'The request could not be answered. The log knows why, under this instance.'
  return sendFault(reply, 'internal_error', { detail })
}
