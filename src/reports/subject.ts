import type { ControllerId, Day, Position, SubjectId, TimeZone } from '../domain/values.ts'
import type { AsOf, AuditRow, InventoryRow, Views } from '../projections/views.ts'
import { toldColumns, toldRow } from './disclosures.ts'
import { endOf } from './moments.ts'
import { everyRow } from './pages.ts'
import { reportTable, type Report, type ReportTable } from './report.ts'
import { trailColumns, trailRow } from './trail.ts'

/**
 * `sense` says which past is meant (N3): `recorded`: as the ledger knew it at the end of that day;
 * `occurred`: as it was on that day by all that is known at the report's position.
 */
export type SubjectParameters = Readonly<{
  subject: SubjectId
  day: Day
  zone: TimeZone
  sense: 'recorded' | 'occurred'
}>

type HeldRow = {
  category: string
  collected: string
  source: string
  channel: string
  property: string
  kind: string
  purposes: readonly string[]
  fields: readonly string[]
  permitted: boolean
  basis: string | null
  rules: readonly string[]
  policyVersion: string | null
  lot: string
  collection: string
}

/**
 * All that was held on one person at the end of a past day and on what authority; how consents and
 * objections stood; to whom data was disclosed; and the person's whole trail up to `position`.
 */
export function subjectReport(
  views: Views,
  controller: ControllerId,
  position: Position,
  parameters: SubjectParameters,
): Report {
  const { subject } = parameters
  const asOf = momentOf(views, controller, position, parameters)
  const trail = () => everyRow((paging) => views.audit(controller, position, { subject }, paging))
  const held = heldTable(views, controller, asOf, subject)
  const told = toldTable(views, controller, position, subject)
  const life = trailTables(trail)
  const refused = trail().filter(({ outcome }) => outcome === 'refused')
  const violated = trail().filter(({ outcome }) => outcome === 'violated')
  return {
    kind: 'subject',
    title: 'What was held on a person',
    about: [
      'All that was held on one person at the end of the day named below, category by category, with the rule and the legal basis on which it was collected; how the person’s consents and objections stood on that day; every disclosure; and every event on the person, in order.',
      parameters.sense === 'recorded'
        ? 'The day is told as the ledger knew it then: what was reported later is not in the first two tables.'
        : 'The day is told by all that is known at the report’s position, also by what was reported later.',
      'The person is named by pseudonym; no personal value is in this report. The values themselves are in the export for the person.',
    ],
    controller,
    position,
    parameters: { ...parameters, knownAt: asOf.position },
    figures: [
      { name: 'held', label: 'Items held on that day', value: size(held.rows()) },
      { name: 'disclosures', label: 'Disclosures', value: size(told.rows()) },
      { name: 'events', label: 'Events', value: size(trail()) },
      { name: 'refused', label: 'Acts refused', value: size(refused) },
      { name: 'violated', label: 'Acts in violation', value: size(violated), alarm: true },
    ],
    tables: [held, standingTable(views, controller, asOf, subject), told, ...life],
  }
}

function momentOf(
  views: Views,
  controller: ControllerId,
  position: Position,
  { day, zone, sense }: SubjectParameters,
): AsOf & { position: Position } {
  const moment = endOf(day, zone)
  if (sense === 'occurred') return { position, moment }
  const knownThen = views.positionAt(controller, moment)
  return { position: knownThen < position ? knownThen : position, moment }
}

