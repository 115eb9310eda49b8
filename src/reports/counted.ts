import { reportTable, type Column, type ReportTable } from './report.ts'
import type { Tally } from './tally.ts'

/** A table of counts: one row for each key, drawn to scale. */
export function countedTable(table: {
  name: string
  caption: string
  note?: string
  heading: string
  as?: Column['as']
  counted: string
  tally: Tally
  order: 'count' | 'key'
}): ReportTable {
  const { tally, order } = table
  return reportTable({
    name: table.name,
    caption: table.caption,
    ...(table.note === undefined ? {} : { note: table.note }),
    columns: [
      { key: 'key', heading: table.heading, as: table.as ?? 'text' },
      { key: 'count', heading: table.counted, as: 'bar' },
    ],
    rows: () =>
      (order === 'count' ? tally.byCount() : tally.byKey()).map(([key, count]) => ({ key, count })),
  })
}
