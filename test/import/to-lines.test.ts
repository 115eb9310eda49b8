import { describe, expect, it } from 'vitest'
import { linesOf, mappingOf } from './support.ts'

const mapping = mappingOf(`
mapping: leads
source: crm
file: leads.csv
format: csv
timeZone: America/Los_Angeles
times: ['MM/dd/yyyy hh:mm a', epoch-seconds, iso]
defaultCountry: US
columns: [Event, At, Name, Email, Phone, Born, Self, Topics, Amount, Spare]
rules:
  - when: { Event: { in: [Created, Made] } }
    records:
      - type: collect
        occurredAt: { column: At }
        subject:
          - { scheme: email, column: Email, transform: email }
          - { scheme: phone, column: Phone, transform: phone, optional: true }
        property: www.example.org
        channel: web-form
        kind: prospect
        purposes: [contacting]
        selfIdentified: { column: Self, transform: boolean, default: false }
        values:
          user.name: { full: { column: Name, transform: trim } }
          user.contact.email: { address: { column: Email } }
          user.birth: { day: { column: Born, transform: date } }
          user.topics:
            list: { column: Topics, split: '|', lookup: { tea: Tea, mugs: Mugs } }
          user.order: { amount: { column: Amount, transform: number } }
  - when: { Event: Created, Phone: { present: true } }
    records:
      - type: use
        occurredAt: { column: At }
        subject: [{ scheme: email, column: Email, transform: [email, lower] }]
        property: www.example.org
        purpose: contacting
        categories: [user.contact.email]
  - when: { Event: { startsWith: Note } }
    records: []
`)

const row = {
  Event: 'Created',
  At: '03/09/2015 02:30 PM',
  Name: ' Ann Lee ',
  Email: '"Lee, Ann" <Ann@Example.org>',
  Phone: '(415) 555-0100',
  Born: '1980-02-29',
  Self: 'Yes',
  Topics: 'tea| mugs ',
  Amount: '12.50',
  Spare: '',
}

function defectOf(change: Partial<typeof row>) {
  const made = linesOf(mapping, { ...row, ...change })
  return made.ok ? null : made.defect
}

