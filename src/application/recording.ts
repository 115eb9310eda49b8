import type { ActivityCommand } from '../domain/activity/commands.ts'
import { activityDecider } from '../domain/activity/decider.ts'
import type { ActivityEvent } from '../domain/activity/events.ts'
import { streamName, type Sealed, type StreamName } from '../domain/envelope.ts'
import type { Refusal } from '../domain/refusal.ts'
import { subjectDecider } from '../domain/subject/decider.ts'
import type { SubjectEvent } from '../domain/subject/events.ts'
import { dayOf } from '../domain/policy/calendar.ts'
import type {
  CategoryKey,
  ControllerId,
  EventId,
  Instant,
  Lot,
  RecipientId,
  Reference,
  SubjectId,
} from '../domain/values.ts'
import type { Answer, Ask, AskMeta, Executor, KeyReused } from '../ledger/execute-types.ts'
import { seal } from '../vault/sealing.ts'
import { SubjectFenced, type Vault } from '../vault/vault.ts'
import type { Deletions } from './deletions.ts'
import type { Line, PersonalValues } from './lines.ts'
import type { Operations } from './operations.ts'
import { resolveSubjects, type CarryOver } from './people.ts'
import {
  activityCommand,
  isAboutPerson,
  lookUpsOf,
  subjectCommand,
  valuesOf,
  type ActivityLine,
  type SubjectLine,
} from './plan.ts'
import type { Known, Register } from './register.ts'
import type { Caller, Invalid, LineOutcome, OperationKey, RecordingService } from './services.ts'
import { takeSubjectStep } from './subject-step.ts'

type Deps = Readonly<{
  executor: Executor
  vault: Vault
  register: Register
  operations: Operations
  deletions: Deletions
  /** S8: whether that transfer is being executed. */
  transferUnderWay: (controller: ControllerId, transfer: string) => Promise<boolean>
  now: () => Instant
}>

type Wanted = Readonly<{ line: Line; operation: OperationKey | null }>
type Digests = AskMeta['operation']

/** How often a line is decided anew because an erasure began while its values were being sealed. */
const FENCE_RETRIES = 3

/**
 * Records lines: finds or makes the person in the vault, has the ledger judge and append, seals the
 * values in between, and carries out the deletion that a spent transient collection asks for.
 */
export function createRecording(deps: Deps): RecordingService {
  const recordAll = (caller: Caller, lines: readonly Wanted[]) => recordLines(deps, caller, lines)
  return {
    recordAll,
    record: async (caller, line, operation) => (await recordAll(caller, [{ line, operation }]))[0]!,
  }
}

async function recordLines(
  deps: Deps,
  caller: Caller,
  wanted: readonly Wanted[],
): Promise<readonly LineOutcome[]> {
  const { controller } = caller
  const known = await deps.register.upToDate(controller, recipientsIn(wanted))
  await deps.vault.ready(controller)
  const outcomes = new Array<LineOutcome | undefined>(wanted.length)
  const digests = wanted.map(({ operation }) => deps.operations.digest(controller, operation))

  const open: number[] = []
  for (const [index, { line }] of wanted.entries()) {
    const early = invalid(line, deps.now()) ?? deps.operations.earlier(controller, digests[index]!)
    if (early) outcomes[index] = early instanceof Promise ? await early : early
    else open.push(index)
  }

  const carryOver = carryingOver(deps, caller, known)
  const people = await resolveSubjects(deps, carryOver, controller, wanted, open)
  // Looked up before anything is asked, so that no line overtakes another on the same person.
  const underWay = await transfersUnderWay(deps, controller, wanted)
  await Promise.all(
    open.map(async (index) => {
      const subject = people[index] ?? null
      if (subject !== null && typeof subject === 'object') {
        deps.operations.release(digests[index]!)
        outcomes[index] = subject
        return
      }
      const operation = digests[index]!
      const one = { caller, known, underWay, line: wanted[index]!.line, subject, operation }
      try {
        outcomes[index] = await recordOne(deps, one)
      } catch (error) {
        deps.operations.release(operation)
        throw error
      }
    }),
  )
  return outcomes as LineOutcome[]
}

