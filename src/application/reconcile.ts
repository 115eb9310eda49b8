import { backupDecider } from '../domain/backup/decider.ts'
import { streamName, streamParts, type Envelope } from '../domain/envelope.ts'
import { dayOf } from '../domain/policy/calendar.ts'
import type { LotContents, SubjectEvent } from '../domain/subject/events.ts'
import type { ControllerId, Instant, Reference, Revision, SubjectId } from '../domain/values.ts'
import { decode } from '../ledger/codec.ts'
import type { EventReader } from '../ledger/event-log.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { KeyScope, Vault } from '../vault/vault.ts'
import type { Register } from './register.ts'
import type { Caller } from './services.ts'
import { takeStep } from './steps.ts'
import { takeSubjectStep } from './subject-step.ts'

type Deps = Readonly<{
  executor: Executor
  reader: EventReader
  vault: Vault
  register: Register
  forgetExports: (subject: SubjectId) => void
  /** Called before the first thing is written. Throws where the ledger is not the one that was signed. */
  assertContinues: () => Promise<void>
  now: () => Instant
}>

/** What a vault's file was compared with, and what of it had come back. */
export type Reconciled = Readonly<{ checked: number; reapplied: number }>

type Done = Readonly<{
  controller: ControllerId
  subject: SubjectId
  deletion: Reference
  revision: Revision
  /** Null: everything. */
  lots: readonly LotContents[] | null
}>

const PAGE = 1_000

/**
 * N4, S31: before anything is answered, every deletion that the ledger says is done, and that this very
 * vault file is not known to have seen, is compared with it. A restored older file brought keys and index
 * rows back: they are destroyed again, and that is an event of the person. Costs what was recorded since
 * the file was last marked, next to nothing on a usual start.
 *
 * @param caller whose name the steps bear; they are taken for every controller
 */
export async function reconcileVault(
  deps: Deps,
  caller: Omit<Caller, 'controller'>,
): Promise<Reconciled> {
  const { vault, reader } = deps
  const counts = new Map<ControllerId, { checked: number; reapplied: number }>()
  let after = await vault.appliedUpTo()
  for (;;) {
    const page = await reader.readAll(after, PAGE)
    for (const record of page) {
      if (record.type !== 'DataDeleted' && record.type !== 'SubjectErased') continue
      const done = doneBy(decode(record) as Envelope<SubjectEvent>)
      const count = counts.get(done.controller) ?? { checked: 0, reapplied: 0 }
      counts.set(done.controller, count)
      count.checked += 1
      if (await reapply(deps, caller, done)) count.reapplied += 1
    }
    after = page.at(-1)?.position ?? after
    if (page.length < PAGE) break
  }
  for (const [controller, count] of counts) {
    if (count.reapplied > 0) await report(deps, { ...caller, controller }, count)
  }
  await vault.markApplied(after)
  return total([...counts.values()])
}

function doneBy(event: Envelope<SubjectEvent>): Done {
  const { controller, data, revision } = event
  const subject = streamParts(event.stream).id as SubjectId
  if (event.type === 'SubjectErased') {
    return { controller, subject, deletion: event.data.deletion, revision, lots: null }
  }
  if (event.type !== 'DataDeleted') throw new Error(`unreachable: ${event.type} deletes nothing`)
  const { deletion, lots } = data as typeof event.data
  return { controller, subject, deletion, revision, lots }
}

/** Whether anything had come back. */
async function reapply(
  deps: Deps,
  caller: Omit<Caller, 'controller'>,
  { controller, subject, deletion, revision, lots }: Done,
): Promise<boolean> {
  const { vault, executor, register } = deps
  deps.forgetExports(subject)
  let returned: readonly LotContents[] = []
  if (lots === null) {
    if (!(await vault.holds(controller, subject))) return false
  } else {
    returned = await returnedLots(deps, controller, subject, lots, revision)
    if (returned.length === 0) return false
  }
  await deps.assertContinues()
  if (lots === null) await vault.destroySubject(controller, subject)
  else await vault.destroyKeys(controller, subject, scopesOf(returned))
  const { timeZone } = await register.ready(controller)
  await takeSubjectStep(
    executor,
    { ...caller, controller },
    {
      subject,
      at: null,
      timeZone,
      command: { type: 'ReapplyDeletion', deletion, lots: returned },
    },
  )
  return true
}

/**
 * Of the lots, what the vault has a key for that sealed something before the deletion. A key that was
 * made since then is of what the person gave anew.
 */
async function returnedLots(
  { vault, reader }: Deps,
  controller: ControllerId,
  subject: SubjectId,
  lots: readonly LotContents[],
  revision: Revision,
): Promise<LotContents[]> {
  const scopes = scopesOf(lots)
  const keys = await vault.openKeys(controller, subject, scopes)
  const there = scopes.filter((_, index) => keys[index])
  if (there.length === 0) return []
  const before = await keysBefore(reader, controller, subject, revision)
  const returned = scopes.filter((_, index) => before.has(keys[index]?.id ?? ''))
  return lots.flatMap(({ lot }) => {
    const categories = returned.filter((scope) => scope.lot === lot).map(({ category }) => category)
    return categories.length > 0 ? [{ lot, categories }] : []
  })
}

async function keysBefore(
  reader: EventReader,
  controller: ControllerId,
  subject: SubjectId,
  revision: Revision,
): Promise<ReadonlySet<string>> {
  const stream = streamName('subject', controller, subject)
  const keys = new Set<string>()
  for (let from = 0; from < revision; from += PAGE) {
    const limit = Math.min(PAGE, revision - from)
    for (const record of await reader.readStream(stream, from as Revision, limit)) {
      for (const { key } of decode(record).sealed) keys.add(key)
    }
  }
  return keys
}

function scopesOf(lots: readonly LotContents[]): KeyScope[] {
  return lots.flatMap(({ lot, categories }) => categories.map((category) => ({ category, lot })))
}

async function report(
  { executor, register, now }: Deps,
  caller: Caller,
  { checked, reapplied }: Reconciled,
): Promise<void> {
  const { timeZone } = await register.ready(caller.controller)
  const on = dayOf(now(), timeZone)
  await takeStep(executor, caller, {
    kind: 'backup',
    id: 'vault',
    decider: backupDecider,
    command: () => ({ type: 'ReconcileRestoredVault' as const, on, checked, reapplied }),
    context: undefined,
  })
}

function total(counts: readonly Reconciled[]): Reconciled {
  return counts.reduce(
    (sum, { checked, reapplied }) => ({
      checked: sum.checked + checked,
      reapplied: sum.reapplied + reapplied,
    }),
    { checked: 0, reapplied: 0 },
  )
}
