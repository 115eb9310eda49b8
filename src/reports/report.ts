import type { ControllerId, Position } from '../domain/values.ts'

/**
 * What every report is made of, whatever it is written as: what it is, at which position, the counts,
 * then the tables. It says nothing that differs between two runs at one position (no time of making, no
 * host, no path), so that the same position gives the same bytes whenever and wherever it is taken.
 */
export type Report = Readonly<{
  kind: ReportKind
  title: string
  /** What this is and how to read it, for somebody who has never seen Custody. */
  about: readonly string[]
  controller: ControllerId
  /** The ledger position that the report is a function of. */
  position: Position
  parameters: Readonly<Record<string, Cell>>
  /** The counts, in the order in which they are told. */
  figures: readonly Figure[]
  tables: readonly ReportTable[]
}>

export type ReportKind =
  'audit' | 'subject' | 'promotional' | 'disclosures' | 'retention' | 'retention-run' | 'transfer'

/** One count. `alarm`: it is something to look into whenever it is not zero. */
export type Figure = Readonly<{ name: string; label: string; value: number; alarm?: boolean }>

/** A value of a row. A list is kept as a list in JSON and joined elsewhere. */
export type Cell = string | number | boolean | null | readonly string[]
export type Row = Readonly<Record<string, Cell>>

/**
 * A list in a report. `rows` can be walked any number of times and is never held in memory whole: a
 * walk asks the views page by page.
 */
export type ReportTable = Readonly<{
  name: string
  caption: string
  note: string | null
  /** What is said in place of an empty table. */
  empty: string
  columns: readonly Column[]
  rows: () => Iterable<Row>
}>

/**
 * `key`: a dotted or dashed key; `code`: a pseudonym or digest; `words`: a key that reads as words;
 * `bar`: a count drawn to scale. `shown`: everywhere, not in the terminal (`page`), or only in files.
 */
export type Column = Readonly<{
  key: string
  heading: string
  as: 'text' | 'words' | 'key' | 'code' | 'number' | 'bar' | 'moment' | 'day'
  shown: 'everywhere' | 'page' | 'files'
}>

/** A column as a report declares it: `text` and shown everywhere unless it says otherwise. */
export type ColumnChoice<R extends Row> = Readonly<
  { key: keyof R & string; heading: string } & Partial<Pick<Column, 'as' | 'shown'>>
>

/** A table whose columns are keys of its rows. */
export function reportTable<R extends Row>(
  table: Readonly<{
    name: string
    caption: string
    note?: string
    empty?: string
    columns: readonly ColumnChoice<R>[]
    rows: () => Iterable<R>
  }>,
): ReportTable {
  return {
    name: table.name,
    caption: table.caption,
    note: table.note ?? null,
    empty: table.empty ?? 'None.',
    columns: table.columns.map(({ key, heading, as = 'text', shown = 'everywhere' }) => ({
      key,
      heading,
      as,
      shown,
    })),
    rows: table.rows,
  }
}

/** A cell on one line of text: lists joined by `separator`, nothing for null. */
export function cellText(cell: Cell | undefined, separator: string): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  if (typeof cell === 'object') return cell.join(separator)
  return String(cell)
}
