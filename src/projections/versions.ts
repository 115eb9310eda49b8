import { pageOf } from './cursor.ts'
import type { Reader } from './reader.ts'
import type { Page, Paging } from './views.ts'
import {
  defineProjection,
  unchanged,
  type AnyProjection,
  type EventType,
  type Folded,
} from './projection.ts'
import { insertInto, type Table } from './table.ts'

/**
 * A read model of few, small things with a life of their own (a hold, a policy version, a request): each
 * step of it ends one version of its row and begins the next, so that the row as of a position is one
 * range condition. The row is kept as the JSON that the query answers.
 */
export type Versions<Row, Type extends EventType> = Readonly<{
  table: string
  follows: readonly Type[]
  /** What names the thing within its controller. */
  keyOf: (folded: Folded<Type>) => string
  /** The row after the event; null where the event concerns nothing known. */
  evolve: (row: Row | null, folded: Folded<Type>) => Row | null
}>

type Write = 'begin' | 'end'
type Lookup = 'open'

/** The projection of such a read model. */
export function versionsProjection<Row, Type extends EventType>(
  versions: Versions<Row, Type>,
): AnyProjection {
  const table = versionsTable(versions.table)
  return defineProjection<Type, Write, Lookup>({
    name: versions.table,
    tables: [table],
    indexes: [],
    follows: versions.follows,
    writes: {
      begin: insertInto(table),
      end: `UPDATE ${table.name} SET ended = ? WHERE controller = ? AND key = ? AND began = ?`,
    },
    lookups: {
      open: latest(table.name),
    },
    changes(folded, look) {
      const key = versions.keyOf(folded)
      const { number } = folded.controller
      const open = look('open', number, key)[0]
      const before = open ? (JSON.parse(String(open[0])) as Row) : null
      const row = versions.evolve(before, folded)
      if (row === null) return unchanged
      const { position } = folded
      return [
        ...(open ? [['end', [position, number, key, open[1]!]] as const] : []),
        ['begin', [number, key, position, null, JSON.stringify(row)]],
      ]
    },
  })
}

function versionsTable(name: string): Table {
  return {
    name,
    columns: {
      controller: 'controller',
      key: 'text',
      began: 'position',
      ended: { holds: 'position', optional: true },
      row: 'text',
    },
    key: ['controller', 'key', 'began'],
  }
}

/** The last version is the open one: nothing ends without another beginning. */
const latest = (table: string) =>
  `SELECT row, began FROM ${table} WHERE controller = ? AND key = ? ORDER BY began DESC LIMIT 1`

/** The statements that read such a table. */
export function versionsReads(table: string) {
  return {
    asOf: `SELECT key, row FROM ${table} WHERE controller = ?1 AND key > ?2
      AND began <= ?3 AND (ended IS NULL OR ended > ?3) ORDER BY key LIMIT ?4`,
    latest: latest(table),
  }
}

export type VersionsReads = ReturnType<typeof versionsReads>

/** Every row as of a position, by key. */
export function allVersions<Stored>(
  { all }: Reader,
  { asOf }: VersionsReads,
  controller: number,
  position: number,
): Stored[] {
  const rows = all(asOf, controller, '', position, -1)
  return rows.map(([, row]) => JSON.parse(String(row)) as Stored)
}

/** A page of the rows as of a position, by key. */
export function pageOfVersions<Stored>(
  { all }: Reader,
  { asOf }: VersionsReads,
  list: string,
  controller: number,
  position: number,
  paging: Paging,
): Page<Stored> {
  return pageOf({
    list,
    paging,
    start: [''],
    more: ([key], count) => all(asOf, controller, key!, position, count),
    keyOf: ([key]) => [String(key)],
    answer: ([, row]) => JSON.parse(String(row)) as Stored,
  })
}

/** The present row of one key; null where there is none. */
export function latestVersion<Stored>(
  { first }: Reader,
  { latest }: VersionsReads,
  controller: number,
  key: string,
): Stored | null {
  const found = first(latest, controller, key)
  return found ? (JSON.parse(String(found[0])) as Stored) : null
}
