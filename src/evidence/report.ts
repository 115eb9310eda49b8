import { assertNever, type ControllerId, type Position } from '../domain/values.ts'
import type { Views } from '../projections/views.ts'
import { auditReport } from '../reports/audit.ts'
import { disclosureReport } from '../reports/disclosures.ts'
import { everyRow } from '../reports/pages.ts'
import { promotionalReport } from '../reports/promotional.ts'
import { reportTable, type Report } from '../reports/report.ts'
import { subjectReport } from '../reports/subject.ts'
import { trailColumns, trailRow } from '../reports/trail.ts'
import { transferReport } from '../reports/transfer.ts'
import type { Question } from './question.ts'

/** The report that answers a question, from views of a bundle's events. Null: no such transfer. */
export function answerOf(
  views: Views,
  controller: ControllerId,
  position: Position,
  question: Question,
): Report | null {
  switch (question.kind) {
    case 'subject': {
      const { kind: _, ...parameters } = question
      return subjectReport(views, controller, position, parameters)
    }
    case 'transfer': {
      const { kind: _, ...parameters } = question
      return transferReport(views, controller, position, parameters)
    }
    case 'period':
      return periodReport(views, controller, position, question)
    case 'audit': {
      const { report, from, until, zone } = question
      if (report === 'promotional') return promotionalReport(views, controller, position)
      if (report === 'disclosures') return disclosureReport(views, controller, position)
      return auditReport(views, controller, position, { zone, from, until })
    }
    default:
      return assertNever(question)
  }
}

/** Refusals, violations, and everything that was recorded: of views that hold the period and nothing else. */
function periodReport(
  views: Views,
  controller: ControllerId,
  position: Position,
  { from, until, zone }: Extract<Question, { kind: 'period' }>,
): Report {
  const whole = { zone, from: null, until: null }
  const { figures, tables, ...judged } = auditReport(views, controller, position, whole)
  const trail = () => everyRow((paging) => views.audit(controller, position, {}, paging))
  const events = trail().reduce((count) => count + 1, 0)
  return {
    ...judged,
    title: 'Everything that was recorded in a period',
    parameters: { zone, from, until },
    figures: [{ name: 'events', label: 'Events recorded', value: events }, ...figures],
    tables: [
      ...tables,
      reportTable({
        name: 'trail',
        caption: 'Everything that was recorded, in order',
        columns: trailColumns,
        rows: function* () {
          for (const row of trail()) yield trailRow(row)
        },
      }),
    ],
  }
}
