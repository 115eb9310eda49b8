import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FileSummary } from '../../src/import/summary.ts'
import { realEventStore } from '../support/event-store-of.ts'
import { needles } from '../support/needles.ts'
import { personalValues } from '../support/personal-values.ts'
import { runCli, type Ended, type Place } from '../support/run-cli.ts'
import { serveCli } from '../support/serve-cli.ts'

/** The main job on the example, as its user runs it: one process for each command. */

const LONG_MS = 600_000
const expected = JSON.parse(readFileSync('examples/symphony/expected.json', 'utf8')) as {
  controllers: Record<string, { people: number; files: Record<string, Record<string, unknown>> }>
}
/** What anybody may read: what is said in these is nobody's secret. */
const openly = [
  'policies/symphony-commerce-2014-06-30.yaml',
  'examples/symphony/recipients.yaml',
].map((file) => readFileSync(file, 'utf8'))

let directory: string
let place: Place
let first: Ended
let look: ReturnType<typeof needles>
/** All that any process wrote to its streams. */
const written: string[] = []

async function run(...args: string[]): Promise<Ended> {
  const ended = await runCli(place, args)
  written.push(ended.out, ended.err)
  return ended
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-example-'))
  place = { data: join(directory, 'data'), rootKeyFile: join(directory, 'keys', 'root.key') }
  look = needles(await personalValues('examples/symphony/import.yaml', openly))
  first = await run('demo', '--json')
}, LONG_MS)

afterAll(() => rmSync(directory, { recursive: true, force: true }))

type Result = { position: number; changed: boolean; files: FileSummary[] }

const resultOf = ({ out }: Ended) => JSON.parse(out) as Result

