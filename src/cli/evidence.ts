import { basename, dirname } from 'node:path'
import type { Command } from 'commander'
import { CategoryKey, EventId, Reference } from '../domain/values.ts'
import type { Asked } from '../evidence/ask.ts'
import type { ToDisclose } from '../evidence/make.ts'
import { writePieces } from '../reports/write.ts'
import { dayOption } from './audit.ts'
import { common, contextOf, withCustody, type CommonOptions } from './context.ts'
import { exit, UsageError, type Exit } from './exit.ts'
import type { AddCommand } from './program.ts'
import { subjectOption } from './subject-option.ts'

type EvidenceOptions = CommonOptions & { out: string; disclose?: readonly ToDisclose[] }
type DayOptions = { day?: string; asOf?: string; from?: string; until?: string }
type SubjectOptions = EvidenceOptions & DayOptions & { recorded?: boolean }
type AuditOptions = EvidenceOptions & DayOptions & { promotional?: boolean; disclosures?: boolean }

/** `custody evidence`: one file that answers a question, and that a stranger can verify. */
export const evidenceCommand: AddCommand = (program, ended) => {
  const evidence = program
    .command('evidence')
    .description('One file that answers a question and that a stranger verifies with a public key.')
  evidenceOptions(
    evidence.command('subject <who>'),
    'echo email:ann@example.org | custody evidence subject - --out ann.custody-evidence.json',
  )
    .description('All about one person: a pseudonym, scheme:value, or - for standard input.')
    .option('--day <day>', 'what was held on that day (default: today)')
    .option('--recorded', 'as was known on that day, not as is known now')
    .action(async (who: string, options: SubjectOptions) => {
      const subject = await subjectOption(who)
      const sense = options.recorded ? 'recorded' : 'occurred'
      const day = dayOption('day', options.day)
      ended(await write(options, { kind: 'subject', subject, day, sense }))
    })
  evidenceOptions(
    evidence.command('transfer <transfer>'),
    'custody evidence transfer project-northwind --out northwind.custody-evidence.json',
  )
    .description('What would pass in a merger, an acquisition or a sale, and what would not.')
    .option('--as-of <day>', 'what is due for deletion by then does not pass (default: today)')
    .action(async (name: string, options: EvidenceOptions & DayOptions) => {
      const transfer = Reference.safeParse(name)
      if (!transfer.success) throw new UsageError('<transfer>: must be the name of a transfer')
      const asOf = dayOption('as-of', options.asOf)
      ended(await write(options, { kind: 'transfer', transfer: transfer.data, asOf }))
    })
  evidenceOptions(
    evidence.command('period'),
    'custody evidence period --from 2016-01-01 --until 2016-03-31 --out spring.custody-evidence.json',
  )
    .description('Everything that was recorded on these days.')
    .requiredOption('--from <day>', 'the first day')
    .requiredOption('--until <day>', 'the last day')
    .action(async (options: EvidenceOptions & DayOptions) => {
      const [from, until] = [dayOption('from', options.from), dayOption('until', options.until)]
      if (!from || !until || until < from)
        throw new UsageError('--until: must not be before --from')
      ended(await write(options, { kind: 'period', from, until }))
    })
  evidenceOptions(
    evidence.command('audit'),
    'custody evidence audit --disclosures --out disclosures.custody-evidence.json',
  )
    .description('Every refusal and violation, over the whole history.')
    .option('--promotional', 'whether consent stood at each promotional mail')
    .option('--disclosures', 'to whom what was disclosed, and on what ground')
    .option('--from <day>', 'refusals and violations of what happened from this day on')
    .option('--until <day>', 'and up to this one')
    .action(async (options: AuditOptions) => ended(await write(options, auditAsked(options))))
}

const about = `
The file holds the events as they are stored, the proofs, the signed checkpoint, the policies, the report
and a page for people. It says nothing in clear of a person unless values are disclosed. Whoever gets it
runs: custody verify FILE --key KEY --page page.html

Example:
  `

function evidenceOptions(command: Command, example: string): Command {
  return common(command)
    .addHelpText('after', about + example)
    .requiredOption('--out <file>', 'the file to write: *.custody-evidence.json')
    .option(
      '--disclose <event[:category]>',
      'open the values of an event, in clear; that they are read is an event; may be repeated',
      disclosing,
    )
}

function disclosing(text: string, before: readonly ToDisclose[] = []): readonly ToDisclose[] {
  const [eventText, categoryText] = text.split(':', 2)
  const event = EventId.safeParse(eventText)
  const category = CategoryKey.nullable().safeParse(categoryText ?? null)
  if (!event.success) throw new UsageError('--disclose: must be the id of an event')
  if (!category.success) throw new UsageError(`--disclose: ${category.error.issues[0]?.message}`)
  return [...before, { event: event.data, category: category.data }]
}

function auditAsked({ promotional, disclosures, from, until }: AuditOptions): Asked {
  if (promotional && disclosures) {
    throw new UsageError('--disclosures: give one of --promotional and --disclosures')
  }
  const days = { from: dayOption('from', from), until: dayOption('until', until) }
  if (!promotional && !disclosures) return { kind: 'audit', report: 'refusals', ...days }
  if (days.from ?? days.until) {
    throw new UsageError('--from: goes with refusals and violations only')
  }
  return { kind: 'audit', report: promotional ? 'promotional' : 'disclosures' }
}

async function write(options: EvidenceOptions, asked: Asked): Promise<Exit> {
  const context = contextOf(options)
  const { out, disclose = [] } = options
  return withCustody(context, async ({ evidence, notary }) => {
    const made = await evidence.make(context.caller, asked, disclose)
    if (!made.ok) throw new UsageError(`${made.message} (${made.problem})`)
    const written = writePieces(dirname(out), basename(out), [made.text])
    const { verifierKey: key } = await notary.identity(context.caller.controller)
    const { output } = context
    output.say(`${made.events} events of ${made.size} in ${made.origin}: ${out}`)
    if (disclose.length > 0) output.say('The file holds personal data in clear.')
    output.say(
      `To verify it, with a key that was not sent along: custody verify ${basename(out)} --key '${key}'`,
    )
    const { question, events, origin, size } = made
    output.result({ file: out, ...written, question, events, origin, size, key })
    return exit.done
  })
}
