import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildApp } from '../../src/api/app.ts'
import type { Day, TimeZone } from '../../src/domain/values.ts'
import { auditReport } from '../../src/reports/audit.ts'
import { subjectExportPage } from '../../src/reports/subject-export.ts'
import { subjectReport } from '../../src/reports/subject.ts'
import { writePieces, writeReport } from '../../src/reports/write.ts'
import { openStack, type Stack } from '../support/stack.ts'
import { mail, prospectDetails, registration, Someone } from '../support/whole-ledger.ts'

const executablePath = process.env['CUSTODY_CHROMIUM'] ?? '/usr/bin/chromium'
const there = existsSync(executablePath)
if (!there) console.log(`No browser at ${executablePath}: the pages are not looked at in one.`)

let stack: Stack
let directory: string
let app: FastifyInstance
let address: string
let browser: Browser

/** A name that would do harm if a page did not write it as text. */
const harmful = '<img src=x onerror="document.title=`harmed`"> Ann & Co.'

async function writePages(): Promise<void> {
  const { custody, caller } = stack
  const { controller } = caller
  const ann = new Someone(stack)
  const values = { ...registration.values, 'user.name': { full: harmful } }
  await ann.reports('2015-01-10T20:00:00.000Z', { ...registration, values })
  await ann.reports('2015-01-11T20:00:00.000Z', mail('product-updates'))
  for (let count = 0; count < 12; count += 1) {
    await new Someone(stack).asks({ ...prospectDetails, selfIdentified: count % 2 === 0 })
  }
  await custody.caughtUp()
  const { views } = custody
  const position = views.position()
  const zone = 'America/Los_Angeles' as TimeZone
  const subject = await ann.subject()
  writeReport(directory, 'audit', auditReport(views, controller, position, { zone, from: null, until: null }))
  const asked = { subject, day: '2016-03-01' as Day, zone, sense: 'occurred' } as const
  writeReport(directory, 'person', subjectReport(views, controller, position, asked))
  const step = { subject: { subject }, request: null, reason: 'subject-export' } as const
  const found = await custody.services.subjects.export(caller, step)
  writePieces(directory, 'export.html', [subjectExportPage(found!)])
}

async function serve(): Promise<void> {
  const { custody } = stack
  app = buildApp({
    services: custody.services,
    views: custody.views,
    now: custody.now,
    health: async () => ({
      ledger: { answers: true, position: await custody.log.head() },
      vault: { answers: true },
      views: { answers: true, position: custody.views.position(), behindEvents: 0 },
    }),
    log: false,
  })
  address = await app.listen({ host: '127.0.0.1', port: 0 })
}

beforeAll(async () => {
  if (!there) return
  directory = mkdtempSync(join(tmpdir(), 'custody-pages-'))
  stack = await openStack()
  await writePages()
  await serve()
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
  browser = await chromium.launch({ executablePath, args })
}, 180_000)

afterAll(async () => {
  if (!there) return
  await browser?.close()
  await app?.close()
  await stack?.dispose()
  rmSync(directory, { recursive: true, force: true })
}, 60_000)

/** Opens a page as wide as a desk has it; what the browser complains of is kept. */
async function openPage(url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`))
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()} ${response.status()}`)
  })
  await page.goto(url, { waitUntil: 'load', timeout: 60_000 })
  return { page, complaints }
}

const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

describe.skipIf(!there)('a page in a browser', { timeout: 120_000 }, () => {
  it.each(['audit', 'person', 'export'])('of the %s is whole, fits, and prints', async (name) => {
    const file = pathToFileURL(join(directory, `${name}.html`)).href
    const { page, complaints } = await openPage(file)
    expect(await page.locator('h1').innerText()).not.toBe('')
    expect(await page.title()).not.toContain('harmed')
    const tables = await page.locator('table').all()
    expect(tables.length).toBeGreaterThan(0)
    for (const table of tables) expect(await table.isVisible()).toBe(true)
    expect(await page.locator('th').count()).toBeGreaterThan(0)
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    const printed = await page.pdf({ format: 'A4' })
    expect(printed.subarray(0, 5).toString()).toBe('%PDF-')
    expect(printed.length).toBeGreaterThan(5_000)
    expect(complaints).toEqual([])
    await page.close()
  })

  it('of the export shows what the person gave as they gave it, and runs none of it', async () => {
    const { page } = await openPage(pathToFileURL(join(directory, 'export.html')).href)
    expect(await page.locator('body').innerText()).toContain(harmful)
    expect(await page.locator('img').count()).toBe(0)
    await page.close()
  })

  it('of the API’s documents lists every resource, from the server alone', async () => {
    const { page, complaints } = await openPage(`${address}/docs`)
    await page.locator('.opblock').first().waitFor({ timeout: 60_000 })
    expect(await page.locator('.opblock').count()).toBeGreaterThan(20)
    const text = await page.locator('body').innerText()
    for (const path of ['/v1/acts', '/v1/subjects/find', '/v1/transfers']) expect(text).toContain(path)
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    expect(complaints).toEqual([])
    await page.close()
  })
})
