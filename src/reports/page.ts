import { h, type ComponentChild, type ComponentChildren } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { pageStyle } from './page-style.ts'
import {
  cellText,
  type Cell,
  type Column,
  type Report,
  type ReportTable,
  type Row,
} from './report.ts'
import { grouped, momentWords, words } from './wording.ts'

/** How many rows of a table are printed; the rest is in the file beside the page. */
const printedRows = 250

/** Where the whole of a table is found; null: nowhere but here. */
export type WholeTable = (table: ReportTable) => string | null

/**
 * A report as one printable HTML page for people: what this is, the position, the counts, then the
 * tables. It needs no other file and runs no script; every value is escaped.
 */
export function reportPage(report: Report, whole: WholeTable): string {
  const body = [
    h('header', null, [
      h('p', { class: 'mark' }, `Custody · ${words(report.kind)} report`),
      h('h1', null, report.title),
      ...report.about.map((text) => h('p', { class: 'about' }, text)),
      facts(report),
    ]),
    h('main', null, reportMain(report, whole)),
    h('footer', null, footer(report)),
  ]
  return page(report.title, body)
}

/** The counts, the list of tables and the tables of a report: what its page and others have in common. */
export function reportMain(report: Report, whole: WholeTable): readonly ComponentChild[] {
  const tables = report.tables.map((table) => ({ table, ...printed(table) }))
  return [
    h('ul', { class: 'figures', 'aria-label': 'Counts' }, report.figures.map(figure)),
    h('nav', { 'aria-label': 'Tables' }, [
      h(
        'ol',
        null,
        tables.map(({ table, size }) =>
          h('li', null, [
            h('a', { href: `#${table.name}` }, table.caption),
            h('span', null, size === 1 ? '1 row' : `${grouped(size)} rows`),
          ]),
        ),
      ),
    ]),
    h(
      'div',
      { class: 'tables' },
      tables.map(({ table, rows, size }) => section(table, rows, size, whole)),
    ),
  ]
}

/** One table, as the pages of reports show it. */
export function tableSection(table: ReportTable, whole: WholeTable): ComponentChild {
  const { rows, size } = printed(table)
  return section(table, rows, size, whole)
}

/** A page around its parts: self-contained, in English, no script and nothing fetched. */
export function page(title: string, body: ComponentChildren): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'"
  const document = h('html', { lang: 'en' }, [
    h('head', null, [
      h('meta', { charSet: 'utf-8' }),
      h('meta', { 'http-equiv': 'Content-Security-Policy', content: policy }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('meta', { name: 'referrer', content: 'no-referrer' }),
      h('title', null, title),
      h('style', { dangerouslySetInnerHTML: { __html: pageStyle } }),
    ]),
    h('body', null, body),
  ])
  return `<!doctype html>\n${renderToString(document)}\n`
}

/** The list of names and values under a page's title. */
export function factList(pairs: readonly (readonly [string, string])[]): ComponentChild {
  return h(
    'dl',
    { class: 'facts' },
    pairs.flatMap(([name, value]) => [h('dt', null, name), h('dd', null, value)]),
  )
}

function facts({ controller, position, parameters }: Report): ComponentChild {
  return factList([
    ['Controller', controller],
    ['Ledger position', String(position)],
    ...parameterPairs(parameters),
  ])
}

/** The parameters of a report that are set, by the names that people know them by. */
export function parameterPairs(parameters: Report['parameters']): [string, string][] {
  return Object.entries(parameters).flatMap(([name, value]): [string, string][] =>
    value === null ? [] : [[labelOf(name), cellText(value, ', ')]],
  )
}

const labels: Readonly<Record<string, string>> = {
  zone: 'Time zone',
  sense: 'Told as',
  asOf: 'As of the day',
  horizon: 'And what comes within',
  knownAt: 'Known at position',
  subject: 'Person (pseudonym)',
}

function labelOf(parameter: string): string {
  return labels[parameter] ?? sentence(words(parameter))
}

