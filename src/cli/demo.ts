import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from '../application/services.ts'
import type { HoldScope } from '../domain/hold/events.ts'
import type { SubjectId } from '../domain/values.ts'
import type { FileSummary } from '../import/summary.ts'
import type { RetentionSummary } from '../jobs/retention.ts'
import type { Custody } from '../main.ts'
import { exportsOf } from './export.ts'
import { subjectExportJson, subjectExportPage } from '../reports/subject-export.ts'
import { writePieces } from '../reports/write.ts'
import { common, contextOf, withCustody, type CommonOptions, type Context } from './context.ts'
import { demoEvidence } from './demo-evidence.ts'
import { demoReports } from './demo-reports.ts'
import { exit } from './exit.ts'
import { runImport, showImport } from './import.ts'
import type { AddCommand } from './program.ts'
import { retentionRun } from './retention.ts'
import { readScenario, type Scenario } from './scenario.ts'
import { readPolicyFile } from './policy.ts'
import { retentionRunReport } from '../reports/retention-run.ts'
import { keepReport, showReport } from './show-report.ts'

/** `custody demo`: the main job, end to end, on the example. */
export const demoCommand: AddCommand = (program, ended) => {
  common(program.command('demo'))
    .description(
      'Publish the example policy, import five systems, run retention, answer questions.',
    )
    .option('--scenario <file>', 'the story to play', 'examples/symphony/demo.yaml')
    .addHelpText('after', '\nA second run says what it already has, and changes nothing.')
    .action(async (options: CommonOptions & { scenario: string }) => {
      const scenario = readScenario(options.scenario)
      const context = contextOf(options)
      await withCustody(context, (custody) => play({ custody, context, scenario }))
      ended(exit.done)
    })
}

export type Stage = Readonly<{ custody: Custody; context: Context; scenario: Scenario }>

async function play(stage: Stage): Promise<void> {
  const { custody, context, scenario } = stage
  const { output } = context
  // What was signed before is not found at the end to be of another ledger.
  await custody.notary.check()
  const before = await custody.log.head()
  output.say(`${scenario.title}\n`)
  await publishPolicy(stage)
  await registerRecipients(stage)
  const files: FileSummary[] = []
  for (const manifest of scenario.imports) {
    chapter(stage, `Import: ${manifest}`)
    const summaries = await runImport(custody, output, manifest, context.caller)
    showImport(output, summaries)
    files.push(...summaries)
  }
  chapter(stage, 'Holds')
  await placeHolds(stage)
  chapter(stage, `Retention as of ${scenario.retention.asOf}`)
  const retention = await runRetentionOnce(stage)
  chapter(stage, 'Requests of people')
  await handleRequests(stage)
  chapter(stage, 'Business transfer')
  await prepareTransfer(stage)
  // Signed first: the checkpoint is an event too, and reports of a later run are of the same position.
  await custody.notary.checkpoint(context.configuration.controller)
  await custody.caughtUp()
  chapter(stage, 'Answers')
  const written = [...(await demoReports(stage))]
  chapter(stage, 'Evidence')
  written.push(...(await demoEvidence(stage)))
  const after = await custody.log.head()
  output.say(
    before === after
      ? `Nothing was new: the ledger stands at position ${after}, as before.`
      : `The ledger stands at position ${after}. Reports: ${join(context.configuration.dataDirectory, 'reports')}`,
  )
  output.result({
    position: after,
    changed: before !== after,
    files,
    retention,
    reports: written,
  })
}

function chapter({ context }: Stage, title: string): void {
  context.output.say(`\n── ${title} ${'─'.repeat(Math.max(0, 76 - title.length))}`)
}

/** Says what a step came to; `known`: it was taken by an earlier run. */
function told({ context }: Stage, what: string, outcome: Outcome | 'known'): void {
  if (outcome === 'known') return context.output.say(`${what}: already there`)
  const how =
    outcome.outcome === 'recorded'
      ? `recorded at position ${outcome.position}`
      : `refused: ${outcome.refusals.map(({ explanation }) => explanation).join(' ')}`
  context.output.say(`${what}: ${how}`)
}

async function publishPolicy(stage: Stage): Promise<void> {
  const { custody, context, scenario } = stage
  const { services, views } = custody
  const read = readPolicyFile(scenario.policy.file)
  if (!read.ok) throw new Error(`couldn't read the policy ${scenario.policy.file}`)
  const { policy, version } = read.policy
  const known = views
    .policies(context.configuration.controller, views.position())
    .find((row) => row.policy === policy && row.version === version)
  const title = `Policy of ${version}`
  if (known) return told(stage, `${title} (${known.status})`, 'known')
  const document = readFileSync(scenario.policy.file, 'utf8')
  const published = await services.policies.publish(
    context.caller,
    document,
    scenario.policy.publishedAt,
  )
  if (published.outcome === 'invalid') throw new Error(`${published.field}: ${published.rule}`)
  told(stage, `${title} published`, published)
  const step = { policy, version }
  const notice = { ...step, ...scenario.policy.notice }
  told(stage, `${title} announced`, await services.policies.giveNotice(context.caller, notice))
  told(stage, `${title} in force`, await services.policies.bringIntoEffect(context.caller, step))
}

async function registerRecipients(stage: Stage): Promise<void> {
  const { custody, context, scenario } = stage
  const { services, views } = custody
  const known = new Set(
    views
      .recipients(context.configuration.controller, views.position())
      .map(({ recipient }) => recipient),
  )
  let made = 0
  for (const { contracts, ...recipient } of scenario.recipients) {
    if (known.has(recipient.recipient)) continue
    await services.recipients.register(context.caller, recipient)
    for (const contract of contracts) {
      const step = { recipient: recipient.recipient, ...contract }
      await services.recipients.signContract(context.caller, step)
    }
    made += 1
  }
  context.output.say(
    made === 0
      ? `Recipients: all ${known.size} already there`
      : `Recipients: ${made} registered with their contracts`,
  )
}

