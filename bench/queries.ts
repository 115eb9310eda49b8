import { DatabaseSync } from 'node:sqlite'
import type { ControllerId, Position, SubjectId } from '../src/domain/values.ts'
import type { Views } from '../src/projections/views.ts'
import { median, rounded, type Measured } from './rounds.ts'
import { historyOf } from './support/histories.ts'
import { randomFrom } from './support/random.ts'
import { inDirectory, withCustody } from './support/workspace.ts'

const queries = 1_000
const rounds = 5
const smallScale = 10_000
const everything = { limit: 500, cursor: null } as const

/** Microseconds for one query, the median of many on people drawn at random. */
type Figures = Readonly<{ point: number; asOf: number; bare: number; bareAsOf: number }>

/**
 * P4: what is held on a person now (point), and what was held on them when half of the ledger was
 * written (as of). `ratio`: the worse of the two at the large scale to the same at 10,000 events.
 * `bareRatio`: the worse of the two, at the large scale, to an indexed look-up in one plain table that
 * answers as many rows.
 */
export async function queryViews(scale: number): Promise<Measured> {
  const at = { small: [] as Figures[], large: [] as Figures[] }
  const small = await historyOf(smallScale)
  const large = await historyOf(scale)
  for (let round = 0; round < rounds; round++) {
    at.small.push(await figuresOf(small.directory, round))
    at.large.push(await figuresOf(large.directory, round))
  }
  const medianOf = (list: readonly Figures[], name: keyof Figures) =>
    median(list.map((figures) => figures[name]))
  const ratioOf = (name: keyof Figures) => medianOf(at.large, name) / medianOf(at.small, name)
  const toBare = (name: 'point' | 'asOf', bare: 'bare' | 'bareAsOf') =>
    median(at.large.map((figures) => figures[name] / figures[bare]))
  const bareRatios = [toBare('point', 'bare'), toBare('asOf', 'bareAsOf')] as const
  return {
    ratio: rounded(Math.max(ratioOf('point'), ratioOf('asOf'))),
    ours: rounded(medianOf(at.large, 'point')),
    limit: rounded(medianOf(at.small, 'point')),
    unit: 'µs',
    pointRatio: rounded(ratioOf('point')),
    asOfRatio: rounded(ratioOf('asOf')),
    bareRatio: rounded(Math.max(...bareRatios)),
    pointBareRatio: rounded(bareRatios[0]),
    asOfBareRatio: rounded(bareRatios[1]),
    asOf: rounded(medianOf(at.large, 'asOf')),
    bare: rounded(medianOf(at.large, 'bare')),
    bareAsOf: rounded(medianOf(at.large, 'bareAsOf')),
    events: scale,
    rounds,
  }
}

function figuresOf(directory: string, seed: number): Promise<Figures> {
  return inDirectory((scratch) =>
    withCustody(directory, async ({ views, configuration: { controller } }) => {
      const now = views.position()
      const half = Math.floor(now / 2) as Position
      const bare = bareTable(`${scratch}/bare.sqlite`, views, controller, now)
      const random = randomFrom(seed)
      const drawn = Array.from(
        { length: queries },
        () => bare.subjects[random.integer(bare.subjects.length)]!,
      )
      const ask = (position: Position) => (subject: SubjectId) =>
        views.inventory(controller, { position }, { subject }, everything).rows.length
      try {
        return {
          point: microseconds(drawn, ask(now)),
          bare: microseconds(drawn, (subject) => bare.held(subject, now)),
          asOf: microseconds(drawn, ask(half)),
          bareAsOf: microseconds(drawn, (subject) => bare.held(subject, half)),
        }
      } finally {
        bare.close()
      }
    }),
  )
}

/** One row for each item of the inventory, with its words in clear, found by an index on the person. */
function bareTable(path: string, views: Views, controller: ControllerId, position: Position) {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
  const columns = [
    'subject',
    'category',
    'lot',
    'collection',
    'kind',
    'property',
    'channel',
    'source',
    'purposes',
    'fields',
    'permitted',
    'policyVersion',
    'rules',
    'basis',
    'began',
    'beganAt',
    'ended',
    'endedAt',
  ] as const
  database.exec(`CREATE TABLE held (${columns.join(', ')})`)
  const insert = database.prepare(`INSERT INTO held VALUES (${columns.map(() => '?').join(', ')})`)
  database.exec('BEGIN')
  const subjects = new Set<SubjectId>()
  let cursor: string | null = null
  do {
    const page = views.inventory(controller, { position }, {}, { limit: 1_000, cursor })
    for (const row of page.rows) {
      subjects.add(row.subject)
      const values = columns.map((name) => {
        const value = row[name]
        if (typeof value === 'boolean') return Number(value)
        return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
      })
      insert.run(...values)
    }
    cursor = page.next
  } while (cursor !== null)
  database.exec('COMMIT; CREATE INDEX held_subject ON held (subject, began)')
  const select = database.prepare('SELECT * FROM held WHERE subject = ? AND began <= ?')
  return {
    subjects: [...subjects],
    held: (subject: SubjectId, until: Position) => select.all(subject, until).length,
    close: () => database.close(),
  }
}

/** The median over the people, once warm. What was answered is counted, so that nothing is left out. */
function microseconds(drawn: readonly SubjectId[], ask: (subject: SubjectId) => number): number {
  let answered = 0
  for (const subject of drawn) answered += ask(subject)
  const times = drawn.map((subject) => {
    const began = performance.now()
    answered += ask(subject)
    return (performance.now() - began) * 1_000
  })
  if (answered === 0) throw new Error('nothing was answered')
  return median(times)
}
