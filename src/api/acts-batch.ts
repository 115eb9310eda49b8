import { PassThrough, Readable } from 'node:stream'
import { z } from 'zod'
import { storeAway } from '../application/away.ts'
import { Line } from '../application/lines.ts'
import type {
  Caller,
  LineOutcome,
  OperationKey,
  RecordingService,
} from '../application/services.ts'
import { actRecordedFields, EventReceipt } from './answers.ts'
import { timeErrors } from './acts.ts'
import { callerOf } from './auth.ts'
import { defaultLimits, type Deps } from './deps.ts'
import { responses, security } from './documentation.ts'
import { fieldErrors, parseOptions, type FieldError } from './field-errors.ts'
import { IdempotencyKey, lineKey, operationOf } from './idempotency.ts'
import type { Api } from './instance.ts'
import { decodeUtf8, InvalidJson, parseJson } from './json-text.ts'
import { linesOf, type NumberedLine } from './ndjson.ts'
import type { FaultCode } from './problem-codes.ts'
import { faultProblem, Problem, refusalProblem, sendInvalid } from './problems.ts'
import { ActLine } from './schemas.ts'

const ndjson = 'application/x-ndjson'
const number = z.int().positive()

/** What became of one line of a batch. */
export const BatchOutcome = z
  .discriminatedUnion('outcome', [
    z.strictObject({ line: number, ...actRecordedFields }),
    z.strictObject({
      line: number,
      outcome: z.literal('refused'),
      repeated: z.boolean(),
      subject: actRecordedFields.subject,
      stream: actRecordedFields.stream,
      position: actRecordedFields.position,
      events: z.array(EventReceipt),
      problem: Problem,
    }),
    z.strictObject({ line: number, outcome: z.literal('invalid'), problem: Problem }),
    /** The service failed here, and reads no further; whether this line was recorded is not known. */
    z.strictObject({ line: number, outcome: z.literal('failed'), problem: Problem }),
  ])
  .meta({ id: 'BatchOutcome', description: 'One line of the answer to a batch.' })
export type BatchOutcome = z.infer<typeof BatchOutcome>

type Prepared = { line: Line; operation: OperationKey | null } | { problem: Problem }

/** `POST /v1/acts/batch`: lines stream in, and each one's outcome streams out. */
export function addActsBatch(api: Api, deps: Deps): void {
  const { services, checkAnswers } = deps
  const limits = { ...defaultLimits, ...deps.limits }
  api.removeAllContentTypeParsers()
  api.addContentTypeParser(ndjson, (_request, payload, done) => done(null, payload))
  api.post(
    '/v1/acts/batch',
    {
      config: { action: 'acts:record', answers: ndjson },
      // The body is a stream; each line is parsed on its own.
      validatorCompiler: () => () => true,
      schema: {
        summary: 'Record many acts, as NDJSON',
        description: describeBatch(limits.lineBytes),
        tags: ['acts'],
        security,
        consumes: [ndjson],
        body: ActLine,
        response: responses(
          {
            200: {
              description: 'One outcome for each line, in their order.',
              schema: BatchOutcome,
              mediaType: ndjson,
            },
          },
          'write',
        ),
      },
    },
    (request, reply) => {
      const named = operationOf(request, '')
      if ('errors' in named) return sendInvalid(reply, named.errors)
      const batch: Batch = {
        caller: callerOf(request),
        recording: services.recording,
        now: deps.now,
        key: named.operation?.key ?? null,
        requestId: request.id,
        onFault: (error) =>
          request.log.error({ request: request.id, err: error }, "couldn't record a batch"),
      }
      const body = request.body as unknown as Readable | undefined
      const bytes = body?.pipe(new PassThrough({ highWaterMark: 1 << 20 })) ?? Readable.from([])
      body?.once('error', (error) => bytes.destroy(error))
      const answers = batchAnswers(bytes, batch, limits, checkAnswers ?? false)
      return reply.header('content-type', ndjson).send(Readable.from(answers))
    },
  )
}

type Batch = Readonly<{
  caller: Caller
  recording: RecordingService
  now: () => string
  key: string | null
  requestId: string
  onFault: (error: unknown) => void
}>

/** The answer, a text for each group of lines. The next group is read when this one has been taken. */
async function* batchAnswers(
  bytes: Readable,
  batch: Batch,
  limits: { chunkLines: number; lineBytes: number },
  check: boolean,
): AsyncGenerator<string> {
  const groups = linesOf(bytes, { most: limits.chunkLines, longestBytes: limits.lineBytes })
  for await (const lines of groups) {
    const outcomes = await recordGroup(lines, batch)
    if (check) for (const outcome of outcomes) BatchOutcome.parse(outcome)
    yield outcomes.map((outcome) => `${JSON.stringify(outcome)}\n`).join('')
    if (outcomes.some(({ outcome }) => outcome === 'failed')) return
  }
}

