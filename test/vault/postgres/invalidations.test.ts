import { describe, expect, it } from 'vitest'
import { createInvalidations } from '../../../src/vault/postgres/invalidations.ts'
import { someone } from '../../contracts/vault-support.ts'

describe('what became untrue', () => {
  it('is told apart by subject, and by whether it was before or after the mark', () => {
    const invalidations = createInvalidations()
    const [ann, bob] = [someone(), someone()]
    const before = invalidations.mark()
    invalidations.add(ann)
    expect(invalidations.stands(before, ann)).toBe(false)
    expect(invalidations.stands(before, bob)).toBe(true)
    const after = invalidations.mark()
    expect(invalidations.stands(after, ann)).toBe(true)
    invalidations.addAll()
    expect(invalidations.stands(after, bob)).toBe(false)
    expect(invalidations.stands(invalidations.mark(), ann)).toBe(true)
  })

  it('is never forgotten for want of room: then all counts as untrue', () => {
    const invalidations = createInvalidations()
    const [first, other] = [someone(), someone()]
    const mark = invalidations.mark()
    invalidations.add(first)
    for (let count = 0; count < 10_000; count += 1) invalidations.add(someone())
    expect(invalidations.stands(mark, first)).toBe(false)
    expect(invalidations.stands(mark, other)).toBe(false)
    const later = invalidations.mark()
    expect(invalidations.stands(later, first)).toBe(true)
  })
})
