import { dayOf, addTo } from '../domain/policy/calendar.ts'
import type { RequestCommand } from '../domain/request/commands.ts'
import { requestDecider } from '../domain/request/decider.ts'
import { streamName } from '../domain/envelope.ts'
import {
  CalendarDuration,
  Channel,
  Reference,
  SourceId,
  type PurposeKey,
  type SubjectId,
} from '../domain/values.ts'
import { createHash } from 'node:crypto'
import type { EventReader } from '../ledger/event-log.ts'
import type { Executor, Given } from '../ledger/execute-types.ts'
import type { Vault } from '../vault/vault.ts'
import type { Register } from './register.ts'
import type {
  Caller,
  DeletionService,
  Outcome,
  RecordingService,
  RequestService,
  SubjectExport,
  SubjectService,
} from './services.ts'
import { takeStep } from './steps.ts'
import { findSubject } from './subjects.ts'

type Deps = Readonly<{
  executor: Executor
  reader: EventReader
  vault: Vault
  register: Register
  recording: RecordingService
  subjects: SubjectService
  deletions: DeletionService
}>

const CUSTODY = SourceId.parse('custody')
const STAFF = Channel.parse('email')

/** GDPR Art. 12(3): one month, where the policy promises nothing shorter. */
const ONE_MONTH = CalendarDuration.parse('P1M')

/** What people ask for, from intake to outcome; fulfilling does what was asked. */
export function createRequests(deps: Deps): RequestService {
  const step = (
    caller: Caller,
    request: Reference,
    command: (given: Given) => RequestCommand,
  ): Promise<Outcome> =>
    takeStep(deps.executor, caller, {
      kind: 'request',
      id: request,
      decider: requestDecider,
      command,
      context: undefined,
    })

  return {
    async receive(caller, { request, kind, subject: reference, channel, purpose }) {
      const subject = await findSubject(deps, caller.controller, reference)
      const known = await deps.register.ready(caller.controller)
      return step(caller, request, ({ at }) => {
        const on = dayOf(at, known.timeZone)
        const lasts = known.policyAt(at, null)?.source.requests?.deadline ?? ONE_MONTH
        const deadline = addTo(on, lasts)
        return { type: 'ReceiveRequest', kind, subject, channel, on, deadline, purpose }
      })
    },
    verify: (caller, { request, method, handler }) =>
      step(caller, request, () => ({ type: 'VerifyRequest', method, handler })),
    deny: (caller, { request, reason, handler, channel }) =>
      step(caller, request, () => ({ type: 'DenyRequest', reason, handler, channel })),
    fulfil: (caller, given) => fulfil(deps, caller, given, step),
  }
}

type Fulfilment = Parameters<RequestService['fulfil']>[1]
type Done = { deletion: Reference | null; digest: string | null; export: SubjectExport | null }
const NOTHING_MORE: Done = { deletion: null, digest: null, export: null }

/**
 * Does what was asked, then closes the request. Killed in between, doing it again is as having done it
 * once: a deletion has the request's own reference, and an objection that stands is not made twice.
 */
async function fulfil(
  deps: Deps,
  caller: Caller,
  { request, outcome, handler }: Fulfilment,
  step: (caller: Caller, request: Reference, command: () => RequestCommand) => Promise<Outcome>,
): Promise<Outcome & { export: SubjectExport | null }> {
  const stream = streamName('request', caller.controller, request)
  const asked = await deps.executor.load(stream, requestDecider, ({ state }) =>
    state.status === 'verified'
      ? { kind: state.kind, subject: state.subject, purpose: state.purpose }
      : null,
  )
  const done = asked ? await doWhatWasAsked(deps, caller, request, asked) : NOTHING_MORE
  // What cannot be done is not fulfilled: whoever handles it denies it, with that reason.
  if ('outcome' in done) return { ...done, export: null }
  const closed = await step(caller, request, () => ({
    type: 'FulfilRequest',
    outcome,
    handler,
    deletion: done.deletion,
    digest: done.digest,
  }))
  return { ...closed, export: closed.outcome === 'recorded' ? done.export : null }
}

type Asked = Readonly<{
  kind: 'access' | 'export' | 'correction' | 'erasure' | 'objection'
  subject: SubjectId
  purpose: Parameters<RequestService['receive']>[1]['purpose']
}>

async function doWhatWasAsked(
  deps: Deps,
  caller: Caller,
  request: Reference,
  { kind, subject, purpose }: Asked,
): Promise<Done | Outcome> {
  switch (kind) {
    case 'access':
    case 'export': {
      const found = await deps.subjects.export(caller, {
        subject: { subject },
        request,
        reason: 'subject-export',
      })
      const digest = createHash('sha256').update(JSON.stringify(found)).digest('hex')
      return { deletion: null, digest, export: found }
    }
    case 'erasure': {
      const deletion = deletionOf(request)
      await deps.deletions.request(caller, {
        subject,
        deletion,
        cause: 'request',
        scope: { everything: true },
        request,
        at: null,
      })
      return { deletion, digest: null, export: null }
    }
    case 'objection':
      return (purpose && (await object(deps, caller, subject, purpose))) ?? NOTHING_MORE
    case 'correction':
      // The corrected values came with their own `correct` lines, which name this request.
      return NOTHING_MORE
  }
}

/** Null: the objection stands. Otherwise the refusal, such as that the policy allows none (S27). */
async function object(
  { recording }: Deps,
  caller: Caller,
  subject: SubjectId,
  purpose: PurposeKey,
): Promise<Outcome | null> {
  const line = {
    type: 'object',
    mode: 'enforce',
    source: CUSTODY,
    subject: { subject },
    purpose,
    channel: STAFF,
  } as const
  const answer = await recording.record(caller, line, null)
  if (answer.outcome === 'recorded') return null
  if (answer.outcome === 'refused') {
    const { subject: _, flagged: __, ...refused } = answer
    return refused
  }
  throw new Error(`couldn't object: ${answer.outcome}`)
}

const LONGEST_REFERENCE = 64

/** The deletion that a request asks for, the same however often it is asked. */
function deletionOf(request: Reference): Reference {
  const name = `request.${request}`
  if (name.length <= LONGEST_REFERENCE) return Reference.parse(name)
  const digest = createHash('sha256').update(request).digest('hex')
  return Reference.parse(`request.${digest.slice(0, 32)}`)
}
