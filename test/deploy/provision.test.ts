import { createHash } from 'node:crypto'
import {
  cpSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configure } from '../../src/config.ts'
import { loadRootKey } from '../../src/vault/root-key.ts'
import { clusterNodes, missing, provision } from './provisioned.ts'

const filesOf = (root: string) =>
  globSync('**', { cwd: root })
    .filter((file) => statSync(join(root, file)).isFile())
    .toSorted()

const digests = (root: string) =>
  Object.fromEntries(
    filesOf(root).map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(root, file)))
        .digest('hex'),
    ]),
  )

describe.skipIf(missing('openssl'))('the first start', { timeout: 60_000 }, () => {
  let root: string
  const read = (file: string) => readFileSync(join(root, file), 'utf8')

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'custody-provision-'))
    provision(root)
  }, 60_000)
  afterAll(() => rmSync(root, { recursive: true }))

  it('makes nothing that others than its owner can read', () => {
    expect(filesOf(root).length).toBeGreaterThan(20)
    for (const file of filesOf(root)) {
      expect(statSync(join(root, file)).mode & 0o077, file).toBe(0)
    }
  })

  it('makes a root key that Custody takes', () => {
    const file = join(root, 'keys', 'root.key')
    const dataDirectory = join(root, 'data')
    const loaded = loadRootKey({ file, dataDirectory, createIfMissing: false })
    expect(loaded).toMatchObject({ ok: true, from: 'file' })
  })

  it('says where the stores are, as Custody reads it', () => {
    const { ledger, vault } = configure({
      CUSTODY_EVENTSTORE_FILE: join(root, 'custody', 'eventstore'),
      CUSTODY_POSTGRESQL_FILE: join(root, 'custody', 'postgresql'),
    })
    const admin = read('eventstore/admin-password').trim()
    const hosts = clusterNodes.map((node) => `${node}:2113`).join(',')
    expect(ledger).toMatchObject({
      store: 'eventstore',
      connectionString: `esdb://admin:${admin}@${hosts}?tlsCAFile=${root}/custody/eventstore-ca.crt`,
    })
    expect(vault).toMatchObject({ store: 'postgresql' })
    expect(admin).toMatch(/^[0-9a-f]{48}$/)
  })

  it.for([...clusterNodes])(
    'gives %s a certificate that only its own authority vouches for',
    {},
    async (node) => {
      const certificate = {
        cert: read(`eventstore/${node}/node.crt`),
        key: read(`eventstore/${node}/node.key`),
      }
      expect(await trusts(certificate, read('custody/eventstore-ca.crt'), node)).toBe('trusted')
      expect(await trusts(certificate, read('custody/postgresql-ca.crt'), node)).not.toBe('trusted')
      expect(await trusts(certificate, read('custody/eventstore-ca.crt'), 'other')).toBe(
        'ERR_TLS_CERT_ALTNAME_INVALID',
      )
    },
  )

  it('gives PostgreSQL and the proxy theirs', async () => {
    const server = { cert: read('postgresql/server.crt'), key: read('postgresql/server.key') }
    expect(await trusts(server, read('custody/postgresql-ca.crt'), 'postgresql')).toBe('trusted')
    const proxy = { cert: read('proxy/proxy.pem'), key: read('proxy/proxy.pem') }
    expect(await trusts(proxy, read('proxy/ca.crt'), 'localhost')).toBe('trusted')
  })

  it('changes nothing when it is run again', () => {
    const before = digests(root)
    provision(root)
    expect(digests(root)).toEqual(before)
  })

  it('renews certificates, and neither passwords nor keys', () => {
    const before = digests(root)
    provision(root, { args: ['renew'] })
    const after = digests(root)
    const changed = Object.keys(before).filter((file) => before[file] !== after[file])
    const certificates = clusterNodes.flatMap((node) => [
      `eventstore/${node}/node.crt`,
      `eventstore/${node}/node.key`,
    ])
    const others = ['postgresql/server.crt', 'postgresql/server.key', 'proxy/proxy.pem']
    expect(changed.toSorted()).toEqual([...certificates, ...others].toSorted())
  })

  it('leaves the proxy a certificate that somebody else issued', () => {
    const copy = mkdtempSync(join(tmpdir(), 'custody-provision-own-'))
    try {
      cpSync(root, copy, { recursive: true })
      const pem = join(copy, 'proxy', 'proxy.pem')
      rmSync(pem)
      writeFileSync(pem, read('postgresql/server.crt') + read('postgresql/server.key'))
      const own = readFileSync(pem, 'utf8')
      provision(copy, { args: ['renew'] })
      expect(readFileSync(pem, 'utf8')).toBe(own)
    } finally {
      rmSync(copy, { recursive: true })
    }
  })

  it('makes no new root key where one was lost: it would open nothing', () => {
    const copy = mkdtempSync(join(tmpdir(), 'custody-provision-lost-'))
    try {
      cpSync(root, copy, { recursive: true })
      rmSync(join(copy, 'keys', 'root.key'))
      expect(() => provision(copy)).toThrow(/root\.key is gone/)
    } finally {
      rmSync(copy, { recursive: true })
    }
  })
})

/** Connects over TLS to a server with the certificate, asking for the name; `trusted`, or why not. */
async function trusts(
  certificate: { cert: string; key: string },
  ca: string,
  servername: string,
): Promise<string> {
  const server = createServer(certificate, (socket) => socket.end()).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', ca, servername })
  try {
    await once(socket, 'secureConnect')
    return 'trusted'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'refused'
  } finally {
    socket.destroy()
    server.close()
  }
}