describe('making lines of a row', () => {
  it('makes every line of every rule that matches', () => {
    expect(linesOf(mapping, row)).toEqual({
      ok: true,
      lines: [
        {
          type: 'collect',
          mode: 'observe',
          source: 'crm',
          occurredAt: '2015-03-09T21:30:00.000Z',
          subject: {
            identifiers: [
              { scheme: 'email', value: 'ann@example.org' },
              { scheme: 'phone', value: '+14155550100' },
            ],
          },
          property: 'www.example.org',
          channel: 'web-form',
          kind: 'prospect',
          purposes: ['contacting'],
          selfIdentified: true,
          categories: [],
          values: {
            'user.name': { full: 'Ann Lee' },
            'user.contact.email': { address: '"Lee, Ann" <Ann@Example.org>' },
            'user.birth': { day: '1980-02-29' },
            'user.topics': { list: ['Tea', 'Mugs'] },
            'user.order': { amount: 12.5 },
          },
        },
        expect.objectContaining({
          type: 'use',
          subject: { identifiers: [{ scheme: 'email', value: 'ann@example.org' }] },
          optOutOffered: false,
        }),
      ],
    })
  })

  it('leaves out an empty category, and an optional identifier that is none', () => {
    const made = linesOf(mapping, { ...row, Event: 'Made', Phone: 'n/a', Born: ' ', Topics: '' })
    expect(made).toMatchObject({
      ok: true,
      lines: [
        {
          subject: { identifiers: [{ scheme: 'email' }] },
          values: { 'user.name': {}, 'user.contact.email': {}, 'user.order': {} },
        },
      ],
    })
    expect(JSON.stringify(made)).not.toMatch(/user\.birth|user\.topics/)
  })

  it('makes no line of a row that is of no concern', () => {
    expect(linesOf(mapping, { ...row, Event: 'Note added' })).toEqual({ ok: true, lines: [] })
  })

  it.each([
    [{ At: '02/30/2015 02:30 PM' }, 'At', 'impossible_time'],
    [{ At: '13/09/2015 02:30 PM' }, 'At', 'impossible_time'],
    [{ At: '03/09/2015 25:30 PM' }, 'At', 'impossible_time'],
    [{ At: 'soon' }, 'At', 'impossible_time'],
    [{ At: '' }, 'At', 'value_missing'],
    [{ Email: 'ann.example.org' }, 'Email', 'invalid_email'],
    [{ Email: 'ann@@example.org' }, 'Email', 'invalid_email'],
    [{ Email: '', Phone: '' }, 'Email, Phone', 'no_identifier'],
    [{ Born: '1981-02-29' }, 'Born', 'impossible_time'],
    [{ Self: 'perhaps' }, 'Self', 'invalid_boolean'],
    [{ Topics: 'tea|gold' }, 'Topics', 'unknown_value'],
    [{ Topics: '__proto__' }, 'Topics', 'unknown_value'],
    [{ Amount: '12,50' }, 'Amount', 'invalid_number'],
    [{ Event: 'Exploded' }, null, 'no_rule'],
    [{ Name: 'x'.repeat(20_001) }, 'values.user.name.full', 'invalid_line'],
  ])('sets a row with %j aside: %s is %s', (change, field, reason) => {
    expect(defectOf(change)).toMatchObject({ field, reason })
  })

  it('never repeats a value of the row in what it says of a defect', () => {
    for (const change of [
      { Email: 'secret-ann@@example.org' },
      { Topics: 'secret-topic' },
      { At: 'secret-time' },
      { Name: 'secret'.repeat(4_000) },
    ]) {
      expect(JSON.stringify(defectOf(change))).not.toContain('secret')
    }
  })

  it.each([
    ['07/01/2014 12:05 AM', '2014-07-01T07:05:00.000Z'],
    ['12/31/2014 12:00 PM', '2014-12-31T20:00:00.000Z'],
    ['1404198300', '2014-07-01T07:05:00.000Z'],
    ['2014-07-01T09:05:00+02:00', '2014-07-01T07:05:00.000Z'],
    ['2014-07-01T00:05', '2014-07-01T07:05:00.000Z'],
    // Summer time begins: there is no half past two, so it is read as an hour later.
    ['03/08/2015 02:30 AM', '2015-03-08T10:30:00.000Z'],
    // Summer time ends: half past one comes twice, and the first is taken.
    ['11/01/2015 01:30 AM', '2015-11-01T08:30:00.000Z'],
    ['2015-11-01T01:30:00-08:00', '2015-11-01T09:30:00.000Z'],
  ])('reads %s as %s', (At, occurredAt) => {
    expect(linesOf(mapping, { ...row, At })).toMatchObject({
      ok: true,
      lines: [{ occurredAt }, { occurredAt }],
    })
  })
})

describe('paths into JSON', () => {
  const chats = mappingOf(`
mapping: chats
source: help-desk
file: chats.ndjson
format: ndjson
timeZone: UTC
times: [iso]
columns: [id, at, visitor.email, 'messages[].text', visitor.age, 'messages[].read']
rules:
  - records:
      - type: collect
        occurredAt: { column: at }
        subject: [{ scheme: email, column: visitor.email, transform: email }]
        property: www.example.org
        channel: chat
        kind: visitor
        purposes: [reply]
        values:
          user.chat: { texts: { column: 'messages[].text' } }
          user.first: { text: { column: 'messages[].text', transform: first } }
          user.age: { years: { column: visitor.age } }
`)

  it('gathers lists and follows dots', () => {
    const cells = {
      at: '2015-01-01T00:00:00Z',
      visitor: { email: 'ann@example.org', age: 40 },
      messages: [{ text: 'Hi' }, { read: true }, { text: 'Bye' }],
    }
    expect(linesOf(chats, cells)).toMatchObject({
      ok: true,
      lines: [
        {
          values: {
            'user.chat': { texts: ['Hi', 'Bye'] },
            'user.first': { text: 'Hi' },
            'user.age': { years: 40 },
          },
        },
      ],
    })
  })

  it.each([
    [{ visitor: 'ann@example.org', messages: [] }],
    [{ visitor: null, messages: 'x' }],
    [{ visitor: { email: { address: 'ann@example.org' } }, messages: {} }],
    [{ messages: [null, 1, 'x', []] }],
  ])('finds nobody in %j', (cells) => {
    expect(linesOf(chats, { at: '2015-01-01T00:00:00Z', ...cells })).toMatchObject({
      ok: false,
      defect: { reason: 'no_identifier' },
    })
  })
})
