import { isUtf8 } from 'node:buffer'

/** Text that is not JSON: where it goes wrong, never what stands there. */
export class InvalidJson extends Error {
  override readonly name = 'InvalidJson'
  readonly fault: string
  constructor(fault: string) {
    super('the text is not valid JSON')
    this.fault = fault
  }
}

/** @throws InvalidJson for bytes that are not UTF-8 (RFC 8259, 8.1) */
export function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new InvalidJson('the text is not UTF-8')
  return bytes.toString('utf8')
}

/**
 * The value of a JSON text.
 * @throws InvalidJson with line and column, both from 1, or where an object has a field `__proto__`
 */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const { line, column, missing } = locateFault(text)
    const what = missing ? 'the text ends too early' : 'unexpected character'
    throw new InvalidJson(`${what} at line ${line}, column ${column}`)
  }
  // Only a text that spells it, escaped or not, can hold the field.
  if ((text.includes('proto__') || text.includes('\\u00')) && holdsProto(value)) {
    throw new InvalidJson('a field named __proto__ is not allowed')
  }
  return value
}

/** With a stack of its own: the nesting of hostile input has no bound but the body's. */
function holdsProto(root: unknown): boolean {
  const open: unknown[] = [root]
  while (open.length > 0) {
    const node = open.pop()
    if (typeof node !== 'object' || node === null) continue
    if (Object.hasOwn(node, '__proto__')) return true
    for (const child of Object.values(node)) open.push(child)
  }
  return false
}

const space = /[ \t\n\r]*/y
const scalar =
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y

type Expectation = 'value' | 'value-or-close' | 'key' | 'key-or-close' | 'colon' | 'comma-or-close'

/** Where a text stops being JSON (RFC 8259). The engine's own message quotes the text, so it is no use. */
function locateFault(text: string): { line: number; column: number; missing: boolean } {
  const at = faultOffset(text)
  const before = text.slice(0, at)
  const line = before.split('\n').length
  return { line, column: at - before.lastIndexOf('\n'), missing: at >= text.length }
}

function faultOffset(text: string): number {
  const closers: string[] = []
  let expected: Expectation = 'value'
  let at = skip(space, text, 0)
  while (at < text.length) {
    const character = text.charAt(at)
    if (expected === 'comma-or-close') {
      const closer = closers.at(-1)
      if (closer === undefined) return at
      if (character === closer) closers.pop()
      else if (character === ',') expected = closer === '}' ? 'key' : 'value'
      else return at
      at = skip(space, text, at + 1)
      continue
    }
    if (expected === 'colon') {
      if (character !== ':') return at
      expected = 'value'
      at = skip(space, text, at + 1)
      continue
    }
    if (expected.endsWith('-or-close') && character === closers.at(-1)) {
      closers.pop()
      expected = 'comma-or-close'
      at = skip(space, text, at + 1)
      continue
    }
    const wantsKey: boolean = expected === 'key' || expected === 'key-or-close'
    if (!wantsKey && (character === '{' || character === '[')) {
      closers.push(character === '{' ? '}' : ']')
      expected = character === '{' ? 'key-or-close' : 'value-or-close'
      at = skip(space, text, at + 1)
      continue
    }
    const end = skip(scalar, text, at)
    if (end === at || (wantsKey && character !== '"')) return at
    expected = wantsKey ? 'colon' : 'comma-or-close'
    at = skip(space, text, end)
  }
  return text.length
}

/** The offset after what the sticky pattern matches at the offset; the same offset where it does not. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}
