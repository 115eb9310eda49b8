import { domainToASCII } from 'node:url'
import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min'
import { assertNever } from '../domain/values.ts'
import type { Identifier, IdentifierFault, IdentifierScheme } from './vault.ts'

export type Normalized =
  | Readonly<{ ok: true; scheme: IdentifierScheme; value: string }>
  /** `rule` says what the value must be; it never repeats the value. */
  | Readonly<{ ok: false; rule: string }>

export type NormalizeOptions = Readonly<{
  /** ISO 3166-1 alpha-2: how a phone number without a country prefix is read. */
  defaultCountry?: string | undefined
}>

/**
 * The one spelling of an identifier under which the blind index knows it. Idempotent: a normalized
 * value is its own normalization. Invisible characters and white space around the value never count.
 *
 * - email (RFC 5321, RFC 6531): taken out of `mailto:` and `"Ann" <ann@example.org>`; NFKC; lower case
 *   in both parts, since no provider of note tells mailboxes apart by case (RFC 5321 §2.4 advises
 *   against it); the domain in its ASCII form (IDNA). Dots and +tags in the local part stay: what they
 *   mean belongs to the mailbox's provider, and folding them elsewhere would merge two people.
 * - phone: E.164 through libphonenumber. An extension stays, as in RFC 3966 (`+14155550100;ext=5`):
 *   two people at one switchboard are two people.
 * - username: NFKC, lower case, inner white space as one space (after RFC 8265's UsernameCaseMapped).
 * - customer-id, cookie-id: NFKC and nothing else. The case stays: systems that tell `a1` from `A1` exist.
 */
export function normalize(identifier: Identifier, options: NormalizeOptions = {}): Normalized {
  const { scheme } = identifier
  const text = tidy(identifier.value)
  if (text === '') return { ok: false, rule: `${scheme} must not be empty` }
  switch (scheme) {
    case 'email':
      return normalizeEmail(text)
    case 'phone':
      return normalizePhone(text, options.defaultCountry)
    case 'username':
      return bounded(scheme, foldCase(text).replace(/\s+/gu, ' '))
    case 'customer-id':
      return bounded(scheme, text)
    case 'cookie-id':
      if (/\s/u.test(text)) return { ok: false, rule: 'cookie-id must have no white space' }
      return bounded(scheme, text)
    default:
      return assertNever(scheme)
  }
}

/** The first identifier that breaks its scheme's rule, by its place in the list. */
export function firstFault(
  identifiers: readonly Identifier[],
  options: NormalizeOptions,
): IdentifierFault | null {
  for (const [index, identifier] of identifiers.entries()) {
    const normalized = normalize(identifier, options)
    if (!normalized.ok) return { index, scheme: identifier.scheme, rule: normalized.rule }
  }
  return null
}

/** Soft hyphen, zero-width space and no-break, direction marks: pasted along, seen by nobody. */
const invisible = /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu

function tidy(text: string): string {
  return text.normalize('NFKC').replace(invisible, '').normalize('NFKC').trim()
}

function foldCase(text: string): string {
  return text.toLowerCase().normalize('NFKC')
}

const longest = 256

function bounded(scheme: IdentifierScheme, value: string): Normalized {
  if (value.length > longest) {
    return { ok: false, rule: `${scheme} must have at most ${longest} characters` }
  }
  if (/[\p{Cc}\p{Cs}]/u.test(value)) {
    return { ok: false, rule: `${scheme} must have no control characters` }
  }
  return { ok: true, scheme, value }
}

/** RFC 5321 §4.5.3.1: octets of the local part, and of the whole path less its angle brackets. */
const longestLocalPart = 64
const longestEmail = 254
/** A dot-atom of RFC 5322 with the characters beyond ASCII that RFC 6532 lets in. */
const dotAtom = /^[^\s\p{C}"(),.:;<>@[\\\]]+(?:\.[^\s\p{C}"(),.:;<>@[\\\]]+)*$/u
const hostName = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/

function normalizeEmail(text: string): Normalized {
  const address = foldCase(bareAddress(text))
  const at = address.lastIndexOf('@')
  if (at < 1) return { ok: false, rule: 'email must have a local part, an @ and a domain' }
  const local = unquoted(address.slice(0, at))
  if (!dotAtom.test(local)) {
    return { ok: false, rule: 'email must have a local part without spaces, brackets or lone dots' }
  }
  const domain = asciiDomain(address.slice(at + 1))
  if (domain === null) return { ok: false, rule: 'email must have a domain name with a dot' }
  const value = `${local}@${domain}`
  if (Buffer.byteLength(local) > longestLocalPart || Buffer.byteLength(value) > longestEmail) {
    return { ok: false, rule: 'email must have at most 64 octets before the @ and 254 in all' }
  }
  return { ok: true, scheme: 'email', value }
}

/** The address in `mailto:a@b?subject=…`, `"Ann" <a@b>` or `a@b (Ann)`; anything else as it is. */
function bareAddress(text: string): string {
  const named = /<([^<>]*)>$/u.exec(text)
  const address = (named ? named[1]! : text).replace(/\s*\([^()]*\)$/u, '').trim()
  if (!/^mailto:/iu.test(address)) return address
  const path = address.slice('mailto:'.length).split('?', 1)[0]!.trim()
  try {
    return tidy(decodeURIComponent(path))
  } catch {
    return path
  }
}

/** `"ann"@…` is the mailbox `ann@…` (RFC 5321 §4.1.2); other quoted forms are refused by the rule. */
function unquoted(local: string): string {
  const quoted = /^"([^"\\]*)"$/u.exec(local)
  return quoted ? quoted[1]! : local
}

function asciiDomain(domain: string): string | null {
  const bare = domain.trim().replace(/[.\u3002]$/u, '')
  // The last label of a host name is no number, so that no IP address passes.
  if (hostName.test(bare)) return bare
  if (/^[\d.]*$/.test(bare) || /[\s/?#@:[\]\\%]/u.test(bare)) return null
  const ascii = domainToASCII(bare)
  return hostName.test(ascii) ? ascii : null
}

function normalizePhone(text: string, defaultCountry: string | undefined): Normalized {
  const country = defaultCountry !== undefined && isSupportedCountry(defaultCountry)
  const parsed = parsePhoneNumberFromString(text.replace(/^tel:/iu, ''), {
    ...(country ? { defaultCountry: defaultCountry } : {}),
    extract: false,
  })
  if (!parsed?.isPossible()) {
    return {
      ok: false,
      rule: country
        ? `phone must be a possible number, with a country prefix or of ${defaultCountry}`
        : 'phone must be a possible number with its country prefix, such as +1',
    }
  }
  return {
    ok: true,
    scheme: 'phone',
    value: parsed.number + (parsed.ext ? `;ext=${parsed.ext}` : ''),
  }
}
