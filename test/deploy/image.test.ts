import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configure } from '../../src/config.ts'

const dockerfile = readFileSync('Dockerfile', 'utf8').replaceAll(/\\\n\s*/g, '')
const steps = dockerfile
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => ({ word: line.split(' ', 1)[0]!, rest: line.slice(line.indexOf(' ') + 1) }))
const of = (word: string) => steps.filter((step) => step.word === word).map(({ rest }) => rest)
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  optionalDependencies: Record<string, string>
}

describe('the image', () => {
  it('runs the Node that the tests run', () => {
    const versions = Object.values(manifest.optionalDependencies)
    const bases = of('FROM').filter((base) => base.startsWith('node:'))
    expect(bases).toHaveLength(2)
    for (const base of bases) expect(base).toMatch(`node:${versions[0]}-bookworm-slim `)
    expect(new Set(versions).size).toBe(1)
  })

  it('copies what is there and what the context lets through', () => {
    const allowed = readFileSync('.dockerignore', 'utf8').split('\n')
    const sources = of('COPY')
      .filter((copy) => !copy.startsWith('--from'))
      .flatMap((copy) => copy.split(' ').slice(0, -1))
    expect(sources.length).toBeGreaterThan(6)
    for (const source of sources) {
      expect(existsSync(source), source).toBe(true)
      expect(allowed, source).toContain(`!${source}`)
    }
  })

  it('has each stage that docker-compose.yml builds', () => {
    const text = readFileSync('docker-compose.yml', 'utf8')
    const { services } = parse(text, { merge: true }) as {
      services: Record<string, { build?: { target: string } }>
    }
    const targets = Object.values(services).flatMap(({ build }) => (build ? [build.target] : []))
    const stages = of('FROM').map((from) => from.split(' AS ')[1])
    expect([...new Set(targets)].toSorted()).toEqual(['custody', 'provision'])
    expect(stages).toEqual(expect.arrayContaining(targets))
  })

  it('ends as a user that owns nothing of the program', () => {
    const last = steps.findLastIndex(({ word }) => word === 'USER')
    const stage = steps.findLastIndex(({ rest }) => rest.endsWith(' AS custody'))
    expect(steps[last]!.rest).toBe('custody')
    expect(last).toBeGreaterThan(stage)
    expect(dockerfile).toContain('chown -R root:root node_modules/.cache')
  })

  it('sets only what Custody takes', () => {
    const environment = Object.fromEntries(
      of('ENV')[0]!
        .split(/\s+/)
        .map((pair) => pair.split('=') as [string, string]),
    )
    const { dataDirectory, rootKeyFile, backupDirectory, host } = configure(environment)
    expect({ dataDirectory, rootKeyFile, backupDirectory, host }).toEqual({
      dataDirectory: '/data',
      rootKeyFile: '/keys/root.key',
      backupDirectory: '/backups',
      host: '0.0.0.0',
    })
  })
})

describe('the health check', () => {
  const check = async (port: number) => {
    const child = spawn(process.execPath, ['deploy/health.mjs'], {
      env: { CUSTODY_PORT: String(port) },
      stdio: 'inherit',
    })
    const [code] = (await once(child, 'exit')) as [number]
    return code
  }

  it.for([
    [200, 0],
    [503, 1],
  ] as const)('takes %s for %s', async ([status, code]) => {
    const asked: (string | undefined)[] = []
    const server = createServer((request, answer) => {
      asked.push(request.url)
      answer.writeHead(status).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    expect(await check((server.address() as AddressInfo).port)).toBe(code)
    expect(asked).toEqual(['/healthz'])
    server.closeAllConnections()
    server.close()
  })

  it('fails where nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    expect(await check(port)).toBe(1)
  })
})
