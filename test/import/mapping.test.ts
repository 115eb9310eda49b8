import { describe, expect, it } from 'vitest'
import { parseMapping } from '../../src/import/manifest.ts'

const record = `
        occurredAt: { column: At }
        subject: [{ scheme: email, column: Email }]
        property: www.example.org
        purpose: contacting
        categories: [user.contact.email]`

function problemsOf(rules: string, head = '') {
  const parsed = parseMapping(
    `
mapping: test
source: crm
file: test.csv
format: csv
timeZone: UTC
times: [iso]
columns: [At, Email]
${head}
rules:
${rules}`,
    'test.yaml',
  )
  return parsed.ok ? [] : parsed.problems
}

describe('a mapping file', () => {
  it('is sound when its rules use its columns and make whole lines', () => {
    expect(problemsOf(`  - records:\n      - type: use${record}`)).toEqual([])
  })

  it('names a column that it does not declare', () => {
    const mistaken = record.replace('column: Email', 'column: Mail')
    const rules = `  - when: { Kind: x }\n    records:\n      - type: use${mistaken}`
    expect(problemsOf(rules)).toEqual([
      expect.objectContaining({ path: 'rules.0.when.Kind' }),
      expect.objectContaining({ path: 'rules.0.records.0.subject.Mail' }),
    ])
  })

  it('names a field that a line does not have, and one that it needs', () => {
    const problems = problemsOf(
      `  - records:\n      - type: use${record.replace('purpose:', 'purposes:')}`,
    )
    expect(problems).toEqual([
      {
        file: 'test.yaml',
        path: 'rules.0.records.0.purpose',
        rule: "is missing: a line 'use' needs it",
      },
      {
        file: 'test.yaml',
        path: 'rules.0.records.0.purposes',
        rule: "is no field of a line 'use'",
      },
    ])
  })

  it('wants the time of what is observed', () => {
    expect(
      problemsOf(
        `  - records:\n      - type: use${record.replace('occurredAt: { column: At }', '')}`,
      ),
    ).toMatchObject([{ path: 'rules.0.records.0.occurredAt' }])
  })

  it.each([
    ['an unknown key', 'colour: red', /colour/],
    ['a charset that it cannot read', 'charset: ebcdic', /./],
    ['a country that is no code', 'defaultCountry: usa', /./],
    ['a key twice', 'format: csv', /unique/],
  ])('tells %s', (_what, head, rule) => {
    const [problem] = problemsOf(`  - records: []`, head)
    expect(problem?.rule).toMatch(rule)
  })

  it('tells an unknown transform, a time zone that is none, and what is not YAML', () => {
    const transformed = record.replace('column: Email', 'column: Email, transform: eval')
    expect(problemsOf(`  - records:\n      - type: use${transformed}`)).not.toEqual([])
    const elsewhere = parseMapping('mapping: x\ntimeZone: Mars/Olympus\n', 'test.yaml')
    expect(elsewhere.ok).toBe(false)
    expect(parseMapping('a: [1, 2', 'test.yaml')).toMatchObject({ ok: false })
  })
})
