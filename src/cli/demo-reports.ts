import { CalendarDuration } from '../domain/values.ts'
import { auditReport } from '../reports/audit.ts'
import { disclosureReport } from '../reports/disclosures.ts'
import { takeManifest } from '../reports/manifest.ts'
import { promotionalReport } from '../reports/promotional.ts'
import type { Report } from '../reports/report.ts'
import { retentionReport } from '../reports/retention.ts'
import { subjectReport } from '../reports/subject.ts'
import { transferReport } from '../reports/transfer.ts'
import { writePieces, writeReport, type Written } from '../reports/write.ts'
import type { Stage } from './demo.ts'
import { reportsDirectory, showReport } from './show-report.ts'

const SHOWN_ROWS = 5
const ONE_YEAR = CalendarDuration.parse('P1Y')

/** The questions of the regulator, the retention officer and the counsel; full reports go to files. */
export async function demoReports(stage: Stage): Promise<readonly Written[]> {
  const { context } = stage
  const written: Written[] = []
  const reports = await reportsOf(stage)
  const bar = context.output.progress('Writing the reports', reports.length)
  for (const [index, { name, report }] of reports.entries()) {
    written.push(...writeReport(reportsDirectory(context), name, report))
    bar.to(index + 1)
  }
  written.push(...manifestOf(stage))
  bar.end()
  for (const { report } of reports)
    showReport({ ...context, output: quietJson(stage) }, report, SHOWN_ROWS)
  return written
}

/** With `--json` the demo answers one object in the end, not each report. */
function quietJson({ context: { output } }: Stage): Stage['context']['output'] {
  return output.json ? { ...output, result: () => {} } : output
}

async function reportsOf({
  custody,
  context,
  scenario,
}: Stage): Promise<{ name: string; report: Report }[]> {
  const { views, services } = custody
  const { caller, configuration } = context
  const { controller } = configuration
  const position = views.position()
  const zone = await services.policies.timeZone(caller)
  const { asOf } = scenario.retention
  const reports = [
    {
      name: 'audit',
      report: auditReport(views, controller, position, { zone, from: null, until: null }),
    },
    { name: 'promotional-mail', report: promotionalReport(views, controller, position) },
    { name: 'disclosures', report: disclosureReport(views, controller, position) },
    {
      name: 'retention',
      report: retentionReport(views, controller, position, { asOf, horizon: ONE_YEAR }),
    },
  ]
  const { person, day } = scenario.questions
  const subject = await services.subjects.find(caller, { identifiers: [person] })
  if (subject) {
    const parameters = { subject, day, zone, sense: 'occurred' } as const
    reports.unshift({
      name: 'person',
      report: subjectReport(views, controller, position, parameters),
    })
  }
  const { transfer } = scenario.transfer
  const report = transferReport(views, controller, position, { transfer, asOf })
  if (report) reports.push({ name: 'transfer', report })
  return reports
}

function manifestOf({ custody, context, scenario }: Stage): Written[] {
  const { views } = custody
  const { controller } = context.configuration
  const { transfer, scope } = scenario.transfer
  const { asOf } = scenario.retention
  const manifest = takeManifest(views, controller, views.position(), scope, asOf, transfer)
  return [writePieces(reportsDirectory(context), 'transfer.manifest.ndjson', manifest.lines)]
}