async function placeHolds(stage: Stage): Promise<void> {
  const { custody, context, scenario } = stage
  const { controller } = context.configuration
  const known = new Set(
    custody.views.holds(controller, custody.views.position()).map(({ matter }) => matter),
  )
  for (const { people, kinds, categories, ...hold } of scenario.holds) {
    const what = `Hold in ${hold.matter} (${hold.ground})`
    if (known.has(hold.matter)) {
      told(stage, what, 'known')
      continue
    }
    const subjects = await pseudonyms(stage, people ?? [])
    const scope: HoldScope = {
      ...(subjects.length > 0 ? { subjects } : {}),
      ...(kinds ? { kinds } : {}),
      ...(categories ? { categories } : {}),
    }
    told(stage, what, await custody.services.holds.place(context.caller, { ...hold, scope }))
  }
}

async function pseudonyms(
  { custody, context }: Stage,
  people: readonly Scenario['questions']['person'][],
): Promise<SubjectId[]> {
  const found = await Promise.all(
    people.map((person) =>
      custody.services.subjects.find(context.caller, { identifiers: [person] }),
    ),
  )
  return found.filter((subject) => subject !== null)
}

async function runRetentionOnce(stage: Stage): Promise<RetentionSummary> {
  const { custody, context, scenario } = stage
  const { asOf } = scenario.retention
  const result = await retentionRun(custody, context, asOf, false)
  const { summary } = result
  const report = retentionRunReport(context.configuration.controller, result.position, result)
  if (summary.deleted + summary.deferred + summary.resumed === 0) {
    context.output.say('Nothing new is due; what is on hold still is.')
    return summary
  }
  if (!context.output.json) showReport(context, report)
  keepReport(context, `retention-run-${asOf}`, report)
  return summary
}

async function handleRequests(stage: Stage): Promise<void> {
  const { custody, context, scenario } = stage
  const { services, views } = custody
  const { caller, configuration } = context
  await custody.caughtUp()
  for (const asked of scenario.requests) {
    const { request, kind, person, channel, purpose, method, handler, outcome } = asked
    const what = `Request ${request} (${kind})`
    if (views.request(configuration.controller, request)) {
      told(stage, what, 'known')
      continue
    }
    const subject = { identifiers: [person] }
    const received = { request, kind, subject, channel, purpose }
    await services.requests.receive(caller, received)
    await services.requests.verify(caller, { request, method, handler })
    if (asked.denied) {
      const denial = { request, reason: asked.denied, handler, channel }
      told(stage, `${what} denied`, await services.requests.deny(caller, denial))
      continue
    }
    if (asked.values) {
      const line = {
        type: 'correct',
        mode: 'enforce',
        source: 'help-desk',
        subject,
        request,
      } as const
      await services.recording.record(
        caller,
        { ...line, source: line.source as never, values: asked.values },
        null,
      )
    }
    const done = await services.requests.fulfil(caller, { request, outcome, handler })
    told(stage, what, done)
    if (done.export) {
      const directory = exportsOf(stage.context, done.export.subject)
      writePieces(directory, `${request}.json`, [subjectExportJson(done.export)])
      const page = writePieces(directory, `${request}.html`, [subjectExportPage(done.export)])
      context.output.say(`  for the person: ${join(directory, page.name)}`)
    }
  }
}

async function prepareTransfer(stage: Stage): Promise<void> {
  const { custody, context, scenario } = stage
  const { services, views } = custody
  const { caller } = context
  const { transfer, title, transaction, acquirer, scope, siteNotice } = scenario.transfer
  if (views.transfer(context.configuration.controller, transfer)) {
    return told(stage, `Transfer ${transfer}`, 'known')
  }
  const proposal = { transfer, title, transaction, acquirer, scope }
  told(stage, `Transfer ${transfer} proposed`, await services.transfers.propose(caller, proposal))
  await notifyPeople(stage)
  told(stage, 'Scope and manifest', await services.transfers.scope(caller, { transfer, scope }))
  if (siteNotice) {
    const notice = { transfer, ...siteNotice }
    told(stage, 'Notice on the site', await services.transfers.postNotice(caller, notice))
  }
}

const PAGE = 500

/** Writes to the people of the kinds that the scenario says have been told. */
async function notifyPeople({ custody, context, scenario }: Stage): Promise<void> {
  const { services, views } = custody
  const { controller } = context.configuration
  const { transfer, notifiedKinds, notifiedChannel } = scenario.transfer
  await custody.caughtUp()
  const position = views.position()
  const told = new Set<SubjectId>()
  for (const kind of notifiedKinds) {
    let cursor: string | null = null
    do {
      const page = views.inventory(controller, { position }, { kind }, { limit: PAGE, cursor })
      const fresh = [...new Set(page.rows.map(({ subject }) => subject))].filter(
        (subject) => !told.has(subject),
      )
      for (const subject of fresh) told.add(subject)
      await services.recording.recordAll(
        context.caller,
        fresh.map((subject) => ({
          line: {
            type: 'notify',
            mode: 'observe',
            source: 'mail-provider' as never,
            subject: { subject },
            about: 'transfer',
            reference: transfer,
            channel: notifiedChannel,
          },
          operation: null,
        })),
      )
      cursor = page.next
    } while (cursor !== null)
  }
  context.output.say(`Told in person: ${told.size} people (${notifiedKinds.join(', ')})`)
}