async function recordGroup(lines: readonly NumberedLine[], batch: Batch): Promise<BatchOutcome[]> {
  const now = batch.now()
  const prepared = lines.map((line) => prepare(line, batch, now))
  const commands = prepared.filter((line) => 'line' in line)
  let outcomes: readonly LineOutcome[] = []
  let failed: 'unavailable' | 'internal_error' | null = null
  try {
    if (commands.length > 0) outcomes = await batch.recording.recordAll(batch.caller, commands)
  } catch (error) {
    batch.onFault(error)
    failed = storeAway(error) ? 'unavailable' : 'internal_error'
  }
  let taken = 0
  return prepared.map((one, index) => {
    const line = lines[index]!.number
    if ('problem' in one) return { line, outcome: 'invalid', problem: one.problem }
    if (failed) return failedLine(line, failed, batch)
    return lineAnswer(line, outcomes[taken++]!, batch)
  })
}

/** A line as it can be recorded, or the problem with it. */
function prepare({ number: line, bytes }: NumberedLine, batch: Batch, now: string): Prepared {
  if (bytes === null) {
    const detail = `Line ${line} is longer than a line may be.`
    return { problem: faultProblem('body_too_large', batch.requestId, { detail }) }
  }
  let text: string
  let value: unknown
  try {
    text = decodeUtf8(bytes)
    value = parseJson(text)
  } catch (error) {
    if (!(error instanceof InvalidJson)) throw error
    const detail = `Line ${line} is not JSON: ${error.fault.replace('line 1, ', '')}.`
    return { problem: faultProblem('invalid_json', batch.requestId, { detail }) }
  }
  const { key, rest } = takeKey(value)
  const named = key === undefined ? null : IdempotencyKey.safeParse(key, parseOptions)
  const parsed = Line.safeParse(rest, parseOptions)
  const errors: FieldError[] = parsed.success
    ? (timeErrors(parsed.data, now) ?? [])
    : fieldErrors(parsed.error, 'body')
  if (named?.success === false) {
    const rule = named.error.issues[0]?.message ?? 'must be a key'
    errors.push({ in: 'body', field: 'key', rule })
  }
  if (!parsed.success || errors.length > 0) return { problem: invalidLine(line, batch, errors) }
  const own = named?.data ?? (batch.key === null ? null : lineKey(batch.key, line))
  return { line: parsed.data, operation: own === null ? null : { key: own, body: text } }
}

function invalidLine(line: number, { requestId }: Batch, errors: readonly FieldError[]): Problem {
  const [first] = errors
  const where = first ? `${first.field ? `${first.field} ` : ''}${first.rule}` : 'not as documented'
  return faultProblem('invalid_input', requestId, {
    detail: `Line ${line} is not valid: ${where}.`,
    errors,
  })
}

/** A line may carry its own idempotency key, beside the fields of the act. */
function takeKey(value: unknown): { key: unknown; rest: unknown } {
  if (typeof value !== 'object' || value === null || !('key' in value)) {
    return { key: undefined, rest: value }
  }
  const { key, ...rest } = value
  return { key, rest }
}

function lineAnswer(line: number, outcome: LineOutcome, batch: Batch): BatchOutcome {
  if (outcome.outcome === 'invalid') {
    const { field, rule } = outcome
    const problem = invalidLine(line, batch, [{ in: 'body', field, rule }])
    return { line, outcome: 'invalid', problem }
  }
  if (outcome.outcome === 'key_reused') {
    const detail = `The key of line ${line} came before with another body. Nothing was recorded.`
    const problem = faultProblem('idempotency_key_reused', batch.requestId, { detail })
    return { line, outcome: 'invalid', problem }
  }
  const { repeated, subject, stream, position } = outcome
  const events = [...outcome.events]
  if (outcome.outcome === 'refused') {
    const problem = refusalProblem(outcome.refusals, batch.requestId, position)
    return { line, outcome: 'refused', repeated, subject, stream, position, events, problem }
  }
  const flagged = [...outcome.flagged]
  return { line, outcome: 'recorded', repeated, subject, stream, position, events, flagged }
}

function failedLine(line: number, code: FaultCode, { requestId }: Batch): BatchOutcome {
  const detail = 'The service failed. Send this line and those after it again, under the same keys.'
  return { line, outcome: 'failed', problem: faultProblem(code, requestId, { detail }) }
}

function describeBatch(lineBytes: number): string {
  return (
    'Each line is an act, and is recorded on its own: a line that is not valid, or refused, does not ' +
    `stop the others. A line has at most ${lineBytes} bytes; the body may have any length. Outcomes are ` +
    'sent while lines are still read, so read the answer while sending. A line may carry `key`, its own ' +
    'idempotency key; an Idempotency-Key on the batch makes one for each line, by its number, so that ' +
    'the same body can be sent again. After an outcome `failed` nothing more is read.'
  )
}