/** An objection that outlived an erasure stands before the first thing that is said of who is new. */
function carryingOver({ executor, vault }: Deps, caller: Caller, { timeZone }: Known): CarryOver {
  return async (subject, purposes, line) => {
    const at = line.occurredAt ?? null
    for (const purpose of purposes) {
      const command = { type: 'CarryOverObjection', purpose } as const
      await takeSubjectStep(executor, caller, { subject, at, timeZone, command })
    }
    await vault.settleSuppressed(caller.controller, subject)
  }
}

/** What the schema cannot say of a line. */
function invalid(line: Line, now: Instant): Invalid | null {
  if (line.occurredAt === undefined) return null
  if (line.mode === 'enforce') {
    return {
      outcome: 'invalid',
      field: 'occurredAt',
      rule: 'only an observed act has a time of its own; an enforced one happens when it is asked',
    }
  }
  if (line.occurredAt > now) {
    return { outcome: 'invalid', field: 'occurredAt', rule: 'must not be in the future' }
  }
  return null
}

const nobody: ReadonlySet<RecipientId> = new Set()

function recipientsIn(wanted: readonly Wanted[]): ReadonlySet<RecipientId> {
  let named: Set<RecipientId> | null = null
  for (const { line } of wanted) {
    const { recipient } = lookUpsOf(line)
    if (recipient) (named ??= new Set()).add(recipient)
  }
  return named ?? nobody
}

async function transfersUnderWay(
  deps: Deps,
  controller: ControllerId,
  wanted: readonly Wanted[],
): Promise<ReadonlySet<Reference>> {
  const named = new Set<Reference>()
  for (const { line } of wanted) {
    const { transfer } = lookUpsOf(line)
    if (transfer) named.add(transfer)
  }
  for (const transfer of named) {
    if (!(await deps.transferUnderWay(controller, transfer))) named.delete(transfer)
  }
  return named
}

type One = Readonly<{
  caller: Caller
  known: Known
  /** S8: the transfers that are being executed, of those that the lines name. */
  underWay: ReadonlySet<Reference>
  line: Line
  subject: SubjectId | null
  operation: Digests
}>

async function recordOne(deps: Deps, one: One): Promise<LineOutcome> {
  const { line, subject, caller } = one
  if (!isAboutPerson(line)) return outcomeOf(await recordActivity(deps, one, line), null)
  if (subject === null) return outcomeOf(await refuseUnknown(deps, one, line), null)
  const answer = await recordOnSubject(deps, one, line, subject)
  if (answer.outcome === 'key_reused') return answer
  for (const event of answer.repeated ? [] : answer.written) {
    if (event.type === 'DeletionRequested' && event.data.cause === 'transient') {
      await deps.deletions.carryOut(caller, subject, event.data.deletion, line.occurredAt ?? null)
    }
    // The person asks for it again: from here no erasure brings the old objection back.
    if (event.type === 'ObjectionLifted' && 'identifiers' in line.subject) {
      const { identifiers } = line.subject
      await deps.vault.unsuppress(caller.controller, identifiers, [event.data.purpose])
    }
  }
  return outcomeOf(answer, subject)
}

async function recordOnSubject(
  deps: Deps,
  one: One,
  line: SubjectLine,
  subject: SubjectId,
): Promise<Answer<SubjectEvent> | KeyReused> {
  const { controller } = one.caller
  const stream = streamName('subject', controller, subject)
  const lookUps = lookUpsOf(line)
  const transferUnderWay = lookUps.transfer !== null && one.underWay.has(lookUps.transfer)
  const values = valuesOf(line)
  const ask: Ask<
    ReturnType<typeof subjectDecider.initialState>,
    Parameters<typeof subjectDecider.decide>[0],
    SubjectEvent,
    Parameters<typeof subjectDecider.decide>[2]
  > = {
    stream,
    decider: subjectDecider,
    meta: metaOf(one),
    prepare: ({ eventId, at }) => {
      const policy = one.known.policyAt(at, lookUps.property)
      const on = dayOf(at, policy?.timeZone ?? one.known.timeZone)
      const recipient = lookUps.recipient ? one.known.recipient(lookUps.recipient) : null
      return {
        command: subjectCommand(line, { eventId, at, on }),
        context: { policy, recipient, transferUnderWay },
        policyVersion: policy?.version ?? null,
      }
    },
    ...(values ? { seal: sealer(deps.vault, controller, subject, values) } : {}),
  }
  for (let attempt = 0; ; attempt++) {
    try {
      return await deps.executor.execute(ask)
    } catch (error) {
      if (!(error instanceof SubjectFenced) || attempt === FENCE_RETRIES) throw error
      // The erasure's event stands in the stream by now: read it, and decide again.
      await deps.executor.load(stream, subjectDecider, () => null)
    }
  }
}

