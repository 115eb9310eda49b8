import type { Channel, PurposeKey, Position } from '../domain/values.ts'
import { momentOf, peopleAsked } from './asking.ts'
import { emptyPage, pageOf } from './cursor.ts'
import { unpackDay, unpackEventId, unpackInstant } from './packing.ts'
import type { Reader, Row } from './reader.ts'
import type { AsOf, Page, Paging, StandingRow, Views } from './views.ts'
import { assertNever } from '../domain/values.ts'
import { packDay } from './packing.ts'
import { defineProjection, type Change, type Folded, type Look, unchanged } from './projection.ts'
import { insertInto, type Table } from './table.ts'

/**
 * Each word of a person on a purpose, in the order in which the words stand: that of their time, where an
 * enforced one is moved up to the last (N1, as `SubjectState.consents` has it). A word stands until the
 * next one in that order, so what stood at a time, as known at a position, is one look-up; a word that
 * comes to be known late takes its place and changes no row.
 */
const table: Table = {
  name: 'standing',
  columns: {
    subject: 'subject',
    matter: 'flag',
    purpose: 'term',
    began_at: 'instant',
    began: 'position',
    status: 'count',
    channel: { holds: 'term', optional: true },
    expires: { holds: 'day', optional: true },
  },
  key: ['subject', 'matter', 'purpose', 'began_at', 'began'],
}

/** The numbers of the two matters and of the statuses. */
export const CONSENT = 0
export const OBJECTION = 1
export const standingStatuses = [
  'requested',
  'given',
  'refused',
  'withdrawn',
  'expired',
  'made',
  'lifted',
] as const
export type StandingStatus = (typeof standingStatuses)[number]

const followed = [
  'ConsentRequested',
  'ConsentGiven',
  'ConsentRefused',
  'ConsentWithdrawn',
  'ConsentExpired',
  'ObjectionMade',
  'ObjectionCarriedOver',
  'ObjectionLifted',
] as const
type Followed = (typeof followed)[number]
type Write = 'stand'
type Lookup = 'last'

export const standings = defineProjection<Followed, Write, Lookup>({
  name: 'standings',
  tables: [table],
  indexes: [],
  follows: followed,
  writes: { stand: insertInto(table) },
  lookups: {
    last: `SELECT began_at FROM standing WHERE subject = ? AND matter = ? AND purpose = ?
      ORDER BY began_at DESC, began DESC LIMIT 1`,
  },
  changes,
})

function changes(folded: Folded<Followed>, look: Look<Lookup>): readonly Change<Write>[] {
  const { event, position, person, names } = folded
  if (!person) return unchanged
  const status = statusOf(event.type)
  const matter = status === 'made' || status === 'lifted' ? OBJECTION : CONSENT
  const purpose = names.term(event.data.purpose)
  const enforced = !('mode' in event.data) || event.data.mode === 'enforce'
  const last = enforced ? look('last', person.number, matter, purpose)[0] : undefined
  const at = Math.max(folded.at, Number(last?.[0] ?? folded.at))
  const channel = 'channel' in event.data ? names.term(event.data.channel) : null
  const expires = event.type === 'ConsentGiven' ? event.data.expires : null
  const number = standingStatuses.indexOf(status)
  const until = expires === null ? null : packDay(expires)
  return [['stand', [person.number, matter, purpose, at, position, number, channel, until]]]
}

function statusOf(type: Followed): StandingStatus {
  switch (type) {
    case 'ConsentRequested':
      return 'requested'
    case 'ConsentGiven':
      return 'given'
    case 'ConsentRefused':
      return 'refused'
    case 'ConsentWithdrawn':
      return 'withdrawn'
    case 'ConsentExpired':
      return 'expired'
    case 'ObjectionMade':
    case 'ObjectionCarriedOver':
      return 'made'
    case 'ObjectionLifted':
      return 'lifted'
    default:
      return assertNever(type)
  }
}

/** The words on the same purpose that stand behind it, as known at ?1. */
const later = `FROM standing AS next WHERE next.subject = standing.subject
  AND next.matter = standing.matter AND next.purpose = standing.purpose AND next.began <= ?1
  AND (next.began_at, next.began) > (standing.began_at, standing.began)`

export const standingReads = {
  list: `SELECT standing.subject, matter, purpose, began_at, began, status, channel, expires,
      audit.event, (SELECT next.began_at ${later} ORDER BY next.began_at, next.began LIMIT 1)
    FROM standing JOIN audit ON audit.position = standing.began
    WHERE (standing.subject, matter, purpose, began_at, began) > (?3, ?4, ?5, ?6, ?7)
    AND standing.subject <= ?8 AND began <= ?1 AND began_at <= ?2
    AND (?9 IS NULL OR purpose = ?9) AND (?10 IS NULL OR matter = ?10)
    AND NOT EXISTS (SELECT 1 ${later} AND next.began_at <= ?2)
    ORDER BY standing.subject, matter, purpose, began_at, began LIMIT ?11`,
  stood: `SELECT status, expires FROM standing
    WHERE subject = ?3 AND matter = ?4 AND purpose = ?5 AND began <= ?1 AND began_at <= ?2
    ORDER BY began_at DESC, began DESC LIMIT 1`,
} as const

type Filter = Parameters<Views['standings']>[2]

/** A page of how consents and objections stood, by person. */
export function standingsPage(
  reader: Reader,
  controller: number,
  { position, moment }: AsOf,
  { subject, purpose, matter }: Filter,
  paging: Paging,
): Page<StandingRow> {
  const people = peopleAsked(reader, controller, subject)
  const term = purpose === undefined ? null : reader.term(purpose)
  if (!people || (purpose !== undefined && term === null)) return emptyPage
  const [first, last] = people
  const number = matter === undefined ? null : matter === 'consent' ? CONSENT : OBJECTION
  const times = [position, momentOf(moment)]
  return pageOf({
    list: 'standings',
    paging,
    start: [first, -1, -1, -1, -1],
    more: (key, count) =>
      reader.all(standingReads.list, ...times, ...key, last, term, number, count),
    keyOf: (row) => row.slice(0, 5).map(Number),
    answer: (row) => standingRow(reader, row),
  })
}

/** What stood at a moment of the world, as known at a position; null where there never was a word. */
export function stoodAt(
  reader: Reader,
  person: number,
  matter: typeof CONSENT | typeof OBJECTION,
  purpose: number,
  position: number,
  moment: number,
): { status: StandingStatus; expires: number | null } | null {
  const found = reader.first(standingReads.stood, position, moment, person, matter, purpose)
  if (!found) return null
  const [status, expires] = found
  return {
    status: standingStatuses[Number(status)]!,
    expires: expires === null ? null : Number(expires),
  }
}

function standingRow(reader: Reader, row: Row): StandingRow {
  const [subject, matter, purpose, beganAt, began, status, channel, expires, event, endedAt] = row
  return {
    subject: reader.subject(Number(subject)),
    purpose: reader.text(Number(purpose)) as PurposeKey,
    matter: matter === CONSENT ? 'consent' : 'objection',
    status: standingStatuses[Number(status)]!,
    channel: channel === null ? null : (reader.text(Number(channel)) as Channel),
    event: unpackEventId(event as Uint8Array),
    expires: expires === null ? null : unpackDay(Number(expires)),
    began: Number(began) as Position,
    beganAt: unpackInstant(Number(beganAt)),
    endedAt: endedAt === null ? null : unpackInstant(Number(endedAt)),
  }
}
