import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LineOutcome } from '../../src/application/services.ts'
import { Position, Revision, EventId } from '../../src/domain/values.ts'
import { importAll, type LineWithOrigin } from '../../src/import/import-all.ts'
import { prepareImport, type PreparedImport } from '../../src/import/manifest.ts'
import { rejectsUnder } from '../../src/import/rejects-file.ts'

const mapping = `
mapping: notes
source: crm
file: notes*
format: csv
timeZone: UTC
times: [iso]
columns: [at, email, note]
rules:
  - when: { note: { present: true } }
    records:
      - type: collect
        occurredAt: { column: at }
        subject: [{ scheme: email, column: email, transform: email }]
        property: www.example.org
        channel: crm
        kind: prospect
        purposes: [contacting]
        values: { user.note: { text: { column: note } } }
  - when: { note: twice }
    records:
      - type: use
        occurredAt: { column: at }
        subject: [{ scheme: email, column: email, transform: email }]
        property: www.example.org
        purpose: contacting
        categories: [user.note]
  - when: { note: { present: false } }
    records: []
`

let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'custody-import-'))
  await mkdir(path.join(directory, 'exports'))
  await write('notes.yaml', mapping)
  await write('import.yaml', manifest())
})

afterEach(() => rm(directory, { recursive: true }))

function manifest(mappings = '[notes.yaml]') {
  return `{ controller: example, directory: exports, mappings: ${mappings} }`
}

function write(file: string, content: string | Buffer) {
  return writeFile(path.join(directory, file), content)
}

async function prepared(): Promise<PreparedImport> {
  const preparation = await prepareImport(path.join(directory, 'import.yaml'))
  if (!preparation.ready) throw new Error(JSON.stringify(preparation.problems))
  return preparation.plan
}

async function problems() {
  const preparation = await prepareImport(path.join(directory, 'import.yaml'))
  return preparation.ready ? [] : preparation.problems
}

const row = (email: string, note: string) => `2015-01-01T10:00:00Z,${email},${note}`

/** Knows what was said before, as the ledger does, and judges nothing. */
class Recorder {
  readonly lines: LineWithOrigin[] = []
  readonly batches: number[] = []
  position = Position.parse(0)
  private readonly known = new Map<string, { body: string; outcome: LineOutcome }>()

  readonly record = async (batch: readonly LineWithOrigin[]): Promise<LineOutcome[]> => {
    this.batches.push(batch.length)
    return batch.map((entry) => this.recordOne(entry))
  }

  private recordOne(entry: LineWithOrigin): LineOutcome {
    const { key, body } = entry.operation
    const earlier = this.known.get(key)
    if (earlier && earlier.body !== body) return { outcome: 'key_reused' }
    if (earlier) return { ...earlier.outcome, repeated: true } as LineOutcome
    if (body.includes('invalid')) {
      return { outcome: 'invalid', field: 'values', rule: 'must be nice' }
    }
    this.lines.push(entry)
    this.position = Position.parse(this.position + 10)
    const place = { position: this.position, revision: Revision.parse(0) }
    const id = EventId.parse('018f0000-0000-7000-8000-000000000000')
    const outcome: LineOutcome = {
      ...{ outcome: 'recorded', stream: 'subject-example/x' as never, repeated: false },
      ...{ position: this.position, events: [{ id, type: 'DataCollected', ...place }] },
      ...{ subject: null, flagged: [] },
    }
    this.known.set(key, { body, outcome })
    return outcome
  }
}

async function run(recorder: Recorder, batchRows = 500) {
  const progress: number[] = []
  const plan = await prepared()
  const summaries = await importAll({
    ...{ plan, record: recorder.record, startedAt: recorder.position, batchRows },
    rejects: rejectsUnder(path.join(directory, 'rejects')),
    onProgress: ({ readBytes }) => progress.push(readBytes),
  })
  return { summaries, progress, totalBytes: plan.totalBytes }
}

