import { stringify } from 'csv-stringify/sync'
import { cellText, type Column, type Row } from './report.ts'

const rowsInPiece = 500

/**
 * A table as CSV (RFC 4180, CRLF), headings first, in pieces. A text that a spreadsheet would run as a
 * formula is defused by a leading apostrophe.
 */
export function* csvPieces(
  columns: readonly Column[],
  rows: Iterable<Row>,
): Generator<string, void, undefined> {
  yield csv([columns.map(({ key }) => key)])
  let piece: string[][] = []
  for (const row of rows) {
    piece.push(columns.map(({ key }) => cellText(row[key], '; ')))
    if (piece.length < rowsInPiece) continue
    yield csv(piece)
    piece = []
  }
  if (piece.length > 0) yield csv(piece)
}

function csv(records: readonly (readonly string[])[]): string {
  return stringify(
    records.map((record) => [...record]),
    { escape_formulas: true, record_delimiter: 'windows' },
  )
}