function heldTable(
  views: Views,
  controller: ControllerId,
  asOf: AsOf,
  subject: SubjectId,
): ReportTable {
  return reportTable<HeldRow>({
    name: 'held',
    caption: 'Held on that day, and on what authority',
    empty: 'Nothing was held on that day.',
    columns: [
      { key: 'category', heading: 'Category', as: 'key' },
      { key: 'collected', heading: 'Collected', as: 'moment' },
      { key: 'source', heading: 'Source', as: 'key' },
      { key: 'channel', heading: 'Channel', as: 'key', shown: 'page' },
      { key: 'property', heading: 'Property', as: 'key', shown: 'page' },
      { key: 'kind', heading: 'As', as: 'key' },
      { key: 'purposes', heading: 'For', as: 'key' },
      { key: 'fields', heading: 'Fields', as: 'key', shown: 'page' },
      { key: 'permitted', heading: 'Permitted' },
      { key: 'basis', heading: 'Legal basis', as: 'words' },
      { key: 'rules', heading: 'Rule', as: 'key' },
      { key: 'policyVersion', heading: 'Policy of', as: 'day', shown: 'page' },
      { key: 'lot', heading: 'Lot', as: 'code', shown: 'files' },
      { key: 'collection', heading: 'Event', as: 'code', shown: 'files' },
    ],
    rows: function* () {
      const rows = everyRow((paging) => views.inventory(controller, asOf, { subject }, paging))
      for (const row of rows) yield heldRow(row)
    },
  })
}

function heldRow(row: InventoryRow): HeldRow {
  return {
    category: row.category,
    collected: row.beganAt,
    source: row.source,
    channel: row.channel,
    property: row.property,
    kind: row.kind,
    purposes: row.purposes,
    fields: row.fields,
    permitted: row.permitted,
    basis: row.basis,
    rules: row.rules,
    policyVersion: row.policyVersion,
    lot: row.lot,
    collection: row.collection,
  }
}

function standingTable(
  views: Views,
  controller: ControllerId,
  asOf: AsOf,
  subject: SubjectId,
): ReportTable {
  return reportTable({
    name: 'standing',
    caption: 'Consents and objections as they stood on that day',
    columns: [
      { key: 'purpose', heading: 'Purpose', as: 'key' },
      { key: 'matter', heading: 'Matter', as: 'words' },
      { key: 'status', heading: 'Status', as: 'words' },
      { key: 'since', heading: 'Since', as: 'moment' },
      { key: 'expires', heading: 'Expires', as: 'day' },
      { key: 'channel', heading: 'Channel', as: 'key', shown: 'page' },
      { key: 'event', heading: 'Event', as: 'code', shown: 'files' },
    ],
    rows: function* () {
      const rows = everyRow((paging) => views.standings(controller, asOf, { subject }, paging))
      for (const { purpose, matter, status, beganAt, expires, channel, event } of rows) {
        yield { purpose, matter, status, since: beganAt, expires, channel, event }
      }
    },
  })
}

function toldTable(
  views: Views,
  controller: ControllerId,
  position: Position,
  subject: SubjectId,
): ReportTable {
  return reportTable({
    name: 'disclosures',
    caption: 'To whom it was disclosed, and on what ground',
    columns: toldColumns.filter(({ key }) => key !== 'subject'),
    rows: function* () {
      const rows = everyRow((paging) =>
        views.disclosures(controller, { position }, { subject }, paging),
      )
      for (const row of rows) yield toldRow(row)
    },
  })
}

/** The events by which consents and objections came to stand as they do. */
const standingEvents: ReadonlySet<string> = new Set([
  'ConsentRequested',
  'ConsentGiven',
  'ConsentRefused',
  'ConsentWithdrawn',
  'ConsentExpired',
  'ObjectionMade',
  'ObjectionCarriedOver',
  'ObjectionLifted',
])

function trailTables(trail: () => Iterable<AuditRow>): readonly ReportTable[] {
  return [
    reportTable({
      name: 'consents',
      caption: 'Consents and objections over time',
      columns: trailColumns.filter(({ key }) => key !== 'outcome' && key !== 'obligations'),
      rows: function* () {
        for (const row of trail()) if (standingEvents.has(row.type)) yield trailRow(row)
      },
    }),
    reportTable({
      name: 'trail',
      caption: 'Everything that happened, in the order in which it was recorded',
      columns: trailColumns,
      rows: function* () {
        for (const row of trail()) yield trailRow(row)
      },
    }),
  ]
}

function size(rows: Iterable<unknown>): number {
  return Iterator.from(rows).reduce<number>((count) => count + 1, 0)
}
