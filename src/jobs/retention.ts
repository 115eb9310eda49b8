import { createHash } from 'node:crypto'
import { holdsOn } from '../application/holds-in-force.ts'
import type { Caller, DeletionOutcome, DeletionService } from '../application/services.ts'
import { Reference, START, type Day, type Position } from '../domain/values.ts'
import type { HoldRow, Views } from '../projections/views.ts'
import type { RetentionRunRow } from '../reports/retention-run.ts'
import { atOnce } from './at-once.ts'
import { deletionReference, duePeople, type DuePerson } from './due-people.ts'
import { expireConsents, type ExpireConsent } from './expire-consents.ts'

/** Writes down that the job ran: one `JobRan` in the stream of the run. */
export type RecordRun = (
  caller: Caller,
  run: Readonly<{
    job: 'retention'
    run: Reference
    asOf: Day
    outcome: Readonly<Record<string, number>>
    note: string | null
  }>,
) => Promise<Readonly<{ position: Position }>>

export type RetentionJob = Readonly<{
  services: Readonly<{ deletions: DeletionService }>
  views: Views
  caller: Caller
  /** What is due on or before this day. */
  asOf: Day
  /** Says what would happen and changes nothing. */
  dryRun: boolean
  recordRun: RecordRun
  expireConsent?: ExpireConsent
  /** At most so many people in this run. */
  limit?: number
  /** How many lots of those due have been dealt with. */
  onProgress?: (done: number, due: number) => void
  signal?: AbortSignal
}>

/** In lots, but `subjects` (people), `resumed`, `partly` and `refused` (deletions), `expired` (consents). */
export type RetentionSummary = Readonly<{
  due: number
  subjects: number
  deleted: number
  deferred: number
  /** How many lots each hold keeps; a lot under several counts under each. */
  deferredBy: Readonly<Record<string, number>>
  partly: number
  refused: number
  resumed: number
  expired: number
  /** It was stopped, or came to its limit, before everything due was dealt with. */
  unfinished: boolean
}>

export type RetentionResult = Readonly<{
  asOf: Day
  dryRun: boolean
  /** The position of the last thing the run recorded; the views hold it. */
  position: Position
  summary: RetentionSummary
  rows: readonly RetentionRunRow[]
}>

const AT_ONCE = 32
const RESUMED_AT_ONCE = 500
const VIEWS_WAIT_MS = 60_000

/**
 * Deletes what is due (S35): asks for one deletion for each person, defers what a hold covers (S36),
 * and takes up what was interrupted or kept by holds that are gone (N5). It may be run twice, on two
 * processes at once, and killed at any moment: each deletion has a name made of what it deletes, and the
 * next run finishes what this one began.
 */
export async function runRetention(job: RetentionJob): Promise<RetentionResult> {
  const { views, caller, asOf, dryRun, limit, onProgress, signal } = job
  const scannedAt = views.position()
  const due = countDue(job, scannedAt)
  const progress = {
    lots: 0,
    people: 0,
    rows: [] as RetentionRunRow[],
    last: START,
    stopped: false,
  }
  onProgress?.(0, due)
  if (!dryRun) await resume(job, progress)
  const fresh = () => (dryRun ? scannedAt : views.position())
  const people = upTo(duePeople(views, caller.controller, scannedAt, asOf, fresh), limit, progress)
  const holds = dryRun
    ? views.holds(caller.controller, scannedAt).filter(({ ended }) => ended === null)
    : []
  const one = dryRun
    ? async (person: DuePerson) => foreseen(job, person, holds)
    : (person: DuePerson) => remove(job, person, progress)
  const task = async (person: DuePerson) => {
    const row = await one(person)
    progress.lots += person.lots.length
    if (row) progress.rows.push(row)
    onProgress?.(Math.min(progress.lots, due), due)
  }
  await atOnce(people, AT_ONCE, task, signal ?? null)
  const expired = dryRun ? 0 : await expireConsents(job)
  const unfinished = progress.stopped || signal?.aborted === true
  const result = resultOf(job, scannedAt, progress, { due, expired, unfinished })
  return dryRun ? result : { ...result, position: await finish(job, result) }
}

type Progress = {
  lots: number
  people: number
  rows: RetentionRunRow[]
  last: Position
  stopped: boolean
}

/** Takes up what earlier runs left: interrupted deletions, and deferred ones that nothing keeps now. */
async function resume({ services, caller, signal }: RetentionJob, progress: Progress) {
  const done = new Set<string>()
  while (signal?.aborted !== true) {
    const outcomes = await services.deletions.resume(caller, null, RESUMED_AT_ONCE)
    const fresh = outcomes.filter(({ subject, deletion }) => !done.has(`${subject}/${deletion}`))
    for (const outcome of fresh) {
      done.add(`${outcome.subject}/${outcome.deletion}`)
      note(progress, outcome)
      if (didAnything(outcome)) progress.rows.push(rowOf(outcome, true))
    }
    // Those that came up before can only be waiting for the views: another round would say no more.
    if (outcomes.length < RESUMED_AT_ONCE || fresh.length === 0) return
  }
}

async function remove(
  { services, caller, asOf }: RetentionJob,
  { subject, lots }: DuePerson,
  progress: Progress,
): Promise<RetentionRunRow | null> {
  const named = lots.map(({ lot }) => lot)
  const outcome = await services.deletions.request(caller, {
    subject,
    deletion: deletionReference(subject, asOf, named),
    cause: 'retention',
    scope: { lots: named },
    request: null,
    at: null,
  })
  note(progress, outcome)
  return didAnything(outcome) ? rowOf(outcome, false) : null
}

