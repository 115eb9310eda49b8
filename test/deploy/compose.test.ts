import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configure } from '../../src/config.ts'

type Service = Readonly<{
  image: string
  build?: { context: string; target: string }
  profiles: string[]
  depends_on?: Record<string, { condition: string }>
  environment?: Record<string, string>
  volumes?: string[]
  networks?: string[]
  network_mode?: string
  ports?: string[]
  cap_drop?: string[]
  cap_add?: string[]
  security_opt?: string[]
  read_only?: boolean
  mem_limit?: string
  restart?: string
  healthcheck?: { test: string[] }
}>

const text = readFileSync('docker-compose.yml', 'utf8')
/** What compose reads: variables of the shell left out, so that each has the default that is written. */
const composed = parse(text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
  networks: Record<string, { internal?: boolean }>
}
const services = Object.entries(composed.services)
const named = (profile: string) =>
  services.filter(([, { profiles }]) => profiles.includes(profile)).map(([name]) => name)
const nodes = services.filter(([, { image }]) => image === 'custody:0.1.0')
const bound = (service: Service) => (service.volumes ?? []).map((volume) => volume.split(':'))

describe('docker-compose.yml', () => {
  it('starts three nodes of the event store, PostgreSQL, two nodes and a proxy', () => {
    expect(named('cluster')).toEqual(
      `provision eventstore1 eventstore2 eventstore3 postgresql custody1 custody2 proxy`.split(' '),
    )
    const [, chosen] = /^COMPOSE_PROFILES=(.*)$/m.exec(readFileSync('.env', 'utf8')) ?? []
    expect(chosen).toBe('cluster')
  })

  it('or one of each store and one node, and nothing of both', () => {
    expect(named('small')).toEqual(
      `small-provision small-eventstore small-postgresql small-custody`.split(' '),
    )
    for (const [name, { profiles }] of services) expect(profiles, name).toHaveLength(1)
    const volumesOf = (profile: string) =>
      named(profile).flatMap((name) =>
        bound(composed.services[name]!).flatMap(([from]) => (from!.startsWith('.') ? [] : [from!])),
      )
    expect(volumesOf('cluster').filter((one) => volumesOf('small').includes(one))).toEqual([])
  })

  it.for(services)('runs %s with no more rights than it needs', ([name, service]) => {
    expect(service.cap_drop).toEqual(['ALL'])
    expect(service.security_opt).toEqual(['no-new-privileges:true'])
    expect(service.mem_limit).toMatch(/^\d+[mg]$/)
    const provisions = name.endsWith('provision')
    expect(service.cap_add ?? []).toEqual(provisions ? ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'] : [])
    if (provisions) expect(service).toMatchObject({ network_mode: 'none', restart: 'no' })
    else expect(service.healthcheck?.test ?? service.build).toBeDefined()
    // Whether EventStoreDB runs on a read-only root file system could not be tried.
    expect(service.read_only ?? false).toBe(!name.includes('eventstore'))
    expect(service.image).toMatch(/:\d+(\.\d+)+$/)
  })

  it('waits only for what is started as well, and for as much as it can tell', () => {
    for (const [name, { depends_on = {}, profiles }] of services) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(composed.services[other]?.profiles, `${name} → ${other}`).toEqual(profiles)
        if (other.endsWith('provision')) expect(condition).toBe('service_completed_successfully')
        else expect(['service_healthy', 'service_started']).toContain(condition)
      }
    }
  })

  it('mounts what is there: files of the tree, and volumes that it declares', () => {
    const used = new Set<string>()
    for (const [name, service] of services) {
      for (const [from, to, mode] of bound(service)) {
        if (from!.startsWith('./')) {
          expect(existsSync(from!), `${name}: ${from}`).toBe(true)
          expect(mode, from).toBe('ro')
        } else used.add(from!)
        if (to!.startsWith('/run/')) expect(mode, `${name}: ${to}`).toBe('ro')
      }
    }
    expect([...used].toSorted()).toEqual(Object.keys(composed.volumes).toSorted())
  })

  it('hands each secret to those who need it and to nobody else', () => {
    const holders = (volume: string) =>
      services.flatMap(([name, service]) =>
        bound(service).some(([from]) => from === volume) ? [name] : [],
      )
    expect(holders('authority')).toEqual(['provision'])
    expect(holders('keys')).toEqual(['provision', 'custody1', 'custody2'])
    expect(holders('custody-secrets')).toEqual(['provision', 'custody1', 'custody2'])
    expect(holders('postgresql-secrets')).toEqual(['provision', 'postgresql'])
    expect(holders('proxy-secrets')).toEqual(['provision', 'proxy'])
    expect(text).not.toMatch(/password: |changeit/i)
  })

  it('gives each node data of its own, and shares keys, backups and exports', () => {
    const [first, second] = ['custody1', 'custody2'].map((name) =>
      Object.fromEntries(bound(composed.services[name]!).map(([from, to]) => [to!, from!])),
    )
    expect(first!['/data']).not.toBe(second!['/data'])
    for (const shared of ['/keys', '/backups', '/data/exports', '/run/custody']) {
      expect(first![shared], shared).toBe(second![shared])
      expect(first![shared], shared).toBeDefined()
    }
  })

  it('lets nobody in but through the proxy, and nobody reach the stores', () => {
    const open = services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]))
    expect(open).toEqual([
      ['proxy', '127.0.0.1:8443:8443'],
      ['small-custody', '127.0.0.1:8040:8040'],
    ])
    expect(composed.networks['stores']).toEqual({ internal: true })
    expect(composed.services['proxy']!.networks).toEqual(['nodes'])
    for (const [name, { networks }] of services) {
      if (/eventstore|postgresql/.test(name)) expect(networks, name).toEqual(['stores'])
    }
  })

  const settings = readFileSync('src/config.ts', 'utf8')
  it.for(nodes)('sets for %s only what Custody knows, to what it takes', ([, node]) => {
    const environment = node.environment ?? {}
    expect(Object.keys(environment).length).toBeGreaterThan(10)
    for (const name of Object.keys(environment).filter((one) => !one.startsWith('OTEL_'))) {
      expect(settings, name).toMatch(new RegExp(`'?${name.replace(/(?<!KEY)_FILE$/, '')}\\b`))
    }
    const { CUSTODY_EVENTSTORE_FILE: events, CUSTODY_POSTGRESQL_FILE: keys, ...rest } = environment
    expect([events, keys]).toEqual(['/run/custody/eventstore', '/run/custody/postgresql'])
    const configuration = configure({
      ...rest,
      CUSTODY_EVENTSTORE: 'esdb://admin:x@eventstore1:2113',
      CUSTODY_POSTGRESQL: 'postgresql://custody:x@postgresql/custody',
    })
    expect(configuration).toMatchObject({
      dataDirectory: '/data',
      host: '0.0.0.0',
      port: 8040,
      rootKeyFile: '/keys/root.key',
      keyringDirectory: '/keys/epochs',
      notaryKeyFile: '/keys/notary.key',
      backupDirectory: '/backups',
    })
  })
})
