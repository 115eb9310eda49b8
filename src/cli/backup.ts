import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { BackupOutcome } from '../application/backups.ts'
import type { Configuration } from '../config.ts'
import { Reference } from '../domain/values.ts'
import { destroyFile } from '../files/durable-file.ts'
import { keepEndingResidue, runResidue, type ResidueResult } from '../jobs/residue.ts'
import type { Custody } from '../main.ts'
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

type TakeOptions = CommonOptions & { to?: string; store: string; name?: string }

/** `custody backup take`, `list`, `rotate` and `expire`. */
export const backupCommand: AddCommand = (program, ended) => {
  const backup = program
    .command('backup')
    .description('Copies of the stores, and the end of those that held keys.')

  common(backup.command('take'))
    .description('Copy the ledger and the vault while they serve; of a cluster, the vault.')
    .option('--to <directory>', 'where to (CUSTODY_BACKUPS; default ./backups)')
    .option('--store <which>', 'ledger, vault, views or all (ledger and vault)', 'all')
    .option('--name <reference>', 'what it is called (default: the time)')
    .addHelpText(
      'after',
      `
A copy of the ledger may be kept for ever. A copy of the vault lives as long as the policy says
(backups.keep): then its file is destroyed, and the key of its epoch, so that no other copy of it opens
anything. The root key, the keyring and the notary's key are in no backup: keep them apart.
Views need no backup. A copy of them, put into the data directory of a new node as views.sqlite, spares it to
fold the whole ledger.

Examples:
  custody backup take
  custody backup take --store vault --to /mnt/backups --name nightly-2026-07-01`,
    )
    .action(async (options: TakeOptions) => {
      const context = contextOf(options)
      const asked = takeOf(context, options)
      await withCustody(context, async (custody) => {
        await custody.caughtUp()
        const files = await take(custody, context, asked)
        context.output.say(files.map((file) => `Written: ${file}`).join('\n'))
        context.output.result({ name: asked.name, files })
        ended(exit.done)
      })
    })

  addList(backup, ended)
  addRotate(backup, ended)
  addExpire(backup, ended)
}

type Ended = Parameters<AddCommand>[1]

function addList(backup: Command, ended: Ended): void {
  common(backup.command('list'))
    .description('The backups of the vault, and until when each lives.')
    .addHelpText('after', '\nExample:\n  custody backup list')
    .action(async (options: CommonOptions) => {
      const context = contextOf(options)
      await withCustody(context, async (custody) => {
        await custody.caughtUp()
        const { views } = custody
        const rows = views.vaultBackups(context.configuration.controller, views.position())
        context.output.table(
          ['backup', 'epoch', 'taken', 'lives until', 'over since'],
          rows.map((row) => [
            row.backup,
            row.epoch,
            row.takenAt,
            row.expires,
            row.expiredAt ?? 'it lives',
          ]),
        )
        context.output.result(rows)
        ended(exit.done)
      })
    })
}

function addRotate(backup: Command, ended: Ended): void {
  common(backup.command('rotate'))
    .description('Begin a new epoch of the keys, without a copy.')
    .addHelpText(
      'after',
      `
What was destroyed may be in old pages, logs and copies of the vault's store still, sealed by the keys of an older
epoch. Once every row is under the new one, and no backup needs the old, 'backup expire' destroys its key, and
with it all of that. A vault in PostgreSQL forgets completely only then: see docs/postgresql-vault.md.

Example:
  custody backup rotate && custody backup expire`,
    )
    .action(async (options: CommonOptions) => {
      const context = contextOf(options)
      await withCustody(context, async (custody) => {
        await custody.caughtUp()
        await custody.services.backups.beginEpochs(context.caller)
        const { controller } = context.configuration
        const epochs = await custody.vault.epochs(controller)
        const current = epochs.find((one) => one.current)?.epoch ?? null
        context.output.say(`The current epoch of ${controller}: ${current ?? 'none yet'}`)
        context.output.result({ controller, current })
        ended(exit.done)
      })
    })
}

function addExpire(backup: Command, ended: Ended): void {
  common(backup.command('expire'))
    .description('End what is over: backups of the vault, their epochs, the residue of deletions.')
    .option('--as-of <day>', 'what is over on this day (default: today)')
    .addHelpText(
      'after',
      '\n`custody serve` does it every hour.\n\nExample:\n  custody backup expire',
    )
    .action(async (options: CommonOptions & { asOf?: string }) => {
      const context = contextOf(options)
      await withCustody(context, async (custody) => {
        const asOf = dayOption('as-of', options.asOf) ?? (await today(custody, context))
        const result = await expire(custody, context, asOf)
        context.output.table(
          ['backups over', 'files destroyed', 'epochs destroyed', 'residues ended'],
          [[result.backups.length, result.files, result.epochs.length, result.residues]],
        )
        context.output.result(result)
        ended(exit.done)
      })
    })
}

