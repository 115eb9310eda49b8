import type { ControllerId, Position } from '../domain/values.ts'
import type { DisclosureRow, Views } from '../projections/views.ts'
import { countedTable } from './counted.ts'
import { everyRow } from './pages.ts'
import { reportTable, type ColumnChoice, type Report, type ReportTable } from './report.ts'
import { Tally } from './tally.ts'

/** A disclosure as a report lists it. */
export type ToldRow = {
  at: string
  recipient: string
  recipientClass: string | null
  purpose: string
  categories: readonly string[]
  ground: string | null
  document: string | null
  approver: string | null
  permitted: boolean
  rules: readonly string[]
  policyVersion: string | null
  subject: string | null
  position: number
  event: string
}

/** The row of a disclosure. */
export function toldRow(row: DisclosureRow): ToldRow {
  return {
    at: row.at,
    recipient: row.recipient,
    recipientClass: row.recipientClass,
    purpose: row.purpose,
    categories: row.categories,
    ground: row.ground,
    document: row.document,
    approver: row.approver,
    permitted: row.permitted,
    rules: row.rules,
    policyVersion: row.policyVersion,
    subject: row.subject,
    position: row.position,
    event: row.event,
  }
}

/** The columns of a list of disclosures. */
export const toldColumns: readonly ColumnChoice<ToldRow>[] = [
  { key: 'at', heading: 'When', as: 'moment' },
  { key: 'recipient', heading: 'Recipient', as: 'key' },
  { key: 'recipientClass', heading: 'Class', shown: 'page' },
  { key: 'purpose', heading: 'Purpose', as: 'key' },
  { key: 'categories', heading: 'What', as: 'key' },
  { key: 'permitted', heading: 'Permitted' },
  { key: 'rules', heading: 'Rule', as: 'key', shown: 'page' },
  { key: 'ground', heading: 'Ground', as: 'words' },
  { key: 'document', heading: 'Document', shown: 'page' },
  { key: 'approver', heading: 'Approver', shown: 'page' },
  { key: 'policyVersion', heading: 'Policy of', as: 'day', shown: 'page' },
  { key: 'subject', heading: 'Person (pseudonym)', as: 'code' },
  { key: 'position', heading: 'Position', as: 'number', shown: 'page' },
  { key: 'event', heading: 'Event', as: 'code', shown: 'files' },
]

/** To whom personal data was disclosed, for what and on what ground (S6, S7, S12). */
export function disclosureReport(
  views: Views,
  controller: ControllerId,
  position: Position,
): Report {
  const rows = () => everyRow((paging) => views.disclosures(controller, { position }, {}, paging))
  const byRecipient = new Tally()
  const byPurpose = new Tally()
  const byGround = new Tally()
  let all = 0
  let forbidden = 0
  for (const row of rows()) {
    all += 1
    if (!row.permitted) forbidden += 1
    byRecipient.add(row.recipient)
    byPurpose.add(row.purpose)
    if (row.ground !== null) byGround.add(row.ground)
  }
  return {
    kind: 'disclosures',
    title: 'Disclosures',
    about: [
      'Every time that personal data was passed to somebody else: to whom, for which purpose, which categories, and on which rule of the policy or on which ground. A disclosure beyond the policy needs one of a closed list of grounds, a document and an approver.',
      'People are named by pseudonym only; no personal value is in this report.',
    ],
    controller,
    position,
    parameters: {},
    figures: [
      { name: 'disclosures', label: 'Disclosures', value: all },
      { name: 'recipients', label: 'Recipients', value: byRecipient.byKey().length },
      { name: 'forbidden', label: 'Not permitted', value: forbidden, alarm: true },
    ],
    tables: [
      byTable('by-recipient', 'By recipient', 'Recipient', 'key', byRecipient),
      byTable('by-purpose', 'By purpose', 'Purpose', 'key', byPurpose),
      byTable(
        'by-ground',
        'By ground of a disclosure beyond the policy',
        'Ground',
        'words',
        byGround,
      ),
      reportTable({
        name: 'disclosures',
        caption: 'Disclosures in order',
        columns: toldColumns,
        rows: function* () {
          for (const row of rows()) yield toldRow(row)
        },
      }),
    ],
  }
}

function byTable(
  name: string,
  caption: string,
  heading: string,
  as: 'key' | 'words',
  tally: Tally,
): ReportTable {
  return countedTable({ name, caption, heading, as, counted: 'Disclosures', tally, order: 'count' })
}
