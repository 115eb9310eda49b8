import { readFileSync } from 'node:fs'
import type { SignedHead } from '../notary/notary.ts'
import { common, contextOf, withCustody, type CommonOptions } from './context.ts'
import { exit, UsageError } from './exit.ts'
import type { AddCommand } from './program.ts'

/** `custody checkpoint`: signs what is new, and prints the newest signed note. */
export const checkpointCommand: AddCommand = (program, ended) => {
  common(program.command('checkpoint'))
    .description('Sign what is new in the ledger, and print the newest checkpoint.')
    .option('--latest', 'print the newest checkpoint and sign nothing')
    .option('--cosigned <file>', 'record what known witnesses (CUSTODY_WITNESS) added to it')
    .addHelpText(
      'after',
      `
A checkpoint is a signed note (C2SP tlog-checkpoint). Whoever keeps one can tell later whether the ledger is
still the one it was: custody verify --checkpoint FILE.

Examples:
  custody checkpoint > checkpoint-2017-07-01.txt
  custody checkpoint --latest --json`,
    )
    .action(async (options: CommonOptions & { latest?: boolean; cosigned?: string }) => {
      const context = contextOf(options)
      const { controller } = context.configuration
      const cosigned = options.cosigned === undefined ? null : readNote(options.cosigned)
      await withCustody(context, async ({ notary }) => {
        if (cosigned !== null) {
          const recorded = await notary.cosigned(controller, cosigned)
          if (!recorded.ok) throw new UsageError(`--cosigned: ${recorded.message}`)
        }
        const signed =
          options.latest || cosigned !== null
            ? await notary.latest(controller)
            : await notary.checkpoint(controller)
        if (signed && !context.output.json) {
          process.stdout.write([signed.note, ...signed.cosignatures].join(''))
        } else context.output.say(`Nothing of ${controller} is signed yet.`)
        context.output.result(signed && signedJson(signed))
        ended(signed ? exit.done : exit.findings)
      })
    })
}

function readNote(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--cosigned: couldn't read ${file}: ${(error as Error).message}`)
  }
}

/** A signed head for machines: hashes in base64. */
export function signedJson({ root, streams, ...signed }: SignedHead) {
  return {
    ...signed,
    root: root.toString('base64'),
    streams: { count: streams.count, root: streams.root.toString('base64') },
  }
}
