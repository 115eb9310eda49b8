import { join } from 'node:path'
import { importAll } from '../import/import-all.ts'
import { prepareImport } from '../import/manifest.ts'
import { rejectsUnder } from '../import/rejects-file.ts'
import type { FileSummary } from '../import/summary.ts'
import type { Caller } from '../application/services.ts'
import { Principal } from '../domain/values.ts'
import type { Custody } from '../main.ts'
import { common, contextOf, withCustody, type CommonOptions } from './context.ts'
import { exit, UsageError } from './exit.ts'
import type { Output } from './output.ts'
import type { AddCommand } from './program.ts'

/** `custody import MANIFEST`: what source systems exported, through their mapping files. */
export const importCommand: AddCommand = (program, ended) => {
  common(program.command('import <manifest>'))
    .description('Import exports of source systems, each through a mapping file.')
    .addHelpText(
      'after',
      `
Malformed rows are set aside in <data>/rejects, with file, line, field and reason. A second run of the
same files records nothing twice.

Example:
  custody import examples/symphony/import.yaml`,
    )
    .action(async (manifest: string, options: CommonOptions) => {
      const context = contextOf(options)
      await withCustody(context, async (custody) => {
        const summaries = await runImport(custody, context.output, manifest, context.caller)
        showImport(context.output, summaries)
        context.output.result({ files: summaries })
        const flagged = summaries.some(({ lines, rows }) => lines.flagged + rows.rejected > 0)
        ended(flagged ? exit.findings : exit.done)
      })
    })
}

/**
 * Imports what a manifest lists, with a bar.
 *
 * @throws UsageError with every problem of the manifest and its mappings, before anything is recorded
 */
export async function runImport(
  custody: Custody,
  output: Output,
  manifest: string,
  caller: Caller,
): Promise<FileSummary[]> {
  const prepared = await prepareImport(manifest)
  if (!prepared.ready) {
    throw new UsageError(prepared.problems.map((problem) => JSON.stringify(problem)).join('\n'))
  }
  const { plan } = prepared
  const importer: Caller = {
    controller: plan.controller,
    principal: Principal.parse('import:operator'),
    correlation: caller.correlation,
  }
  await custody.caughtUp()
  const bar = output.progress(`Importing ${plan.files.length} files`, plan.totalBytes)
  const summaries = await importAll({
    plan,
    record: (lines) => custody.services.recording.recordAll(importer, lines),
    startedAt: await custody.log.head(),
    rejects: rejectsUnder(join(custody.configuration.dataDirectory, 'rejects')),
    onProgress: ({ readBytes }) => bar.to(readBytes),
  })
  await custody.caughtUp()
  bar.end()
  return summaries
}

/** The table of an import: a row for each file. */
export function showImport(output: Output, summaries: readonly FileSummary[]): void {
  output.table(
    ['file', 'rows', 'new', 'known', 'duplicate', 'rejected', 'acts', 'flagged'],
    summaries.map(({ file, rows, lines }) => [
      file,
      rows.read,
      rows.imported,
      rows.known,
      rows.duplicates,
      rows.rejected,
      lines.recorded,
      lines.flagged,
    ]),
  )
}
