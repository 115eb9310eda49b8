import { writeFileSync } from 'node:fs'
import { StreamName } from '../domain/envelope.ts'
import { Position } from '../domain/values.ts'
import type { Proved } from '../notary/notary.ts'
import { formatTlogProof } from '../proof/tlog-proof.ts'
import { common, contextOf, withCustody, type CommonOptions, type Context } from './context.ts'
import { exit, UsageError, type Exit } from './exit.ts'
import type { AddCommand } from './program.ts'

type Ended = (code: Exit) => void

/** `custody proof event`, `custody proof growth`, `custody proof stream`. */
export const proofCommand: AddCommand = (program, ended) => {
  const proof = program
    .command('proof')
    .description('Proofs that need nothing but the public key of the notary.')

  common(proof.command('event <position>'))
    .description('That an event is in the signed history: a .tlog-proof (C2SP tlog-proof).')
    .option('--out <file>', 'where to write it (default: standard output)')
    .addHelpText('after', '\nExample:\n  custody proof event 4711 --out event-4711.tlog-proof')
    .action(async (position: string, options: CommonOptions & { out?: string }) => {
      const at = positionArgument(position)
      const context = contextOf(options)
      await proveEvent(context, at, options.out ?? null, ended)
    })

  common(proof.command('growth <older> [newer]'))
    .description('That the history of one size begins with that of another.')
    .addHelpText('after', '\nExample:\n  custody proof growth 1200 --json')
    .action(async (older: string, newer: string | undefined, options: CommonOptions) => {
      const from = size('older', older)
      const to = newer === undefined ? undefined : size('newer', newer)
      const context = contextOf(options)
      const { controller } = context.configuration
      await withCustody(context, async ({ notary }) => {
        const proved = await notary.consistency(controller, from, to)
        const value = provedOr(context, proved, ended)
        if (!value) return
        const { path } = value
        const head = (one: typeof value.older) => ({
          size: one.size,
          root: one.root.toString('base64'),
        })
        const hashes = path.map((hash) => hash.toString('base64'))
        context.output.say(hashes.join('\n'))
        context.output.result({
          older: head(value.older),
          newer: head(value.newer),
          path: hashes,
        })
      })
    })

  common(proof.command('stream <stream>'))
    .description('How far a stream goes according to the newest checkpoint, or that there is none.')
    .addHelpText('after', '\nExample:\n  custody proof stream policy-acme/privacy --json')
    .action(async (name: string, options: CommonOptions) => {
      const stream = StreamName.safeParse(name)
      if (!stream.success) throw new UsageError(`${name}: ${stream.error.issues[0]?.message}`)
      const context = contextOf(options)
      await withCustody(context, async ({ notary }) => {
        const proved = await notary.headProof(context.configuration.controller, stream.data)
        const value = provedOr(context, proved, ended)
        if (!value) return
        const { head, proof: way, signed } = value
        context.output.say(`${stream.data}: ${head?.events ?? 0} events of ${signed.size} signed`)
        context.output.result({
          stream: stream.data,
          head: head && { events: head.events, newest: head.newest.toString('base64') },
          siblings: way.siblings.map((hash) => hash.toString('base64')),
          other: way.other && {
            key: way.other.key.toString('base64'),
            events: way.other.events,
            newest: way.other.newest.toString('base64'),
          },
          checkpoint: signed.note,
        })
      })
    })
}

async function proveEvent(
  context: Context,
  position: Position,
  out: string | null,
  ended: Ended,
): Promise<void> {
  await withCustody(context, async ({ notary }) => {
    const { controller } = context.configuration
    // What is not signed yet is signed for this.
    await notary.checkpoint(controller)
    const value = provedOr(context, await notary.prove(controller, { position }), ended)
    if (!value?.signed) return
    const { index, path, signed, entry } = value
    const text = formatTlogProof({ index, path, checkpoint: signed.note, extra: entry.bytes })
    if (out !== null) writeFileSync(out, text)
    else if (!context.output.json) process.stdout.write(text)
    if (out !== null) context.output.say(`Written: ${out}`)
    context.output.result({
      position,
      index,
      size: value.size,
      entry: entry.bytes.toString(),
      proof: text,
    })
  })
}

/** The value; where there is none says why, and the command ends with findings. */
function provedOr<T>({ output }: Context, proved: Proved<T>, ended: Ended): T | null {
  if (proved.ok) return proved.value
  output.say(proved.message)
  output.result({ problem: proved.problem, message: proved.message })
  ended(exit.findings)
  return null
}

function positionArgument(text: string): Position {
  const parsed = Position.safeParse(Number(text))
  if (!parsed.success || text.trim() === '') {
    throw new UsageError(`${text}: must be a position in the ledger`)
  }
  return parsed.data
}

function size(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0 && text.trim() !== '') return number
  throw new UsageError(`<${name}>: must be a number of events`)
}
