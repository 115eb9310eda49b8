import { describe, expect, it } from 'vitest'
import type { SubjectExport } from '../../src/application/services.ts'
import { subjectExportJson, subjectExportPage } from '../../src/reports/subject-export.ts'

const held = {
  controller: 'shop',
  subject: '0123456789abcdef0123456789abcdef',
  position: 44,
  items: [
    {
      category: 'user.contact.email',
      collectedAt: '2014-07-01T07:00:00.000Z',
      source: 'crm',
      purposes: ['offers'],
      values: { address: '<b>ann@example.org</b>', tags: ['x', 'y'] },
      corrected: true,
    },
    {
      category: 'user.name',
      collectedAt: '2014-07-01T07:00:00.000Z',
      source: 'crm',
      purposes: ['offers'],
      values: null,
      corrected: false,
    },
  ],
  consents: [{ purpose: 'offers', status: 'withdrawn', since: '2014-07-02T07:00:00.000Z' }],
  disclosures: [],
} as unknown as SubjectExport

describe('the export for the person', () => {
  it('is JSON that holds everything, values in clear', () => {
    const written = subjectExportJson(held)
    expect(JSON.parse(written)).toEqual(held)
    expect(written.startsWith('{\n  "controller": "shop",')).toBe(true)
  })

  it('is the same however the answer was put together', () => {
    const reversed = Object.fromEntries(Object.entries(held).toReversed())
    expect(subjectExportJson(reversed as SubjectExport)).toBe(subjectExportJson(held))
  })

  it('is a page that the person can read, with every value escaped', () => {
    const page = subjectExportPage(held)
    expect(page).toContain('address: &lt;b>ann@example.org&lt;/b>')
    expect(page).toContain('tags: x, y')
    expect(page).toContain('corrected since')
    expect(page).toContain('not kept here')
    expect(page).toContain('Nothing was passed to anybody.')
    expect(page).not.toContain('<script')
  })
})
