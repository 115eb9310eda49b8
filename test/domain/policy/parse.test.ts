import { describe, expect, it } from 'vitest'
import { parsePolicy, type PolicyProblem } from '../../../src/domain/policy/parse.ts'
import { policyDocument } from '../../support/policy-file.ts'

/** Sets, at a path such as `collection.0.kinds.0`, a value in the template, and parses it. */
function problemsWith(path: string, value: unknown): readonly PolicyProblem[] {
  const document = policyDocument('templates/minimal')
  const keys = path.split('/')
  const last = keys.pop()!
  let at: Record<string, unknown> = document
  for (const key of keys) at = at[key] as Record<string, unknown>
  if (value === undefined) delete at[last]
  else at[last] = value
  const result = parsePolicy(document)
  return result.ok ? [] : result.problems
}

const rule = {
  id: 'contact-form',
  obligation: 'C2',
  recipientClasses: ['partner'],
  categories: 'any',
  purposes: ['answer'],
}
const retention = { id: 'a', obligation: 'C3', categories: 'any', trigger: 'collection' }
const never = { id: 'never', obligation: 'C4', acts: ['share'] }

const wrong: [string, unknown, string, string][] = [
  // The shape.
  ['policy', undefined, 'policy', 'expected string'],
  ['controller/timeZone', 'Mars/Olympus', 'controller.timeZone', 'IANA time zone'],
  ['version', '2014-02-30', 'version', 'must be a day'],
  ['purposes/answer/basis', 'curiosity', 'purposes.answer.basis', 'expected one of'],
  ['retention/0/keep', 'P1.5Y', 'retention.0.keep', 'ISO 8601'],
  ['collection', [], 'collection', '>=1'],
  ['suprise', true, '', 'suprise'],
  ['categories/User Name', { title: 'x', identifying: true }, 'categories.User Name', 'category'],
  [
    'retention/0/categories',
    ['user.name', 'A B'],
    'retention.0.categories.1',
    'must be a category',
  ],
  ['retention/0/categories', 'some', 'retention.0.categories', 'Invalid input'],
  // The words.
  ['collection/0/kinds', ['stranger'], 'collection.0.kinds.0', 'undeclared kind stranger'],
  ['collection/0/channels', ['fax'], 'collection.0.channels.0', 'undeclared channel fax'],
  ['collection/0/categories', ['user.health'], 'collection.0.categories.0', 'undeclared category'],
  ['collection/0/purposes', ['fun'], 'collection.0.purposes.0', 'undeclared purpose fun'],
  ['collection/0/purposes', ['answer', 'answer'], 'collection.0.purposes.1', 'twice'],
  ['notice/channels', ['fax'], 'notice.channels.0', 'undeclared channel fax'],
  ['retention/0/kinds', ['stranger'], 'retention.0.kinds.0', 'undeclared kind'],
  ['retention/0/categories', ['user.health'], 'retention.0.categories.0', 'undeclared category'],
  ['purposes/answer/stopsWith', ['fun'], 'purposes.answer.stopsWith.0', 'undeclared purpose'],
  ['purposes/answer/compatibleWith', ['fun'], 'purposes.answer.compatibleWith.0', 'undeclared'],
  ['purposes/answer/kinds', ['stranger'], 'purposes.answer.kinds.0', 'undeclared kind'],
  ['sharing', [{ ...rule, id: 'b', purposes: ['fun'] }], 'sharing.0.purposes.0', 'undeclared'],
  ['forbidden', [{ ...never, purposes: ['fun'] }], 'forbidden.0.purposes.0', 'undeclared'],
  ['forbidden', [{ ...never, join: [['user.health']] }], 'forbidden.0.join.0.0', 'undeclared'],
  ['forbidden', [{ ...never, unless: ['b'] }], 'forbidden.0.unless.0', 'no sharing rule'],
  // The promises.
  ['collection/0/obligation', 'C8', 'collection.0.obligation', 'no clause states'],
  ['purposes/answer/obligation', 'C8', 'purposes.answer.obligation', 'no clause states'],
  ['subjectKinds/correspondent/obligation', 'C8', 'subjectKinds.correspondent.obligation', 'C8'],
  ['principles/sharingByRule', 'C8', 'principles.sharingByRule', 'no clause states'],
  ['notice/obligation', 'C8', 'notice.obligation', 'no clause states'],
  // What contradicts itself.
  ['sharing', [rule], 'sharing.0.id', 'also the id of collection.0.id'],
  ['retention', [{ ...retention, keep: 'P1Y', minimum: 'P366D' }], 'retention.0.minimum', 'longer'],
  ['retention', [{ ...retention, keep: 'P28D', minimum: 'P1M' }], 'retention.0.minimum', 'longer'],
  ['purposes/answer/objection', 'refused', 'purposes.answer.explanation', 'must say why'],
  ['purposes/answer/consentLasts', 'P1Y', 'purposes.answer.consentLasts', 'consent'],
  ['version', '2024-01-02', 'effective', 'before the version'],
]

describe('parsing a policy', () => {
  it.each(wrong)('with %s = %j reports %s: %s', (path, value, where, rule) => {
    const problems = problemsWith(path, value)
    const found = problems.find((problem) => problem.path === where)
    expect(found?.rule ?? JSON.stringify(problems)).toContain(rule)
  })

  it('accepts a legal minimum as long as the time it is kept', () => {
    for (const keep of ['P7Y', 'P84M', 'P2557D']) {
      expect(problemsWith('retention', [{ ...retention, keep, minimum: 'P7Y' }])).toEqual([])
    }
  })

  it.each([null, undefined, 7, 'policy', [], {}])('reports what %j lacks', (document) => {
    const result = parsePolicy(document)
    expect(result.ok).toBe(false)
  })

  it('reports all problems at once, up to a hundred', () => {
    const collection = Array.from({ length: 300 }, (_, index) => ({ id: `rule-${index}` }))
    expect(problemsWith('collection', collection)).toHaveLength(100)
  })

  it('fills in what the document leaves out', () => {
    const result = parsePolicy(policyDocument('templates/minimal'))
    expect(result).toMatchObject({
      ok: true,
      policy: { sharing: [], forbidden: [], retention: [{ kinds: 'any', action: 'delete' }] },
    })
  })
})
