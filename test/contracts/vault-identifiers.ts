import { describe, expect, it } from 'vitest'
import type { SubjectId } from '../../src/domain/values.ts'
import { IdentifierInvalid } from '../../src/vault/vault.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { type AtTest, symphony, acquirer, email, phone, customer } from './vault-support.ts'

/** The blind index: who is known under what, and that one identifier is one person's. */
export function identifiersContract(at: AtTest): void {
  describe('identifiers', () => {
    it('are unknown at first, then belong to the subject that was made for them', async () => {
      expect(await at.vault.find(symphony, [email('ann@example.org')])).toBeNull()
      const made = await at.vault.identify(symphony, [email('ann@example.org')])
      expect(made).toMatchObject({ made: true, conflicts: [] })
      expect(made.subject).toMatch(/^[0-9a-f]{32}$/)
      expect(await at.vault.find(symphony, [email('ann@example.org')])).toBe(made.subject)
      expect(await at.vault.identify(symphony, [email('ann@example.org')])).toEqual({
        subject: made.subject,
        made: false,
        conflicts: [],
      })
    })

    it('are one under many spellings', async () => {
      const { subject } = await at.vault.identify(symphony, [
        email('Ann@Example.org'),
        phone('(415) 555-0100'),
      ])
      for (const identifier of [
        email(' ann@example.org '),
        email('"Ann" <ANN@EXAMPLE.ORG.>'),
        email('mailto:ann@example.org'),
        phone('+1 415 555 0100'),
        phone('tel:+1-415-555-0100'),
      ]) {
        expect(await at.vault.find(symphony, [identifier])).toBe(subject)
        expect(await at.vault.identify(symphony, [identifier])).toMatchObject({
          subject,
          made: false,
        })
      }
    })

    it('give one subject to a hundred concurrent calls for one new person', async () => {
      const other = await at.harness.open()
      const calls = Array.from({ length: 100 }, (_, index) =>
        (index % 2 ? at.vault : other).identify(symphony, [
          email(index % 3 ? 'ann@example.org' : 'ANN@example.org'),
          customer(`c-${index}`),
        ]),
      )
      const answers = await Promise.all(calls)
      expect(new Set(answers.map(({ subject }) => subject)).size).toBe(1)
      expect(answers.filter(({ made }) => made)).toHaveLength(1)
      for (let index = 0; index < 100; index += 1) {
        expect(await other.find(symphony, [customer(`c-${index}`)])).toBe(answers[0]!.subject)
      }
    })

    it('that nobody owns are linked to the subject that the first known one decides', async () => {
      const { subject } = await at.vault.identify(symphony, [email('ann@example.org')])
      const linked = await at.vault.identify(symphony, [
        customer('c-1'),
        email('ann@example.org'),
        phone('+14155550100'),
      ])
      expect(linked).toEqual({ subject, made: false, conflicts: [] })
      expect(await at.vault.find(symphony, [customer('c-1')])).toBe(subject)
      expect(await at.vault.find(symphony, [phone('415 555 0100')])).toBe(subject)
    })

    it('that another owns stay there and are told by their scheme only', async () => {
      const ann = await at.vault.identify(symphony, [email('ann@example.org')])
      const bob = await at.vault.identify(symphony, [phone('+14155550100'), customer('c-2')])
      const mixed = [
        email('ann@example.org'),
        phone('+14155550100'),
        customer('c-2'),
        customer('c-3'),
      ]
      for (let time = 0; time < 2; time += 1) {
        expect(await at.vault.identify(symphony, mixed)).toEqual({
          subject: ann.subject,
          made: false,
          conflicts: ['phone', 'customer-id'],
        })
        expect(at.vault.findCached(symphony, mixed)).toBeNull()
        expect(await at.vault.find(symphony, mixed)).toBe(ann.subject)
      }
      expect(await at.vault.find(symphony, [phone('+14155550100')])).toBe(bob.subject)
      expect(await at.vault.find(symphony, [customer('c-3')])).toBe(ann.subject)
      expect(await at.vault.find(symphony, [email('nobody@example.org'), customer('c-2')])).toBe(
        bob.subject,
      )
    })

    it('count once when a list names one twice, and by scheme when the text is the same', async () => {
      const ann = await at.vault.identify(symphony, [email('ann@x.org'), email('ANN@x.org')])
      expect(ann).toMatchObject({ made: true, conflicts: [] })
      const one = await at.vault.identify(symphony, [customer('4711')])
      const two = await at.vault.identify(symphony, [{ scheme: 'cookie-id', value: '4711' }])
      expect(one.subject).not.toBe(two.subject)
    })

    it('are apart for each controller', async () => {
      const here = await at.vault.identify(symphony, [email('ann@example.org')])
      expect(await at.vault.find(acquirer, [email('ann@example.org')])).toBeNull()
      const there = await at.vault.identify(acquirer, [email('ann@example.org')])
      expect(there).toMatchObject({ made: true })
      expect(there.subject).not.toBe(here.subject)
      expect(at.vault.findCached(symphony, [email('ann@example.org')])).toBe(here.subject)
      expect(at.vault.findCached(acquirer, [email('ann@example.org')])).toBe(there.subject)
    })

    it('are identified for many people in order, in one call', async () => {
      const known = await at.vault.identify(symphony, [email('p7@example.org')])
      const people = Array.from({ length: 500 }, (_, index) => [
        email(`p${index % 400}@example.org`),
        customer(`c-${index % 400}`),
      ])
      const answers = await at.vault.identifyAll(symphony, people)
      expect(answers).toHaveLength(500)
      expect(answers[7]).toMatchObject({ subject: known.subject, made: false })
      expect(answers.filter(({ made }) => made)).toHaveLength(399)
      for (const [index, { subject }] of answers.entries()) {
        expect(subject).toBe(answers[index % 400]!.subject)
      }
      const other = await at.harness.open()
      for (const index of [0, 7, 123, 399]) {
        expect(await other.find(symphony, people[index]!)).toBe(answers[index]!.subject)
      }
      expect(await at.vault.identifyAll(symphony, [])).toEqual([])
    })

    it('that break a rule are refused without being repeated, and nothing is made', async () => {
      const bad = [email('good@example.org'), email('very secret@@')]
      const refused = await at.vault.identify(symphony, bad).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(IdentifierInvalid)
      expect(refused).toMatchObject({
        scheme: 'email',
        rule: expect.stringMatching(/^email must/),
      })
      expect(String(refused)).not.toContain('secret')
      await expect(at.vault.find(symphony, bad)).rejects.toThrow(IdentifierInvalid)
      await expect(at.vault.identify(symphony, [])).rejects.toThrow(RangeError)
      expect(await at.vault.find(symphony, [])).toBeNull()
      expect(at.vault.findCached(symphony, bad)).toBeNull()
      expect(at.vault.findCached(symphony, [])).toBeNull()
      expect(await at.vault.find(symphony, [email('good@example.org')])).toBeNull()
      expect(at.vault.checkIdentifiers(bad)).toMatchObject({ index: 1, scheme: 'email' })
      expect(
        at.vault.checkIdentifiers([email('good@example.org'), phone('415 555 0100')]),
      ).toBeNull()
    })

    it('agree with a model over random calls from two handles', async () => {
      const random = randomFrom(seed())
      const other = await at.harness.open({ cacheBounds: { dataKeys: 8, spellings: 8 } })
      const model = new Map<string, SubjectId>()
      for (let step = 0; step < 300; step += 1) {
        const who = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
          customer(`m-${Math.floor(random() * 120)}`),
        )
        const handle = random() < 0.5 ? at.vault : other
        const owner = who.map(({ value }) => model.get(value)).find((found) => found) ?? null
        if (random() < 0.3) {
          expect(await handle.find(symphony, who)).toBe(owner)
          continue
        }
        const answer = await handle.identify(symphony, who)
        expect(answer.made).toBe(owner === null)
        if (owner) expect(answer.subject).toBe(owner)
        const conflicts = who.filter(({ value }) => {
          const found = model.get(value)
          if (!found) model.set(value, answer.subject)
          return found !== undefined && found !== answer.subject
        })
        expect(answer.conflicts).toEqual(conflicts.map(({ scheme }) => scheme))
      }
    })
  })
}
