import { setTimeout as sleep } from 'node:timers/promises'
import type { ControllerId, Position, SubjectKind } from '../domain/values.ts'
import { openDatabase } from '../sqlite/open.ts'
import { auditPage, auditSummary, positionRecordedAt } from './audit-trail.ts'
import { behind } from './behind.ts'
import { emptyPage } from './cursor.ts'
import { openViewsDatabase } from './database.ts'
import { pendingDeletionsPage } from './deletions.ts'
import { disclosuresPage } from './disclosures.ts'
import { createFacets } from './facets.ts'
import { holdReads } from './holds.ts'
import { inventoryPage, inventorySummary } from './inventory.ts'
import { noticeReads } from './notices.ts'
import { operationReads } from './operations.ts'
import { packDigest, packInstant, unpackDigest } from './packing.ts'
import { policyReads } from './policies.ts'
import { promotionalUsesPage } from './promotional-uses.ts'
import { createReader } from './reader.ts'
import { recipientReads, type RecipientVersion } from './recipients.ts'
import { requestReads } from './requests.ts'
import { retentionPage } from './retention.ts'
import { standingsPage } from './standings.ts'
import { transferItems } from './transfer-items.ts'
import { transferReads } from './transfers.ts'
import { allVersions, latestVersion, pageOfVersions } from './versions.ts'
import {
  type HoldRow,
  type PolicyRow,
  type RequestRow,
  type TransferItemRow,
  type TransferRow,
  type Views,
} from './views.ts'

export type ViewsOptions = Readonly<{
  path: string
  /**
   * Who follows the log and can say when a position is reached. Without one the file is looked at every
   * few milliseconds: somebody else's projector follows.
   */
  projector?: { waitFor(position: Position, milliseconds: number): Promise<void> }
}>

/** What the views themselves ask of the file. */
export const viewReads = {
  position: 'SELECT position FROM checkpoint WHERE one = 1',
  kinds: 'SELECT kinds FROM subject WHERE number = ?',
  counts: 'SELECT subjects, events FROM controller WHERE number = ?',
} as const

const lookEveryMs = 3

/**
 * The read models in their SQLite file, over a read-only connection of its own. Every answer is one walk
 * of an index. The file is made where it is missing; it is empty until a projector fills it.
 *
 * @throws Error "couldn't open <path>: …". The queries throw BadCursor for a cursor of another list
 */
export function openViews({ path, projector }: ViewsOptions): Views {
  openViewsDatabase(path).close()
  const database = openDatabase(path, { readOnly: true })
  database.exec('PRAGMA cache_size = -32768')
  const reader = createReader(database)
  const facets = createFacets(reader)
  const position = () => Number(reader.first(viewReads.position)?.[0]) as Position

  /** The answer about a controller, or `otherwise` where the log never spoke of it. */
  function about<T>(name: ControllerId, otherwise: T, answer: (controller: number) => T): T {
    const controller = reader.controller(name)
    return controller === null ? otherwise : answer(controller)
  }

  async function waitFor(wanted: Position, milliseconds: number): Promise<void> {
    if (position() >= wanted) return
    if (projector) return projector.waitFor(wanted, milliseconds)
    const deadline = performance.now() + milliseconds
    while (position() < wanted) {
      if (performance.now() >= deadline) throw behind(position(), wanted, milliseconds, null)
      await sleep(lookEveryMs)
    }
  }

  return {
    position,
    waitFor,
    positionAt: (name, recordedAt) =>
      about(name, 0, (controller) =>
        positionRecordedAt(reader, controller, packInstant(recordedAt)),
      ) as Position,
    inventory: (name, asOf, filter, paging) =>
      about(name, emptyPage, (it) => inventoryPage(reader, it, asOf, filter, paging)),
    inventorySummary: (name, asOf) => about(name, [], (it) => inventorySummary(reader, it, asOf)),
    standings: (name, asOf, filter, paging) =>
      about(name, emptyPage, (it) => standingsPage(reader, it, asOf, filter, paging)),
    retention: (name, asOf, filter, paging) =>
      about(name, emptyPage, (it) => retentionPage(reader, it, asOf, filter, paging)),
    disclosures: (name, asOf, filter, paging) =>
      about(name, emptyPage, (it) => disclosuresPage(reader, it, asOf, filter, paging)),
    audit: (name, asOf, filter, paging) =>
      about(name, emptyPage, (controller) =>
        auditPage({ reader, facets, name, controller }, asOf, filter, paging),
      ),
    auditSummary: (name, asOf) =>
      about(name, [], (controller) => auditSummary({ reader, facets, name, controller }, asOf)),
    holds: (name, asOf) =>
      about(name, [], (it) => allVersions<HoldRow>(reader, holdReads, it, asOf)),
    requests: (name, asOf, paging) =>
      about(name, emptyPage, (it) =>
        pageOfVersions<RequestRow>(reader, requestReads, 'requests', it, asOf, paging),
      ),
    request: (name, request) =>
      about(name, null, (it) => latestVersion<RequestRow>(reader, requestReads, it, request)),
    pendingDeletions: (name, asOf, paging) =>
      about(name, emptyPage, (it) => pendingDeletionsPage(reader, it, asOf, paging)),
    promotionalUses: (name, asOf, filter, paging) =>
      about(name, emptyPage, (it) => promotionalUsesPage(reader, it, asOf, filter, paging)),
    policies: (name, asOf) =>
      about(name, [], (it) => allVersions<PolicyRow>(reader, policyReads, it, asOf)),
    recipients: (name, asOf) =>
      about(name, [], (it) =>
        allVersions<RecipientVersion>(reader, recipientReads, it, asOf).map(
          ({ open: _, ...row }) => row,
        ),
      ),
    transfers: (name, asOf) =>
      about(name, [], (it) => allVersions<TransferRow>(reader, transferReads, it, asOf)),
    transfer: (name, transfer) =>
      about(name, null, (it) => latestVersion<TransferRow>(reader, transferReads, it, transfer)),
    transferItems: (name, asOf, scope, day) =>
      about<Iterable<TransferItemRow>>(name, [], (controller) =>
        transferItems({ reader, controller, position: asOf, scope, asOf: day }),
      ),
    notified: (name, asOf, subject, kind, reference) =>
      about(name, false, (controller) => {
        const words = [reader.term(kind), reader.term(reference)]
        const person = reader.person(controller, subject)
        if (person === null || words.includes(null)) return false
        const told = reader.first(noticeReads.told, person, ...words)
        return told !== undefined && Number(told[0]) <= asOf
      }),
    kindsOf: (name, subject) =>
      about(name, [], (controller) => {
        const person = reader.person(controller, subject)
        if (person === null) return []
        const [kinds] = reader.first(viewReads.kinds, person)!
        return reader.value(Number(kinds)) as readonly SubjectKind[]
      }),
    operation: (name, key) =>
      about(name, null, (controller) => {
        const found = reader.first(operationReads.operation, controller, packDigest(key))
        if (!found) return null
        const [body, first, events] = found
        return {
          body: unpackDigest(body as string | Uint8Array),
          position: Number(first) as Position,
          events: Number(events),
        }
      }),
    counts: (name) =>
      about(name, { subjects: 0, events: 0 }, (controller) => {
        const [subjects, events] = reader.first(viewReads.counts, controller)!
        return { subjects: Number(subjects), events: Number(events) }
      }),
    close: () => database.close(),
  }
}
