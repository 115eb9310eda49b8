import { describe, expect, it } from 'vitest'
import { lint, type Finding, type FindingCode } from '../../../src/domain/policy/lint.ts'
import { parsed, policyDocument } from '../../support/policy-file.ts'

type Document = {
  channels: Record<string, object>
  subjectKinds: Record<string, object>
  categories: Record<string, object>
  purposes: Record<string, Record<string, unknown>>
  clauses: Record<string, string>
  collection: Record<string, unknown>[]
  sharing?: Record<string, unknown>[]
  forbidden?: Record<string, unknown>[]
  retention: Record<string, unknown>[]
}

/** The template, which lints clean, with one defect put into it. */
function lintWith(defect: (document: Document) => void): Finding[] {
  const document = policyDocument('templates/minimal') as Document
  defect(document)
  return lint(parsed(document))
}

const sharing = {
  id: 'partners',
  obligation: 'C4',
  recipientClasses: ['partner'],
  categories: ['user.name'],
  purposes: ['answer'],
}

const form = {
  id: 'another-form',
  obligation: 'C2',
  kinds: ['correspondent'],
  channels: ['web-form'],
  categories: ['user.name'],
  purposes: ['answer'],
}

const purpose = {
  title: 'New',
  obligation: 'C2',
  basis: 'legitimate-interest',
  objection: 'allowed',
}

const refused = { objection: 'refused', explanation: 'No.' }

const defects: [FindingCode, string, (document: Document) => void][] = [
  [
    'purpose_forbidden_and_open',
    'purposes.answer',
    (document) => {
      const acts = ['collect', 'use', 'share']
      document.forbidden = [{ id: 'never', obligation: 'C4', acts, purposes: ['answer'] }]
    },
  ],
  [
    'sharing_wholly_forbidden',
    'sharing.0',
    (document) => {
      document.sharing = [sharing]
      const to = { recipientClasses: ['partner'], join: ['identifying'] }
      document.forbidden = [{ id: 'never', obligation: 'C4', acts: ['share'], ...to }]
    },
  ],
  [
    'purpose_never_collected',
    'purposes.news',
    (document) => {
      document.purposes['news'] = purpose
    },
  ],
  [
    'purpose_closed_to_kinds',
    'collection.0',
    (document) => {
      document.subjectKinds['member'] = { title: 'Member' }
      document.purposes['answer']!['kinds'] = ['member']
    },
  ],
  [
    'category_never_collected',
    'categories.user.health',
    (document) => {
      document.categories['user.health'] = { title: 'Health', identifying: true }
    },
  ],
  [
    'retention_missing',
    'collection.0',
    (document) => {
      document.retention[0]!['categories'] = ['user.name']
    },
  ],
  [
    'retention_unreachable',
    'retention.1',
    (document) => {
      document.retention.push({ ...document.retention[0], id: 'too-late', keep: 'P2Y' })
    },
  ],
  [
    'collection_contained',
    'collection.1',
    (document) => {
      document.collection.push(form)
    },
  ],
  [
    'collection_contained',
    'collection.0',
    (document) => {
      document.collection.unshift(form)
    },
  ],
  [
    'consent_as_objection',
    'purposes.answer',
    (document) => {
      Object.assign(document.purposes['answer']!, { basis: 'consent', ...refused })
    },
  ],
  [
    'consent_never_reached',
    'purposes.figures',
    (document) => {
      document.purposes['figures'] = { ...purpose, basis: 'consent', aggregate: true }
    },
  ],
  [
    'aggregate_of_persons',
    'collection.1',
    (document) => {
      document.purposes['figures'] = { ...purpose, aggregate: true }
      document.collection.push({ ...form, purposes: ['figures'] })
    },
  ],
  [
    'identifying_without_subject',
    'collection.1',
    (document) => {
      document.collection.push({ ...form, subject: 'none' })
    },
  ],
  [
    'channel_unused',
    'channels.phone',
    (document) => {
      document.channels['phone'] = { title: 'Phone' }
    },
  ],
  [
    'kind_unused',
    'subjectKinds.member',
    (document) => {
      document.subjectKinds['member'] = { title: 'Member' }
    },
  ],
  [
    'sensitive_unencrypted',
    'collection.1',
    (document) => {
      document.categories['user.health'] = { title: 'Health', identifying: true, sensitive: true }
      document.collection.push({ ...form, channels: ['email'], categories: ['user.health'] })
    },
  ],
  [
    'grounds_missing',
    'sharing.0',
    (document) => {
      document.sharing = [{ ...sharing, recipientClasses: ['any'], contract: false }]
    },
  ],
  [
    'clause_without_rule',
    'clauses.C9',
    (document) => {
      document.clauses['C9'] = 'We are kind.'
    },
  ],
  [
    'choice',
    'retention.0',
    (document) => {
      document.retention[0]!['choice'] = true
    },
  ],
]

describe('the policy check', () => {
  it('finds nothing in the template', () => {
    expect(lintWith(() => {})).toEqual([])
  })

  it.each(defects)('finds %s at %s', (code, path, defect) => {
    const found = lintWith(defect).map((finding) => `${finding.code} ${finding.path}`)
    expect(found).toContain(`${code} ${path}`)
  })

  it('finds of two equal collection rules only the later one', () => {
    const found = lintWith((document) => {
      document.collection.push({ ...document.collection[0], id: 'the-same' })
    })
    expect(found.map(({ path }) => path)).toEqual(['collection.1'])
  })

  it('does not call a sharing rule forbidden that the forbidden rule lets go before it', () => {
    const found = lintWith((document) => {
      document.sharing = [sharing]
      const except = { join: ['identifying'], unless: ['partners'] }
      document.forbidden = [{ id: 'never', obligation: 'C4', acts: ['share'], ...except }]
    })
    expect(found).toEqual([])
  })

  it('does not miss a consent purpose that nothing is collected for: consent opens it', () => {
    const found = lintWith((document) => {
      document.purposes['survey'] = { ...purpose, basis: 'consent' }
    })
    expect(found).toEqual([])
  })

  it('lists errors before warnings before what is only worth knowing', () => {
    const found = lintWith((document) => {
      document.clauses['C9'] = 'We are kind.'
      document.channels['phone'] = { title: 'Phone' }
      document.retention[0]!['categories'] = ['user.name']
    })
    expect(found.map(({ severity }) => severity)).toEqual(['error', 'warning', 'info'])
    expect(found[0]?.obligation).toBe('C2')
  })
})

describe('the policies of the tree', () => {
  it.each(['symphony-commerce-2014-06-30', 'acme-store-2014-06-30', 'templates/minimal'])(
    '%s has neither an error nor a warning',
    (name) => {
      const found = lint(parsed(policyDocument(name)))
      expect(found.filter(({ severity }) => severity !== 'info')).toEqual([])
    },
  )

  it('the example states every promise from S1 to S54, and marks each number as chosen', () => {
    const policy = parsed(policyDocument('symphony-commerce-2014-06-30'))
    const expected = Array.from({ length: 54 }, (_, index) => `S${index + 1}`)
    expect(Object.keys(policy.clauses)).toEqual(expected)
    expect(policy.retention.every(({ choice }) => choice)).toBe(true)
    const chosen = lint(policy).filter(({ code }) => code === 'choice')
    const paths = policy.retention.map((_, index) => `retention.${index}`)
    const others = ['requests', 'backups', 'suppression']
    expect(chosen.map(({ path }) => path)).toEqual([...paths, ...others])
  })
})
