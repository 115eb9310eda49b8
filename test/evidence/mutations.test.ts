import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { derive } from '../../src/evidence/derive.ts'
import { verifyEvidence } from '../../src/evidence/verify.ts'
import type { Evidence } from '../../src/evidence/make.ts'
import type { Bundle } from '../../src/proof/bundle.ts'
import { cosign } from '../../src/proof/cosignature.ts'
import { leafEntry } from '../../src/proof/leaf.ts'
import { hashLeaf, rootOf } from '../../src/proof/merkle.ts'
import { formatSignature, parseNote, verifierKey } from '../../src/proof/note.ts'
import { subtreesBeside } from '../../src/proof/multi-inclusion.ts'
import { mail } from '../support/whole-ledger.ts'
import { openStack } from '../support/stack.ts'
import { randomFrom, seed as seedOf } from '../support/seed.ts'
import {
  askTransfer,
  boxOf,
  changed,
  createRemembering,
  expectRefused,
  tellStory,
  type Mutable,
  type Scene,
} from './scene.ts'

type Event = Mutable<Bundle>['events'][number]

const seed = seedOf()
const how = createRemembering()

let scene: Scene
/** Everything, about Ann alone with a disclosure, and the same of an older checkpoint. */
let whole: Evidence
let ofAnn: Evidence
let older: Evidence

beforeAll(async () => {
  scene = await tellStory(await openStack())
  older = await scene.cut(await scene.askAnn())
  await scene.ann.asks(mail('account-contact'))
  await scene.ben.asks(mail('contact-prospect'))
  ofAnn = await scene.cut(await scene.askAnn(), [boxOf(scene, 'user.name')])
  whole = await scene.cut(askTransfer)
  expect(whole.size).toBe(ofAnn.size)
}, 120_000)
afterAll(() => scene.stack.dispose())

const read = (text: string) => JSON.parse(text) as Mutable<Bundle>
const refusing = (text: string | Uint8Array) => expectRefused(text, scene.log, how)
const annsStream = async () => `subject-symphony-commerce/${await scene.ann.subject()}`

/** What somebody who has the whole log would put there: hashes that lead these leaves to the root. */
function recut(bundle: Mutable<Bundle>): void {
  const leaves = read(whole.text).events.map(({ leaf }) => Buffer.from(leaf, 'base64'))
  const indexes = bundle.events.map(({ index }) => index)
  bundle.hashes = subtreesBeside(indexes, leaves.length).map(({ start, end }) =>
    rootOf(leaves.slice(start, end)).toString('base64'),
  )
}

/** The leaf of what the event has become, if it can be one. */
function resealLeaf(event: Event): void {
  if (event.revision < 0) return
  const body = Buffer.from(event.body)
  event.leaf = hashLeaf(leafEntry({ ...event, body })).toString('base64')
}

