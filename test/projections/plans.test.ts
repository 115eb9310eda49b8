import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projections } from '../../src/projections/all.ts'
import { auditReads } from '../../src/projections/audit-trail.ts'
import { openViewsDatabase } from '../../src/projections/database.ts'
import { deletionReads } from '../../src/projections/deletions.ts'
import { disclosureReads } from '../../src/projections/disclosures.ts'
import { endpointReads } from '../../src/projections/endpoints.ts'
import { facetReads } from '../../src/projections/facets.ts'
import { holdReads } from '../../src/projections/holds.ts'
import { inventoryReads } from '../../src/projections/inventory.ts'
import { nameStatements } from '../../src/projections/names.ts'
import { notificationReads } from '../../src/projections/notification-list.ts'
import { noticeReads } from '../../src/projections/notices.ts'
import { operationReads } from '../../src/projections/operations.ts'
import { policyReads } from '../../src/projections/policies.ts'
import { promotionalUseReads } from '../../src/projections/promotional-uses.ts'
import { nameReads } from '../../src/projections/reader.ts'
import { recipientReads } from '../../src/projections/recipients.ts'
import { requestReads } from '../../src/projections/requests.ts'
import { residueReads } from '../../src/projections/residues.ts'
import { retentionReads } from '../../src/projections/retention-schedule.ts'
import { viewReads } from '../../src/projections/sqlite-views.ts'
import { standingReads } from '../../src/projections/standings.ts'
import { transferItemReads } from '../../src/projections/transfer-items.ts'
import { transferReads } from '../../src/projections/transfers.ts'
import { vaultBackupReads } from '../../src/projections/vault-backups.ts'
import { wordStatements } from '../../src/projections/words.ts'
import { openScene, type Scene } from '../support/views-on.ts'

const reads = {
  auditReads,
  deletionReads,
  disclosureReads,
  endpointReads,
  facetReads,
  holdReads,
  inventoryReads,
  nameReads,
  notificationReads,
  noticeReads,
  operationReads,
  policyReads,
  promotionalUseReads,
  recipientReads,
  requestReads,
  residueReads,
  retentionReads,
  standingReads,
  transferItemReads,
  transferReads,
  vaultBackupReads,
  viewReads,
}

const statements = [
  ...Object.entries(reads).flatMap(([group, all]) => named(group, all)),
  ...named('names', nameStatements),
  ...named('words', wordStatements),
  ...projections.flatMap(({ name, writes, lookups }) => [
    ...named(name, writes),
    ...named(name, lookups),
  ]),
]

function named(group: string, all: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(all).map(([name, sql]) => [`${group}.${name}`, sql])
}

let scene: Scene
let database: ReturnType<typeof openViewsDatabase>
beforeAll(() => {
  scene = openScene()
  database = openViewsDatabase(scene.path)
})
afterAll(() => {
  database.close()
  scene.dispose()
})

describe('how SQLite goes about it', () => {
  it.each(statements)('%s walks an index and scans no table', (_, sql) => {
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
    const scanned = plan.filter(({ detail }) => /^SCAN (?!CONSTANT ROW)/.test(String(detail)))
    expect(scanned, plan.map(({ detail }) => detail).join('\n')).toEqual([])
  })

  it.each([
    ['inventory by person', inventoryReads.list],
    ['standings by person', standingReads.list],
    ['retention by due day', retentionReads.due],
    ['pending deletions by position', deletionReads.pending],
    ['disclosures', disclosureReads.all],
    ['the trail', auditReads.all],
    ['the trail of a person', auditReads.ofPerson],
    ['promotional uses', promotionalUseReads.list],
    ['requests', requestReads.asOf],
    ['notifications', notificationReads.all],
    ['outstanding notifications', notificationReads.outstanding],
    ['notifications that are due', notificationReads.due],
  ])('%s come out in order without being sorted', (_, sql) => {
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
    expect(plan.map(({ detail }) => String(detail)).filter((it) => it.includes('TEMP'))).toEqual([])
  })
})
