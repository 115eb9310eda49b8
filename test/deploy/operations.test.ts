import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const page = 'docs/operations.md'
const text = readFileSync(page, 'utf8')
const all = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map((found) => found[1]!))]
const sources = (folder: string) =>
  globSync(`src/${folder}/**/*.ts`)
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')

describe('docs/operations.md', () => {
  it('names only files that are there', () => {
    const links = all(/\]\(([^)#:]+)\)/g)
    expect(links.length).toBeGreaterThan(5)
    for (const link of links) expect(existsSync(join(dirname(page), link)), link).toBe(true)
    for (const path of all(/`((?:deploy|test)\/[\w./-]+)`/g))
      expect(existsSync(path), path).toBe(true)
  })

  it('names only metrics that are told', () => {
    const told = sources('metrics')
    const metrics = all(/\b(custody_[a-z]+_[a-z_]+)\b/g).filter(
      (one) => !one.startsWith('custody_vault'),
    )
    expect(metrics.length).toBeGreaterThan(7)
    for (const metric of metrics) expect(told, metric).toContain(`'${metric}'`)
  })

  it('names only settings and variables that are read', () => {
    const read = readFileSync('src/config.ts', 'utf8') + readFileSync('docker-compose.yml', 'utf8')
    const names = all(/\b((?:CUSTODY|EVENTSTORE)_[A-Z_]+[A-Z])\b/g)
    expect(names.length).toBeGreaterThan(4)
    for (const name of names) expect(read, name).toContain(name)
  })

  it('names only commands that there are', () => {
    const commands = sources('cli')
    const named = all(/\bcustody ((?:[a-z]+ ?){1,2})(?=[ `-])/g).map((one) => one.trim().split(' '))
    expect(named.length).toBeGreaterThan(4)
    for (const words of named) {
      for (const word of words)
        expect(commands, words.join(' ')).toMatch(new RegExp(`command\\('${word}\\b`))
    }
  })

  it('speaks of services that are in docker-compose.yml', () => {
    const { services } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
      services: Record<string, unknown>
    }
    const asked = all(
      /docker compose (?:exec|run --rm|stop|restart|logs|up -d --no-deps) ((?:\w+ ?)+)/g,
    )
      .flatMap((words) => words.trim().split(' '))
      .filter((word) => /\d$|^(proxy|provision)$/.test(word))
    expect(asked.length).toBeGreaterThan(3)
    for (const service of asked) expect(Object.keys(services)).toContain(service)
  })
})