function rejectsOf(file: string) {
  return readFile(path.join(directory, 'rejects', `${file}.ndjson`), 'utf8').then((text) =>
    text
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  )
}

const exported = [
  'at,email,note',
  row('ann@example.org', 'hello'),
  row('ann@example.org', 'hello'),
  row('ann at example.org', 'hello'),
  row('bob@example.org', ''),
  row('bob@example.org', 'twice'),
  row('eve@example.org', 'invalid'),
  'too,few',
  '"2015-01-01T10:00:00Z",ann@example.org,"hello"',
].join('\n')

describe('importing', () => {
  it('says what became of every row', async () => {
    await write('exports/notes.csv', exported)
    const recorder = new Recorder()
    const { summaries } = await run(recorder)
    expect(summaries).toEqual([
      {
        file: 'notes.csv',
        mapping: 'notes',
        source: 'crm',
        rows: { read: 8, imported: 2, known: 0, duplicates: 2, rejected: 3, ignored: 1 },
        lines: {
          ...{ made: 6, recorded: 3, refused: 0, repeated: 2, unchanged: 0, changed: 0 },
          flagged: 0,
        },
        violations: {},
        obligations: {},
        rejects: { invalid_email: 1, refused_by_ledger: 1, column_count: 1 },
      },
    ])
    expect(recorder.lines.map(({ line }) => line.type)).toEqual(['collect', 'collect', 'use'])
  })

  it('sets rejected rows aside whole, for their owner only', async () => {
    await write('exports/notes.csv', exported)
    await run(new Recorder())
    const rejects = await rejectsOf('notes.csv')
    expect(rejects).toEqual(
      expect.arrayContaining([
        {
          file: 'notes.csv',
          line: 4,
          field: 'email',
          reason: 'invalid_email',
          rule: 'must be an e-mail address',
          raw: row('ann at example.org', 'hello'),
        },
        expect.objectContaining({ line: 7, reason: 'refused_by_ledger', rule: 'must be nice' }),
        expect.objectContaining({ line: 8, field: null, reason: 'column_count', raw: 'too,few' }),
      ]),
    )
    const { mode } = await stat(path.join(directory, 'rejects/notes.csv.ndjson'))
    expect(mode & 0o777).toBe(0o600)
  })

  it('does nothing the second time, and says so', async () => {
    await write('exports/notes.csv', exported)
    const recorder = new Recorder()
    await run(recorder)
    const before = recorder.lines.length
    const { summaries } = await run(recorder)
    expect(recorder.lines.length).toBe(before)
    expect(summaries[0]?.rows).toEqual({
      ...{ read: 8, imported: 0, known: 4, duplicates: 0, rejected: 3, ignored: 1 },
    })
    expect(await rejectsOf('notes.csv')).toHaveLength(3)
  })

  it('tells rows apart that differ in their time only', async () => {
    const later = row('ann@example.org', 'hello').replace('10:00', '10:01')
    await write(
      'exports/notes.csv',
      `at,email,note\n${row('ann@example.org', 'hello')}\n${later}\n`,
    )
    const recorder = new Recorder()
    expect((await run(recorder)).summaries[0]?.rows).toMatchObject({ imported: 2, duplicates: 0 })
  })

  it('knows a row again when the export puts its columns in another order', async () => {
    await write('exports/notes.csv', `at,email,note\n2015-01-01T10:00:00Z,ann@example.org,hello\n`)
    const recorder = new Recorder()
    await run(recorder)
    await write('exports/notes.csv', `note,email,at\nhello,ann@example.org,2015-01-01T10:00:00Z\n`)
    expect((await run(recorder)).summaries[0]?.rows).toMatchObject({ imported: 0, known: 1 })
  })

  it('says when the mapping now makes another line of a row that was recorded', async () => {
    await write('exports/notes.csv', exported)
    const recorder = new Recorder()
    await run(recorder)
    await write('notes.yaml', mapping.replaceAll('kind: prospect', 'kind: partner'))
    const { summaries } = await run(recorder)
    expect(summaries[0]?.lines).toMatchObject({ recorded: 0, changed: 4 })
  })

  it('records in batches of rows, in order, and a row never in two', async () => {
    const rows = Array.from({ length: 25 }, (_, n) => row(`p${n}@example.org`, 'twice'))
    await write('exports/notes.csv', `at,email,note\n${rows.join('\n')}\n`)
    const recorder = new Recorder()
    await run(recorder, 10)
    expect(recorder.batches).toEqual([20, 20, 10])
    expect(recorder.lines.filter(({ line }) => line.type === 'use')).toHaveLength(25)
  })

  it('tells how far it is, and ends at the end', async () => {
    const rows = Array.from({ length: 5_000 }, (_, n) => row(`p${n}@example.org`, 'hello'))
    await write('exports/notes-1.csv', `at,email,note\n${rows.join('\n')}\n`)
    await write('exports/notes-2.csv.gz', gzipSync(`at,email,note\n${rows.join('\n')}\n`))
    const { progress, totalBytes } = await run(new Recorder())
    expect(progress).toEqual(progress.toSorted((a, b) => a - b))
    expect(progress.length).toBeGreaterThan(4)
    expect(progress.at(-1)).toBe(totalBytes)
  })

  it('imports what comes before the place where a compressed file breaks off', async () => {
    const rows = Array.from({ length: 20_000 }, (_, n) => row(`p${n}@example.org`, `n${n * 7919}`))
    const text = `at,email,note\n${rows.join('\n')}\n`
    await write('exports/notes.csv.gz', gzipSync(text))
    const location = path.join(directory, 'exports/notes.csv.gz')
    const { size } = await stat(location)
    await truncate(location, size - 1000)
    const { summaries } = await run(new Recorder())
    const [summary] = summaries
    expect(summary?.rejects.broken_compression).toBe(1)
    expect(summary?.rows.imported).toBeGreaterThan(15_000)
    expect(summary?.rows.imported).toBeLessThan(20_000)
  })
})