function figure({ label, value, alarm }: Report['figures'][number]): ComponentChild {
  return h('li', alarm && value > 0 ? { class: 'alarm' } : null, [
    h('b', null, grouped(value)),
    h('span', null, label),
  ])
}

function printed(table: ReportTable): { rows: readonly Row[]; size: number } {
  const rows: Row[] = []
  let size = 0
  for (const row of table.rows()) {
    if (size < printedRows) rows.push(row)
    size += 1
  }
  return { rows, size }
}

function section(
  table: ReportTable,
  rows: readonly Row[],
  size: number,
  whole: WholeTable,
): ComponentChild {
  if (size === 0) {
    return h('section', { id: table.name, class: 'whole' }, [
      h('h2', null, table.caption),
      h('p', { class: 'empty' }, table.empty),
    ])
  }
  const columns = table.columns.filter(({ shown }) => shown !== 'files')
  const longest = Math.max(
    ...columns.flatMap(({ key, as }) => (as === 'bar' ? rows.map((row) => Number(row[key])) : [0])),
  )
  const short = columns.length <= 2
  return h('section', { id: table.name, class: short ? 'half' : 'whole' }, [
    h('div', { class: 'wide' }, [
      h('table', null, [
        h('caption', null, [table.caption, table.note && h('small', null, table.note)]),
        h('thead', null, h('tr', null, columns.map(heading))),
        h(
          'tbody',
          null,
          rows.map((row) =>
            h(
              'tr',
              null,
              columns.map((column, place) => cell(row[column.key], column, place, longest)),
            ),
          ),
        ),
      ]),
    ]),
    size > rows.length && h('p', { class: 'more' }, more(table, rows.length, size, whole)),
  ])
}

function heading({ heading: text, as }: Column): ComponentChild {
  return h('th', { scope: 'col', ...(as === 'number' ? { class: 'number' } : {}) }, text)
}

function cell(
  value: Cell | undefined,
  column: Column,
  place: number,
  longest: number,
): ComponentChild {
  const scope = place === 0 ? { scope: 'row' } : {}
  return h(
    place === 0 ? 'th' : 'td',
    { ...scope, ...classOf(column) },
    content(value ?? null, column, longest),
  )
}

function classOf({ as }: Column): { class?: string } {
  return as === 'text' || as === 'words' ? {} : { class: as }
}

/** A long key may go on in the next line after a dot, a dash or sixteen characters, and nowhere else. */
function breakable(text: string): ComponentChildren {
  const parts = text.match(/[^.\-/ ]{1,16}[.\-/ ]*|[.\-/ ]+/g) ?? [text]
  return parts.flatMap((part, place) => (place === 0 ? [part] : [h('wbr', null), part]))
}

function content(value: Cell, { as }: Column, longest: number): ComponentChildren {
  if (value === null || (typeof value === 'object' && value.length === 0)) {
    return h('span', { class: 'none', 'aria-label': 'none' }, '–')
  }
  if (typeof value === 'number') {
    if (as !== 'bar') return as === 'number' ? grouped(value) : String(value)
    const width = `${Math.round((100 * value) / Math.max(1, longest))}%`
    return h('div', null, [
      h('span', { class: 'number' }, grouped(value)),
      h('i', { style: { width }, 'aria-hidden': 'true' }),
    ])
  }
  const text = cellText(value, ', ')
  if (as === 'words') return words(text)
  if (as === 'moment') return momentWords(text)
  return as === 'key' || as === 'code' ? breakable(text) : text
}

function more(table: ReportTable, shown: number, size: number, whole: WholeTable): string {
  const file = whole(table)
  const rest = file === null ? '' : ` All of them are in the file ${file}.`
  return `The first ${grouped(shown)} of ${grouped(size)} rows.${rest}`
}

function footer({ controller, position }: Report): string {
  return `Derived from the ledger of ${controller} up to position ${position}, and from nothing else: taken again at this position, on any machine, this report is the same to the byte. Times are in UTC.`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
