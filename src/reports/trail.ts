import type { AuditRow } from '../projections/views.ts'
import type { ColumnChoice } from './report.ts'

/** An event of the audit trail as a report lists it. A type and not an interface: it is a `Row`. */
export type TrailRow = {
  position: number
  occurredAt: string
  recordedAt: string
  type: string
  outcome: string | null
  code: string | null
  codes: readonly string[]
  obligations: readonly string[]
  rules: readonly string[]
  subject: string | null
  purpose: string | null
  recipient: string | null
  source: string | null
  principal: string
  policyVersion: string | null
  event: string
}

/** The row of an event; holds no personal value, since the audit trail has none. */
export function trailRow(row: AuditRow): TrailRow {
  return {
    position: row.position,
    occurredAt: row.occurredAt,
    recordedAt: row.recordedAt,
    type: row.type,
    outcome: row.outcome,
    code: row.code,
    codes: row.codes,
    obligations: row.obligations,
    rules: row.rules ?? [],
    subject: row.subject,
    purpose: row.purpose,
    recipient: row.recipient,
    source: row.source,
    principal: row.principal,
    policyVersion: row.policyVersion,
    event: row.event,
  }
}

/** The columns of a list of refusals or violations. */
export const judgedColumns: readonly ColumnChoice<TrailRow>[] = [
  { key: 'occurredAt', heading: 'When', as: 'moment' },
  { key: 'codes', heading: 'What it breaks', as: 'words' },
  { key: 'obligations', heading: 'Promise' },
  { key: 'rules', heading: 'Rule', as: 'key', shown: 'page' },
  { key: 'purpose', heading: 'Purpose', as: 'key' },
  { key: 'recipient', heading: 'Recipient', as: 'key', shown: 'page' },
  { key: 'subject', heading: 'Person (pseudonym)', as: 'code' },
  { key: 'source', heading: 'Source', as: 'key' },
  { key: 'principal', heading: 'Acted', as: 'key', shown: 'page' },
  { key: 'policyVersion', heading: 'Policy of', as: 'day', shown: 'page' },
  { key: 'position', heading: 'Position', as: 'number', shown: 'page' },
  { key: 'event', heading: 'Event', as: 'code', shown: 'files' },
]

/** The columns of everything that happened, in order. */
export const trailColumns: readonly ColumnChoice<TrailRow>[] = [
  { key: 'position', heading: 'Position', as: 'number' },
  { key: 'occurredAt', heading: 'Happened', as: 'moment' },
  { key: 'recordedAt', heading: 'Recorded', as: 'moment', shown: 'page' },
  { key: 'type', heading: 'What', as: 'words' },
  { key: 'outcome', heading: 'Outcome', as: 'words' },
  { key: 'codes', heading: 'Breaks', as: 'words', shown: 'page' },
  { key: 'obligations', heading: 'Promise' },
  { key: 'rules', heading: 'Rule', as: 'key', shown: 'page' },
  { key: 'purpose', heading: 'Purpose', as: 'key' },
  { key: 'recipient', heading: 'Recipient', as: 'key', shown: 'page' },
  { key: 'source', heading: 'Source', as: 'key', shown: 'page' },
  { key: 'principal', heading: 'Acted', as: 'key', shown: 'page' },
  { key: 'policyVersion', heading: 'Policy of', as: 'day', shown: 'page' },
  { key: 'event', heading: 'Event', as: 'code', shown: 'files' },
]
