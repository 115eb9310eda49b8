import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeExample, type Example } from '../../examples/symphony/generate.ts'
import { importAll } from '../../src/import/import-all.ts'
import { prepareImport } from '../../src/import/manifest.ts'
import type { Reject } from '../../src/import/reject.ts'
import type { FileSummary } from '../../src/import/summary.ts'
import { Judging, loadPolicy, loadRecipients } from './judging.ts'

const example = path.join(import.meta.dirname, '../../examples/symphony')

/** Of a compressed file what is in it: compressors may differ between machines. */
function digest(file: string, bytes: Buffer): string {
  const content = file.endsWith('.gz') ? gunzipSync(bytes) : bytes
  return createHash('sha256').update(content).digest('hex')
}

async function importWith(judging: Judging, manifest: string) {
  const preparation = await prepareImport(path.join(example, manifest))
  if (!preparation.ready) throw new Error(JSON.stringify(preparation.problems))
  const rejects: Reject[] = []
  const summaries = await importAll({
    ...{ plan: preparation.plan, record: judging.record, startedAt: judging.position },
    rejects: async () => ({
      write: async (reject) => {
        rejects.push(reject)
      },
      close: async () => undefined,
    }),
  })
  return { summaries, rejects }
}

/** A summary in the words of the truth. */
function found({ rows, lines, rejects, violations, obligations }: FileSummary) {
  return {
    ...{ rows: rows.read, duplicates: rows.duplicates, rejected: rejects, ignored: rows.ignored },
    ...{ lines: lines.recorded, flagged: lines.flagged, violations, obligations },
  }
}

let made: Example

beforeAll(() => {
  made = makeExample()
}, 60_000)

describe('the example', () => {
  it('is what its generator makes, byte for byte', async () => {
    for (const [file, bytes] of made.files) {
      const committed = await readFile(path.join(example, 'exports', file))
      expect(digest(file, committed), file).toBe(digest(file, bytes))
    }
    const expected: unknown = JSON.parse(
      await readFile(path.join(example, 'expected.json'), 'utf8'),
    )
    expect(expected).toEqual(made.expected)
  })

  it('has at least 2,000 people and 40,000 acts', () => {
    const { controllers, totals } = made.expected
    expect(controllers['symphony-commerce']?.people).toBeGreaterThanOrEqual(2_000)
    expect(totals.lines).toBeGreaterThanOrEqual(40_000)
  })

  it('holds no address or number that could be somebody’s', () => {
    for (const [file, bytes] of made.files) {
      if (!/crm|mail|commerce|helpdesk/.test(file)) continue
      const text = bytes.toString(file === 'crm/leads.csv' ? 'utf16le' : 'utf8')
      for (const [, host] of text.matchAll(/@([a-z0-9.-]+\.[a-z]+)/gi)) {
        expect(host?.toLowerCase(), file).toMatch(/(?:^|\.)(?:example\.(?:org|com|net)|test)$/)
      }
    }
  })
})

describe('importing the example', () => {
  const judging = { symphony: null as Judging | null }
  let first: Awaited<ReturnType<typeof importWith>>

  beforeAll(async () => {
    const policy = await loadPolicy('symphony-commerce-2014-06-30.yaml')
    judging.symphony = new Judging(policy, await loadRecipients())
    first = await importWith(judging.symphony, 'import.yaml')
  }, 180_000)

  it('finds the truth about every file, with every broken promise', () => {
    const truth = made.expected.controllers['symphony-commerce']?.files
    expect(Object.fromEntries(first.summaries.map((one) => [one.file, found(one)]))).toEqual(truth)
  })

  it('knows each person once, however the systems spell them', () => {
    const { people } = made.expected.controllers['symphony-commerce'] ?? {}
    expect(judging.symphony?.subjects.size).toBe(people)
  })

  it('takes what happened as it happened: nothing observed is turned away', () => {
    expect(judging.symphony?.refused).toEqual([])
  })

  it('repeats no value of a row in what it tells of a reject', () => {
    const told = JSON.stringify(first.rejects)
    expect(told).not.toMatch(/@|example|02\/30|Growth hacking|Teleported/i)
    expect(first.rejects.length).toBeGreaterThan(60)
  })

  it('has nothing left to do the second time', async () => {
    if (!judging.symphony) throw new Error('not imported')
    const again = await importWith(judging.symphony, 'import.yaml')
    for (const [index, { rows, lines }] of again.summaries.entries()) {
      const before = first.summaries[index]?.rows
      expect(lines).toMatchObject({ recorded: 0, refused: 0, changed: 0, flagged: 0 })
      expect(rows).toEqual({
        ...before,
        imported: 0,
        duplicates: 0,
        known: (before?.imported ?? 0) + (before?.duplicates ?? 0),
      })
    }
  }, 120_000)

  it('keeps the store of a customer apart, under its own policy (S45)', async () => {
    const policy = await loadPolicy('acme-store-2014-06-30.yaml')
    const acme = new Judging(policy, new Map())
    const { summaries } = await importWith(acme, 'import-acme-store.yaml')
    const truth = made.expected.controllers['acme-store']
    expect(Object.fromEntries(summaries.map((one) => [one.file, found(one)]))).toEqual(truth?.files)
    expect(acme.subjects.size).toBe(truth?.people)
  })
})
