import { streamName } from '../domain/envelope.ts'
import { dayOf } from '../domain/policy/calendar.ts'
import type { Refusal } from '../domain/refusal.ts'
import { subjectDecider } from '../domain/subject/decider.ts'
import type { LotContents, SubjectEvent } from '../domain/subject/events.ts'
import type { SubjectState } from '../domain/subject/state.ts'
import {
  type Day,
  type Instant,
  type Lot,
  type Position,
  type PurposeKey,
  type Reference,
  type SubjectId,
} from '../domain/values.ts'
import type { Answer, Executor } from '../ledger/execute-types.ts'
import type { PendingDeletionRow, Views } from '../projections/views.ts'
import type { Vault } from '../vault/vault.ts'
import { holdsOn } from './holds-in-force.ts'
import type { Register } from './register.ts'
import type { Caller, DeletionOutcome, DeletionService } from './services.ts'
import { takeSubjectStep, type BareSubjectCommand } from './subject-step.ts'

type Deps = Readonly<{
  executor: Executor
  vault: Vault
  views: Views
  register: Register
  /** Destroys what was written of a person in clear and is still in our hands: exports (S30). */
  forgetExports: (subject: SubjectId) => void
  now: () => Instant
}>

/** What the other services need of deletions, beside the service. */
export type Deletions = DeletionService &
  Readonly<{
    /** Carries out what a `DeletionRequested` in the subject's stream asked for. Idempotent. */
    carryOut(
      caller: Caller,
      subject: SubjectId,
      deletion: Reference,
      at: Instant | null,
    ): Promise<DeletionOutcome>
  }>

/** How long the views may take to show the request; they follow within milliseconds. */
const VIEWS_WAIT_MS = 30_000

/** How many deletions are carried out at once, so that they share the stores' commits. */
const AT_ONCE = 32

type Resolved = {
  caller: Caller
  subject: SubjectId
  deletion: Reference
  at: Instant | null
  zone: Parameters<typeof dayOf>[1]
}
type Answered = Answer<SubjectEvent>

/**
 * Deletion is a protocol over two stores that share no transaction: the request is an event (a); from
 * then on every hold recorded before it is honoured, since the views are waited for (b); what no hold
 * covers has its keys destroyed (c); and that is an event as well (d). Killed between any two steps it
 * is taken up again by `resume`, and each step done twice is as done once.
 */
export function createDeletions(deps: Deps): Deletions {
  return {
    async request(caller, step) {
      const { timeZone } = await deps.register.ready(caller.controller)
      const { subject, deletion, at } = step
      const resolved: Resolved = { caller, subject, deletion, at, zone: timeZone }
      const answer = await command(deps, resolved, {
        type: 'RequestDeletion',
        deletion,
        cause: step.cause,
        scope: step.scope as never,
        request: step.request,
      })
      if (answer.outcome === 'refused') return nothingDone(resolved, answer, answer.refusals)
      return carryOut(deps, resolved, answer.position)
    },

    async carryOut(caller, subject, deletion, at) {
      const { timeZone } = await deps.register.ready(caller.controller)
      const resolved = { caller, subject, deletion, at, zone: timeZone }
      const { position } = await pending(deps, resolved)
      return carryOut(deps, resolved, position)
    },

    async resume(caller, at, limit) {
      const { timeZone } = await deps.register.ready(caller.controller)
      const on = dayOf(at ?? deps.now(), timeZone)
      const open = openDeletions(deps.views, caller, on, limit)
      const outcomes: DeletionOutcome[] = []
      for (let from = 0; from < open.length; from += AT_ONCE) {
        const some = open.slice(from, from + AT_ONCE).map(async ({ subject, deletion, status }) => {
          const resolved = { caller, subject, deletion, at, zone: timeZone }
          if (status === 'deferred') {
            const answer = await command(deps, resolved, { type: 'ResumeDeletion', deletion })
            if (answer.outcome === 'refused') return nothingDone(resolved, answer, answer.refusals)
          }
          const { position } = await pending(deps, resolved)
          return carryOut(deps, resolved, position)
        })
        outcomes.push(...(await Promise.all(some)))
      }
      return outcomes
    },
  }
}

/** Requested and not done, and deferred ones that nothing keeps any more on that day. */
function openDeletions(
  views: Views,
  { controller }: Caller,
  on: Day,
  limit: number,
): PendingDeletionRow[] {
  const position = views.position()
  const inForce = new Set(
    views
      .holds(controller, position)
      .filter(({ ended }) => ended === null)
      .map(({ matter }) => matter),
  )
  const open: PendingDeletionRow[] = []
  let cursor: string | null = null
  do {
    const page = views.pendingDeletions(controller, position, { limit: 500, cursor })
    for (const row of page.rows) {
      const kept =
        row.status === 'deferred' &&
        (row.holds.some((matter) => inForce.has(matter)) || (row.until !== null && row.until > on))
      if (!kept && open.length < limit) open.push(row)
    }
    cursor = page.next
  } while (cursor !== null && open.length < limit)
  return open
}

