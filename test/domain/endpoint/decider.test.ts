import { describe, expect, it } from 'vitest'
import type { EndpointCommand } from '../../../src/domain/endpoint/decider.ts'
import {
  endpointEventData,
  EndpointUrl,
  type EndpointEvent,
} from '../../../src/domain/endpoint/events.ts'
import { recipientDecider } from '../../../src/domain/recipient/decider.ts'
import { sourceDecider } from '../../../src/domain/source/decider.ts'
import { given, recorded, refusalsOf } from '../../support/given.ts'

const url = EndpointUrl.parse('https://hooks.example.org/custody')
const other = EndpointUrl.parse('https://hooks.example.org/moved')

function event<T extends EndpointEvent['type']>(type: T, data: object): EndpointEvent {
  return { type, version: 1, data: endpointEventData[type].parse(data) } as EndpointEvent
}
const register = (where = url): EndpointCommand => ({
  type: 'RegisterEndpoint',
  url: where,
  topics: ['person.erased', 'data.deleted', 'person.erased'],
})
const rotate: EndpointCommand = { type: 'RotateEndpointSecret' }
const remove: EndpointCommand = { type: 'RemoveEndpoint', reason: 'moved' }
const topics = ['data.deleted', 'person.erased']
const registered = event('EndpointRegistered', { url, topics, generation: 1 })
const rotated = event('EndpointSecretRotated', { generation: 2 })
const removed = event('EndpointRemoved', { reason: 'moved' })

describe('the endpoint of a source system', () => {
  it('is registered with its topics, each once, under its first secret', () => {
    expect(given(sourceDecider).when(register(), undefined)).toEqual(recorded(registered))
    expect(given(sourceDecider, registered).when(register(), undefined)).toEqual(recorded())
  })

  it('gets a new secret with each registration and rotation, and never one again', () => {
    const second = given(sourceDecider, registered, rotated)
    expect(given(sourceDecider, registered).when(rotate, undefined)).toEqual(recorded(rotated))
    expect(second.when(register(other), undefined)).toEqual(
      recorded(event('EndpointRegistered', { url: other, topics, generation: 3 })),
    )
    expect(second.and(removed).when(register(), undefined)).toEqual(
      recorded(event('EndpointRegistered', { url, topics, generation: 3 })),
    )
  })

  it('is removed once', () => {
    const there = given(sourceDecider, registered)
    expect(there.when(remove, undefined)).toEqual(recorded(removed))
    expect(there.and(removed).when(remove, undefined)).toEqual(recorded())
    expect(given(sourceDecider).when(remove, undefined)).toEqual(recorded())
  })

  it('that is not there gets no other secret, and the attempt is recorded', () => {
    const refused = given(sourceDecider, registered, removed).when(rotate, undefined)
    expect(refusalsOf(refused)).toEqual(['not_found'])
    expect(refused.events).toMatchObject([
      { type: 'SourceStepRefused', data: { command: 'RotateEndpointSecret' } },
    ])
  })
})

describe('the endpoint of a recipient', () => {
  const particulars = { name: 'Mailer Inc.', recipientClass: 'email-processor', country: 'US' }
  const mailer = given(recipientDecider, {
    type: 'RecipientRegistered',
    version: 1,
    data: particulars,
  })
  const suspended = { type: 'RecipientSuspended', version: 1, data: { reason: 'breach' } } as const
  const reinstated = { ...suspended, type: 'RecipientReinstated' } as const

  it('needs a recipient', () => {
    const refused = given(recipientDecider).when(register(), undefined)
    expect(refusalsOf(refused)).toEqual(['not_found S48'])
  })

  it('stays through a suspension: who is told nothing keeps the data', () => {
    expect(mailer.when(register(), undefined)).toEqual(recorded(registered))
    const there = mailer.and(registered, suspended)
    expect(there.when(rotate, undefined)).toEqual(recorded(rotated))
    expect(there.and(reinstated).when(rotate, undefined)).toEqual(recorded(rotated))
    expect(there.and(removed).when(remove, undefined)).toEqual(recorded())
  })
})

describe('the URL of an endpoint', () => {
  it.each([
    'https://hooks.example.org/',
    'https://hooks.example.org:8443/custody/v1',
    'http://127.0.0.1:9000/in',
    'https://[2001:db8::1]/in',
    'https://xn--bcher-kva.example/in',
  ])('may be %s', (text) => {
    expect(EndpointUrl.safeParse(text).success).toBe(true)
  })

  it.each([
    ['a user', 'https://ann:secret@hooks.example.org/'],
    ['an empty user', 'https://@hooks.example.org/'],
    ['a query', 'https://hooks.example.org/?person=ann'],
    ['an empty query', 'https://hooks.example.org/?'],
    ['a fragment', 'https://hooks.example.org/#ann'],
    ['an empty fragment', 'https://hooks.example.org/#'],
    ['a mail address', 'https://hooks.example.org/ann@example.org'],
    ['a hidden mail address', 'https://hooks.example.org/ann%40example.org'],
    ['another scheme', 'ftp://hooks.example.org/'],
    ['a file', 'file:///etc/passwd'],
    ['a script', 'javascript:alert(1)'],
    ['no host', 'https:///in'],
    ['no scheme', 'hooks.example.org/in'],
    ['a number for a host', 'https://2130706433/'],
    ['a hexadecimal host', 'https://0x7f.1/'],
    ['an octal host', 'https://0177.0.0.1/'],
    ['a mapped address in its long form', 'https://[::ffff:127.0.0.1]/'],
    ['a host in capitals', 'https://HOOKS.example.org/'],
    ['a port that goes without saying', 'https://hooks.example.org:443/'],
    ['a path that climbs', 'https://hooks.example.org/a/../b'],
    ['a line break', 'https://hooks.example.org/a\nb'],
    ['a space', ' https://hooks.example.org/'],
    ['backslashes', 'https:\\\\hooks.example.org\\'],
    ['letters beyond ASCII', 'https://bücher.example/'],
    ['too much', `https://hooks.example.org/${'a'.repeat(1024)}`],
  ])('may not have %s', (_, text) => {
    expect(EndpointUrl.safeParse(text).success).toBe(false)
  })
})
