import type { Command } from 'commander'
import { Day, Position } from '../domain/values.ts'
import type { Custody } from '../main.ts'
import { auditReport } from '../reports/audit.ts'
import { disclosureReport } from '../reports/disclosures.ts'
import { promotionalReport } from '../reports/promotional.ts'
import type { Report } from '../reports/report.ts'
import { subjectReport } from '../reports/subject.ts'
import {
  common,
  contextOf,
  today,
  withCustody,
  type CommonOptions,
  type Context,
} from './context.ts'
import { exit, UsageError } from './exit.ts'
import type { AddCommand } from './program.ts'
import { keepReport, showReport } from './show-report.ts'
import { subjectOption } from './subject-option.ts'

type AuditOptions = CommonOptions & {
  position?: string
  subject?: string
  day?: string
  recorded?: boolean
  promotional?: boolean
  disclosures?: boolean
  from?: string
  until?: string
}

/** `custody audit`: what a regulator asks. */
export const auditCommand: AddCommand = (program, ended) => {
  auditOptions(common(program.command('audit'))).action(async (options: AuditOptions) => {
    const context = contextOf(options)
    await withCustody(context, async (custody) => {
      const { name, report } = await auditOf(custody, context, options)
      showReport(context, report)
      keepReport(context, name, report)
      ended(
        report.figures.some(({ alarm, value }) => alarm && value > 0) ? exit.findings : exit.done,
      )
    })
  })
}

function auditOptions(command: Command): Command {
  return command
    .description('Answer a regulator: every refusal and violation, or all about one person.')
    .option('--position <number>', 'as of this position of the ledger (default: the last)')
    .option('--subject <who>', 'one person: a pseudonym, scheme:value, or - for standard input')
    .option('--day <day>', 'with --subject: what was held on that day (default: today)')
    .option('--recorded', 'with --subject: as was known on that day, not as is known now')
    .option('--promotional', 'whether consent stood at each promotional mail')
    .option('--disclosures', 'to whom what was disclosed, and on what ground')
    .option('--from <day>', 'refusals and violations from this day on')
    .option('--until <day>', 'and before this one')
    .addHelpText(
      'after',
      `
The full report is written to <data>/reports as JSON, CSV and a printable page. The same position always
gives the same bytes.

Examples:
  custody audit
  echo email:ann@example.org | custody audit --subject - --day 2016-03-01
  custody audit --promotional --position 41210`,
    )
}

async function auditOf(
  custody: Custody,
  context: Context,
  options: AuditOptions,
): Promise<{ name: string; report: Report }> {
  const { views, services } = custody
  const { caller, configuration } = context
  const { controller } = configuration
  const position = positionOf(options.position) ?? views.position()
  const zone = await services.policies.timeZone(caller)
  const day = (name: 'day' | 'from' | 'until') => dayOption(name, options[name])
  if (options.promotional) {
    return { name: 'promotional-mail', report: promotionalReport(views, controller, position) }
  }
  if (options.disclosures) {
    return { name: 'disclosures', report: disclosureReport(views, controller, position) }
  }
  if (options.subject !== undefined) {
    const subject = await services.subjects.find(caller, await subjectOption(options.subject))
    if (!subject) throw new UsageError("--subject: no such person is in this controller's custody")
    const sense = options.recorded ? 'recorded' : 'occurred'
    const on = day('day') ?? (await today(custody, context))
    return {
      name: `person-${subject}`,
      report: subjectReport(views, controller, position, { subject, day: on, zone, sense }),
    }
  }
  const period = { zone, from: day('from'), until: day('until') }
  return { name: 'audit', report: auditReport(views, controller, position, period) }
}

/** @throws UsageError naming the option */
export function dayOption(name: string, text: string | undefined): Day | null {
  if (text === undefined) return null
  const parsed = Day.safeParse(text)
  if (!parsed.success) throw new UsageError(`--${name}: ${parsed.error.issues[0]?.message}`)
  return parsed.data
}

/** @throws UsageError naming the option */
export function positionOf(text: string | undefined): Position | null {
  if (text === undefined) return null
  const parsed = Position.safeParse(Number(text))
  if (!parsed.success) throw new UsageError('--position: must be a position of the ledger')
  return parsed.data
}
