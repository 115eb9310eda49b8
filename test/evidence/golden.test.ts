import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { derivation } from '../../src/evidence/derive.ts'
import { verifyEvidence } from '../../src/evidence/verify.ts'
import { parseVerifierKey } from '../../src/proof/note.ts'
import { verifyBundle } from '../../src/proof/verify-bundle.ts'

const directory = 'test/golden/evidence'
const names = readdirSync(directory)
  .filter((name) => name.endsWith('.vkey'))
  .map((name) => name.replace('.vkey', ''))

/**
 * Bundles as they were handed out once. Whoever changes what a report or a page says for the same events
 * makes the newest fail: raise `derivation`, and add a bundle of the new one.
 */
describe.each(names)('the bundle that was handed out as %s', (name) => {
  const text = readFileSync(`${directory}/${name}.custody-evidence.json`)
  const key = parseVerifierKey(readFileSync(`${directory}/${name}.vkey`, 'utf8').trim())!
  const log = { origin: key.name, keys: [key] }

  it('is proved for ever', () => {
    expect(verifyBundle(text, log)).toMatchObject({ ok: true })
  })

  it('gives the same report and page, or says that it was derived in another way', async () => {
    const checked = await verifyEvidence(text, log)
    const newest = name === `derivation-${derivation}`
    if (newest) expect(checked).toMatchObject({ ok: true })
    else expect(checked).toMatchObject({ ok: false, problem: { code: 'other-derivation' } })
  })
})

it('there is one of the present derivation', () => {
  expect(names).toContain(`derivation-${derivation}`)
})