describe('a bundle that was altered by somebody who has the whole log', () => {
  it('is refused when the newest event of a stream is withheld, though all else was cut anew', async () => {
    const stream = await annsStream()
    const text = changed(ofAnn.text, (bundle) => {
      const at = bundle.events.findLastIndex((event) => event.stream === stream)
      bundle.events.splice(at, 1)
      recut(bundle)
    })
    const at = read(ofAnn.text).streams.findIndex((one) => one.stream === stream)
    expect(await refusing(text)).toMatchObject({
      code: 'missing-event',
      where: `$.streams[${at}]`,
    })
  })

  it('is refused when an event in the middle is left out, and says which revision is missing', async () => {
    const stream = await annsStream()
    const text = changed(ofAnn.text, (bundle) => {
      const at = bundle.events.findIndex((event) => event.stream === stream && event.revision === 2)
      bundle.events.splice(at, 1)
      recut(bundle)
    })
    const problem = await refusing(text)
    expect(problem).toMatchObject({ code: 'missing-event' })
    expect(problem.message).toContain(`revision 2 of ${stream} is not here`)
  })

  it('is refused when what it says of a stream is dropped with it', async () => {
    const text = changed(ofAnn.text, (bundle) => {
      bundle.streams = bundle.streams.filter(({ stream }) => !stream.startsWith('subject-'))
      bundle.events = bundle.events.filter(({ stream }) => !stream.startsWith('subject-'))
      bundle.disclosures = []
      recut(bundle)
    })
    expect(await refusing(text)).toMatchObject({ code: 'not-covered', where: '$.streams' })
  })

  it('is refused when the policy that the acts were judged by is left out', async () => {
    const text = changed(ofAnn.text, (bundle) => {
      bundle.streams = bundle.streams.filter(({ stream }) => !stream.startsWith('policy-'))
      bundle.events = bundle.events.filter(({ stream }) => !stream.startsWith('policy-'))
      recut(bundle)
    })
    expect(await refusing(text)).toMatchObject({ code: 'missing-policy' })
  })

  it('is refused when a policy is swapped for another text of it', async () => {
    const text = changed(ofAnn.text, (bundle) => {
      const policy = bundle.events.find(({ type }) => type === 'PolicyPublished')!
      policy.body = policy.body.replace('P30D', 'P90D')
      resealLeaf(policy)
    })
    expect(await refusing(text)).toMatchObject({ code: 'wrong-root', where: '$.hashes' })
    const naive = changed(ofAnn.text, (bundle) => {
      const policy = bundle.events.find(({ type }) => type === 'PolicyPublished')!
      policy.body = policy.body.replace('P30D', 'P90D')
    })
    const at = read(ofAnn.text).events.findIndex(({ type }) => type === 'PolicyPublished')
    expect(await refusing(naive)).toMatchObject({ code: 'altered-event', where: `$.events[${at}]` })
  })

  it('is refused when events of somebody else are put in', async () => {
    const ben = `subject-symphony-commerce/${await scene.ben.subject()}`
    const stray = changed(ofAnn.text, (bundle) => {
      const others = read(whole.text).events.filter(({ stream }) => stream === ben)
      bundle.events = [...bundle.events, ...others].toSorted((one, two) => one.index - two.index)
      recut(bundle)
    })
    expect(await refusing(stray)).toMatchObject({ code: 'stray-event' })
    const foreign = changed(ofAnn.text, (bundle) => {
      bundle.events[0]!.stream = 'policy-acme-store/privacy'
      resealLeaf(bundle.events[0]!)
    })
    expect(await refusing(foreign)).toMatchObject({
      code: 'other-controller',
      where: '$.events[0].stream',
    })
  })

  it('is refused when it is of an older checkpoint than its events or its streams', async () => {
    const [old, now] = [read(older.text), read(ofAnn.text)]
    const note = changed(ofAnn.text, (bundle) => (bundle.checkpoint = old.checkpoint))
    expect(await refusing(note)).toMatchObject({ code: 'missing-event', where: '$.streams[0]' })
    const streams = changed(ofAnn.text, (bundle) => (bundle.streams = old.streams))
    expect((await refusing(streams)).where).toMatch(/^\$\.streams\[/)
    const rolledBack = changed(older.text, (bundle) => (bundle.checkpoint = now.checkpoint))
    expect((await refusing(rolledBack)).where).toMatch(/^\$\.streams\[/)
  })

  it('is refused when the range is narrowed, or a leaf of it is left out', async () => {
    const narrowed = changed(whole.text, (bundle) => {
      bundle.range!.end -= 1
      bundle.events.pop()
      recut(bundle)
    })
    expect(await refusing(narrowed)).toMatchObject({ code: 'not-covered', where: '$.range' })
    const gap = changed(whole.text, (bundle) => {
      bundle.events.splice(5, 1)
      recut(bundle)
    })
    expect(await refusing(gap)).toMatchObject({ code: 'missing-event' })
  })

  it('is refused when another answer is put beside the same events', async () => {
    const cases: readonly [string, (bundle: Mutable<Bundle>) => void][] = [
      [
        'altered-report',
        (bundle) => (bundle.report = bundle.report.replace(/"items": [0-9]+/, '"items": 99')),
      ],
      ['altered-page', (bundle) => (bundle.page = bundle.page.replace('Evidence', 'evidence'))],
      ['altered-report', (bundle) => (bundle.question.parameters['asOf'] = '2026-01-02')],
      ['not-covered', (bundle) => (bundle.question.parameters['transfer'] = 'another')],
      ['unknown-question', (bundle) => (bundle.question.kind = 'weather')],
      ['unknown-question', (bundle) => (bundle.question.parameters['zone'] = 'UTC')],
      ['other-derivation', (bundle) => (bundle.derivation += 1)],
    ]
    for (const [code, change] of cases) {
      const text = changed(whole.text, change)
      expect(text).not.toBe(whole.text)
      expect((await refusing(text)).code).toBe(code)
    }
  })

  it('is refused by the key of another log, and when the log is of another name', async () => {
    const [key] = scene.log.keys
    const other = { ...key!, publicKey: Buffer.alloc(32, 7) }
    const unknown = await expectRefused(ofAnn.text, { ...scene.log, keys: [other] })
    expect(unknown).toMatchObject({ code: 'bad-signature', where: '$.checkpoint' })
    const nobody = await expectRefused(ofAnn.text, { ...scene.log, keys: [] })
    expect(nobody).toMatchObject({ code: 'unknown-signer', where: '$.checkpoint' })
    const elsewhere = await expectRefused(ofAnn.text, { ...scene.log, origin: 'elsewhere/shop' })
    expect(elsewhere).toMatchObject({ code: 'wrong-origin', where: '$.checkpoint' })
  })

  it('is accepted with the cosignature of a pinned witness, and refused without', async () => {
    const signer = {
      name: 'witness.example.org',
      privateKey: generateKeyPairSync('ed25519').privateKey,
    }
    const log = { ...scene.log, witnesses: [verifierKey(signer, 'cosignature/v1')] }
    const missing = await expectRefused(whole.text, log)
    expect(missing).toMatchObject({ code: 'unknown-signer', where: '$.checkpoint' })

    const bundle = read(whole.text)
    const { text } = parseNote(bundle.checkpoint)!
    bundle.checkpoint += formatSignature(cosign(text, signer, 1_700_000_000))
    const derived = await derive(bundle, whole.size)
    if (!derived.ok) throw new Error(derived.problem.message)
    const cosigned = `${JSON.stringify({ ...bundle, page: derived.value.page })}\n`
    expect(await verifyEvidence(cosigned, log)).toMatchObject({
      ok: true,
      value: { cosignatures: [{ seconds: 1_700_000_000 }] },
    })
    expect(await verifyEvidence(cosigned, scene.log)).toMatchObject({ ok: true })
    const line = /[^\n]+\n$/.exec(bundle.checkpoint)![0]
    const forged = changed(cosigned, (copy) => {
      copy.checkpoint = copy.checkpoint.replace(line, line.replace(/.{6}=?=?\n$/, 'AAAAAA==\n'))
    })
    expect((await expectRefused(forged, log)).where).toBe('$.checkpoint')
  })

  it('is refused when what is disclosed is not what was sealed', async () => {
    const cases: readonly ((bundle: Mutable<Bundle>) => void)[] = [
      (bundle) => (bundle.disclosures[0]!.text = '{"full":"Somebody Else"}'),
      (bundle) => (bundle.disclosures[0]!.category = 'user.contact.email'),
      (bundle) => (bundle.disclosures[0]!.opening = Buffer.alloc(32).toString('base64')),
      (bundle) => (bundle.disclosures[0]!.event = bundle.events.at(-1)!.id),
    ]
    for (const change of cases) {
      const { code, where } = await refusing(changed(ofAnn.text, change))
      expect([code, where]).toEqual(['not-disclosed', '$.disclosures[0]'])
    }
    const dropped = changed(ofAnn.text, (bundle) => (bundle.disclosures = []))
    expect(await refusing(dropped)).toMatchObject({ code: 'altered-page' })
  })
})

describe(`any of 2,400 seeded alterations (seed ${seed})`, () => {
  it.each(['ofAnn', 'whole'] as const)(
    'is refused, and the place is named (%s)',
    async (name) => {
      const random = randomFrom(seed)
      const { text } = name === 'ofAnn' ? ofAnn : whole
      expect(await verifyEvidence(text, scene.log, how)).toMatchObject({ ok: true })
      for (let round = 0; round < 1_200; round += 1) {
        const [kind, alter] = alterations[round % alterations.length]!
        const altered = alter(text, random)
        if (altered === text) continue
        const checked = await verifyEvidence(altered, scene.log, how)
        expect(checked.ok, `round ${round}: ${kind}`).toBe(false)
        if (!checked.ok) expect(checked.problem.where).toMatch(/^(?:\$|character [0-9]+)/)
      }
    },
    300_000,
  )
})

type Alter = (text: string, random: () => number) => string

/** One of a list, and its place. */
function placeIn(list: readonly unknown[], random: () => number): number {
  return Math.floor(random() * list.length)
}

function inBundle(change: (bundle: Mutable<Bundle>, random: () => number) => void): Alter {
  return (text, random) => changed(text, (bundle) => change(bundle, random))
}

/** Alters some event, and makes its leaf anew half of the times. */
function inEvent(change: (event: Event, other: Event, random: () => number) => void): Alter {
  return inBundle(({ events }, random) => {
    const event = events[placeIn(events, random)]!
    change(event, events[placeIn(events, random)]!, random)
    if (random() < 0.5) resealLeaf(event)
  })
}

const flipped = (base64: string, random: () => number) => {
  const bytes = Buffer.from(base64, 'base64')
  const at = placeIn([...bytes], random)
  bytes[at] = bytes[at]! ^ (1 + Math.floor(random() * 255))
  return bytes.toString('base64')
}

const alterations: readonly (readonly [string, Alter])[] = [
  ['an event dropped', inBundle(({ events }, random) => events.splice(placeIn(events, random), 1))],
  [
    'an event dropped, and cut anew',
    inBundle((bundle, random) => {
      bundle.events.splice(placeIn(bundle.events, random), 1)
      recut(bundle)
    }),
  ],
  [
    'an event twice',
    inBundle(({ events }, random) => {
      const at = placeIn(events, random)
      events.splice(at, 0, { ...events[at]! })
    }),
  ],
  [
    'two events swapped',
    inBundle(({ events }, random) => {
      const [one, two] = [placeIn(events, random), placeIn(events, random)]
      const [first, second] = [events[one]!, events[two]!]
      events[one] = { ...second, index: first.index }
      events[two] = { ...first, index: second.index }
    }),
  ],
  ['a body moved', inEvent((event, other) => (event.body = other.body))],
  ['a type moved', inEvent((event, other) => (event.type = other.type))],
  ['an id moved', inEvent((event, other) => (event.id = other.id))],
  ['a stream moved', inEvent((event, other) => (event.stream = other.stream))],
  [
    'renumbered in its stream',
    inEvent((event, _, random) => (event.revision += random() < 0.5 ? 1 : -1)),
  ],
  [
    'renumbered in the log',
    inEvent((event, _, random) => (event.index += random() < 0.5 ? 1 : -1)),
  ],
  ['a leaf flipped', inEvent((event, _, random) => (event.leaf = flipped(event.leaf, random)))],
  [
    'a ciphertext moved from one event to another',
    inBundle(({ events }) => {
      const sealed = events.filter(({ body }) => body.includes('"sealed"'))
      const [event] = sealed
      const boxes = [...event!.body.matchAll(/"box":"([^"]+)"/g)].map(([, box]) => box!)
      event!.body = event!.body.replace(boxes[0]!, boxes.at(-1)!)
      resealLeaf(event!)
    }),
  ],
  [
    'a number in a body',
    inEvent((event, _, random) => {
      const digits = [...event.body.matchAll(/[0-9]/g)]
      const { index } = digits[placeIn(digits, random)]!
      const digit = String((Number(event.body[index]) + 1 + Math.floor(random() * 8)) % 10)
      event.body = event.body.slice(0, index) + digit + event.body.slice(index + 1)
    }),
  ],
  [
    'a hash flipped',
    inBundle(({ hashes }, random) => {
      const at = placeIn(hashes, random)
      if (hashes.length > 0) hashes[at] = flipped(hashes[at]!, random)
      else hashes.push(flipped(Buffer.alloc(32).toString('base64'), random))
    }),
  ],
  [
    'a hash dropped or doubled',
    inBundle(({ hashes, events }, random) => {
      if (hashes.length > 0 && random() < 0.5) hashes.splice(placeIn(hashes, random), 1)
      else hashes.splice(placeIn(hashes, random), 0, events[0]!.leaf)
    }),
  ],
  [
    'a stream’s proof altered',
    inBundle(({ streams, events }, random) => {
      const whole = streams[placeIn(streams, random)]
      if (!whole) streams.push({ stream: events[0]!.stream, hashes: [] })
      else if (random() < 0.3) whole.hashes.pop()
      else if (random() < 0.5) whole.hashes.push(events[0]!.leaf)
      else whole.hashes[0] = flipped(whole.hashes[0]!, random)
    }),
  ],
  [
    'streams swapped or dropped',
    inBundle((bundle, random) => {
      if (random() < 0.5) bundle.streams.reverse()
      else bundle.streams.splice(placeIn(bundle.streams, random), 1)
      if (bundle.streams.length === 0) bundle.range = null
    }),
  ],
  [
    'the range moved',
    inBundle((bundle, random) => {
      bundle.range ??= { first: 0, end: 1 }
      if (random() < 0.5) bundle.range.first += 1
      else bundle.range.end += random() < 0.5 ? 1 : -1
    }),
  ],
  ['the older checkpoint', inBundle((bundle) => (bundle.checkpoint = read(older.text).checkpoint))],
  [
    'another size in the checkpoint',
    inBundle(
      (bundle) => (bundle.checkpoint = bundle.checkpoint.replace(/\n([0-9]+)\n/, '\n1$1\n')),
    ),
  ],
  [
    'a line in the checkpoint',
    inBundle((bundle) => (bundle.checkpoint += '— nobody AAAAAAAAAAA=\n')),
  ],
  [
    'a letter in the report or the page',
    inBundle((bundle, random) => {
      const name = random() < 0.5 ? 'report' : 'page'
      const at = placeIn([...bundle[name]], random)
      bundle[name] = `${bundle[name].slice(0, at)}${bundle[name].slice(at + 1)}`
    }),
  ],
  ['the end cut off', (text, random) => text.slice(0, placeIn([...text], random))],
  [
    'white space put in',
    (text, random) => {
      const at = placeIn([...text], random)
      const space = [' ', '\n', '\t', '\r'][Math.floor(random() * 4)]!
      return text.slice(0, at) + space + text.slice(at)
    },
  ],
  ['a field more', inBundle((bundle) => Object.assign(bundle, { note: 'all is well' }))],
  ['a field more in an event', inEvent((event) => Object.assign(event, { seen: true }))],
  ['a key twice', (text) => text.replace('{"format"', '{"format":"custody-evidence/v1","format"')],
  ['an escape', (text) => text.replace('"controller"', '"\\u0063ontroller"')],
]
