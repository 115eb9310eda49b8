import { createHash } from 'node:crypto'
import { dumpViews } from '../projections/dump.ts'
import { common, contextOf, withCustody, type CommonOptions } from './context.ts'
import type { AddCommand } from './program.ts'

/** `custody rebuild`: the views anew from the ledger; `--digest` says what they come to. */
export const rebuildCommand: AddCommand = (program) => {
  common(program.command('rebuild'))
    .description('Fold the views anew from the ledger. The result is the same, byte for byte.')
    .option('--digest', 'print SHA-256 of the dump of the views before and after')
    .addHelpText('after', '\nExample:\n  custody rebuild --digest')
    .action(async (options: CommonOptions & { digest?: boolean }) => {
      const context = contextOf(options)
      const { viewsFile } = context.configuration
      await withCustody(context, async (custody) => {
        const before = options.digest ? dumpDigest(viewsFile) : null
        const head = await custody.log.head()
        const bar = context.output.progress('Rebuilding the views', head)
        const started = performance.now()
        const { events } = await custody.rebuild((position) => bar.to(position))
        bar.end()
        const seconds = (performance.now() - started) / 1000
        const after = options.digest ? dumpDigest(viewsFile) : null
        context.output.say(`Folded ${events} events in ${seconds.toFixed(1)} s.`)
        if (before) context.output.say(`before ${before}\nafter  ${after}`)
        context.output.result({ events, seconds, before, after })
      })
    })
}

/** SHA-256 of the views' dump, in hexadecimal. */
export function dumpDigest(viewsFile: string): string {
  const hash = createHash('sha256')
  for (const line of dumpViews(viewsFile)) hash.update(`${line}\n`)
  return hash.digest('hex')
}