type Asked = Readonly<{
  directory: string
  name: Reference
  ledger: boolean
  vault: boolean
  views: boolean
}>

function takeOf({ configuration }: Context, { to, store, name }: TakeOptions): Asked {
  if (!['ledger', 'vault', 'views', 'all'].includes(store)) {
    throw new UsageError('--store: must be ledger, vault, views or all')
  }
  const named = Reference.safeParse(name ?? timeName(new Date()))
  if (!named.success) throw new UsageError(`--name: ${named.error.issues[0]?.message}`)
  const embedded = configuration.ledger.store === 'sqlite'
  if (store === 'ledger' && !embedded) {
    throw new UsageError(
      '--store: an event store is copied by its own means (docs/operations.md); name the vault',
    )
  }
  return {
    directory: to === undefined ? configuration.backupDirectory : resolve(to),
    name: named.data,
    ledger: (store === 'ledger' || store === 'all') && embedded,
    vault: store === 'vault' || store === 'all',
    views: store === 'views',
  }
}

/** What a copy of the vault is called: a database, or lines of JSON from a server. */
function vaultCopy({ vault }: Configuration, directory: string, name: string): string {
  return join(directory, `${name}.vault.${vault.store === 'sqlite' ? 'sqlite' : 'jsonl'}`)
}

/** `2026-07-01t09-30-00z`: a name that sorts by time. */
function timeName(time: Date): string {
  return time.toISOString().slice(0, 19).replaceAll(':', '-').toLowerCase() + 'z'
}

async function take(
  custody: Custody,
  context: Context,
  { directory, name, ledger, vault, views }: Asked,
): Promise<string[]> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const files: string[] = []
  if (vault) {
    const path = vaultCopy(custody.configuration, directory, name)
    if (existsSync(path)) throw new UsageError(`--name: there is a file ${path} already`)
    const outcome = await custody.services.backups.take(context.caller, { backup: name, path })
    files.push(told(outcome, path))
  }
  if (ledger && custody.backUpLedger) {
    const path = join(directory, `${name}.ledger.sqlite`)
    await custody.backUpLedger(path)
    files.push(path)
  }
  if (views) {
    const path = join(directory, `${name}.views.sqlite`)
    if (existsSync(path)) throw new UsageError(`--name: there is a file ${path} already`)
    await custody.copyViews(path)
    files.push(path)
  }
  return files
}

function told(outcome: BackupOutcome, path: string): string {
  switch (outcome.outcome) {
    case 'taken':
      return path
    case 'no_life':
      throw new UsageError(
        `the vault was not copied: the policy in force of ${outcome.controller} does not say how long a ` +
          'backup may live (backups.keep)',
      )
    case 'refused':
      throw new UsageError(
        `the vault was not copied: ${outcome.refusals.map((one) => one.explanation).join(' ')}`,
      )
  }
}

/** Ends what is over on the day, and destroys the files in the directory of backups. */
export async function expire(
  custody: Custody,
  { caller, configuration }: Context,
  asOf: Awaited<ReturnType<typeof today>>,
): Promise<ResidueResult> {
  await custody.caughtUp()
  return runResidue({
    backups: custody.services.backups,
    views: custody.views,
    caller,
    asOf,
    destroyBackup: (backup) => {
      const file = vaultCopy(configuration, configuration.backupDirectory, backup)
      if (!existsSync(file)) return false
      destroyFile(file)
      return true
    },
  })
}

const EVERY_MS = 3_600_000

/** Ends what is over of every controller, every hour, until `signal` aborts. */
export function expireRegularly(
  custody: Custody,
  context: Context,
  signal: AbortSignal,
): Promise<void> {
  return keepEndingResidue({
    everyMs: EVERY_MS,
    signal,
    async run() {
      for (const controller of custody.views.controllers()) {
        const of = { ...context, caller: { ...context.caller, controller } }
        await expire(custody, of, await today(custody, of))
      }
    },
    onError(error) {
      const cause = error instanceof Error ? error.message : String(error)
      process.stderr.write(`couldn't end what is over: ${cause}\n`)
    },
  })
}
