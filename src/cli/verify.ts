import { readFileSync } from 'node:fs'
import { keptBeside } from '../notary/high-water.ts'
import { loadSigningKey } from '../notary/signing-key.ts'
import { verifyLedger } from '../notary/verify.ts'
import type { KeptNote, Verification } from '../notary/verify-types.ts'
import { parseVerifierKey, verifierKey, type VerifierKey } from '../proof/note.ts'
import { common, contextOf, type CommonOptions, type Context } from './context.ts'
import { exit, UsageError } from './exit.ts'
import type { AddCommand } from './program.ts'
import { verifyBundleFile, type BundleOptions } from './verify-bundle.ts'

type Options = CommonOptions & BundleOptions & { key?: string[]; checkpoint?: string[] }

const collect = (value: string, before: string[] = []) => [...before, value]

/**
 * `custody verify`: everything in a data directory against everything that was signed of it; or one
 * evidence bundle, for which there need not be any.
 */
export const verifyCommand: AddCommand = (program, ended) => {
  common(program.command('verify [bundle]'))
    .description('Compare the whole ledger, or one evidence bundle, with what was signed.')
    .option('--key <vkey>', 'the pinned key of the notary; may be repeated', collect)
    .option('--checkpoint <file>', 'a checkpoint that was kept; may be repeated', collect)
    .option('--witness <vkey>', 'with a bundle: who must have cosigned; may be repeated', collect)
    .option('--page <file>', 'with a bundle: where to write its page, as derived here')
    .option('--report <file>', 'with a bundle: where to write its report, as derived here')
    .addHelpText(
      'after',
      `
A bundle is verified offline, by --key and nothing else. Without a bundle the data directory is.
Without --key the signatures are checked by the key file of this machine, which proves less: whoever could
alter the ledger here might have signed it anew. Works while another process serves.

Examples:
  custody verify
  custody verify --key "$(cat notary.vkey)" --checkpoint checkpoint-2017.txt
  custody verify ann.custody-evidence.json --key "$(cat notary.vkey)" --page ann.html`,
    )
    .action(async (bundle: string | undefined, options: Options) => {
      const context = contextOf(options)
      const pinned = (options.key ?? []).map(keyOption)
      if (bundle !== undefined) {
        return ended(await verifyBundleFile(context, bundle, pinned, options))
      }
      const { ledger, notaryFile, notaryKeyFile, origin } = context.configuration
      const beside = keptBeside(notaryKeyFile, origin).map((kept) => ({ ...kept, own: true }))
      const bar = context.output.progress('Verifying', 1)
      const verification = await verifyLedger({
        ledger,
        notaryPath: notaryFile,
        keys: pinned.length > 0 ? pinned : keyBeside(context),
        pinned: pinned.length > 0,
        kept: [...beside, ...(options.checkpoint ?? []).map(keptOption)],
        onProgress: (position, head) => bar.to(position / head),
      })
      bar.end()
      show(context, verification)
      context.output.result(verification)
      ended(verification.ok ? exit.done : exit.findings)
    })
}

function keyOption(text: string): VerifierKey {
  const key = parseVerifierKey(text.trim())
  if (key?.type === 'ed25519') return key
  throw new UsageError('--key: must be a verifier key, as custody notary key prints it')
}

function keptOption(file: string): KeptNote {
  try {
    return { note: readFileSync(file, 'utf8'), file, own: false }
  } catch (error) {
    throw new UsageError(`--checkpoint: couldn't read ${file}: ${(error as Error).message}`)
  }
}

/** The public part of this machine's key; none where there is none. */
function keyBeside({ configuration }: Context): VerifierKey[] {
  const { notaryKeyFile: file, dataDirectory, origin } = configuration
  const loaded = loadSigningKey({ file, dataDirectory, createIfMissing: false })
  return loaded.ok ? [verifierKey({ name: origin, privateKey: loaded.key })] : []
}

const keysSaid = {
  pinned: 'Signatures were checked by the pinned key.',
  unpinned:
    'Signatures were checked by the key file of this machine, which was not pinned (see --key).',
  none: 'No signature was checked: there is no key. Only what is unsigned was compared (see --key).',
} as const

function show({ output }: Context, { trees, first, findings, ...whole }: Verification): void {
  output.say(`${whole.events} events, up to position ${whole.position}.`)
  output.table(
    ['controller', 'events', 'checkpoints', 'covered', 'not yet covered', 'newest'],
    trees.map(({ controller, events, checkpoints, covered, notCovered, newest }) => [
      ...[controller, events, checkpoints, covered, notCovered],
      newest ? `${newest.size} at ${newest.signedAt}` : '-',
    ]),
  )
  output.say(keysSaid[whole.keys])
  if (!first) return output.say('Nothing is wrong.')
  const where = first.position === null ? '' : `Position ${first.position}: `
  output.say(`\nWRONG. ${where}${first.message} (${first.code}).`)
  for (const { position, code, message } of findings.slice(1, 20)) {
    output.say(`  ${position === null ? '-' : `position ${position}`}: ${message} (${code})`)
  }
  if (findings.length > 20) output.say(`  and ${findings.length - 20} more`)
}
