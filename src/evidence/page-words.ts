import { assertNever } from '../domain/values.ts'
import { grouped } from '../reports/wording.ts'
import type { PageParts } from './page.ts'
import type { Question } from './question.ts'

/** What was asked, in a sentence. */
export function questionWords(question: Question): string {
  switch (question.kind) {
    case 'subject':
      return `Asked: everything on the person ${question.subject}, and what was held at the end of ${question.day} (${question.zone}).`
    case 'transfer':
      return `Asked: what would pass in the transfer ${question.transfer}, and what would not, as of ${question.asOf}.`
    case 'period':
      return `Asked: everything that was recorded from ${question.from} to ${question.until}, both days included (${question.zone}).`
    case 'audit':
      return `Asked: ${auditWords(question)}.`
    default:
      return assertNever(question)
  }
}

function auditWords({ report, from, until, zone }: Extract<Question, { kind: 'audit' }>): string {
  if (report === 'promotional') return 'whether consent stood at each promotional mail'
  if (report === 'disclosures') return 'to whom what was disclosed, and on what ground'
  if (from === null && until === null) return 'every refusal and every violation'
  const days = [from && `from ${from}`, until && `until ${until}`].filter((part) => part !== null)
  return `every refusal and every violation of what happened ${days.join(' ')}, days included (${zone})`
}

/** What holds, whoever hands over the bundle, once it was verified. */
export function proven({ bundle, question, size }: PageParts): readonly string[] {
  const { events, range, streams, disclosures } = bundle
  const stored =
    'Each event is, byte for byte, what the ledger stored, at its place in the signed log. Nothing was changed, inserted or put into another order.'
  return [
    stored,
    ...(range ? [rangeWords(question, range, size)] : []),
    ...(streams.length > 0
      ? [
          `These streams of events are here whole, from the first event of each to the newest at the time of signing: ${streams.map(({ stream }) => stream).join(', ')}. None was withheld: the signed checkpoint says how far each stream goes.`,
        ]
      : []),
    'The versions of the policy by which the events were judged are here as they were published.',
    `The report and this page follow from the ${grouped(events.length)} events, and from nothing else.`,
    ...(disclosures.length > 0
      ? ['The values that are disclosed below are those that were sealed into the events.']
      : []),
  ]
}

function rangeWords(
  question: Question,
  { first, end }: Readonly<{ first: number; end: number }>,
  size: number,
): string {
  if (first === 0 && end === size) {
    return `This is the whole history: all ${grouped(size)} events of the log at the time of signing. None was left out.`
  }
  const beside =
    question.kind === 'period'
      ? ' The event before the period and the one behind it are among them, where there is one, so that nothing at its edges can be missing.'
      : ''
  return `Places ${grouped(first + 1)} to ${grouped(end)} of the log are here without a gap.${beside}`
}

/** What a reader must not take for proved. */
export function notProven(question: Question): readonly string[] {
  const told =
    'That the ledger was told of everything that happened. What was never recorded is in no log.'
  const later =
    'That nothing was recorded after the checkpoint was signed. A newer checkpoint tells.'
  switch (question.kind) {
    case 'subject':
      return [
        told,
        later,
        'That no other stream than those named above speaks of the person. A person’s acts, consents and disclosures are in the person’s own stream; requests, and messages to downstream systems, have streams of their own. A bundle of the whole history proves that as well.',
      ]
    case 'period':
      return [
        told,
        later,
        'The times are those of the clocks of the machines that recorded. What a machine with a wrong clock recorded may lie outside the places that are here.',
      ]
    case 'transfer':
    case 'audit':
      return [told, later]
    default:
      return assertNever(question)
  }
}
