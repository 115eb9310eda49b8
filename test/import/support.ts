import { lineMaker } from '../../src/import/to-lines.ts'
import { parseMapping } from '../../src/import/manifest.ts'
import type { Mapping } from '../../src/import/mapping.ts'
import { rawRow } from '../../src/import/rejects-file.ts'
import { readRows } from '../../src/import/rows.ts'

/** A mapping out of YAML; fails the test where it is not one. */
export function mappingOf(yaml: string): Mapping {
  const parsed = parseMapping(yaml, 'test.yaml')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.value
}

/** A mapping of CSV with these columns, whose rows are read and make no line. */
export function csvMapping(columns: readonly string[], more = ''): Mapping {
  return mappingOf(`
mapping: test
source: test
file: test.csv
format: csv
timeZone: America/Los_Angeles
times: [iso]
columns: ${JSON.stringify(columns)}
rules: [{ records: [] }]
${more}`)
}

async function* inChunks(bytes: Buffer, chunkBytes: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    yield bytes.subarray(from, from + chunkBytes)
  }
}

/** What reading gives: the cells of each row, or the reason and the raw row. */
export async function rowsOf(bytes: Buffer | string, mapping: Mapping, chunkBytes = 7) {
  const rows: unknown[] = []
  const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  for await (const group of readRows(inChunks(buffer, chunkBytes), mapping)) {
    for (const { readable, row } of group.rows) {
      rows.push(
        readable
          ? { line: row.line, cells: row.cells }
          : { line: row.line, reason: row.reason, ...rawRow(row.raw, group.charset) },
      )
    }
  }
  return rows
}

/** What a mapping makes of one row. */
export function linesOf(mapping: Mapping, cells: Record<string, unknown>) {
  return lineMaker(mapping)(cells)
}
