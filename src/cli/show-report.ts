import { join } from 'node:path'
import { jsonPieces } from '../reports/json.ts'
import type { Report } from '../reports/report.ts'
import { reportTables } from '../reports/table.ts'
import { writeReport, type Written } from '../reports/write.ts'
import type { Context } from './context.ts'

/** How many rows of a table the terminal shows; the files hold all. */
const SHOWN_ROWS = 8
const DEFAULT_COLUMNS = 120

/** Where reports go: `<data>/reports`. */
export function reportsDirectory({ configuration }: Context): string {
  return join(configuration.dataDirectory, 'reports')
}

/** Shows the short form, or with `--json` the report itself. */
export function showReport({ output }: Context, report: Report, rows = SHOWN_ROWS): void {
  output.say(reportTables(report, { columns: process.stdout.columns ?? DEFAULT_COLUMNS, rows }))
  if (output.json) output.result(JSON.parse([...jsonPieces(report)].join('')))
}

/** Writes the full report in every format and says where. */
export function keepReport(context: Context, name: string, report: Report): readonly Written[] {
  const written = writeReport(reportsDirectory(context), name, report)
  context.output.say(`Full report: ${join(reportsDirectory(context), `${name}.html`)}\n`)
  return written
}
