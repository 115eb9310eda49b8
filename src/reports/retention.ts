import { holdsOn } from '../application/holds-in-force.ts'
import { addTo } from '../domain/policy/calendar.ts'
import type { HoldScope } from '../domain/hold/events.ts'
import type { CalendarDuration, ControllerId, Day, Position } from '../domain/values.ts'
import type { HoldRow, RetentionRow, Views } from '../projections/views.ts'
import { countedTable } from './counted.ts'
import { everyRow } from './pages.ts'
import { reportTable, type Report, type ReportTable } from './report.ts'
import { Tally } from './tally.ts'

/** What is due on or before `asOf`, and what falls due within `horizon` after it. */
export type RetentionParameters = Readonly<{ asOf: Day; horizon: CalendarDuration }>

type Source = Readonly<{
  views: Views
  controller: ControllerId
  position: Position
  asOf: Day
  holds: readonly HoldRow[]
}>

type Counts = {
  lots: number
  people: number
  held: number
  overdue: Tally
  comingLots: Tally
  kept: Tally
}

/**
 * What must go by a day and what keeps it (S35, S36, N5): due lots, what is coming month by month, the
 * holds in force and what they keep, and deletions that are deferred or under way, at `position`.
 */
export function retentionReport(
  views: Views,
  controller: ControllerId,
  position: Position,
  { asOf, horizon }: RetentionParameters,
): Report {
  const holds = views.holds(controller, position).filter(({ ended }) => ended === null)
  const source = { views, controller, position, asOf, holds }
  const counts = countsOf(source, addTo(asOf, horizon))
  return {
    kind: 'retention',
    title: 'Retention: what is due, what is coming, what is kept and why',
    about: [
      'The policy gives every item a rule that says how long it is kept and what starts the clock. Items of one person that fall due together are a lot. A lot is due on the day named in its row, and from that day on it must be deleted, unless a legal hold covers it.',
      'A hold defers a deletion and never cancels it: what it kept goes when the last hold on it is released. People are named by pseudonym only; no personal value is in this report.',
    ],
    controller,
    position,
    parameters: { asOf, horizon },
    figures: [
      { name: 'lots', label: 'Lots due', value: counts.lots },
      { name: 'people', label: 'People concerned', value: counts.people },
      { name: 'held', label: 'Of the lots due, under a hold', value: counts.held },
      { name: 'coming', label: 'Lots that fall due later', value: total(counts.comingLots) },
      { name: 'holds', label: 'Holds in force', value: holds.length },
    ],
    tables: [
      countedTable({
        name: 'due-by-rule',
        caption: 'Due, by rule',
        heading: 'Rule',
        as: 'key',
        counted: 'Lots',
        tally: counts.overdue,
        order: 'count',
      }),
      countedTable({
        name: 'coming',
        caption: 'Coming, by month',
        note: `Lots that fall due after ${asOf} and within ${horizon}, as the clocks stand now.`,
        heading: 'Month',
        counted: 'Lots',
        tally: counts.comingLots,
        order: 'key',
      }),
      holdsTable(holds, counts.kept),
      pendingTable(source, 'deferred', 'Deletions deferred, by what and until when'),
      pendingTable(source, 'requested', 'Deletions under way'),
      dueTable(source),
      deletedTable(source),
    ],
  }
}

/** A hold's scope in words: `everything`, or each list it names; people are counted, not named. */
export function holdScopeWords(scope: HoldScope): string {
  if ('everything' in scope) return 'everything'
  return [
    ...(scope.subjects ? [`${scope.subjects.length} people`] : []),
    ...(scope.kinds ? [`kinds: ${scope.kinds.join(', ')}`] : []),
    ...(scope.categories ? [`categories: ${scope.categories.join(', ')}`] : []),
  ].join('; ')
}

function due({ views, controller, position }: Source, dueBy: Day): Iterable<RetentionRow> {
  return everyRow((paging) => views.retention(controller, position, { dueBy }, paging))
}

function countsOf(source: Source, horizon: Day): Counts {
  const people = new Set<string>()
  const counts: Counts = {
    lots: 0,
    people: 0,
    held: 0,
    overdue: new Tally(),
    comingLots: new Tally(),
    kept: new Tally(),
  }
  for (const row of due(source, horizon)) {
    if (row.dueOn === null) continue
    if (row.dueOn > source.asOf) {
      counts.comingLots.add(row.dueOn.slice(0, 7))
      continue
    }
    counts.lots += 1
    people.add(row.subject)
    counts.overdue.add(row.rule)
    const matters = holdsOn(source.holds, row)
    if (matters.length > 0) counts.held += 1
    for (const matter of matters) counts.kept.add(matter)
  }
  return { ...counts, people: people.size }
}

