import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { csvPieces } from '../../src/reports/csv.ts'
import { jsonPieces, ndjsonPieces } from '../../src/reports/json.ts'
import { reportPage } from '../../src/reports/page.ts'
import { reportTable } from '../../src/reports/report.ts'
import { reportTables } from '../../src/reports/table.ts'
import { writePieces, writeReport } from '../../src/reports/write.ts'
import { hostile, sample } from './sample.ts'

const table = sample().tables[0]!
const whole = (pieces: Iterable<string>) => [...pieces].join('')

describe('a report as JSON', () => {
  it('is what one call of JSON.stringify would give, to the byte', () => {
    const written = whole(jsonPieces(sample()))
    const parsed: unknown = JSON.parse(written)
    expect(written).toBe(`${JSON.stringify(parsed, null, 2)}\n`)
  })

  it('has its keys in the order of the columns, however a row was made', () => {
    const parsed = JSON.parse(whole(jsonPieces(sample())))
    expect(Object.keys(parsed)).toEqual([
      ...['kind', 'title', 'controller', 'position', 'parameters', 'figures', 'tables'],
    ])
    expect(Object.keys(parsed.tables.rows[0])).toEqual(table.columns.map(({ key }) => key))
    expect(parsed.figures).toEqual({ all: 1_234_567, bad: 2 })
    expect(parsed.tables.nothing).toEqual([])
  })

  it('gives each row of a table one line as NDJSON', () => {
    const lines = whole(ndjsonPieces(table.columns, table.rows())).split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => JSON.parse(line).name)).toEqual(hostile)
  })

  it('asks for a row only when the rows before it are written', () => {
    let made = 0
    const pieces = jsonPieces(
      sample({
        tables: [
          reportTable({
            name: 'many',
            caption: 'Many',
            columns: [{ key: 'n', heading: 'N', as: 'number' }],
            rows: function* () {
              for (; made < 1_000_000; made += 1) yield { n: made }
            },
          }),
        ],
      }),
    )
    for (const piece of pieces.take(10)) expect([piece.length > 0, made < 10]).toEqual([true, true])
  })
})

const parsedCsv = () =>
  parse<Record<string, string>>(whole(csvPieces(table.columns, table.rows())), { columns: true })

describe('a table as CSV', () => {
  it('defuses every value that a spreadsheet would run', () => {
    const rows = parsedCsv()
    const names = rows.map(({ name }) => name)
    for (const name of names) expect(name).not.toMatch(/^[=+\-@\t\r]/)
    expect(names.slice(0, 5)).toEqual(hostile.slice(0, 5).map((name) => `'${name}`))
  })

  it('keeps quotes, commas and line breaks inside a value', () => {
    const rows = parsedCsv()
    expect(rows[6]).toMatchObject({ name: hostile[6], list: 'a.b; c', yes: 'yes', none: '' })
    expect(rows[6]?.['count']).toBe('6000')
  })

  it('ends its lines as RFC 4180 says, and has the headings where there is no row', () => {
    expect(whole(csvPieces(table.columns, []))).toBe('name,list,count,yes,none,id\r\n')
  })

  it('is the same whether the rows come in one piece or in many', () => {
    const rows = Array.from({ length: 1_750 }, (_, n) => ({ n: `row ${n}` }))
    const columns = reportTable({
      name: 'n',
      caption: 'N',
      columns: [{ key: 'n', heading: 'N' }],
      rows: () => rows,
    }).columns
    const lines = whole(csvPieces(columns, rows)).split('\r\n')
    expect(lines).toHaveLength(1_752)
    expect(lines[1_501]).toBe('row 1500')
  })
})

describe('a report as a page', () => {
  const page = reportPage(sample(), () => null)

  it('escapes every value and runs no script', () => {
    expect(page).not.toContain('<script')
    expect(page).not.toContain('<img')
    expect(page).toContain('&lt;img src=x onerror=alert(1)>')
    expect(page).toContain("default-src 'none'")
  })

  it('fetches nothing from anywhere', () => {
    expect(page).not.toMatch(/(?:src|href)="(?!#)/)
    expect(page).not.toMatch(/@import|url\(/)
  })

  it('names its columns and rows for a screen reader', () => {
    expect(page.match(/scope="col"/g)).toHaveLength(5)
    expect(page.match(/scope="row"/g)).toHaveLength(hostile.length)
    expect(page).toContain('<caption>Some &quot;rows&quot;</caption>')
  })

  it('says the counts first, and which of them are alarming', () => {
    expect(page.indexOf('1,234,567')).toBeLessThan(page.indexOf('<table'))
    expect(page).toContain('<li class="alarm"><b>2</b>')
    expect(page).toContain('There is nothing.')
  })

  it('prints the head of a long table and says where the rest is', () => {
    const rows = Array.from({ length: 1_000 }, (_, n) => ({ n }))
    const columns = [{ key: 'n', heading: 'N', as: 'number' }] as const
    const long = reportTable({ name: 'long', caption: 'Long', columns, rows: () => rows })
    const printed = reportPage(sample({ tables: [long] }), ({ name }) => `x.${name}.csv`)
    expect(printed.match(/<tr>/g)).toHaveLength(251)
    expect(printed).toContain(
      'The first 250 of 1,000 rows. All of them are in the file x.long.csv.',
    )
  })
})

describe('a report in the terminal', () => {
  it.each([60, 80, 120])('is no wider than %i columns', (columns) => {
    const lines = reportTables(sample(), { columns, rows: 20 }).split('\n')
    const longest = Math.max(...lines.filter((line) => /^[│┌├└]/.test(line)).map((l) => l.length))
    expect(longest).toBeLessThanOrEqual(columns)
  })

  it('has no colour and no control character, whatever a value holds', () => {
    expect(reportTables(sample(), { columns: 100, rows: 20 })).not.toMatch(/[^\P{Cc}\n]/u)
  })

  it('shows the first rows and says how many more there are', () => {
    expect(reportTables(sample(), { columns: 100, rows: 3 })).toContain('and 5 more')
  })
})

describe('writing a report', () => {
  let directory: string
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'custody-reports-'))))
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  it('answers the name, size and digest of each file', () => {
    const written = writeReport(join(directory, 'new'), 'audit', sample())
    expect(written.map(({ name }) => name)).toEqual([
      ...['audit.json', 'audit.rows.csv', 'audit.nothing.csv', 'audit.html'],
    ])
    for (const { name, bytes, digest } of written) {
      const content = readFileSync(join(directory, 'new', name))
      expect(content.length).toBe(bytes)
      expect(createHash('sha256').update(content).digest('hex')).toBe(digest)
    }
  })

  it('leaves the old file whole and nothing beside it when it fails half-way', () => {
    writeFileSync(join(directory, 'a.json'), 'old')
    const failing = function* () {
      yield 'x'.repeat(200_000)
      throw new Error('the disk is gone')
    }
    const write = () => writePieces(directory, 'a.json', failing())
    expect(write).toThrow("couldn't write a.json: the disk is gone")
    expect(readdirSync(directory)).toEqual(['a.json'])
    expect(readFileSync(join(directory, 'a.json'), 'utf8')).toBe('old')
  })
})
