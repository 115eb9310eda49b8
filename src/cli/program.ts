import { Command, CommanderError } from 'commander'
import { BadConfiguration } from '../config.ts'
import { auditCommand } from './audit.ts'
import { checkpointCommand } from './checkpoint.ts'
import { backupCommand } from './backup.ts'
import { demoCommand } from './demo.ts'
import { endpointCommand } from './endpoint.ts'
import { evidenceCommand } from './evidence.ts'
import { exit, UsageError, type Exit } from './exit.ts'
import { exportCommand } from './export.ts'
import { importCommand } from './import.ts'
import { migrateCommand } from './migrate.ts'
import { notaryCommand } from './notary.ts'
import { notifyCommand } from './notify.ts'
import { policyCommand } from './policy.ts'
import { proofCommand } from './proof.ts'
import { rebuildCommand } from './rebuild.ts'
import { restoreCommand } from './restore.ts'
import { retentionCommand } from './retention.ts'
import { serveCommand } from './serve.ts'
import { statusCommand } from './status.ts'
import { tokenCommand } from './token.ts'
import { transferCommand } from './transfer.ts'
import { verifyCommand } from './verify.ts'

/** A command adds itself to the program and says how it ended through `ended`. */
export type AddCommand = (program: Command, ended: (code: Exit) => void) => void

const commands: readonly AddCommand[] = [
  serveCommand,
  policyCommand,
  importCommand,
  retentionCommand,
  auditCommand,
  transferCommand,
  evidenceCommand,
  exportCommand,
  rebuildCommand,
  backupCommand,
  restoreCommand,
  migrateCommand,
  statusCommand,
  tokenCommand,
  endpointCommand,
  notifyCommand,
  checkpointCommand,
  proofCommand,
  verifyCommand,
  notaryCommand,
  demoCommand,
]

/**
 * Runs the command line.
 *
 * @param argv as `process.argv`
 * @returns the exit code (see `exit`)
 */
export async function main(argv: readonly string[]): Promise<Exit> {
  let code: Exit = exit.done
  const program = new Command('custody')
    .description("An event-sourced ledger of the personal data in an organisation's custody.")
    .showHelpAfterError('Run the command with --help for its options and examples.')
    .addHelpText(
      'after',
      `
Exit codes: 0 done; 1 done, and something to look into; 2 wrong usage; 3 a store or the machine failed.

Examples:
  custody policy check policies/symphony-commerce-2014-06-30.yaml
  custody import examples/symphony/import.yaml
  custody retention run --as-of 2017-07-01 --dry-run
  custody audit --json`,
    )
    .exitOverride()
  for (const add of commands) add(program, (ended) => (code = ended))
  for (const command of [...program.commands, ...program.commands.flatMap((c) => c.commands)]) {
    command.exitOverride()
  }
  try {
    await program.parseAsync(argv)
    return code
  } catch (error) {
    return failure(error)
  }
}

function failure(error: unknown): Exit {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exit.done : exit.usage
  if (error instanceof UsageError || error instanceof BadConfiguration) {
    process.stderr.write(`${error.message}\n`)
    return exit.usage
  }
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; depth++) {
    process.stderr.write(`${depth === 0 ? '' : '  because: '}${cause.message}\n`)
    if (process.env.CUSTODY_DEBUG) process.stderr.write(`${cause.stack}\n`)
    cause = cause.cause
  }
  return exit.failed
}