function total(tally: Tally): number {
  return tally.byKey().reduce((sum, [, count]) => sum + count, 0)
}

function holdsTable(holds: readonly HoldRow[], kept: Tally): ReportTable {
  return reportTable({
    name: 'holds',
    caption: 'Holds in force, and what they keep',
    empty: 'No hold is in force.',
    columns: [
      { key: 'matter', heading: 'Matter', as: 'key' },
      { key: 'title', heading: 'Title' },
      { key: 'ground', heading: 'Ground', as: 'words' },
      { key: 'scope', heading: 'Covers' },
      { key: 'document', heading: 'Document', shown: 'page' },
      { key: 'since', heading: 'Since', as: 'moment' },
      { key: 'lots', heading: 'Lots due that it keeps', as: 'number' },
    ],
    rows: () =>
      holds.map(({ matter, title, ground, scope, document, beganAt }) => ({
        matter,
        title,
        ground,
        scope: holdScopeWords(scope),
        document,
        since: beganAt,
        lots: kept.of(matter),
      })),
  })
}

function pendingTable(
  { views, controller, position }: Source,
  wanted: 'deferred' | 'requested',
  caption: string,
): ReportTable {
  return reportTable({
    name: wanted,
    caption,
    columns: [
      { key: 'subject', heading: 'Person (pseudonym)', as: 'code' },
      { key: 'cause', heading: 'Cause', as: 'words' },
      { key: 'lots', heading: 'Lots', as: 'key' },
      { key: 'holds', heading: 'Kept by', as: 'key' },
      { key: 'until', heading: 'Kept by law until', as: 'day' },
      { key: 'since', heading: 'Since position', as: 'number', shown: 'page' },
      { key: 'deletion', heading: 'Deletion', as: 'code', shown: 'files' },
    ],
    rows: function* () {
      const rows = everyRow((paging) => views.pendingDeletions(controller, position, paging))
      for (const { subject, deletion, cause, status, holds, until, lots, since } of rows) {
        if (status === wanted) yield { subject, cause, lots, holds, until, since, deletion }
      }
    },
  })
}

function dueTable(source: Source): ReportTable {
  return reportTable({
    name: 'due',
    caption: `Due on or before ${source.asOf}`,
    empty: 'Nothing is due.',
    columns: [
      { key: 'dueOn', heading: 'Due on', as: 'day' },
      { key: 'subject', heading: 'Person (pseudonym)', as: 'code' },
      { key: 'lot', heading: 'Lot', as: 'key' },
      { key: 'categories', heading: 'Categories', as: 'key' },
      { key: 'rule', heading: 'Rule', as: 'key', shown: 'page' },
      { key: 'trigger', heading: 'Clock started by', as: 'words', shown: 'page' },
      { key: 'startedOn', heading: 'Clock started', as: 'day', shown: 'page' },
      { key: 'state', heading: 'State', as: 'words' },
      { key: 'holds', heading: 'Kept by', as: 'key' },
      { key: 'deletion', heading: 'Deletion', as: 'code', shown: 'files' },
    ],
    rows: function* () {
      for (const row of due(source, source.asOf)) {
        const holds = holdsOn(source.holds, row)
        yield {
          dueOn: row.dueOn,
          subject: row.subject,
          lot: row.lot,
          categories: row.categories,
          rule: row.rule,
          trigger: row.trigger,
          startedOn: row.startedOn,
          state: stateOf(row, holds),
          holds,
          deletion: row.deletion,
        }
      }
    },
  })
}

function stateOf({ deletion, deferred }: RetentionRow, holds: readonly string[]): string {
  if (deferred) return 'deferred'
  if (deletion !== null) return 'deletion-under-way'
  return holds.length > 0 ? 'on-hold' : 'due'
}

function deletedTable({ views, controller, position }: Source): ReportTable {
  return reportTable({
    name: 'deleted',
    caption: 'Deletions carried out',
    note: 'The keys of the values were destroyed; a pseudonymous trail remains.',
    columns: [
      { key: 'occurredAt', heading: 'When', as: 'moment' },
      { key: 'subject', heading: 'Person (pseudonym)', as: 'code' },
      { key: 'principal', heading: 'Acted', as: 'key' },
      { key: 'position', heading: 'Position', as: 'number' },
      { key: 'event', heading: 'Event', as: 'code', shown: 'files' },
    ],
    rows: function* () {
      const rows = everyRow((paging) =>
        views.audit(controller, position, { type: 'DataDeleted' }, paging),
      )
      for (const { occurredAt, subject, principal, position: at, event } of rows) {
        yield { occurredAt, subject, principal, position: at, event }
      }
    },
  })
}