function foreseen(
  { views, caller: { controller }, asOf }: RetentionJob,
  { subject, lots }: DuePerson,
  holds: readonly HoldRow[],
): RetentionRunRow {
  const kinds = holds.length > 0 ? views.kindsOf(controller, subject) : []
  const matters = new Set<string>()
  let deferred = 0
  for (const { categories } of lots) {
    const on = holdsOn(holds, { subject, kinds, categories })
    if (on.length > 0) deferred += 1
    for (const matter of on) matters.add(matter)
  }
  const named = lots.map(({ lot }) => lot)
  return {
    subject,
    deletion: deletionReference(subject, asOf, named),
    outcome: deferred === 0 ? 'deleted' : deferred < lots.length ? 'partly-deferred' : 'deferred',
    resumed: false,
    deleted: lots.length - deferred,
    deferred,
    holds: [...matters].sort(),
    codes: [],
  }
}

function rowOf(outcome: DeletionOutcome, resumed: boolean): RetentionRunRow {
  return {
    subject: outcome.subject,
    deletion: outcome.deletion,
    outcome: outcome.outcome,
    resumed,
    deleted: outcome.deleted,
    deferred: outcome.deferred,
    holds: outcome.holds,
    codes: outcome.refusals.map(({ code }) => code),
  }
}

/** What a deletion is answered with that another run has finished in the meantime. */
const FINISHED: ReadonlySet<string> = new Set([
  'deletion_unknown',
  'nothing_held',
  'subject_erased',
])

/** Another run may have done it first: then there is nothing of ours to tell. */
function didAnything({ outcome, deleted, deferred, refusals }: DeletionOutcome): boolean {
  if (outcome === 'refused') return !refusals.every(({ code }) => FINISHED.has(code))
  return deleted > 0 || deferred > 0
}

function note(progress: Progress, { position }: DeletionOutcome): void {
  if (position > progress.last) progress.last = position
}

function countDue({ views, caller, asOf }: RetentionJob, position: Position): number {
  let due = 0
  let cursor: string | null = null
  do {
    const page = views.retention(
      caller.controller,
      position,
      { dueBy: asOf },
      { limit: 1_000, cursor },
    )
    due += page.rows.filter(({ deletion }) => deletion === null).length
    cursor = page.next
  } while (cursor !== null)
  return due
}

function* upTo(
  people: Iterable<DuePerson>,
  limit: number | undefined,
  progress: Progress,
): Generator<DuePerson, void, undefined> {
  for (const person of people) {
    if (limit !== undefined && progress.people >= limit) {
      progress.stopped = true
      return
    }
    progress.people += 1
    yield person
  }
}

function resultOf(
  { asOf, dryRun }: RetentionJob,
  scannedAt: Position,
  { rows, people, last }: Progress,
  rest: Pick<RetentionSummary, 'due' | 'expired' | 'unfinished'>,
): RetentionResult {
  const sum = (count: (row: RetentionRunRow) => number) =>
    rows.reduce((total, row) => total + count(row), 0)
  const deferredBy: Record<string, number> = {}
  const matters = [...new Set(rows.flatMap(({ holds }) => holds))].sort()
  for (const matter of matters) {
    deferredBy[matter] = sum(({ holds, deferred }) => (holds.includes(matter) ? deferred : 0))
  }
  const order = (row: RetentionRunRow) => `${row.subject}/${row.deletion}`
  return {
    asOf,
    dryRun,
    position: last > scannedAt ? last : scannedAt,
    summary: {
      due: rest.due,
      subjects: people,
      deleted: sum(({ deleted }) => deleted),
      deferred: sum(({ deferred }) => deferred),
      deferredBy,
      partly: sum(({ outcome }) => (outcome === 'partly-deferred' ? 1 : 0)),
      refused: sum(({ outcome }) => (outcome === 'refused' ? 1 : 0)),
      resumed: sum(({ resumed }) => (resumed ? 1 : 0)),
      expired: rest.expired,
      unfinished: rest.unfinished,
    },
    rows: rows.toSorted((a, b) => (order(a) < order(b) ? -1 : 1)),
  }
}

/** A run that changed nothing leaves no trace, so that running twice is the same as running once. */
async function finish(job: RetentionJob, result: RetentionResult): Promise<Position> {
  const { position, rows, summary } = result
  const changed = rows.length > 0 || summary.expired > 0
  const last = changed ? (await record(job, result)).position : position
  await job.views.waitFor(last, VIEWS_WAIT_MS)
  return last
}

function record({ caller, asOf, recordRun }: RetentionJob, { position, summary }: RetentionResult) {
  const { due, subjects, deleted, deferred, partly, refused, resumed, expired } = summary
  const name = createHash('sha256')
    .update(JSON.stringify([caller.correlation, position]))
    .digest('hex')
  return recordRun(caller, {
    job: 'retention',
    run: Reference.parse(`retention.${asOf}.${name.slice(0, 16)}`),
    asOf,
    outcome: { due, subjects, deleted, deferred, partly, refused, resumed, expired },
    note: summary.unfinished ? 'stopped before everything due was dealt with' : null,
  })
}
