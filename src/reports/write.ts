import { createHash } from 'node:crypto'
import { mkdirSync, openSync, writeSync, fsyncSync, closeSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { csvPieces } from './csv.ts'
import { jsonPieces, ndjsonPieces } from './json.ts'
import { reportPage } from './page.ts'
import type { Report, ReportTable } from './report.ts'
import { assertNever } from '../domain/values.ts'

/** A file as it was written: its size and the SHA-256 of its bytes in hexadecimal. */
export type Written = Readonly<{ name: string; bytes: number; digest: string }>

export type ReportFormat = 'json' | 'ndjson' | 'csv' | 'html'

/**
 * Writes a report into a directory, which is made where it is missing: `<name>.json` and `<name>.html`
 * hold all of it; `csv` and `ndjson` give a file for each table, `<name>.<table>.csv`.
 *
 * @throws Error "couldn't write …" with the cause
 */
export function writeReport(
  directory: string,
  name: string,
  report: Report,
  formats: readonly ReportFormat[] = ['json', 'csv', 'html'],
): readonly Written[] {
  const listed = formats.find((format) => format === 'csv' || format === 'ndjson')
  const whole = (table: ReportTable) => (listed ? `${name}.${table.name}.${listed}` : null)
  const written: Written[] = []
  for (const format of formats) {
    switch (format) {
      case 'json':
        written.push(writePieces(directory, `${name}.json`, jsonPieces(report)))
        break
      case 'html':
        written.push(writePieces(directory, `${name}.html`, [reportPage(report, whole)]))
        break
      case 'csv':
      case 'ndjson':
        for (const table of report.tables) {
          const pieces = format === 'csv' ? csvPieces : ndjsonPieces
          const file = `${name}.${table.name}.${format}`
          written.push(writePieces(directory, file, pieces(table.columns, table.rows())))
        }
        break
      default:
        assertNever(format)
    }
  }
  return written
}

const bytesInWrite = 1 << 16

/**
 * Writes pieces of text as UTF-8 to a file beside its place and renames it there, so that a reader sees
 * the old file or the whole new one, also when the process is killed half-way.
 *
 * @throws Error "couldn't write …" with the cause
 */
export function writePieces(directory: string, name: string, pieces: Iterable<string>): Written {
  const unfinished = join(directory, `.${name}.${process.pid}.unfinished`)
  try {
    mkdirSync(directory, { recursive: true })
    const hash = createHash('sha256')
    let bytes = 0
    const file = openSync(unfinished, 'w', 0o640)
    try {
      for (const chunk of chunks(pieces)) {
        hash.update(chunk)
        bytes += chunk.length
        for (let sent = 0; sent < chunk.length;) sent += writeSync(file, chunk, sent)
      }
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(unfinished, join(directory, name))
    return { name, bytes, digest: hash.digest('hex') }
  } catch (cause) {
    rmSync(unfinished, { force: true })
    throw new Error(`couldn't write ${name}: ${(cause as Error).message}`, { cause })
  }
}

function* chunks(pieces: Iterable<string>): Generator<Buffer, void, undefined> {
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length < bytesInWrite) continue
    yield Buffer.from(text)
    text = ''
  }
  if (text !== '') yield Buffer.from(text)
}
