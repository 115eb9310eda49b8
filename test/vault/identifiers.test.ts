import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalize } from '../../src/vault/identifiers.ts'
import { identifierSchemes, type IdentifierScheme } from '../../src/vault/vault.ts'
import { seed } from '../support/seed.ts'

const options = { defaultCountry: 'US' }

function value(scheme: IdentifierScheme, text: string, defaultCountry = 'US'): string {
  const result = normalize({ scheme, value: text }, { defaultCountry })
  if (!result.ok) throw new Error(result.rule)
  return result.value
}

function rule(scheme: IdentifierScheme, text: string): string | null {
  const result = normalize({ scheme, value: text }, options)
  return result.ok ? null : result.rule
}

describe('an email address', () => {
  it.each([
    'ann@example.org',
    '  ann@example.org\t',
    'Ann@Example.ORG',
    'ANN@EXAMPLE.ORG.',
    'mailto:ann@example.org',
    'MAILTO:ann%40example.org?subject=Hello',
    'Ann Smith <ann@example.org>',
    '"Smith, Ann" <Ann@example.org>',
    '<ann@example.org>',
    'Ann <mailto:ann@example.org>',
    'ann@example.org (Ann Smith)',
    '"ann"@example.org',
    'ann＠example.org',
    'ａｎｎ@ｅｘａｍｐｌｅ.org',
    'ann@example。org',
    '\u200bann@exam\u00adple.org\ufeff',
    'ann\u00a0<ann@example.org>',
  ])('is one, spelled %j', (spelling) => {
    expect(value('email', spelling)).toBe('ann@example.org')
  })

  it('has its domain in the ASCII form', () => {
    expect(value('email', 'jörg@Müller.example')).toBe('jörg@xn--mller-kva.example')
    expect(value('email', 'jo\u0308rg@xn--mller-kva.EXAMPLE')).toBe('jörg@xn--mller-kva.example')
    expect(value('email', 'info@例え.テスト')).toBe('info@xn--r8jz45g.xn--zckzah')
  })

  it('keeps dots and tags, which belong to the provider', () => {
    expect(value('email', 'a.n.n+shop@gmail.com')).toBe('a.n.n+shop@gmail.com')
  })

  it.each([
    '',
    '   ',
    'ann',
    'ann@',
    '@example.org',
    'ann@localhost',
    'ann@exa mple.org',
    'ann smith@example.org',
    '"ann smith"@example.org',
    'ann@@example.org',
    'ann..smith@example.org',
    '.ann@example.org',
    'ann@-example.org',
    'ann@example..org',
    'ann@[192.0.2.1]',
    'ann@192.0.2.1',
    'ann@1.2',
    'ann@0x7f.1',
    'ann@example.org/path',
    'ann@example.org:25',
    'ann@example.org, bob@example.org',
    `${'a'.repeat(65)}@example.org`,
    `ann@${'a'.repeat(64)}.org`,
    `ann@${'abcdefgh.'.repeat(30)}org`,
    'ann\u0000@example.org',
    'ann@exam\u0007ple.org',
    'n/a',
  ])('is refused by a named rule, spelled %j', (spelling) => {
    expect(rule('email', spelling)).toMatch(/^email must /)
  })
})

describe('a phone number', () => {
  it.each([
    '+14155550100',
    '+1 (415) 555-0100',
    '415-555-0100',
    '(415) 555 0100',
    '1-415-555-0100',
    '001 415 555 0100'.replace('001', '011 1'),
    'tel:+1-415-555-0100',
    '＋１４１５５５５０１００',
  ])('is one, spelled %j', (spelling) => {
    expect(value('phone', spelling)).toBe('+14155550100')
  })

  it('is read in the default country, and is another number elsewhere', () => {
    expect(value('phone', '030 901820', 'DE')).toBe('+4930901820')
    expect(value('phone', '0030 210 9000000', 'DE')).toBe('+302109000000')
  })

  it('keeps an extension: two people at one switchboard are two people', () => {
    expect(value('phone', '+1 415 555 0100 ext. 5')).toBe('+14155550100;ext=5')
    expect(value('phone', 'tel:+1-415-555-0100;ext=5')).toBe('+14155550100;ext=5')
  })

  it.each(['', 'call me', '12', '+999999', '+1415555010099999', 'ann@example.org', '+'])(
    'is refused by a named rule, spelled %j',
    (spelling) => {
      expect(rule('phone', spelling)).toMatch(/^phone must /)
    },
  )

  it('needs its prefix where there is no default country', () => {
    expect(normalize({ scheme: 'phone', value: '415 555 0100' })).toEqual({
      ok: false,
      rule: 'phone must be a possible number with its country prefix, such as +1',
    })
    expect(
      normalize({ scheme: 'phone', value: '+1 415 555 0100' }, { defaultCountry: 'ZZ' }).ok,
    ).toBe(true)
  })
})

describe('the other identifiers', () => {
  it('folds the case and the inner spaces of a username', () => {
    expect(value('username', ' Ann  SMITH\u3000')).toBe('ann smith')
  })

  it('keeps the case of customer and cookie ids', () => {
    expect(value('customer-id', ' C-00a1 ')).toBe('C-00a1')
    expect(value('customer-id', 'C-00A1')).not.toBe(value('customer-id', 'C-00a1'))
    expect(value('cookie-id', 'GA1.2.abcDEF')).toBe('GA1.2.abcDEF')
  })

  it('refuses what is empty, too long, or has control characters', () => {
    for (const scheme of ['username', 'customer-id', 'cookie-id'] as const) {
      expect(rule(scheme, ' \u200b ')).toBe(`${scheme} must not be empty`)
      expect(rule(scheme, 'x'.repeat(257))).toBe(`${scheme} must have at most 256 characters`)
      expect(rule(scheme, 'a\u0000b')).toBe(`${scheme} must have no control characters`)
    }
    expect(rule('cookie-id', 'a b')).toBe('cookie-id must have no white space')
  })
})

describe('normalization', () => {
  const spelling = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.emailAddress(),
    fc
      .tuple(
        fc.string({ unit: 'grapheme', maxLength: 12 }),
        fc.string({ unit: 'grapheme', maxLength: 12 }),
      )
      .map(([local, domain]) => `${local}@${domain}.example`),
    fc
      .array(fc.constantFrom(...'0123456789+-() .;x'.split('')), { maxLength: 24 })
      .map((digits) => digits.join('')),
    fc.integer({ min: 2_000_000_000, max: 9_999_999_999 }).map((number) => `+1 ${number} ext 7`),
  )

  it('leaves a normalized value as it is, and never repeats a value in a rule', () => {
    fc.assert(
      fc.property(fc.constantFrom(...identifierSchemes), spelling, (scheme, text) => {
        const once = normalize({ scheme, value: text }, options)
        if (once.ok) {
          expect(normalize({ scheme, value: once.value }, options)).toEqual(once)
          expect(normalize({ scheme, value: once.value })).toEqual(once)
        } else {
          expect(rule(scheme, `${text}\u0000zebra@@`)).not.toContain('zebra')
        }
      }),
      { numRuns: 5_000, seed: seed() },
    )
  })
})
