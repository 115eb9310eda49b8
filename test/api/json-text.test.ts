import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUtf8, InvalidJson, parseJson } from '../../src/api/json-text.ts'

const seed = Number(process.env['CUSTODY_SEED'] ?? Date.now() % 2 ** 31)

function faultOf(text: string): string | null {
  try {
    parseJson(text)
    return null
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidJson)
    return (error as InvalidJson).fault
  }
}

describe('JSON', () => {
  it.each([
    ['{"a": x}', 'unexpected character at line 1, column 7'],
    ['{"a": 1,\n "b": 2,\n}', 'unexpected character at line 3, column 1'],
    ['[1, 2', 'the text ends too early at line 1, column 6'],
    ['', 'the text ends too early at line 1, column 1'],
    ['{"a" 1}', 'unexpected character at line 1, column 6'],
    ['{a: 1}', 'unexpected character at line 1, column 2'],
    ['[1] []', 'unexpected character at line 1, column 5'],
    ['[01]', 'unexpected character at line 1, column 3'],
    ['{"a": "tab\there"}', 'unexpected character at line 1, column 7'],
    ['{"__proto__": 1}', 'a field named __proto__ is not allowed'],
    ['{"a": [{"\\u005f_proto__": {}}]}', 'a field named __proto__ is not allowed'],
  ])('%s: %s', (text, fault) => {
    expect(faultOf(text)).toBe(fault)
  })

  it('that only speaks of __proto__ is JSON', () => {
    expect(parseJson('{"a": "__proto__"}')).toEqual({ a: '__proto__' })
  })

  it('is located in text of any size and depth', () => {
    const long = `{"a": "${'x'.repeat(1_000_000)}`
    expect(faultOf(long)).toBe('unexpected character at line 1, column 7')
    expect(faultOf('['.repeat(500_000))).toMatch(/^the text ends too early/)
    const deep = `${'['.repeat(5000)}"proto__"${']'.repeat(5000)}`
    expect(faultOf(deep)).toBe(null)
  })

  it(`with one character changed is either JSON or located, never quoted (seed ${seed})`, () => {
    const changed = fc.tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom('"', '{', ']', ',', '\\', 'q', ''),
    )
    fc.assert(
      fc.property(changed, ([text, at, character]) => {
        const index = at % (text.length + 1)
        const other = text.slice(0, index) + character + text.slice(index + 1)
        const fault = faultOf(other)
        if (fault === null || fault.includes('__proto__')) return
        const [, line, column] = /at line (\d+), column (\d+)$/.exec(fault)!.map(Number)
        const lines = other.split('\n')
        expect(line).toBeLessThanOrEqual(lines.length)
        expect(column).toBeLessThanOrEqual(lines[line! - 1]!.length + 1)
      }),
      { seed, numRuns: 500 },
    )
  })

  it('that is not UTF-8 is not JSON', () => {
    expect(() => decodeUtf8(Buffer.from([0x22, 0xe9, 0x22]))).toThrow(InvalidJson)
    expect(decodeUtf8(Buffer.from('"é"'))).toBe('"é"')
  })
})
