import { setTimeout as sleep } from 'node:timers/promises'
import type { ControllerId, Position, SubjectKind } from '../domain/values.ts'
import { openDatabase } from '../sqlite/open.ts'
import { auditPage, auditSummary, positionRecordedAt } from './audit-trail.ts'
import { behind } from './behind.ts'
import { emptyPage } from './cursor.ts'
import { openViewsDatabase } from './database.ts'
import { pendingDeletionsPage } from './deletions.ts'
import { disclosuresPage } from './disclosures.ts'
import { endpointReads } from './endpoints.ts'
import { createFacets } from './facets.ts'
import { holdReads } from './holds.ts'
import { inventoryPage, inventorySummary } from './inventory.ts'
import { dueNotifications, notificationNamed, notificationsPage } from './notification-list.ts'
import type { EndpointRow, NotificationViews } from './notification-views.ts'
import { toldAt } from './notices.ts'
import { operationOf } from './operations.ts'
import { packInstant } from './packing.ts'
import { policyReads } from './policies.ts'
import { promotionalUsesPage } from './promotional-uses.ts'
import { createReader, type Reader } from './reader.ts'
import { recipientReads, type RecipientVersion } from './recipients.ts'
import { requestReads } from './requests.ts'
import type { ResidueViews, VaultBackupRow } from './residue-views.ts'
import { residuesPage } from './residues.ts'
import { retentionPage } from './retention-schedule.ts'
import { standingsPage } from './standings.ts'
import { transferItems } from './transfer-items.ts'
import { transferReads } from './transfers.ts'
import { vaultBackupReads } from './vault-backups.ts'
import { allVersions, latestVersion, pageOfVersions, type VersionsReads } from './versions.ts'
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
  controllers: "SELECT name FROM controller WHERE name > '' ORDER BY name",
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
  const position = () => Number(reader.first(viewReads.position)?.[0]) as Position
  return {
    position,
    async waitFor(wanted, milliseconds) {
      if (position() >= wanted) return
      if (projector) return projector.waitFor(wanted, milliseconds)
      const deadline = performance.now() + milliseconds
      while (position() < wanted) {
        if (performance.now() >= deadline) throw behind(position(), wanted, milliseconds, null)
        await sleep(lookEveryMs)
      }
    },
    ...aboutPeople(reader),
    ...aboutActs(reader),
    ...aboutThings(reader),
    ...aboutDownstream(reader),
    ...aboutResidue(reader),
    close: () => database.close(),
  }
}

/** The answer about a controller, or `otherwise` where the log never spoke of it. */
function about<T>(
  reader: Reader,
  name: ControllerId,
  otherwise: T,
  answer: (controller: number) => T,
): T {
  const controller = reader.controller(name)
  return controller === null ? otherwise : answer(controller)
}

/** What is held on people, how they stood, and what becomes of it. */
function aboutPeople(reader: Reader) {
  return {
    inventory: (name, asOf, filter, paging) =>
      about(reader, name, emptyPage, (it) => inventoryPage(reader, it, asOf, filter, paging)),
    inventorySummary: (name, asOf) =>
      about(reader, name, [], (it) => inventorySummary(reader, it, asOf)),
    standings: (name, asOf, filter, paging) =>
      about(reader, name, emptyPage, (it) => standingsPage(reader, it, asOf, filter, paging)),
    retention: (name, position, filter, paging) =>
      about(reader, name, emptyPage, (it) => retentionPage(reader, it, position, filter, paging)),
    pendingDeletions: (name, position, paging) =>
      about(reader, name, emptyPage, (it) => pendingDeletionsPage(reader, it, position, paging)),
    transferItems: (name, position, scope, asOf) =>
      about<Iterable<TransferItemRow>>(reader, name, [], (controller) =>
        transferItems({ reader, controller, position, scope, asOf }),
      ),
    notified: (name, position, subject, kind, reference) =>
      about(reader, name, false, (it) => {
        const told = toldAt(reader, it, subject, kind, reference)
        return told !== null && told <= position
      }),
    kindsOf: (name, subject) =>
      about(reader, name, [], (controller) => {
        const person = reader.person(controller, subject)
        const found = person === null ? undefined : reader.first(viewReads.kinds, person)
        return found ? (reader.value(Number(found[0])) as readonly SubjectKind[]) : []
      }),
  } satisfies Partial<Views>
}