describe('preparing an import', () => {
  it('is ready when everything fits', async () => {
    await write('exports/notes.csv', exported)
    expect(await problems()).toEqual([])
  })

  it('tells a missing file, mapping and manifest', async () => {
    expect(await problems()).toEqual([
      { file: 'notes.yaml', path: 'file', rule: 'no such file: notes*' },
    ])
    await write('import.yaml', manifest('[other.yaml]'))
    expect(await problems()).toMatchObject([{ file: 'other.yaml' }])
    await rm(path.join(directory, 'import.yaml'))
    expect(await problems()).toMatchObject([{ file: 'import.yaml' }])
  })

  it('tells columns that are missing, twice there, or unknown', async () => {
    await write('exports/notes.csv', 'at,mail,at\n')
    expect(await problems()).toEqual([
      { file: 'notes.csv', path: 'columns', rule: "the file has no column 'email'" },
      { file: 'notes.csv', path: 'columns', rule: "the file has no column 'note'" },
      { file: 'notes.csv', path: 'columns', rule: "the mapping does not know the column 'mail'" },
      { file: 'notes.csv', path: 'columns', rule: "the file has the column 'at' twice" },
    ])
  })

  it.each([
    ['an empty file', Buffer.alloc(0)],
    ['bytes that are no text', Buffer.from([0xff, 0x00, 0xfe, 0x0a, 0x41])],
    ['a header with an open quote', Buffer.from('at,"email,note\nx')],
  ])('tells that %s has no header', async (_what, bytes) => {
    await write('exports/notes.csv', bytes)
    expect(await problems()).toEqual([
      { file: 'notes.csv', path: 'columns', rule: 'the file has no header that can be read' },
    ])
  })

  it('tells two mappings that read the same file', async () => {
    await write('exports/notes.csv', exported)
    await write('import.yaml', manifest('[notes.yaml, notes.yaml]'))
    expect(await problems()).toMatchObject([{ rule: 'two mappings read this file' }])
  })
})
