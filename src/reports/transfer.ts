import type { TransferScope } from '../domain/transfer/events.ts'
import type { ControllerId, Day, Position, Reference, SubjectId } from '../domain/values.ts'
import type { TransferItemRow, TransferRow, Views } from '../projections/views.ts'
import { countedTable } from './counted.ts'
import { takeManifest, wasNotified } from './manifest.ts'
import { reportTable, type Report, type ReportTable } from './report.ts'
import { Tally } from './tally.ts'

/** `asOf`: what is due for deletion on or before this day does not pass. */
export type TransferParameters = Readonly<{ transfer: Reference; asOf: Day }>

type Counts = {
  items: Tally
  byKind: Tally
  byProperty: Tally
  excluded: Tally
}

/**
 * The counsel's report on a business transfer (N6, S8, S9): its scope, what would pass, what is excluded
 * and why, and who has not been notified. null: no such transfer is known at the position.
 */
export function transferReport(
  views: Views,
  controller: ControllerId,
  position: Position,
  parameters: TransferParameters,
): Report | null {
  const transfer = views
    .transfers(controller, position)
    .find((row) => row.transfer === parameters.transfer)
  if (!transfer) return null
  const { asOf } = parameters
  const { summary } = takeManifest(
    views,
    controller,
    position,
    transfer.scope,
    asOf,
    transfer.transfer,
  )
  const items = () => views.transferItems(controller, position, transfer.scope, asOf)
  return {
    kind: 'transfer',
    title: `Business transfer: ${transfer.title}`,
    about: [
      'What personal data in custody would pass to the acquirer, derived at one position of the ledger; what is excluded from it, item by item, and why; and which of the people whose data would pass have not been told. A notice on the site is a notice to everybody; a notice in person is counted for each person.',
      'The manifest itself is a file of its own, one line for each item. Its SHA-256 digest is stated here, so that what was handed over can be compared with what was derived. People are named by pseudonym only.',
    ],
    controller,
    position,
    parameters,
    figures: [
      { name: 'subjects', label: 'People whose data would pass', value: summary.subjects },
      { name: 'items', label: 'Items that would pass', value: summary.items },
      { name: 'excluded', label: 'Items excluded', value: summary.excluded },
      {
        name: 'notNotified',
        label: 'People not notified in person',
        value: summary.notNotified,
        alarm: !transfer.sitePosted,
      },
    ],
    tables: [
      transferTable(transfer, summary.digest),
      ...countTables(countsOf(items())),
      excludedTable(items),
      notNotifiedTable(views, controller, position, transfer, items),
    ],
  }
}

/** A scope in words: `everything`, or each list it names. */
export function scopeWords(scope: TransferScope): string {
  if ('everything' in scope) return 'everything'
  const lists = [
    ['properties', scope.properties],
    ['categories', scope.categories],
    ['kinds of people', scope.kinds],
  ] as const
  return lists.flatMap(([name, list]) => (list ? [`${name}: ${list.join(', ')}`] : [])).join('; ')
}

function transferTable(transfer: TransferRow, digest: string): ReportTable {
  const facts: readonly (readonly [string, string])[] = [
    ['Transaction', transfer.transaction],
    ['Acquirer', transfer.acquirer],
    ['Scope', scopeWords(transfer.scope)],
    ['Status', transfer.status],
    ['Notice on the site', transfer.sitePosted ? 'posted' : 'not posted'],
    ['SHA-256 of the manifest at this position', digest],
    ['SHA-256 of the manifest on record', transfer.manifest?.digest ?? 'none taken yet'],
    ['Position of the manifest on record', String(transfer.manifest?.position ?? 'none taken yet')],
  ]
  return reportTable({
    name: 'transfer',
    caption: 'The transfer',
    columns: [
      { key: 'fact', heading: 'What' },
      { key: 'value', heading: 'As recorded', as: 'key' },
    ],
    rows: () => facts.map(([fact, value]) => ({ fact, value })),
  })
}

function countsOf(items: Iterable<TransferItemRow>): Counts {
  const counts: Counts = {
    items: new Tally(),
    byKind: new Tally(),
    byProperty: new Tally(),
    excluded: new Tally(),
  }
  for (const { excluded, category, kind, property } of items) {
    if (excluded !== null) counts.excluded.add(excluded)
    else {
      counts.items.add(category)
      counts.byKind.add(kind)
      counts.byProperty.add(property)
    }
  }
  return counts
}

function countTables(counts: Counts): readonly ReportTable[] {
  const table = (name: string, caption: string, heading: string, tally: Tally, counted: string) =>
    countedTable({ name, caption, heading, as: 'key', counted, tally, order: 'count' })
  return [
    table('by-category', 'What would pass, by category', 'Category', counts.items, 'Items'),
    table('by-kind', 'What would pass, by kind of person', 'Kind', counts.byKind, 'Items'),
    table('by-property', 'What would pass, by property', 'Property', counts.byProperty, 'Items'),
    table(
      'by-exclusion',
      'What is excluded, by reason',
      'Reason',
      counts.excluded,
      'Items excluded',
    ),
  ]
}

function excludedTable(items: () => Iterable<TransferItemRow>): ReportTable {
  return reportTable({
    name: 'excluded',
    caption: 'Items excluded, and why',
    columns: [
      { key: 'subject', heading: 'Person (pseudonym)', as: 'code' },
      { key: 'category', heading: 'Category', as: 'key' },
      { key: 'reason', heading: 'Reason', as: 'words' },
      { key: 'kind', heading: 'Kind', as: 'key' },
      { key: 'property', heading: 'Property', as: 'key', shown: 'page' },
      { key: 'lot', heading: 'Lot', as: 'code', shown: 'files' },
      { key: 'collection', heading: 'Event', as: 'code', shown: 'files' },
    ],
    rows: function* () {
      for (const { subject, category, excluded, kind, property, lot, collection } of items()) {
        if (excluded === null) continue
        yield { subject, category, reason: excluded, kind, property, lot, collection }
      }
    },
  })
}

function notNotifiedTable(
  views: Views,
  controller: ControllerId,
  position: Position,
  { transfer, sitePosted }: TransferRow,
  items: () => Iterable<TransferItemRow>,
): ReportTable {
  return reportTable({
    name: 'not-notified',
    caption: 'People whose data would pass and who were not told in person',
    empty: 'Everybody whose data would pass has been told in person.',
    columns: [
      { key: 'subject', heading: 'Person (pseudonym)', as: 'code' },
      { key: 'site', heading: 'Told by the notice on the site' },
    ],
    rows: function* () {
      let last: SubjectId | null = null
      for (const { subject, excluded } of items()) {
        if (excluded !== null || subject === last) continue
        last = subject
        if (wasNotified(views, controller, position, subject, transfer)) continue
        yield { subject, site: sitePosted }
      }
    },
  })
}