/** What was done, by the ledger's own order. */
function aboutActs(reader: Reader) {
  const facets = createFacets(reader)
  return {
    positionAt: (name, recordedAt) =>
      about(reader, name, 0, (it) =>
        positionRecordedAt(reader, it, packInstant(recordedAt)),
      ) as Position,
    disclosures: (name, asOf, filter, paging) =>
      about(reader, name, emptyPage, (it) => disclosuresPage(reader, it, asOf, filter, paging)),
    audit: (name, position, filter, paging) =>
      about(reader, name, emptyPage, (controller) =>
        auditPage({ reader, facets, name, controller }, position, filter, paging),
      ),
    auditSummary: (name, position) =>
      about(reader, name, [], (controller) =>
        auditSummary({ reader, facets, name, controller }, position),
      ),
    promotionalUses: (name, position, filter, paging) =>
      about(reader, name, emptyPage, (it) =>
        promotionalUsesPage(reader, it, position, filter, paging),
      ),
    operation: (name, key) => about(reader, name, null, (it) => operationOf(reader, it, key)),
    counts: (name) =>
      about(reader, name, { subjects: 0, events: 0 }, (controller) => {
        const [subjects, events] = reader.first(viewReads.counts, controller) ?? []
        return { subjects: Number(subjects), events: Number(events) }
      }),
  } satisfies Partial<Views>
}

/** Holds, requests, policies, recipients and transfers: few, each with a life of its own. */
function aboutThings(reader: Reader) {
  const all = <Stored>(name: ControllerId, reads: VersionsReads, position: Position) =>
    about(reader, name, [], (it) => allVersions<Stored>(reader, reads, it, position))
  const latest = <Stored>(name: ControllerId, reads: VersionsReads, key: string) =>
    about(reader, name, null, (it) => latestVersion<Stored>(reader, reads, it, key))
  return {
    holds: (name, position) => all<HoldRow>(name, holdReads, position),
    requests: (name, position, paging) =>
      about(reader, name, emptyPage, (it) =>
        pageOfVersions<RequestRow>(reader, requestReads, 'requests', it, position, paging),
      ),
    request: (name, request) => latest<RequestRow>(name, requestReads, request),
    policies: (name, position) => all<PolicyRow>(name, policyReads, position),
    recipients: (name, position) =>
      all<RecipientVersion>(name, recipientReads, position).map(({ open: _, ...row }) => row),
    transfers: (name, position) => all<TransferRow>(name, transferReads, position),
    transfer: (name, transfer) => latest<TransferRow>(name, transferReads, transfer),
  } satisfies Partial<Views>
}

/** What recipients and source systems are told. */
function aboutDownstream(reader: Reader): NotificationViews {
  return {
    endpoints: (name, position) =>
      about(reader, name, [], (it) =>
        allVersions<EndpointRow>(reader, endpointReads, it, position),
      ),
    notifications: (name, position, filter, paging) =>
      about(reader, name, emptyPage, (it) =>
        notificationsPage(reader, it, position, filter, paging),
      ),
    notification: (name, id) =>
      about(reader, name, null, (it) => notificationNamed(reader, it, id)),
    dueNotifications: (name, downstream, now, limit) =>
      about(reader, name, [], (it) =>
        dueNotifications(reader, it, downstream, packInstant(now), limit),
      ),
  }
}

/** What may be left in backups of the vault. */
function aboutResidue(reader: Reader): ResidueViews {
  return {
    controllers: () => reader.all(viewReads.controllers).map(([name]) => name as ControllerId),
    vaultBackups: (name, position) =>
      about(reader, name, [], (it) =>
        allVersions<VaultBackupRow>(reader, vaultBackupReads, it, position),
      ),
    residues: (name, position, filter, paging) =>
      about(reader, name, emptyPage, (it) => residuesPage(reader, it, position, filter, paging)),
  }
}