/** Seals the values of an event's items, each category under the key of its lot. */
function sealer(
  vault: Vault,
  controller: ControllerId,
  subject: SubjectId,
  values: PersonalValues,
): (event: SubjectEvent, eventId: EventId) => Sealed[] | Promise<Sealed[]> {
  return (event, eventId) => {
    if (event.type !== 'DataCollected' && event.type !== 'DataCorrected') return []
    const scopes: { category: CategoryKey; lot: Lot }[] = []
    for (const { category, lot, fields } of event.data.items) {
      if (fields.length > 0) scopes.push({ category, lot })
    }
    if (scopes.length === 0) return []
    const sealWith = (keys: Awaited<ReturnType<Vault['keysFor']>>) =>
      scopes.map(({ category, lot }, index) =>
        seal({ controller, subject, eventId, category, lot }, keys[index]!, values[category] ?? {}),
      )
    const cached = vault.cachedKeys(controller, subject, scopes)
    return cached ? sealWith(cached) : vault.keysFor(controller, subject, scopes).then(sealWith)
  }
}

function recordActivity(
  deps: Deps,
  one: One,
  line: ActivityLine,
): Promise<Answer<ActivityEvent> | KeyReused> {
  const { recipient, property } = lookUpsOf(line)
  return deps.executor.execute({
    stream: activityStream(deps, one, line),
    decider: activityDecider,
    meta: metaOf(one),
    prepare: ({ eventId, at }) => {
      const policy = one.known.policyAt(at, property)
      const on = dayOf(at, policy?.timeZone ?? one.known.timeZone)
      return {
        command: activityCommand(line, { eventId, at, on }),
        context: {
          policy,
          recipient: recipient ? one.known.recipient(recipient) : null,
          transferUnderWay: false,
        },
        policyVersion: policy?.version ?? null,
      }
    },
  })
}

/** An attempt on a person who is not in custody is refused, and that is an event too. */
function refuseUnknown(
  deps: Deps,
  one: One,
  line: SubjectLine,
): Promise<Answer<ActivityEvent> | KeyReused> {
  return deps.executor.execute({
    stream: activityStream(deps, one, line),
    decider: activityDecider,
    meta: metaOf(one),
    prepare: ({ eventId, at }) => {
      const policy = one.known.policyAt(at, lookUpsOf(line).property)
      const on = dayOf(at, policy?.timeZone ?? one.known.timeZone)
      const given = { eventId, at, on }
      const attempted = subjectCommand(line, given)
      const command: ActivityCommand = {
        type: 'RefuseUnknown',
        ...given,
        source: line.source,
        attempted,
      }
      return {
        command,
        context: { policy, recipient: null, transferUnderWay: false },
        policyVersion: policy?.version ?? null,
      }
    },
  })
}

/** One stream for each source and month, so that none grows for ever. */
function activityStream(deps: Deps, { caller, known }: One, line: Line): StreamName {
  const month = dayOf(line.occurredAt ?? deps.now(), known.timeZone).slice(0, 7)
  return streamName('activity', caller.controller, `${line.source}.${month}`)
}

function metaOf({ caller, line, operation }: One): AskMeta {
  return {
    controller: caller.controller,
    principal: caller.principal,
    correlation: caller.correlation,
    causation: null,
    occurredAt: line.occurredAt ?? null,
    operation,
  }
}

function outcomeOf(
  answer: Answer<SubjectEvent | ActivityEvent> | KeyReused,
  subject: SubjectId | null,
): LineOutcome {
  if (answer.outcome === 'key_reused') return answer
  const { written, revision: _, ...rest } = answer
  return { ...rest, subject, flagged: violationsOf(written) }
}

/** What an observed act broke. */
export function violationsOf(events: readonly (SubjectEvent | ActivityEvent)[]): Refusal[] {
  return events.flatMap((event) =>
    'judgement' in event.data && event.data.judgement.outcome === 'violated'
      ? event.data.judgement.violations
      : [],
  )
}
