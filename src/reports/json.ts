import type { Cell, Column, Report, Row } from './report.ts'

/**
 * A report as JSON, two spaces deep, keys in a fixed order, in pieces: only one row is in memory at a
 * time. Figures stand by name; tables by name, each a list of rows.
 */
export function* jsonPieces(report: Report): Generator<string, void, undefined> {
  const { kind, title, controller, position, parameters } = report
  const figures = Object.fromEntries(report.figures.map(({ name, value }) => [name, value]))
  const head = JSON.stringify({ kind, title, controller, position, parameters, figures }, null, 2)
  yield `${head.slice(0, -2)},\n  "tables": {`
  let firstTable = true
  for (const { name, columns, rows } of report.tables) {
    yield `${firstTable ? '' : ','}\n    ${JSON.stringify(name)}: [`
    firstTable = false
    let firstRow = true
    for (const row of rows()) {
      yield `${firstRow ? '' : ','}\n      ${indented(JSON.stringify(inColumns(row, columns), null, 2))}`
      firstRow = false
    }
    yield firstRow ? ']' : '\n    ]'
  }
  yield '\n  }\n}\n'
}

/** The rows of a table as NDJSON, keys in the order of the columns. */
export function* ndjsonPieces(
  columns: readonly Column[],
  rows: Iterable<Row>,
): Generator<string, void, undefined> {
  for (const row of rows) yield `${JSON.stringify(inColumns(row, columns))}\n`
}

function inColumns(row: Row, columns: readonly Column[]): Record<string, Cell> {
  const ordered: Record<string, Cell> = {}
  for (const { key } of columns) ordered[key] = row[key] ?? null
  return ordered
}

function indented(json: string): string {
  return json.replaceAll('\n', '\n      ')
}
