import { DateTime } from 'luxon'
import { z } from 'zod'

/**
 * The words that every room shares: identifiers, instants and days. Each is a zod schema and the
 * branded type that parsing with it gives, so that a subject can never stand where a stream should.
 */

const slug = (name: string, longest: number) =>
  z
    .string()
    .regex(
      new RegExp(`^[a-z0-9](?:[a-z0-9.-]{0,${longest - 2}}[a-z0-9])?$`),
      `must be a ${name}: lower-case letters, digits, dots and dashes, at most ${longest}`,
    )

/** A controller (GDPR Art. 4(7)): the organisation whose policy governs. Example `symphony-commerce`. */
export const ControllerId = slug('controller', 64).brand<'ControllerId'>()
export type ControllerId = z.infer<typeof ControllerId>

/** A data subject's pseudonym within one controller: 128 random bits as 32 lower-case hex digits. */
export const SubjectId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'must be a subject: 32 lower-case hexadecimal digits')
  .brand<'SubjectId'>()
export type SubjectId = z.infer<typeof SubjectId>

/** An event's identifier: a UUID of version 7 (RFC 9562). */
export const EventId = z.uuid({ version: 'v7' }).brand<'EventId'>()
export type EventId = z.infer<typeof EventId>

/** The key of a category of personal data in a policy, dotted as in fideslang: `user.contact.email`. */
export const CategoryKey = slug('category', 96).brand<'CategoryKey'>()
export type CategoryKey = z.infer<typeof CategoryKey>

/** The key of a purpose of processing in a policy. */
export const PurposeKey = slug('purpose', 64).brand<'PurposeKey'>()
export type PurposeKey = z.infer<typeof PurposeKey>

/** The key of a kind of data subject in a policy: `prospect`, `account-holder`. */
export const SubjectKind = slug('subject kind', 64).brand<'SubjectKind'>()
export type SubjectKind = z.infer<typeof SubjectKind>

/** The identifier of a rule inside a policy. */
export const RuleId = slug('rule', 64).brand<'RuleId'>()
export type RuleId = z.infer<typeof RuleId>

/** An obligation's identifier as in the list of obligations: `S12`, `N4`. Also free policy clauses. */
export const ObligationId = z
  .string()
  .regex(/^[A-Z]{1,8}[0-9]{1,4}$/, 'must be an obligation such as S12')
  .brand<'ObligationId'>()
export type ObligationId = z.infer<typeof ObligationId>

/** A recipient (GDPR Art. 4(9)) registered with a controller. */
export const RecipientId = slug('recipient', 64).brand<'RecipientId'>()
export type RecipientId = z.infer<typeof RecipientId>

/** A web property, by its host name: `www.symphonycommerce.com`. */
export const Property = slug('property', 253).brand<'Property'>()
export type Property = z.infer<typeof Property>

/** A source system that reports acts: `crm`, `mail-provider`. */
export const SourceId = slug('source', 64).brand<'SourceId'>()
export type SourceId = z.infer<typeof SourceId>

/** A channel through which data arrives or a message leaves: `web-form`, `email`. */
export const Channel = slug('channel', 64).brand<'Channel'>()
export type Channel = z.infer<typeof Channel>

/** An identifier that the deployment gives to a matter, transfer, request or deletion. */
export const Reference = slug('reference', 64).brand<'Reference'>()
export type Reference = z.infer<typeof Reference>

/** One line of text that names no person: a reason, a document reference, a ground. */
export const Line = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^\p{Cc}]*$/u, 'must be one line without control characters')

/** Who acts: `token:<id>` behind the API, `job:<name>` for a job, `cli:<user>` at the console. */
export const Principal = z
  .string()
  .regex(/^(?:token|job|cli|import):[A-Za-z0-9._-]{1,64}$/)
  .brand<'Principal'>()
export type Principal = z.infer<typeof Principal>

/**
 * A moment in UTC with milliseconds, `2014-06-30T07:00:00.000Z`: one spelling for one moment, so that
 * the order of the text is the order of time.
 */
export const Instant = z
  .string()
  .regex(
    /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$/,
    'must be an instant in UTC with milliseconds, such as 2014-06-30T07:00:00.000Z',
  )
  // Every month has 28 days: only of the last ones a calendar must be asked, at some cost.
  .refine((text) => +text.slice(8, 10) <= 28 || isRealDate(text), 'must be a real date')
  .brand<'Instant'>()
export type Instant = z.infer<typeof Instant>

function isRealDate(instant: string): boolean {
  const date = new Date(instant)
  return !Number.isNaN(date.valueOf()) && date.toJSON() === instant
}

/** A calendar day in the controller's time zone, `2014-06-30`. */
export const Day = z.iso.date('must be a day such as 2014-06-30').brand<'Day'>()
export type Day = z.infer<typeof Day>

/** An ISO 8601 duration in calendar units (`P30D`, `P7Y`, `P1Y6M`); no hours, no fractions. */
export const CalendarDuration = z
  .string()
  .regex(
    /^P(?=[0-9])(?:[0-9]{1,3}Y)?(?:[0-9]{1,3}M)?(?:[0-9]{1,3}W)?(?:[0-9]{1,5}D)?$/,
    'must be an ISO 8601 duration in years, months, weeks or days, such as P30D',
  )
  .brand<'CalendarDuration'>()
export type CalendarDuration = z.infer<typeof CalendarDuration>

/** An IANA time zone: `America/Los_Angeles`. */
export const TimeZone = z
  .string()
  .refine(
    (zone) => DateTime.fromMillis(0, { zone }).isValid,
    'must be an IANA time zone such as America/Los_Angeles',
  )
  .brand<'TimeZone'>()
export type TimeZone = z.infer<typeof TimeZone>

/**
 * A place in the whole ledger. Opaque and increasing, not dense: only comparing two positions and
 * handing one back has a meaning. A safe integer, so that the byte offsets of an EventStoreDB log fit.
 */
export const Position = z.int().nonnegative().brand<'Position'>()
export type Position = z.infer<typeof Position>

/** Before the first event. */
export const START = 0 as Position

/** The number of an event in its stream, from 0. */
export const Revision = z.int().nonnegative().brand<'Revision'>()
export type Revision = z.infer<typeof Revision>

/**
 * A lot: the values of one subject that fall due together and go together. It names the retention rule
 * and what sets its clock: `account-data` (one clock for the subject), `orders/2015-02-11` (a clock for
 * each day), `referral/<event id>` (one record, gone on its own). Each lot has data keys of its own, one
 * for each category, so that deleting a lot destroys exactly its values.
 */
export const Lot = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{0,63}(?:\/[0-9a-f-]{10,36})?$/)
  .brand<'Lot'>()
export type Lot = z.infer<typeof Lot>

/** Marks a `switch` as complete: a new member of the union fails to compile here. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
