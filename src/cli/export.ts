import { join } from 'node:path'
import { Reference, type SubjectId } from '../domain/values.ts'
import { subjectExportJson, subjectExportPage } from '../reports/subject-export.ts'
import { writePieces } from '../reports/write.ts'
import { common, contextOf, withCustody, type CommonOptions, type Context } from './context.ts'
import { exit, UsageError } from './exit.ts'
import type { AddCommand } from './program.ts'
import { subjectOption } from './subject-option.ts'

type Options = CommonOptions & { subject: string; request?: string; out?: string }

/** `custody export`: all that is held on a person, for that person (S30). */
export const exportCommand: AddCommand = (program, ended) => {
  common(program.command('export'))
    .description('All that is held on a person, opened, for the person. The reading is an event.')
    .requiredOption('--subject <who>', 'a pseudonym, scheme:value, or - for standard input')
    .option('--request <request>', 'the request that it answers')
    .option('--out <directory>', 'where to write it (default: <data>/exports/<pseudonym>)')
    .addHelpText(
      'after',
      `
What is deleted of the person later takes <data>/exports/<pseudonym> along; a file written with --out is
yours to delete.

Example:
  echo email:ann@example.org | custody export --subject -`,
    )
    .action(async (options: Options) => {
      const context = contextOf(options)
      const request = requestOption(options.request)
      const subject = await subjectOption(options.subject)
      await withCustody(context, async ({ services }) => {
        const step = { subject, request, reason: 'subject-export' } as const
        const held = await services.subjects.export(context.caller, step)
        if (!held) throw new UsageError("--subject: no such person is in this controller's custody")
        const directory = options.out ?? exportsOf(context, held.subject)
        const json = writePieces(directory, `${held.subject}.json`, [subjectExportJson(held)])
        const page = writePieces(directory, `${held.subject}.html`, [subjectExportPage(held)])
        context.output.say(`${held.items.length} items: ${join(directory, page.name)}`)
        context.output.result({ directory, files: [json, page], items: held.items.length })
        ended(exit.done)
      })
    })
}

/** Where a person's exports go: what is deleted of the person takes the directory along. */
export function exportsOf({ configuration }: Context, subject: SubjectId): string {
  return join(configuration.dataDirectory, 'exports', subject)
}

function requestOption(text: string | undefined): Reference | null {
  if (text === undefined) return null
  const parsed = Reference.safeParse(text)
  if (!parsed.success) throw new UsageError(`--request: ${parsed.error.issues[0]?.message}`)
  return parsed.data
}
