import Table from 'cli-table3'
import { grouped, words } from './wording.ts'
import { cellText, type Cell, type Column, type Report, type ReportTable } from './report.ts'

/** `columns`: how wide the terminal is, in characters; `rows`: how many of a table are shown. */
export type TerminalSize = Readonly<{ columns: number; rows: number }>

/**
 * The short form of a report for a terminal: its title and position, the figures, then the first rows
 * of each table that has any. No colour and no control character, whatever the values hold.
 */
export function reportTables(report: Report, size: TerminalSize): string {
  const heading = `${report.title}\n${report.controller}, at position ${report.position}`
  const figures = tableText(
    ['', ''],
    report.figures.map(({ label, value }) => [label, grouped(value)]),
    ['left', 'right'],
    size.columns,
    false,
  )
  const tables = report.tables.flatMap((table) => {
    const text = shortTable(table, size)
    return text === null ? [] : [text]
  })
  return [heading, figures, ...tables].map((part) => `${printable(part)}\n`).join('\n')
}

/** One table of a report for a terminal; null where it has no row. */
export function shortTable(table: ReportTable, size: TerminalSize): string | null {
  const columns = table.columns.filter(({ shown }) => shown === 'everywhere')
  const shown: string[][] = []
  let more = 0
  for (const row of table.rows()) {
    if (shown.length < size.rows) shown.push(columns.map((column) => text(row[column.key], column)))
    else more += 1
  }
  if (shown.length === 0) return null
  const body = tableText(
    columns.map(({ heading }) => heading),
    shown,
    columns.map(({ as }) => (as === 'number' || as === 'bar' ? 'right' : 'left')),
    size.columns,
    true,
  )
  return `${table.caption}\n${body}${more > 0 ? `\nand ${grouped(more)} more` : ''}`
}

function text(cell: Cell | undefined, { as }: Column): string {
  if (typeof cell === 'number' && as !== 'text') return grouped(cell)
  const plain = printable(cellText(cell ?? null, ', '))
  if (as === 'words') return words(plain)
  if (as === 'moment') return plain.slice(0, 10)
  // A pseudonym is told apart by its first digits; the files have it whole.
  return as === 'code' && /^[0-9a-f]{32}$/.test(plain) ? `${plain.slice(0, 8)}…` : plain
}

function tableText(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  aligns: readonly ('left' | 'right')[],
  width: number,
  withHead: boolean,
): string {
  const widths = fitted(head, rows, width)
  const table = new Table({
    ...(withHead ? { head: [...head] } : {}),
    colAligns: [...aligns],
    colWidths: widths.map((inner) => inner + 2),
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { head: [], border: [], compact: true },
  })
  table.push(...rows.map((row) => [...row]))
  return table.toString()
}

const narrowest = 6

/** Widths of the contents so that the whole table fits: the widest column gives way first. */
function fitted(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): number[] {
  const widths = head.map((heading, column) =>
    Math.max(1, heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const borders = 3 * widths.length + 1
  let over = borders + widths.reduce((sum, inner) => sum + inner, 0) - width
  while (over > 0) {
    const widest = Math.max(...widths)
    if (widest <= narrowest) break
    widths[widths.indexOf(widest)] = widest - 1
    over -= 1
  }
  return widths
}

/** A value from outside must not move the cursor or colour the screen. */
function printable(value: string): string {
  return value.replace(/[^\P{Cc}\n]/gu, ' ')
}
