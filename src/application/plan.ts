import type { ActivityCommand } from '../domain/activity/commands.ts'
import type { Act } from '../domain/judgement.ts'
import type { Fields, SubjectCommand } from '../domain/subject/commands.ts'
import {
  assertNever,
  type CategoryKey,
  type Day,
  type EventId,
  type Instant,
  type Property,
  type RecipientId,
  type Reference,
} from '../domain/values.ts'
import type { Line, PersonalValues } from './lines.ts'

/**
 * A line made ready for its stream: which command it is, once the ledger has given it an id and a time.
 * Pure: the same line is always the same plan.
 */

export type SubjectLine = Extract<Line, { subject: unknown }>
export type ActivityLine = Exclude<Line, SubjectLine>

/** When and under which id a command happens. */
export type Given = Readonly<{ eventId: EventId; at: Instant; on: Day }>

/** Whether the line is about a person, or about nobody. */
export function isAboutPerson(line: Line): line is SubjectLine {
  return 'subject' in line
}

/** Whether the person may become known by this line: they come to us, or it is a fact that we hold them. */
export function introduces(line: SubjectLine): boolean {
  if (line.mode === 'observe') return true
  switch (line.type) {
    case 'collect':
    case 'request-consent':
    case 'give-consent':
    case 'refuse-consent':
    case 'object':
    case 'open-account':
      return true
    case 'use':
    case 'share':
    case 'withdraw-consent':
    case 'lift-objection':
    case 'correct':
    case 'close-account':
    case 'notify':
      return false
    default:
      return assertNever(line)
  }
}

/** The act that a line reports, as it is judged; null for the lines that are no act. */
export function actOf(line: Line): Act | null {
  switch (line.type) {
    case 'collect':
    case 'log':
      return {
        act: 'collect',
        property: line.property,
        categories: categoriesOf(line),
        channel: line.channel,
        kind: line.kind,
        purposes: line.purposes,
        selfIdentified: line.type === 'collect' && line.selfIdentified,
        ...(line.type === 'collect' && line.voluntaryAct
          ? { voluntaryAct: line.voluntaryAct }
          : {}),
        ...(line.type === 'collect' && line.providedBy ? { providedBy: line.providedBy } : {}),
      }
    case 'use':
    case 'use-aggregate':
      return {
        act: 'use',
        property: line.property,
        categories: line.categories,
        purpose: line.purpose,
        optOutOffered: line.optOutOffered,
        ...(line.type === 'use' && line.collection ? { collection: line.collection } : {}),
      }
    case 'share':
    case 'share-aggregate':
      return {
        act: 'share',
        property: line.property,
        categories: line.categories,
        purpose: line.purpose,
        recipient: line.recipient,
        ...(line.ground ? { ground: line.ground } : {}),
        ...(line.document ? { document: line.document } : {}),
        ...(line.approver ? { approver: line.approver } : {}),
        ...(line.transfer ? { transfer: line.transfer } : {}),
      }
    default:
      return null
  }
}

function categoriesOf(line: Extract<Line, { type: 'collect' | 'log' }>): CategoryKey[] {
  const named = line.type === 'collect' ? (Object.keys(line.values) as CategoryKey[]) : []
  return [...new Set([...named, ...line.categories])]
}

/** The personal values that come with a line, by category and field. */
export function valuesOf(line: Line): PersonalValues | null {
  return line.type === 'collect' || line.type === 'correct' ? line.values : null
}

/** What must be looked up before the line can be judged. */
export function lookUpsOf(line: Line): {
  property: Property | null
  recipient: RecipientId | null
  transfer: Reference | null
} {
  const shared = line.type === 'share' || line.type === 'share-aggregate' ? line : null
  return {
    property: 'property' in line ? line.property : null,
    recipient: shared?.recipient ?? null,
    transfer: shared?.transfer ?? null,
  }
}

/** The command of a line about a person. */
export function subjectCommand(line: SubjectLine, given: Given): SubjectCommand {
  const base = { ...given, source: line.source }
  switch (line.type) {
    case 'collect':
    case 'use':
    case 'share':
      return {
        type: 'RecordAct',
        ...base,
        mode: line.mode,
        act: actOf(line)!,
        fields: fieldsOf(line),
      }
    case 'request-consent':
      return { type: 'RequestConsent', ...base, ...change(line) }
    case 'give-consent':
      return { type: 'GiveConsent', ...base, ...change(line), evidence: line.evidence ?? null }
    case 'refuse-consent':
      return { type: 'RefuseConsent', ...base, ...change(line) }
    case 'withdraw-consent':
      return { type: 'WithdrawConsent', ...base, ...change(line) }
    case 'object':
      return { type: 'Object', ...base, ...change(line) }
    case 'lift-objection':
      return { type: 'LiftObjection', ...base, ...change(line) }
    case 'correct':
      return {
        type: 'CorrectData',
        ...base,
        mode: line.mode,
        fields: fieldsOf(line),
        request: line.request ?? null,
      }
    case 'open-account':
      return { type: 'OpenAccount', ...base, mode: line.mode }
    case 'close-account':
      return { type: 'CloseAccount', ...base, mode: line.mode, reason: line.reason }
    case 'notify':
      return {
        type: 'NotifySubject',
        ...base,
        about: line.about,
        reference: line.reference,
        channel: line.channel,
      }
    default:
      return assertNever(line)
  }
}

function change(line: Extract<SubjectLine, { channel: unknown; purpose: unknown; mode: unknown }>) {
  return { purpose: line.purpose, channel: line.channel, mode: line.mode }
}

function fieldsOf(line: SubjectLine): Fields {
  const fields: Record<CategoryKey, string[]> = {}
  for (const [category, values] of Object.entries(valuesOf(line) ?? {})) {
    fields[category as CategoryKey] = Object.keys(values)
  }
  return fields
}

/** The command of a line about nobody. */
export function activityCommand(line: ActivityLine, given: Given): ActivityCommand {
  return {
    type: 'RecordActivity',
    ...given,
    source: line.source,
    mode: line.mode,
    act: actOf(line)!,
    records: line.type === 'log' ? line.records : 1,
  }
}
