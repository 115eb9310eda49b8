import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { longestBundle, parseBundle } from '../../src/proof/bundle.ts'
import { parseVerifierKey } from '../../src/proof/note.ts'
import { verifyBundle } from '../../src/proof/verify-bundle.ts'
import { randomFrom, seed as seedOf } from '../support/seed.ts'

const seed = seedOf()
const golden = 'test/golden/evidence/derivation-1'
const text = readFileSync(`${golden}.custody-evidence.json`, 'utf8')
const key = parseVerifierKey(readFileSync(`${golden}.vkey`, 'utf8').trim())!
const log = { origin: key.name, keys: [key] }

type Loose = Record<string, unknown>
const spelt = (value: unknown) => `${JSON.stringify(value)}\n`
const altered = (change: (bundle: Loose) => unknown) => {
  const bundle = JSON.parse(text) as Loose
  change(bundle)
  return spelt(bundle)
}
const problemOf = (bytes: Uint8Array | string) => {
  const parsed = parseBundle(bytes)
  return parsed.ok ? null : parsed.problem
}
const eventOf = (bundle: Loose) => (bundle['events'] as Loose[])[0]!

/** What is proved of a bundle: not what its texts say, nor what was asked or shown. */
const provedOf = ({ checkpoint, controller, events, hashes, streams }: Loose) =>
  JSON.stringify([checkpoint, controller, events, hashes, streams])

describe('reading a bundle', () => {
  it('takes what was written, as text and as bytes', () => {
    expect(parseBundle(text)).toMatchObject({ ok: true })
    expect(parseBundle(Buffer.from(text))).toEqual(parseBundle(text))
    expect(verifyBundle(text, log)).toMatchObject({ ok: true })
  })

  it('says where it is no bundle', () => {
    const cases: readonly [string, (bundle: Loose) => unknown][] = [
      ['$', (bundle) => delete bundle['hashes']],
      ['$', (bundle) => (bundle['more'] = 1)],
      ['$.format', (bundle) => (bundle['format'] = 'custody-evidence/v2')],
      ['$.derivation', (bundle) => (bundle['derivation'] = -1)],
      ['$.controller', (bundle) => (bundle['controller'] = 'The Shop')],
      ['$.checkpoint', (bundle) => (bundle['checkpoint'] = null)],
      ['$.question', (bundle) => (bundle['question'] = { kind: 'subject' })],
      ['$.question', (bundle) => (bundle['question'] = { parameters: {}, kind: 'subject' })],
      [
        '$.question.parameters',
        (bundle) => (bundle['question'] = { kind: 'subject', parameters: { zone: '', day: '' } }),
      ],
      [
        '$.question.parameters.day',
        (bundle) => (bundle['question'] = { kind: 'subject', parameters: { day: 5 } }),
      ],
      ['$.range', (bundle) => (bundle['range'] = [0, 1])],
      ['$.range.end', (bundle) => (bundle['range'] = { first: 0, end: 2 ** 53 })],
      ['$.events', (bundle) => (bundle['events'] = {})],
      ['$.events[0]', (bundle) => (bundle['events'] = [null])],
      ['$.events[0].index', (bundle) => (eventOf(bundle)['index'] = 0.5)],
      ['$.events[0].stream', (bundle) => (eventOf(bundle)['stream'] = 'policy-shop/a\nb')],
      ['$.events[0].id', (bundle) => (eventOf(bundle)['id'] = 'first')],
      ['$.events[0].type', (bundle) => (eventOf(bundle)['type'] = '\u001b[31m')],
      ['$.events[0].leaf', (bundle) => (eventOf(bundle)['leaf'] = 'AA==')],
      ['$.events[0].body', (bundle) => (eventOf(bundle)['body'] = '\ud800')],
      ['$.hashes[0]', (bundle) => (bundle['hashes'] = [`${'A'.repeat(42)}B=`])],
      ['$.streams[0].hashes', (bundle) => (bundle['streams'] = [{ stream: 'a-b/c', hashes: 1 }])],
      ['$.disclosures', (bundle) => (bundle['disclosures'] = 'none')],
      ['$.page', (bundle) => (bundle['page'] = ['x'])],
    ]
    for (const [where, change] of cases) {
      expect(problemOf(altered(change)), where).toMatchObject({ code: 'malformed-bundle', where })
    }
  })

  it('takes one spelling only', () => {
    const pretty = JSON.stringify(JSON.parse(text), null, 2)
    const spellings = [
      pretty,
      text.trim(),
      text.replace('"derivation":1', '"derivation":1.0'),
      text.replace('"derivation":1', '"derivation":1e0'),
      text.replace('"index":0', '"index":-0'),
      text.replace('"shop"', '"sh\\u006fp"'),
      text.replace('{"format"', '{"format":"","format"'),
      text.replaceAll('/', '\\/'),
    ]
    for (const spelling of spellings) {
      expect(spelling).not.toBe(text)
      expect(problemOf(spelling)?.code).toBe('not-canonical')
    }
  })

  it('does not take two bodies that have the same bytes', () => {
    const replaced = altered((bundle) => (eventOf(bundle)['body'] = 'a \ufffd b'))
    expect(problemOf(replaced)).toBeNull()
    const lone = replaced.replace('\ufffd', '\\ud800')
    expect(problemOf(lone)).toMatchObject({ where: '$.events[0].body' })
  })

  it('refuses what is no text, no JSON, too deep or too long, and never throws', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const cases = [
      '',
      '\n',
      'null\n',
      '0',
      '[]',
      '{}',
      '"custody-evidence/v1"',
      '{"__proto__":{"format":"custody-evidence/v1"}}',
      `\ufeff${text}`,
      '\ud800',
      deep,
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.alloc(longestBundle + 1),
      text.slice(0, -2),
    ]
    for (const bytes of cases) expect(problemOf(bytes)?.code).toBe('malformed-bundle')
  })

  it(`never throws on values of any shape anywhere (seed ${seed})`, () => {
    const random = randomFrom(seed)
    const values: readonly unknown[] = [null, true, -1, 0, 1e99, '', 'x', [], {}, [[]], [null]]
    for (let round = 0; round < 3_000; round += 1) {
      const bundle = JSON.parse(text) as Loose
      let holder: Loose = bundle
      for (let depth = 0; depth < 4; depth += 1) {
        const names = Object.keys(holder)
        const name = names[Math.floor(random() * names.length)]
        if (name === undefined) break
        const next = holder[name]
        if (random() < 0.4 || typeof next !== 'object' || next === null) {
          holder[name] = values[Math.floor(random() * values.length)]
          break
        }
        holder = next as Loose
      }
      const checked = verifyBundle(spelt(bundle), log)
      if (provedOf(bundle) !== provedOf(JSON.parse(text) as Loose)) {
        expect(checked.ok, `round ${round}`).toBe(false)
      }
    }
  }, 60_000)
})
