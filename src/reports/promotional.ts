import type { ControllerId, Position } from '../domain/values.ts'
import type { PromotionalUseRow, Views } from '../projections/views.ts'
import { everyRow } from './pages.ts'
import { reportTable, type ColumnChoice, type Report } from './report.ts'
import { inOrder } from './tally.ts'

/** What the judgement of then and the knowledge of now come to together. */
type Finding = 'in order' | 'objection stood' | 'objection learnt later' | 'broke another rule'

type MailRow = {
  at: string
  purpose: string
  consent: string
  objection: string
  judged: string
  finding: Finding
  optOutOffered: boolean
  subject: string
  position: number
  event: string
}

type PurposeTotals = {
  purpose: string
  mails: number
  consented: number
  inOrder: number
  objectionStood: number
  learntLater: number
  brokeAnother: number
}

const totalColumns: readonly ColumnChoice<PurposeTotals>[] = [
  { key: 'purpose', heading: 'Purpose', as: 'key' },
  { key: 'mails', heading: 'Mails', as: 'number' },
  { key: 'consented', heading: 'Consent stood', as: 'number' },
  { key: 'inOrder', heading: 'In order', as: 'number' },
  { key: 'objectionStood', heading: 'Objection stood', as: 'number' },
  { key: 'learntLater', heading: 'Objection learnt later', as: 'number' },
  { key: 'brokeAnother', heading: 'Broke another rule', as: 'number' },
]

const mailColumns: readonly ColumnChoice<MailRow>[] = [
  { key: 'at', heading: 'Sent', as: 'moment' },
  { key: 'purpose', heading: 'Purpose', as: 'key' },
  { key: 'consent', heading: 'Consent at that time', as: 'words' },
  { key: 'objection', heading: 'Objection at that time', as: 'words' },
  { key: 'judged', heading: 'Judged then', as: 'words' },
  { key: 'finding', heading: 'Finding' },
  { key: 'optOutOffered', heading: 'Opt-out offered', shown: 'page' },
  { key: 'subject', heading: 'Person (pseudonym)', as: 'code' },
  { key: 'position', heading: 'Position', as: 'number', shown: 'page' },
  { key: 'event', heading: 'Event', as: 'code', shown: 'files' },
]

/**
 * Whether consent or an objection stood at each promotional mail (S3, S4, S13): as it was judged when it
 * was recorded, and as it is known at `position`.
 */
export function promotionalReport(
  views: Views,
  controller: ControllerId,
  position: Position,
): Report {
  const mails = () => everyRow((paging) => views.promotionalUses(controller, position, {}, paging))
  const byPurpose = totals(mails())
  const sum = (field: Exclude<keyof PurposeTotals, 'purpose'>) =>
    byPurpose.reduce((total, row) => total + row[field], 0)
  return {
    kind: 'promotional',
    title: 'Consent and objection at each promotional mail',
    about: [
      'For every promotional mail: whether the person had consented, and whether they had objected, at the moment when it was sent. It was judged when it was recorded, by what was known then. An objection can become known later with an earlier date, when another system reports it late; such mails are told apart as “objection learnt later”.',
      'Where the policy lets a purpose stand on another basis than consent, no consent is needed; an objection always counts. People are named by pseudonym only.',
    ],
    controller,
    position,
    parameters: {},
    figures: [
      { name: 'mails', label: 'Promotional mails', value: sum('mails') },
      { name: 'consented', label: 'With consent standing', value: sum('consented') },
      { name: 'inOrder', label: 'In order', value: sum('inOrder') },
      {
        name: 'objectionStood',
        label: 'Sent against an objection',
        value: sum('objectionStood'),
        alarm: true,
      },
      {
        name: 'learntLater',
        label: 'Objection learnt later',
        value: sum('learntLater'),
        alarm: true,
      },
      {
        name: 'brokeAnother',
        label: 'Broke another rule',
        value: sum('brokeAnother'),
        alarm: true,
      },
    ],
    tables: [
      reportTable({
        name: 'by-purpose',
        caption: 'By purpose',
        columns: totalColumns,
        rows: () => byPurpose,
      }),
      mailTable('exceptions', 'Mails that were not in order', mails, (row) => row !== 'in order'),
      mailTable('mails', 'All promotional mails', mails, () => true),
    ],
  }
}

function mailTable(
  name: string,
  caption: string,
  mails: () => Iterable<PromotionalUseRow>,
  wanted: (finding: Finding) => boolean,
) {
  return reportTable({
    name,
    caption,
    columns: mailColumns,
    rows: function* () {
      for (const mail of mails()) {
        const row = mailRow(mail)
        if (wanted(row.finding)) yield row
      }
    },
  })
}

function findingOf({ judged, objection }: PromotionalUseRow): Finding {
  if (objection === 'made')
    return judged === 'violated' ? 'objection stood' : 'objection learnt later'
  return judged === 'violated' ? 'broke another rule' : 'in order'
}

function mailRow(mail: PromotionalUseRow): MailRow {
  return {
    at: mail.at,
    purpose: mail.purpose,
    consent: mail.consent,
    objection: mail.objection,
    judged: mail.judged,
    finding: findingOf(mail),
    optOutOffered: mail.optOutOffered,
    subject: mail.subject,
    position: mail.position,
    event: mail.event,
  }
}

function totals(mails: Iterable<PromotionalUseRow>): readonly PurposeTotals[] {
  const byPurpose = new Map<string, PurposeTotals>()
  for (const mail of mails) {
    let row = byPurpose.get(mail.purpose)
    if (!row) byPurpose.set(mail.purpose, (row = noMails(mail.purpose)))
    row.mails += 1
    if (mail.consent === 'given') row.consented += 1
    row[fieldOf[findingOf(mail)]] += 1
  }
  return [...byPurpose.values()].sort((a, b) => inOrder(a.purpose, b.purpose))
}

const fieldOf = {
  'in order': 'inOrder',
  'objection stood': 'objectionStood',
  'objection learnt later': 'learntLater',
  'broke another rule': 'brokeAnother',
} as const satisfies Record<Finding, keyof PurposeTotals>

function noMails(purpose: string): PurposeTotals {
  return {
    purpose,
    mails: 0,
    consented: 0,
    inOrder: 0,
    objectionStood: 0,
    learntLater: 0,
    brokeAnother: 0,
  }
}
