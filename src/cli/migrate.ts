import { resolve } from 'node:path'
import { MigrationRefused } from '../migration/ledger.ts'
import type { Migrated, MigrationStep } from '../migration/stores.ts'
import { common, contextOf, type CommonOptions, type Context } from './context.ts'
import { exit, UsageError } from './exit.ts'
import type { Progress } from './output.ts'
import type { AddCommand } from './program.ts'

type Options = CommonOptions & { from: string; destroyVault?: boolean }

/** `custody migrate`: the embedded stores moved to the cluster that the configuration names. */
export const migrateCommand: AddCommand = (program, ended) => {
  common(program.command('migrate'))
    .description('Move embedded stores to an event store and PostgreSQL, and compare both.')
    .requiredOption('--from <directory>', 'the data directory of the embedded stores')
    .option(
      '--destroy-vault',
      'afterwards: destroy the vault file that was moved, if the cluster has all of it',
    )
    .addHelpText(
      'after',
      `
Nothing may serve the directory meanwhile. CUSTODY_EVENTSTORE and CUSTODY_POSTGRESQL say where to, and the keys
must be those of the directory. Nothing in it is changed. It may be stopped at any moment and be run again: it goes on
where the target stands. A target that holds anything else is refused.

Examples:
  custody migrate --from data --data node-1
  custody migrate --from data --data node-1 --destroy-vault`,
    )
    .action(async (options: Options) => {
      const context = contextOf(options)
      const { configuration } = context
      // The drivers of the cluster take long to load: no other command has to wait for them.
      const { migrateStores, destroyMovedVault } = await import('../migration/stores.ts')
      const bars = barsOf(context)
      const migration = { from: resolve(options.from), onProgress: bars.on }
      if (options.destroyVault) {
        const destroyed = await refusing(() => destroyMovedVault(configuration, migration))
        bars.end()
        showDestroyed(context, destroyed)
      } else {
        const migrated = await refusing(() => migrateStores(configuration, migration))
        bars.end()
        show(context, migrated)
      }
      ended(exit.done)
    })
}

const labels: Readonly<Record<MigrationStep, string>> = {
  checking: 'Checking what was signed',
  reading: 'Reading the ledger',
  comparing: 'Comparing with the target',
  moving: 'Moving the ledger',
  verifying: 'Reading both again',
}

/** One bar for each step. */
function barsOf({ output }: Context) {
  let bar: Progress | null = null
  let step: MigrationStep | null = null
  const end = () => {
    bar?.end()
    bar = null
  }
  return {
    on: (current: MigrationStep, done: number, total: number): void => {
      if (current !== step) {
        end()
        step = current
        bar = output.progress(labels[current], total)
      }
      bar?.to(done)
    },
    end,
  }
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof MigrationRefused) throw new UsageError(error.message)
    throw error
  }
}

function show({ output }: Context, migrated: Migrated): void {
  const { ledger, vault } = migrated
  output.table(
    ['controller', 'events', 'root of both', 'newest checkpoint'],
    ledger.trees.map(({ controller, size, root, newest }) => [
      ...[controller, size, root],
      newest ? `${newest.size} at ${newest.signedAt}` : '-',
    ]),
  )
  output.say(
    `${ledger.records} records are in both ledgers, byte for byte; ${ledger.appended} were moved now.`,
  )
  output.say(
    vault.status === 'moved'
      ? `The vault was moved: ${vault.subjects} people, ${vault.dataKeys} keys, all of them wrapped.`
      : `The vault was moved by an earlier run: ${vault.subjects} people, ${vault.dataKeys} keys.`,
  )
  output.say(
    'Start the nodes. When they serve, destroy the old vault file: run this again with --destroy-vault.',
  )
  output.result(migrated)
}

function showDestroyed({ output }: Context, destroyed: { records: number }): void {
  output.say(
    `The cluster has all ${destroyed.records} records and the vault: the old vault file is destroyed.`,
  )
  output.result({ destroyed: true, ...destroyed })
}
