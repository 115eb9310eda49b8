import { Reference } from '../domain/values.ts'
import { transferReport } from '../reports/transfer.ts'
import { takeManifest } from '../reports/manifest.ts'
import { writePieces } from '../reports/write.ts'
import { dayOption, positionOf } from './audit.ts'
import { common, contextOf, today, withCustody, type CommonOptions } from './context.ts'
import { exit, UsageError } from './exit.ts'
import type { AddCommand } from './program.ts'
import { keepReport, reportsDirectory, showReport } from './show-report.ts'

type Options = CommonOptions & { position?: string; asOf?: string }

/** `custody transfer report TRANSFER`: what would pass to the acquirer. */
export const transferCommand: AddCommand = (program, ended) => {
  const transfer = program
    .command('transfer')
    .description('Mergers, acquisitions, sales of assets.')
  common(transfer.command('report <transfer>'))
    .description('Scope, manifest, what is excluded and why, who has not been notified.')
    .option('--position <number>', 'as of this position of the ledger (default: the last)')
    .option('--as-of <day>', 'what is due for deletion by then does not pass (default: today)')
    .addHelpText('after', '\nExample:\n  custody transfer report project-northwind')
    .action(async (name: string, options: Options) => {
      const context = contextOf(options)
      const reference = Reference.safeParse(name)
      if (!reference.success) throw new UsageError('<transfer>: must be the name of a transfer')
      await withCustody(context, async (custody) => {
        const { views } = custody
        const { controller } = context.configuration
        const position = positionOf(options.position) ?? views.position()
        const asOf = dayOption('as-of', options.asOf) ?? (await today(custody, context))
        const parameters = { transfer: reference.data, asOf }
        const report = transferReport(views, controller, position, parameters)
        if (!report) throw new UsageError(`<transfer>: no transfer ${name} at position ${position}`)
        showReport(context, report)
        keepReport(context, `transfer-${name}`, report)
        const row = views.transfer(controller, reference.data)
        if (row) {
          const { lines, summary } = takeManifest(
            views,
            controller,
            position,
            row.scope,
            asOf,
            reference.data,
          )
          const file = `transfer-${name}.manifest.ndjson`
          writePieces(reportsDirectory(context), file, lines)
          context.output.say(`Manifest: ${file}, ${summary.items} items, SHA-256 ${summary.digest}`)
        }
        ended(exit.done)
      })
    })
}
