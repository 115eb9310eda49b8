import { assertNever, type Position, type Reference } from '../domain/values.ts'
import { peopleAsked, somethingEndedBehind } from './asking.ts'
import { emptyPage, pageOf } from './cursor.ts'
import { NO_DAY, packDay, unpackDay, unpackInstant } from './packing.ts'
import { defineProjection, unchanged, type Change, type Folded, type Look } from './projection.ts'
import type { Reader } from './reader.ts'
import type { ResidueRow, ResidueViews } from './residue-views.ts'
import { insertInto, type Table } from './table.ts'
import type { Page, Paging } from './views.ts'

/** S31: deletions that are done, while a backup of the vault lives that was taken before them. */
const residueTable: Table = {
  name: 'residue',
  columns: {
    began: 'position',
    controller: 'controller',
    subject: 'subject',
    deletion: 'text',
    began_at: 'instant',
    until: 'day',
    ended: { holds: 'position', optional: true },
  },
  key: ['began'],
}

/** The lives of backups, so that the longest of those going on is one look. */
const lifeTable: Table = {
  name: 'backup_life',
  columns: {
    controller: 'controller',
    backup: 'text',
    expires: 'day',
    ended: { holds: 'position', optional: true },
  },
  key: ['controller', 'backup'],
}

const followed = [
  'VaultBackupTaken',
  'VaultBackupExpired',
  'DataDeleted',
  'SubjectErased',
  'ResidueEnded',
] as const
type Followed = (typeof followed)[number]
type Deleting = 'DataDeleted' | 'SubjectErased' | 'ResidueEnded'
type Write = 'begin' | 'end' | 'live' | 'die'
type Lookup = 'longest'

export const residues = defineProjection<Followed, Write, Lookup>({
  name: 'residues',
  tables: [residueTable, lifeTable],
  indexes: [
    'CREATE INDEX residue_open ON residue (controller, began) WHERE ended IS NULL',
    'CREATE INDEX residue_ended ON residue (controller, began, ended) WHERE ended IS NOT NULL',
  ],
  foldingIndexes: [
    'CREATE INDEX residue_deletion ON residue (subject, deletion) WHERE ended IS NULL',
    'CREATE INDEX backup_life_going_on ON backup_life (controller, expires) WHERE ended IS NULL',
  ],
  follows: followed,
  writes: {
    begin: insertInto(residueTable),
    end: `UPDATE residue SET ended = ? WHERE subject = ? AND deletion = ? AND ended IS NULL`,
    live: insertInto(lifeTable, 'OR IGNORE'),
    die: 'UPDATE backup_life SET ended = ? WHERE controller = ? AND backup = ?',
  },
  lookups: {
    longest: `SELECT expires FROM backup_life WHERE controller = ? AND ended IS NULL
      ORDER BY expires DESC LIMIT 1`,
  },
  changes,
})

function changes(folded: Folded<Followed>, look: Look<Lookup>): readonly Change<Write>[] {
  const { event, position, controller } = folded
  switch (event.type) {
    case 'VaultBackupTaken': {
      const { backup, expires } = event.data
      return [['live', [controller.number, backup, packDay(expires), null]]]
    }
    case 'VaultBackupExpired':
      return [['die', [position, controller.number, event.data.backup]]]
    case 'DataDeleted':
    case 'SubjectErased':
    case 'ResidueEnded':
      return deletionChanges(folded as Folded<Deleting>, look)
    default:
      return assertNever(event)
  }
}

function deletionChanges(
  { event, position, at, controller, person }: Folded<Deleting>,
  look: Look<Lookup>,
): readonly Change<Write>[] {
  if (!person) return unchanged
  const { deletion } = event.data
  const end: Change<Write> = ['end', [position, person.number, deletion]]
  if (event.type === 'ResidueEnded') {
    controller.lastEnd = position
    return [end]
  }
  const longest = look('longest', controller.number)[0]
  if (!longest) return unchanged
  // What a deletion does in two steps is one residue, from the last of them on.
  controller.lastEnd = position
  const owner = [controller.number, person.number, deletion]
  return [end, ['begin', [position, ...owner, at, Number(longest[0]), null]]]
}

const columns = 'began, subject, deletion, began_at, until'
const asOf = `controller = ?2 AND began > ?3 AND began <= ?1
  AND (?4 IS NULL OR subject = ?4) AND until <= ?5`

export const residueReads = {
  list: `SELECT ${columns} FROM residue WHERE ended IS NULL AND ${asOf}
    UNION ALL
    SELECT ${columns} FROM residue WHERE ended IS NOT NULL AND ended > ?1 AND ${asOf}
      AND ${somethingEndedBehind}
    ORDER BY began LIMIT ?6`,
} as const

/** A page of the residues that had not ended at the position, by when they began. */
export function residuesPage(
  reader: Reader,
  controller: number,
  position: Position,
  { subject, dueBy }: Parameters<ResidueViews['residues']>[2],
  paging: Paging,
): Page<ResidueRow> {
  const people = peopleAsked(reader, controller, subject)
  if (!people) return emptyPage
  const person = subject === undefined ? null : people[0]
  const until = dueBy === undefined ? NO_DAY : packDay(dueBy)
  return pageOf({
    list: 'residues',
    paging,
    start: [-1],
    more: ([after], count) =>
      reader.all(residueReads.list, position, controller, after!, person, until, count),
    keyOf: ([began]) => [Number(began)],
    answer: ([began, number, deletion, beganAt, day]): ResidueRow => ({
      subject: reader.subject(Number(number)),
      deletion: deletion as Reference,
      began: Number(began) as Position,
      beganAt: unpackInstant(Number(beganAt)),
      until: unpackDay(Number(day))!,
    }),
  })
}
