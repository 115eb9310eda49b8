import type { Day } from '../domain/values.ts'
import { runRetention, type RetentionResult } from '../jobs/retention.ts'
import type { Custody } from '../main.ts'
import { retentionRunReport } from '../reports/retention-run.ts'
import { retentionReport } from '../reports/retention.ts'
import { CalendarDuration } from '../domain/values.ts'
import { dayOption } from './audit.ts'
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

type Options = CommonOptions & { asOf?: string; dryRun?: boolean; horizon?: string }

/** `custody retention run`, `custody retention report`. */
export const retentionCommand: AddCommand = (program, ended) => {
  const retention = program.command('retention').description('What is due, and deleting it.')

  common(retention.command('run'))
    .description('Delete what is due, defer what a hold covers, take up what was left.')
    .option('--as-of <day>', 'what is due on or before this day (default: today)')
    .option('--dry-run', 'say what would happen and change nothing')
    .addHelpText(
      'after',
      `
Safe to run twice, on two processes at once, and to kill at any moment: the next run finishes.

Examples:
  custody retention run --dry-run
  custody retention run --as-of 2017-07-01`,
    )
    .action(async (options: Options) => {
      const context = contextOf(options)
      await withCustody(context, async (custody) => {
        const asOf = await asOfDay(custody, context, options)
        const result = await retentionRun(custody, context, asOf, options.dryRun ?? false)
        const { controller } = context.configuration
        const report = retentionRunReport(controller, result.position, result)
        showReport(context, report)
        if (!result.dryRun) keepReport(context, `retention-run-${asOf}`, report)
        const { unfinished, refused } = result.summary
        ended(unfinished || refused > 0 ? exit.findings : exit.done)
      })
    })

  common(retention.command('report'))
    .description('What is due by a day, what is coming, what is on hold and why.')
    .option('--as-of <day>', 'due on or before this day (default: today)')
    .option('--horizon <duration>', 'what is coming within this time after it', 'P1Y')
    .addHelpText('after', '\nExample:\n  custody retention report --as-of 2017-07-01 --horizon P6M')
    .action(async (options: Options) => {
      const context = contextOf(options)
      await withCustody(context, async (custody) => {
        const { controller } = context.configuration
        const asOf = await asOfDay(custody, context, options)
        const horizon = horizonOf(options)
        const position = custody.views.position()
        const report = retentionReport(custody.views, controller, position, { asOf, horizon })
        showReport(context, report)
        keepReport(context, `retention-${asOf}`, report)
        ended(exit.done)
      })
    })
}

function horizonOf({ horizon }: Options): CalendarDuration {
  const parsed = CalendarDuration.safeParse(horizon)
  if (!parsed.success) throw new UsageError(`--horizon: ${parsed.error.issues[0]?.message}`)
  return parsed.data
}

async function asOfDay(custody: Custody, context: Context, { asOf }: Options): Promise<Day> {
  return dayOption('as-of', asOf) ?? (await today(custody, context))
}

/** Runs the job with a bar. Ctrl-C stops it between two deletions; the next run goes on. */
export async function retentionRun(
  { services, views, caughtUp }: Custody,
  { output, caller }: Context,
  asOf: Day,
  dryRun: boolean,
): Promise<RetentionResult> {
  await caughtUp()
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  let bar: ReturnType<typeof output.progress> | null = null
  try {
    return await runRetention({
      services,
      views,
      caller,
      asOf,
      dryRun,
      recordRun: (by, run) => services.runs.record(by, run),
      expireConsent: (by, consent) => services.consents.expire(by, consent),
      onProgress: (done, due) => (bar ??= output.progress('Retention', due)).to(done),
      signal: stop.signal,
    })
  } finally {
    ;(bar as ReturnType<typeof output.progress> | null)?.end()
    process.removeListener('SIGINT', onInterrupt)
  }
}
