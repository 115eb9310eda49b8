import { Identifier, type SubjectReference } from '../application/lines.ts'
import { SubjectId } from '../domain/values.ts'
import { UsageError } from './exit.ts'

/**
 * Who is meant: `email:…`, `phone:…`, another scheme, or a pseudonym. `-` reads it from standard input, so
 * that it stays out of the shell's history.
 *
 * @throws UsageError that never repeats the value
 */
export async function subjectOption(text: string): Promise<SubjectReference> {
  const given = text === '-' ? (await readStandardInput()).trim() : text
  const pseudonym = SubjectId.safeParse(given)
  if (pseudonym.success) return { subject: pseudonym.data }
  const colon = given.indexOf(':')
  const scheme = given.slice(0, Math.max(colon, 0))
  const identifier = Identifier.safeParse({ scheme, value: given.slice(colon + 1) })
  if (!identifier.success) {
    const schemes = Identifier.shape.scheme.options.map((name) => `${name}:…`).join(', ')
    throw new UsageError(`--subject: must be a pseudonym of 32 hexadecimal digits, or ${schemes}`)
  }
  return { identifiers: [identifier.data] }
}

async function readStandardInput(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin) text += String(chunk)
  return text
}
