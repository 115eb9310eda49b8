import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { lineMaker } from '../../src/import/to-lines.ts'
import { readRows } from '../../src/import/rows.ts'
import { csvMapping, mappingOf } from './support.ts'

const ROWS = 200_000

// What is still referenced, not what nobody has swept yet: so the collector is asked before each look.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

async function* manyRows(header: string, row: (n: number) => string): AsyncGenerator<Buffer> {
  yield Buffer.from(header)
  for (let n = 0; n < ROWS; n += 500) {
    yield Buffer.from(Array.from({ length: 500 }, (_, k) => row(n + k)).join(''))
  }
}

/**
 * How much the heap has grown at most between the first tenth of the rows and the end, in bytes.
 */
async function growth(
  mapping: ReturnType<typeof csvMapping>,
  stream: AsyncIterable<Buffer>,
): Promise<{ rows: number; grownBytes: number }> {
  const toLines = lineMaker(mapping)
  let rows = 0
  let base = 0
  let highest = 0
  for await (const group of readRows(stream, mapping)) {
    for (const outcome of group.rows) {
      rows += 1
      if (outcome.readable) toLines(outcome.row.cells)
      if (rows % 10_000 !== 0) continue
      collectGarbage()
      const used = process.memoryUsage().heapUsed
      if (rows <= ROWS / 10) base = Math.max(base, used)
      else highest = Math.max(highest, used)
    }
  }
  return { rows, grownBytes: highest - base }
}

// Far less than the rows themselves: 200,000 of them are 15 MB of text, and 100 MB as objects.
const ALLOWED_BYTES = 8 * 1024 * 1024

describe('memory', () => {
  it('stays flat over 200,000 rows of CSV', async () => {
    const mapping = csvMapping(['id', 'email', 'note'])
    const stream = manyRows(
      'id,email,note\n',
      (n) => `${n},someone-${n}@example.org,a note that goes on for a while ${n}\n`,
    )
    const { rows, grownBytes } = await growth(mapping, stream)
    expect(rows).toBe(ROWS)
    expect(grownBytes).toBeLessThan(ALLOWED_BYTES)
  }, 120_000)

  it('stays flat over 200,000 lines of NDJSON', async () => {
    const mapping = mappingOf(`
{ mapping: t, source: t, file: t, format: ndjson, timeZone: UTC, times: [iso], columns: [id],
  rules: [{ records: [] }] }`)
    const stream = manyRows('', (n) => `{"id":${n},"email":"someone-${n}@example.org"}\n`)
    const { rows, grownBytes } = await growth(mapping, stream)
    expect(rows).toBe(ROWS)
    expect(grownBytes).toBeLessThan(ALLOWED_BYTES)
  }, 120_000)
})
