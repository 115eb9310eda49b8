import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { replaceDurably } from '../files/durable-file.ts'
import { loadSigningKey } from '../notary/signing-key.ts'
import { cosignCheckpoint } from '../notary/witness.ts'
import type { Hash } from '../proof/merkle.ts'
import { formatVerifierKey, parseVerifierKey, verifierKey } from '../proof/note.ts'
import { common, contextOf, withCustody, type CommonOptions } from './context.ts'
import { exit, UsageError } from './exit.ts'
import type { AddCommand } from './program.ts'

type CosignOptions = CommonOptions & {
  log: string
  as: string
  witnessKey: string
  state: string
  proof?: string
}

/** `custody notary key`, `custody notary cosign`. */
export const notaryCommand: AddCommand = (program, ended) => {
  const notary = program
    .command('notary')
    .description('Who signs checkpoints, and who cosigns them.')

  common(notary.command('key'))
    .description('Print the public key of the notary, for others to pin. Makes the key if it must.')
    .addHelpText('after', '\nExample:\n  custody notary key > notary.vkey')
    .action(async (options: CommonOptions) => {
      const context = contextOf(options)
      await withCustody(context, async (custody) => {
        const identity = await custody.notary.identity(context.configuration.controller)
        context.output.say(identity.verifierKey)
        context.output.result(identity)
      })
    })

  common(notary.command('cosign <checkpoint>'))
    .description('As a witness: cosign a checkpoint if the log has only grown since the last one.')
    .requiredOption('--log <vkey>', 'the pinned key of the log')
    .requiredOption('--as <name>', 'the name of the witness: witness.example.org')
    .requiredOption(
      '--witness-key <file>',
      'the key of the witness; it is made where there is none',
    )
    .requiredOption('--state <file>', 'what was cosigned last; nothing else may write there')
    .option('--proof <file>', 'the growth since then: custody proof growth --json')
    .addHelpText(
      'after',
      `
Prints the note with the cosignature added (C2SP tlog-cosignature).

Example:
  custody notary cosign checkpoint.txt --log "$(cat notary.vkey)" --as witness.example.org \\
    --witness-key keys/witness.key --state witness.state --proof growth.json`,
    )
    .action((checkpoint: string, options: CosignOptions) => {
      const context = contextOf(options)
      const log = parseVerifierKey(options.log.trim())
      if (log?.type !== 'ed25519') throw new UsageError('--log: must be the verifier key of a log')
      const witness = { name: options.as, privateKey: witnessKeyOf(options, context.configuration) }
      const before = existsSync(options.state) ? readText('--state', options.state) : null
      const note = readText('<checkpoint>', checkpoint)
      const path = options.proof === undefined ? null : proofOf(options.proof)
      const seconds = Math.floor(Date.now() / 1_000)
      const cosigned = cosignCheckpoint({ note, log, witness, before, path, seconds })
      if (!cosigned.ok) {
        process.stderr.write(`Nothing is cosigned: ${cosigned.message}.\n`)
        context.output.result({ cosigned: null, message: cosigned.message })
        return ended(exit.findings)
      }
      replaceDurably(resolve(options.state), note)
      const vkey = formatVerifierKey(verifierKey(witness, 'cosignature/v1'))
      if (!context.output.json) process.stdout.write(cosigned.note)
      context.output.result({ cosigned: cosigned.note, line: cosigned.line, witness: vkey })
    })
}

function witnessKeyOf(options: CosignOptions, configuration: { dataDirectory: string }) {
  const loaded = loadSigningKey({
    file: resolve(options.witnessKey),
    dataDirectory: configuration.dataDirectory,
    createIfMissing: true,
  })
  if (!loaded.ok) throw new Error(`couldn't cosign: ${loaded.problem}`)
  if (/^[^\s+]+$/.test(options.as)) return loaded.key
  throw new UsageError('--as: must be a name without spaces and plus signs')
}

const Growth = z.looseObject({ path: z.array(z.string().regex(/^[A-Za-z0-9+/]{43}=$/)) })

function proofOf(file: string): Hash[] {
  const text = readText('--proof', file)
  try {
    return Growth.parse(JSON.parse(text)).path.map((hash) => Buffer.from(hash, 'base64'))
  } catch {
    throw new UsageError(`--proof: ${file} is not what custody proof growth --json prints`)
  }
}

function readText(what: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${what}: couldn't read ${file}: ${(error as Error).message}`)
  }
}