async function carryOut(
  deps: Deps,
  resolved: Resolved,
  requestedAt: Position,
): Promise<DeletionOutcome> {
  const { controller } = resolved.caller
  const { subject, deletion } = resolved
  const { open } = await pending(deps, resolved)
  if (!open) return done(resolved, { deleted: [], deferred: [], holds: [], position: requestedAt })
  if (open.everything) await deps.vault.fence(controller, subject)
  const split = await splitByHolds(deps, resolved, open.lots, requestedAt)
  const nothingNew = split.held.length + split.free.length === 0 && open.deferred > 0

  let position = requestedAt
  if (split.held.length > 0) {
    const answer = await command(deps, resolved, {
      type: 'DeferDeletion',
      deletion,
      lots: split.held,
      holds: split.holds,
    })
    position = answer.position
  }
  const wholly = open.everything && split.held.length === 0 && open.deferred === 0
  if (open.everything && !wholly) await deps.vault.unfence(controller, subject)
  if (wholly) {
    await keepObjections(deps, resolved, open.objections)
    await deps.vault.destroySubject(controller, subject)
  } else if (split.free.length > 0) {
    await destroyKeys(deps, resolved, open.lots, split.free, open.wholeLots)
  }
  if (wholly || split.free.length > 0) {
    deps.forgetExports(subject)
    const answer = await command(deps, resolved, {
      type: 'CompleteDeletion',
      deletion,
      lots: split.free,
    })
    position = answer.position
  }
  const found = { deleted: split.free, deferred: split.held, holds: split.holds, position }
  return nothingNew ? { ...done(resolved, found), outcome: 'waiting' } : done(resolved, found)
}

/** S3: where the policy says so, an objection outlives the person, for whoever comes with their identifiers. */
async function keepObjections(
  { vault, register, now }: Deps,
  { caller: { controller }, subject }: Resolved,
  objections: readonly PurposeKey[],
): Promise<void> {
  const known = await register.ready(controller)
  const suppression = known.policyAt(now(), null)?.source.suppression
  const kept = objections.filter((purpose) => suppression?.purposes.includes(purpose))
  if (kept.length > 0) await vault.suppress(controller, subject, kept)
}

/** All keys of the lots that go whole, also of values that were never recorded; else of the categories. */
async function destroyKeys(
  { vault }: Deps,
  { caller: { controller }, subject }: Resolved,
  contents: readonly LotContents[],
  free: readonly Lot[],
  whole: ReadonlySet<Lot>,
): Promise<void> {
  const going = contents.filter(({ lot }) => free.includes(lot))
  const lots = going.map(({ lot }) => lot).filter((lot) => whole.has(lot))
  const scopes = going
    .filter(({ lot }) => !whole.has(lot))
    .flatMap(({ lot, categories }) => categories.map((category) => ({ lot, category })))
  if (lots.length > 0) await vault.destroyLots(controller, subject, lots)
  if (scopes.length > 0) await vault.destroyKeys(controller, subject, scopes)
}

/** S36: which of the lots a hold covers, as of the request. */
async function splitByHolds(
  { views }: Deps,
  { caller: { controller }, subject }: Resolved,
  lots: readonly LotContents[],
  requestedAt: Position,
): Promise<{ held: Lot[]; free: Lot[]; holds: Reference[] }> {
  await views.waitFor(requestedAt, VIEWS_WAIT_MS)
  const position = views.position()
  const inForce = views.holds(controller, position)
  const kinds = inForce.length > 0 ? views.kindsOf(controller, subject) : []
  const held: Lot[] = []
  const free: Lot[] = []
  const matters = new Set<Reference>()
  for (const { lot, categories } of lots) {
    const on = holdsOn(inForce, { subject, kinds, categories })
    for (const matter of on) matters.add(matter)
    if (on.length > 0) held.push(lot)
    else free.push(lot)
  }
  return { held, free, holds: [...matters].sort() }
}

/**
 * The deletion as the stream has it: the lots still to go, those that go whole, how many are put off, and
 * what the person objects to.
 */
function pending({ executor }: Deps, { caller, subject, deletion }: Resolved) {
  const stream = streamName('subject', caller.controller, subject)
  return executor.load(stream, subjectDecider, ({ state, position }) => {
    const found = state.deletions.get(deletion)
    if (!found) return { open: null, position }
    const lots = found.lots.filter(({ lot }) => !found.deferrals.has(lot))
    return {
      open: {
        everything: found.everything,
        lots,
        wholeLots: new Set(lots.filter((one) => isWhole(state, one)).map(({ lot }) => lot)),
        deferred: found.deferrals.size,
        objections: [...state.objections]
          .filter(([, standings]) => standings.at(-1)?.status === 'made')
          .map(([purpose]) => purpose),
      },
      position,
    }
  })
}

/** Whether the deletion takes every category that the lot holds. */
function isWhole(state: SubjectState, { lot, categories }: LotContents): boolean {
  const held = state.lots.get(lot)
  return !held || [...held.contents.keys()].every((category) => categories.includes(category))
}

function command(
  { executor }: Deps,
  { caller, subject, at, zone }: Resolved,
  bare: BareSubjectCommand,
): Promise<Answered> {
  return takeSubjectStep(executor, caller, { subject, at, timeZone: zone, command: bare })
}

function nothingDone(
  { subject, deletion }: Resolved,
  { position }: Answered,
  refusals: readonly Refusal[],
): DeletionOutcome {
  return {
    subject,
    deletion,
    outcome: 'refused',
    deleted: 0,
    deferred: 0,
    holds: [],
    refusals,
    position,
  }
}

function done(
  { subject, deletion }: Resolved,
  found: { deleted: Lot[]; deferred: Lot[]; holds: Reference[]; position: Position },
): DeletionOutcome {
  const { deleted, deferred, holds, position } = found
  return {
    subject,
    deletion,
    outcome:
      deferred.length === 0 ? 'deleted' : deleted.length === 0 ? 'deferred' : 'partly-deferred',
    deleted: deleted.length,
    deferred: deferred.length,
    holds,
    refusals: [],
    position,
  }
}
