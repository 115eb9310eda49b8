import type { SubjectReference } from '../application/lines.ts'
import { SubjectId } from '../domain/values.ts'
import { identifierSchemes, type IdentifierScheme } from '../vault/vault.ts'
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
  if (!identifierSchemes.includes(scheme as IdentifierScheme) || colon === given.length - 1) {
    const schemes = identifierSchemes.map((name) => `${name}:…`).join(', ')
    throw new UsageError(`--subject: must be a pseudonym of 32 hexadecimal digits, or ${schemes}`)
  }
  return { identifiers: [{ scheme: scheme as IdentifierScheme, value: given.slice(colon + 1) }] }
}

async function readStandardInput(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin) text += String(chunk)
  return text
}
