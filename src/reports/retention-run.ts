import type { ControllerId, Day, Position } from '../domain/values.ts'
import { countedTable } from './counted.ts'
import { reportTable, type Report } from './report.ts'
import { Tally } from './tally.ts'

/** What a run of the retention job came to for one deletion of one person. */
export type RetentionRunRow = Readonly<{
  subject: string
  deletion: string
  outcome: 'deleted' | 'deferred' | 'partly-deferred' | 'refused' | 'waiting'
  /** Taken up again: begun by an earlier run that was interrupted, or kept by holds since released. */
  resumed: boolean
  deleted: number
  deferred: number
  holds: readonly string[]
  codes: readonly string[]
}>

/** A run of the retention job, as the job answers it. */
export type RetentionRun = Readonly<{
  asOf: Day
  dryRun: boolean
  summary: Readonly<{
    due: number
    subjects: number
    deleted: number
    deferred: number
    refused: number
    resumed: number
  }>
  rows: readonly RetentionRunRow[]
}>

/** What one run of the retention job deleted, what it deferred and why. A function of the run alone. */
export function retentionRunReport(
  controller: ControllerId,
  position: Position,
  { asOf, dryRun, summary, rows }: RetentionRun,
): Report {
  const byHold = new Tally()
  for (const row of rows) for (const hold of row.holds) byHold.add(hold, row.deferred)
  return {
    kind: 'retention-run',
    title: dryRun ? 'Retention run, tried out: nothing was changed' : 'Retention run',
    about: [
      'What one run of the retention job did for each person with something due: what was deleted, what was deferred and by which hold, and what was refused.',
      'A lot is what falls due together. People are named by pseudonym only; no personal value is in this report.',
    ],
    controller,
    position,
    parameters: { asOf, dryRun },
    figures: [
      { name: 'due', label: 'Lots due', value: summary.due },
      { name: 'subjects', label: 'People concerned', value: summary.subjects },
      {
        name: 'deleted',
        label: dryRun ? 'Lots that would be deleted' : 'Lots deleted',
        value: summary.deleted,
      },
      {
        name: 'deferred',
        label: dryRun ? 'Lots that would be deferred' : 'Lots deferred',
        value: summary.deferred,
      },
      { name: 'resumed', label: 'Deletions taken up again', value: summary.resumed },
      { name: 'refused', label: 'Deletions refused', value: summary.refused, alarm: true },
    ],
    tables: [
      countedTable({
        name: 'by-hold',
        caption: 'Deferred, by hold',
        note: 'A lot under several holds counts under each.',
        heading: 'Matter',
        as: 'key',
        counted: 'Lots',
        tally: byHold,
        order: 'count',
      }),
      reportTable({
        name: 'deletions',
        caption: 'Person by person',
        empty: 'Nothing was due.',
        columns: [
          { key: 'subject', heading: 'Person (pseudonym)', as: 'code' },
          { key: 'outcome', heading: 'Outcome', as: 'words' },
          { key: 'deleted', heading: 'Lots deleted', as: 'number' },
          { key: 'deferred', heading: 'Lots deferred', as: 'number' },
          { key: 'holds', heading: 'Kept by', as: 'key' },
          { key: 'codes', heading: 'Refused because', as: 'words', shown: 'page' },
          { key: 'resumed', heading: 'Taken up again', shown: 'page' },
          { key: 'deletion', heading: 'Deletion', as: 'code', shown: 'files' },
        ],
        rows: () => rows,
      }),
    ],
  }
}
