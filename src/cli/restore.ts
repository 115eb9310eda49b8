import { resolve } from 'node:path'
import { restoreStores, RestoreRefused } from '../restore.ts'
import { common, contextOf, withCustody, type CommonOptions } from './context.ts'
import { exit, UsageError } from './exit.ts'
import type { AddCommand } from './program.ts'

type Options = CommonOptions & { ledger?: string; vault?: string; replace?: boolean }

/** `custody restore`: copies of the stores put back in place. */
export const restoreCommand: AddCommand = (program, ended) => {
  common(program.command('restore'))
    .description('Put a copy of the ledger, of the vault or of both in place.')
    .option('--ledger <file>', 'a copy of the ledger')
    .option('--vault <file>', 'a copy of the vault')
    .option(
      '--replace',
      'give up the store that is there: a ledger is kept aside, a vault destroyed',
    )
    .addHelpText(
      'after',
      `
Nothing may serve the data meanwhile. What was deleted since the vault was copied is deleted again before
anything is answered, and the ledger says so. What was collected since then stays sealed for good: its keys
were in no copy. A ledger that is older than its newest signed checkpoint is refused at the start.

Example:
  custody restore --vault backups/2026-07-01t03-00-00z.vault.sqlite --replace`,
    )
    .action(async (options: Options) => {
      const context = contextOf(options)
      const { ledger, vault, replace } = options
      if (ledger === undefined && vault === undefined) {
        throw new UsageError('name what to restore: --ledger <file>, --vault <file> or both')
      }
      const kept = await restored(() =>
        restoreStores(context.configuration, {
          ...(ledger === undefined ? {} : { ledger: resolve(ledger) }),
          ...(vault === undefined ? {} : { vault: resolve(vault) }),
          replace: replace ?? false,
        }),
      )
      if (kept.keptLedger) context.output.say(`The ledger that was there: ${kept.keptLedger}`)
      await withCustody(context, async ({ reconciled, services, notary }) => {
        // Says so now, and not at the next start.
        await notary.check()
        if (vault !== undefined) await services.backups.beginEpochs(context.caller)
        context.output.table(
          ['deletions compared', 'deleted again'],
          [[reconciled.checked, reconciled.reapplied]],
        )
        context.output.result({ ...kept, ...reconciled })
        ended(reconciled.reapplied > 0 ? exit.findings : exit.done)
      })
    })
}

async function restored<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RestoreRefused) throw new UsageError(error.message)
    throw error
  }
}
