import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { verifyEvidence, type VerifiedEvidence } from '../evidence/verify.ts'
import { parseVerifierKey, type VerifierKey } from '../proof/note.ts'
import { writePieces } from '../reports/write.ts'
import type { Context } from './context.ts'
import { exit, UsageError, type Exit } from './exit.ts'

/** Where what was derived from a bundle is written, once it was verified; and who must have cosigned. */
export type BundleOptions = Readonly<{ page?: string; report?: string; witness?: string[] }>

/**
 * Checks one bundle, by the pinned keys and nothing else: no store is opened, and nothing is asked of the
 * network. With `page` or `report` it writes what it has derived from the events itself.
 *
 * @throws UsageError when the file cannot be read, or the keys are not of one log
 */
export async function verifyBundleFile(
  context: Context,
  file: string,
  keys: readonly VerifierKey[],
  options: BundleOptions,
): Promise<Exit> {
  const [key] = keys
  if (!key) {
    throw new UsageError(
      '--key: a bundle is verified by a key that you have in another way, and by nothing else',
    )
  }
  const origin = key.name
  if (keys.some(({ name }) => name !== origin)) {
    throw new UsageError('--key: all keys must be of the log that the bundle is cut from')
  }
  const witnesses = (options.witness ?? []).map(witnessOption)
  const checked = await verifyEvidence(readBundle(file), { origin, keys, witnesses })
  const { output } = context
  if (!checked.ok) {
    const { code, where, message } = checked.problem
    output.say(`WRONG. ${where}: ${message} (${code}).`)
    output.result({ ok: false, file, origin, problem: checked.problem })
    return exit.findings
  }
  show(context, origin, checked.value)
  for (const name of ['page', 'report'] as const) {
    const path = options[name]
    if (path === undefined) continue
    writePieces(dirname(path), basename(path), [checked.value[name]])
    output.say(`The ${name}, as derived here: ${path}`)
  }
  return exit.done
}

function witnessOption(text: string): VerifierKey {
  const key = parseVerifierKey(text.trim())
  if (key?.type === 'cosignature/v1') return key
  throw new UsageError('--witness: must be the verifier key of a witness')
}

function readBundle(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UsageError(`<bundle>: couldn't read ${file}: ${(error as Error).message}`)
  }
}

function show(
  { output }: Context,
  origin: string,
  { bundle, checkpoint, ...rest }: VerifiedEvidence,
) {
  const { question } = rest
  const { range, events, streams, disclosures } = bundle
  const { size, root } = checkpoint
  const whole = range?.first === 0 && range.end === size
  output.say(`Nothing is wrong. The question: ${JSON.stringify(question)}`)
  output.table(
    ['proved', ''],
    [
      ['log', origin],
      ['events of the log when it was signed', size],
      ['root', root.toString('base64')],
      ['events in the bundle', events.length],
      ['places without a gap', rangeText(range, whole)],
      ['streams that are whole', streams.map(({ stream }) => stream).join('\n') || '-'],
      ['cosigned by', rest.cosignatures.map(({ witness }) => witness.name).join('\n') || '-'],
      ['values disclosed', disclosures.length],
      ['report and page', 'derived again, the same to the byte'],
    ],
  )
  output.result({
    ...{ ok: true, origin, question, size, root: root.toString('base64') },
    ...{ events: events.length, range, streams: streams.map(({ stream }) => stream) },
    disclosures: disclosures.map(({ event, category }) => ({ event, category })),
    witnesses: rest.cosignatures.map(({ witness }) => witness.name),
  })
}

function rangeText(range: VerifiedEvidence['bundle']['range'], whole: boolean): string {
  if (!range) return '-'
  return whole ? 'all of them' : `${range.first + 1} to ${range.end}`
}
