import { dayOf, startOf } from '../domain/policy/calendar.ts'
import type { ControllerId, Day, Position, TimeZone } from '../domain/values.ts'
import type { AuditFilter, AuditRow, Views } from '../projections/views.ts'
import { countedTable } from './counted.ts'
import { after } from './moments.ts'
import { everyRow } from './pages.ts'
import { reportTable, type Report, type ReportTable } from './report.ts'
import { Tally } from './tally.ts'
import { judgedColumns, trailRow } from './trail.ts'

/** `from` and `until` are days in `zone`, both inclusive; null: from the beginning, to the end. */
export type AuditParameters = Readonly<{ zone: TimeZone; from: Day | null; until: Day | null }>

type Judged = 'refused' | 'violated'
type Counts = {
  byCode: Tally
  byObligation: Tally
  byMonth: Tally
  bySource: Tally
  byActor: Tally
}

/**
 * What a regulator asks first: every act that was refused before it happened, every act that happened
 * though a rule forbids it, and how many of which sort. A function of the ledger up to `position`.
 */
export function auditReport(
  views: Views,
  controller: ControllerId,
  position: Position,
  parameters: AuditParameters,
): Report {
  const period = periodOf(parameters)
  const judged = (outcome: Judged | 'permitted') =>
    everyRow((paging) => views.audit(controller, position, { ...period, outcome }, paging))
  const counts = newCounts()
  const refused = count(judged('refused'), counts, parameters.zone)
  const violated = count(judged('violated'), counts, parameters.zone)
  const permitted =
    parameters.from === null && parameters.until === null
      ? permittedInAll(views, controller, position)
      : judged('permitted').reduce((sum) => sum + 1, 0)
  return {
    kind: 'audit',
    title: 'Refusals and violations',
    about: [
      'Every act on personal data is judged against the privacy policy in force on its day, and the judgement is stored with it. A refusal is an act that a system asked leave for and did not get: it did not happen. A violation is an act that a system reported after the fact and that the policy forbids: it happened.',
      'Each line names the promise of the policy that is concerned, the rule, and who acted. People are named by pseudonym only; no personal value is in this report.',
    ],
    controller,
    position,
    parameters,
    figures: [
      { name: 'permitted', label: 'Acts permitted', value: permitted },
      { name: 'refused', label: 'Acts refused', value: refused },
      { name: 'violated', label: 'Acts in violation', value: violated, alarm: true },
    ],
    tables: [
      ...countTables(counts),
      judgedTable('violations', 'Violations: it happened and was forbidden', () =>
        judged('violated'),
      ),
      judgedTable('refusals', 'Refusals: it was asked for and did not happen', () =>
        judged('refused'),
      ),
    ],
  }
}

function newCounts(): Counts {
  return {
    byCode: new Tally(),
    byObligation: new Tally(),
    byMonth: new Tally(),
    bySource: new Tally(),
    byActor: new Tally(),
  }
}

function count(rows: Iterable<AuditRow>, counts: Counts, zone: TimeZone): number {
  let all = 0
  for (const row of rows) {
    all += 1
    counts.byCode.add(row.code ?? 'none')
    for (const obligation of new Set(row.obligations)) counts.byObligation.add(obligation)
    counts.byMonth.add(dayOf(row.occurredAt, zone).slice(0, 7))
    counts.bySource.add(row.source ?? 'none')
    counts.byActor.add(row.principal)
  }
  return all
}

function countTables({ byCode, byObligation, byMonth, bySource, byActor }: Counts): ReportTable[] {
  const counted = 'Refused or in violation'
  return [
    countedTable({
      name: 'by-code',
      caption: 'By what was broken',
      note: 'An act that breaks several rules counts once, under the first of them.',
      heading: 'What',
      as: 'words',
      counted,
      tally: byCode,
      order: 'count',
    }),
    countedTable({
      name: 'by-obligation',
      caption: 'By promise of the policy',
      note: 'An act that breaks several promises counts under each.',
      heading: 'Promise',
      counted,
      tally: byObligation,
      order: 'count',
    }),
    countedTable({
      name: 'by-source',
      caption: 'By source system',
      heading: 'Source',
      as: 'key',
      counted,
      tally: bySource,
      order: 'count',
    }),
    countedTable({
      name: 'by-principal',
      caption: 'By who acted',
      heading: 'Principal',
      as: 'key',
      counted,
      tally: byActor,
      order: 'count',
    }),
    countedTable({
      name: 'by-month',
      caption: 'By month in which it happened',
      heading: 'Month',
      counted,
      tally: byMonth,
      order: 'key',
    }),
  ]
}

function judgedTable(name: string, caption: string, rows: () => Iterable<AuditRow>): ReportTable {
  return reportTable({
    name,
    caption,
    columns: judgedColumns,
    rows: function* () {
      for (const row of rows()) yield trailRow(row)
    },
  })
}

function permittedInAll(views: Views, controller: ControllerId, position: Position): number {
  return views
    .auditSummary(controller, position)
    .reduce((sum, { outcome, events }) => sum + (outcome === 'permitted' ? events : 0), 0)
}

function periodOf({ zone, from, until }: AuditParameters): Pick<AuditFilter, 'from' | 'until'> {
  return {
    ...(from === null ? {} : { from: startOf(from, zone) }),
    ...(until === null ? {} : { until: after(until, zone) }),
  }
}
