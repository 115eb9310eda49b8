import { v7 as uuidv7 } from 'uuid'
import { NotificationId } from '../domain/notification/events.ts'
import { Principal, type ControllerId } from '../domain/values.ts'
import { keepNotifying } from '../jobs/keep-notifying.ts'
import { runNotifying, type NotifyingJob } from '../jobs/notifying.ts'
import type { Custody } from '../main.ts'
import type { NotificationRow } from '../projections/notification-views.ts'
import { common, contextOf, withCustody, type CommonOptions, type Context } from './context.ts'
import { exit, UsageError } from './exit.ts'
import type { AddCommand } from './program.ts'

/** How often a node that serves looks for what is due, in milliseconds. */
const EVERY_MS = 1_000

/** How long it leaves a system alone that failed time after time, in milliseconds. */
const REST_MS = 60_000

type ListOptions = CommonOptions & { all?: boolean; limit: string }

/** `custody notify run`, `custody notify list`, `custody notify retry`. */
export const notifyCommand: AddCommand = (program, ended) => {
  const notify = program
    .command('notify')
    .description('Telling recipients and source systems of erasures and withdrawals.')

  common(notify.command('run'))
    .description('Post what is due by now, once; `custody serve` does it all the time.')
    .addHelpText('after', '\nExample:\n  custody notify run')
    .action(async (options: CommonOptions) => {
      const context = contextOf(options)
      await withCustody(context, async (custody) => {
        await custody.caughtUp()
        const { controller } = context.configuration
        const result = await runNotifying(jobFor(custody, controller))
        const { confirmed, failed, abandoned } = result
        context.output.table(
          ['confirmed', 'failed', 'given up', 'systems left for the next run'],
          [[confirmed, failed, abandoned, result.leftAlone]],
        )
        context.output.result(result)
        ended(failed + abandoned > 0 ? exit.findings : exit.done)
      })
    })

  common(notify.command('list'))
    .description('What is not confirmed: outstanding or given up, since when and why.')
    .option('--all', 'what was confirmed as well')
    .option('--limit <number>', 'how many at most', '1000')
    .addHelpText('after', '\nExample:\n  custody notify list --json')
    .action(async (options: ListOptions) => {
      const context = contextOf(options)
      const limit = limitOf(options)
      await withCustody(context, async (custody) => {
        const rows = listed(custody, context, limit, options.all ?? false)
        showRows(context, rows)
        const open = rows.some(({ status }) => status !== 'confirmed')
        ended(open ? exit.findings : exit.done)
      })
    })

  common(notify.command('retry <notification>'))
    .description('Have one tried again that was given up, or before its turn.')
    .requiredOption('--reason <text>', 'why')
    .addHelpText(
      'after',
      '\nExample:\n  custody notify retry msg-0123456789abcdef0123456789abcdef --reason "they are back"',
    )
    .action(async (name: string, options: CommonOptions & { reason: string }) => {
      const context = contextOf(options)
      const notification = NotificationId.safeParse(name)
      if (!notification.success) throw new UsageError('<notification>: must be its name, msg-…')
      await withCustody(context, async ({ services }) => {
        const step = { notification: notification.data, reason: options.reason }
        const outcome = await services.notifications.retry(context.caller, step)
        const refused = outcome.outcome === 'refused'
        const why = refused ? outcome.refusals.map(({ explanation }) => explanation) : []
        context.output.say(refused ? why.join('\n') : 'It is due now.')
        context.output.result(outcome)
        ended(refused ? exit.findings : exit.done)
      })
    })
}

/** Posts what falls due for every controller, as it does, until `signal` aborts. */
export function tellDownstream(custody: Custody, signal: AbortSignal): Promise<void> {
  return keepNotifying({
    jobs: () =>
      custody.views.controllers().map((controller) => ({ ...jobFor(custody, controller), signal })),
    everyMs: EVERY_MS,
    restMs: REST_MS,
    signal,
    onError(error) {
      const cause = error instanceof Error ? error.message : String(error)
      process.stderr.write(`couldn't tell downstream systems: ${cause}\n`)
    },
  })
}

function jobFor(custody: Custody, controller: ControllerId): NotifyingJob {
  const { services, views, deliver, now } = custody
  const principal = Principal.parse('job:notify')
  const caller = { controller, principal, correlation: uuidv7() }
  return { services, views, caller, deliver, now, random: Math.random }
}

function listed(
  { views }: Custody,
  { configuration: { controller } }: Context,
  limit: number,
  all: boolean,
): NotificationRow[] {
  const position = views.position()
  const rows: NotificationRow[] = []
  let cursor: string | null = null
  do {
    const page = views.notifications(controller, position, {}, { limit: 500, cursor })
    rows.push(...page.rows.filter(({ status }) => all || status !== 'confirmed'))
    cursor = page.next
  } while (cursor !== null && rows.length < limit)
  return rows.slice(0, limit)
}

function showRows({ output }: Context, rows: readonly NotificationRow[]): void {
  if (rows.length === 0) output.say('Nothing is outstanding.')
  else {
    output.table(
      ['notification', 'to', 'of', 'status', 'since', 'attempts', 'next', 'last failure'],
      rows.map(({ notification, downstream, topic, status, since, attempts, next, fault }) => [
        notification,
        `${downstream.kind}/${downstream.id}`,
        topic,
        status,
        since,
        attempts,
        next ?? '-',
        fault ? [fault.code, fault.status ?? ''].join(' ').trim() : '-',
      ]),
    )
  }
  output.result(rows)
}

function limitOf({ limit }: ListOptions): number {
  if (!/^[1-9][0-9]{0,5}$/.test(limit)) throw new UsageError('--limit: must be a whole number')
  return Number(limit)
}
