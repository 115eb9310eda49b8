import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { valuesOf } from '../../src/application/plan.ts'
import { prepareImport } from '../../src/import/manifest.ts'
import { openBytes } from '../../src/import/open-bytes.ts'
import { readRows } from '../../src/import/rows.ts'
import { lineMaker } from '../../src/import/to-lines.ts'
import { SHORTEST_BYTES } from './needles.ts'

/**
 * Every personal value of an example's exports, in every spelling: what the mappings read as a person's, and
 * what looks like an address or a number anywhere in the files, in the rows that are rejected too. What is
 * also said in `openly` (the policy, the register of recipients) is nobody's secret and left out, and so is
 * what is too short to be anybody's.
 */
export async function personalValues(manifest: string, openly: readonly string[]) {
  const preparation = await prepareImport(manifest)
  if (!preparation.ready) throw new Error(JSON.stringify(preparation.problems))
  const found = new Set<string>()
  for (const { path, mapping } of preparation.plan.files) {
    for (const value of rawValues(path)) found.add(value)
    const toLines = lineMaker(mapping)
    for await (const { rows } of readRows(openBytes(path).bytes, mapping)) {
      for (const { readable, row } of rows) {
        const made = readable ? toLines(row.cells) : { ok: false as const }
        for (const line of made.ok ? made.lines : [])
          for (const value of textsOf(line)) found.add(value)
      }
    }
  }
  const public_ = openly.join('\n').toLowerCase()
  return [...found].filter((value) => distinctive(value) && !public_.includes(value.toLowerCase()))
}

const looksPersonal = [
  /[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu,
  /\+[0-9][0-9 ().-]{7,}[0-9]/g,
  /\([0-9]{3}\) [0-9]{3}-[0-9]{4}/g,
  /\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b/g,
  /\b[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}\b/g,
]

function* rawValues(path: string): Generator<string> {
  const bytes = readFileSync(path)
  const content = path.endsWith('.gz') ? gunzipSync(bytes) : bytes
  for (const text of [content.toString('utf8'), content.toString('utf16le')]) {
    for (const pattern of looksPersonal) {
      for (const [value] of text.matchAll(pattern)) yield* spellings(value.trim())
    }
  }
}

/** The values and the identifiers of a line, and what stands in lists. */
function* textsOf(line: Parameters<typeof valuesOf>[0]): Generator<string> {
  if ('subject' in line && 'identifiers' in line.subject) {
    for (const { value } of line.subject.identifiers) yield* spellings(value.trim())
  }
  const categories = Object.values(valuesOf(line) ?? {})
  for (const value of categories.flatMap((fields) => Object.values(fields)).flat()) {
    if (typeof value === 'string') yield* spellings(value.trim())
  }
}

function* spellings(value: string): Generator<string> {
  yield value
  yield value.toLowerCase()
  yield value.toUpperCase()
  const digits = value.replaceAll(/[^0-9]/g, '')
  if (/^[0-9 ()+.-]+$/.test(value) && digits.length >= 9) yield digits
}

/** The numbers that systems give to orders and messages: they stand in the ledger as references. */
const recordNumber = /^[OM]-[0-9]+$/i

/** Long enough, and not one common word (`Portland`): two words, a number or an address. */
function distinctive(value: string): boolean {
  if (recordNumber.test(value)) return false
  if (Buffer.byteLength(value) < SHORTEST_BYTES || [...value].length < SHORTEST_BYTES) return false
  return value.length >= 12 || /[0-9@ ]/.test(value)
}