function filesUnder(...directories: string[]): string[] {
  return directories.flatMap((name) =>
    globSync(join(place.data, name, '**/*'), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  )
}

function digests(...directories: string[]): Record<string, string> {
  const of = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
  return Object.fromEntries(
    filesUnder(...directories)
      .map((file) => [relative(place.data, file), of(file)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

async function tokenFor(role: string): Promise<string> {
  const { out } = await run('token', 'issue', role, '--role', role, '--json')
  return (JSON.parse(out) as { secret: string }).secret
}

describe('the demo on the example', () => {
  it('ends well, and with --json says one JSON value', () => {
    expect(first.code, first.err).toBe(0)
    expect(resultOf(first)).toMatchObject({ changed: true })
  })

  it('imports what the truth about the example says, row by row and violation by violation', () => {
    const { files } = expected.controllers['symphony-commerce']!
    const found = resultOf(first).files.map(
      ({ file, rows, lines, rejects, violations, obligations }) => [
        file,
        {
          ...{ rows: rows.read, duplicates: rows.duplicates, rejected: rejects },
          ...{ ignored: rows.ignored, lines: lines.recorded, flagged: lines.flagged },
          ...{ violations, obligations },
        },
      ],
    )
    expect(Object.fromEntries(found)).toEqual(files)
    for (const { rows } of resultOf(first).files) {
      expect(rows.imported + rows.known + rows.duplicates + rows.rejected + rows.ignored).toBe(
        rows.read,
      )
    }
  })

  it('knows as many people as the example has', async () => {
    const status = JSON.parse((await run('status', '--json')).out) as Record<string, unknown>
    expect(status).toMatchObject({
      controller: 'symphony-commerce',
      subjects: expected.controllers['symphony-commerce']!.people,
      holdsInForce: 2,
      policies: [{ version: '2014-06-30', status: 'in-force' }],
      views: { behind: false },
    })
  })

  it('changes nothing when it is played again, and says so', { timeout: LONG_MS }, async () => {
    const before = {
      status: (await run('status', '--json')).out,
      files: digests('reports', 'exports', 'rejects'),
    }
    const second = await run('demo')
    expect(second.code, second.err).toBe(0)
    expect(second.out).toContain('Nothing was new')
    expect((await run('status', '--json')).out).toBe(before.status)
    expect(digests('reports', 'exports', 'rejects')).toEqual(before.files)
  })
})

describe('the views of the example', () => {
  it('are the same after a rebuild, and give the same reports', { timeout: LONG_MS }, async () => {
    const rebuilt = JSON.parse((await run('rebuild', '--digest', '--json')).out) as {
      before: string
      after: string
    }
    expect(rebuilt.after).toMatch(/^[0-9a-f]{64}$/)
    expect(rebuilt.after).toBe(rebuilt.before)
    const taken = digests('reports')
    await run('audit')
    await run('audit', '--promotional')
    await run('audit', '--disclosures')
    await run('retention', 'report', '--as-of', '2017-07-01')
    await run('transfer', 'report', 'project-northwind', '--as-of', '2017-07-01')
    // A page names the files beside it, and those bear the name that the report was written under.
    const asInTheDemo = (text: string) =>
      text
        .replaceAll('retention-2017-07-01.', 'retention.')
        .replaceAll('transfer-project-northwind.', 'transfer.')
    const again = filesUnder('reports').filter((file) => /retention-2017|northwind/.test(file))
    expect(again.length).toBeGreaterThan(10)
    for (const file of again) {
      const inTheDemo = readFileSync(asInTheDemo(file), 'utf8')
      expect(asInTheDemo(readFileSync(file, 'utf8')) === inTheDemo, file).toBe(true)
    }
    const after = digests('reports')
    for (const [file, digest] of Object.entries(taken)) expect(after[file], file).toBe(digest)
  })
})

describe('the personal values of the example', () => {
  /** The files of the stores as they lie on the disk, while nothing has them open. */
  const stores = () => globSync(join(place.data, '*.sqlite*'))
  const found = (file: string) => look(readFileSync(file)).map(({ needle }) => needle)

  it('are many, and are found where they are', () => {
    const planted = 'Olivia Freeman, olivia_freeman405@mail.test'
    for (const encoding of ['utf8', 'utf16le'] as const) {
      const needlesIn = look(Buffer.from(`\u0000${planted}`, encoding)).map(({ needle }) => needle)
      expect(needlesIn).toContain('Olivia Freeman')
      expect(needlesIn).toContain('olivia_freeman405@mail.test')
    }
    expect(filesUnder('exports').flatMap(found)).toContain('Olivia Freeman')
    expect(filesUnder('rejects').flatMap(found).length).toBeGreaterThan(10)
  })

  it('are in none of the three stores in clear', () => {
    // An event store's own files are nowhere that we know.
    expect(stores().length).toBeGreaterThanOrEqual(realEventStore ? 2 : 3)
    for (const file of stores()) expect(found(file), file).toEqual([])
  })

  it('are in no report', () => {
    expect(filesUnder('reports').length).toBeGreaterThan(30)
    for (const file of filesUnder('reports')) expect(found(file), file).toEqual([])
  })

  it('are in nothing that a command wrote to the terminal', () => {
    expect(written.join('').length).toBeGreaterThan(10_000)
    expect(look(Buffer.from(written.join('\n')))).toEqual([])
  })

  it(
    'are in nothing that the server logs, whatever it is asked',
    { timeout: LONG_MS },
    async () => {
      const tokens = { source: await tokenFor('source'), officer: await tokenFor('officer') }
      const served = await serveCli(place)
      const ask = async (path: string, body: unknown, role: keyof typeof tokens = 'source') => {
        const headers = {
          authorization: `Bearer ${tokens[role]}`,
          'content-type': 'application/json',
        }
        const text = typeof body === 'string' ? body : JSON.stringify(body)
        const answer = await fetch(served.address + path, { method: 'POST', headers, body: text })
        return { status: answer.status, text: await answer.text() }
      }
      const who = { identifiers: [{ scheme: 'email', value: 'olivia_freeman405@mail.test' }] }
      const found = await ask('/v1/subjects/find', { subject: who }, 'officer')
      expect(found.status, found.text).toBe(200)
      const line = { type: 'open-account', mode: 'enforce', source: 'crm', subject: who }
      const answers = [
        await ask('/v1/acts', line),
        await ask('/v1/acts', { ...line, subject: { ...who, 'Olivia Freeman': 1 } }),
        await ask('/v1/acts', { ...line, source: 'olivia_freeman405@mail.test' }),
        await ask('/v1/acts', '{"broken": "olivia_freeman405@mail.test"'),
        await ask('/v1/acts/olivia_freeman405@mail.test', line),
        await ask('/v1/subjects/export', { subject: who, reason: 'Olivia Freeman' }, 'officer'),
      ]
      expect(answers.map(({ status }) => status).every((status) => status < 500)).toBe(true)
      for (const { text } of answers) expect(look(Buffer.from(text)), text).toEqual([])
      expect(await served.stop()).toBe(0)
      expect(served.written()).toContain('"route":"/v1/acts"')
      expect(look(Buffer.from(served.written()))).toEqual([])
      for (const file of stores()) expect(look(readFileSync(file)), file).toEqual([])
    },
  )
})
