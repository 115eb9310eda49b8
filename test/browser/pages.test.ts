import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildApp } from '../../src/api/app.ts'
import type { LineInput } from '../../src/application/lines.ts'
import { Day, SubjectId, TimeZone } from '../../src/domain/values.ts'
import { auditReport } from '../../src/reports/audit.ts'
import { subjectExportPage } from '../../src/reports/subject-export.ts'
import { subjectReport } from '../../src/reports/subject.ts'
import { writePieces, writeReport } from '../../src/reports/write.ts'
import { openStack, type Stack } from '../support/stack.ts'

const executablePath = '/usr/bin/chromium'
const isThere = existsSync(executablePath)
if (!isThere) console.log(`The browser tests are skipped: there is no ${executablePath}.`)

const zone = TimeZone.parse('America/Los_Angeles')
const email = 'markup@example.org'
const hostile = '<script>document.title = "owned"</script>'
const shared = {
  mode: 'observe' as const,
  source: 'commerce-platform',
  subject: { identifiers: [{ scheme: 'email' as const, value: email }] },
}
const told: LineInput[] = [
  { type: 'open-account', ...shared, occurredAt: '2015-01-01T12:00:00.000Z' },
  {
    type: 'collect',
    ...shared,
    occurredAt: '2015-01-01T12:00:00.000Z',
    property: 'www.symphonycommerce.com',
    channel: 'commerce-platform',
    kind: 'account-holder',
    purposes: ['account-management', 'promotional-mail'],
    values: { 'user.contact.email': { address: email }, 'user.name': { name: hostile } },
  },
  {
    type: 'object',
    ...shared,
    occurredAt: '2015-02-01T12:00:00.000Z',
    purpose: 'promotional-mail',
    channel: 'email',
  },
  {
    type: 'use',
    ...shared,
    occurredAt: '2015-03-01T12:00:00.000Z',
    property: 'www.symphonycommerce.com',
    purpose: 'promotional-mail',
    categories: ['user.contact.email'],
    optOutOffered: true,
  },
]

describe.skipIf(!isThere)('in a browser', { timeout: 120_000 }, () => {
  let stack: Stack
  let browser: Browser
  let subject: SubjectId

  beforeAll(async () => {
    stack = await openStack()
    const outcomes = await stack.say(...told)
    const last = outcomes.at(-1)
    if (last?.outcome !== 'recorded') throw new Error(JSON.stringify(last))
    subject = SubjectId.parse(last.subject)
    await stack.custody.caughtUp()
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ]
    browser = await chromium.launch({ executablePath, args })
  }, 120_000)

  afterAll(async () => {
    await browser.close()
    await stack.dispose()
  })

  /** Opens a page and answers it with everything that its console complained of. */
  async function open(url: string): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage({ viewport: { width: 1200, height: 1600 } })
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(url, { waitUntil: 'load' })
    return { page, complaints }
  }

  const overflow = (page: Page) =>
    page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

  it('the audit report shows the violation, fits the window and prints', async () => {
    const { views } = stack.custody
    const { controller } = stack.caller
    const report = auditReport(views, controller, views.position(), {
      zone,
      from: null,
      until: null,
    })
    writeReport(stack.directory, 'audit', report, ['html'])
    const { page, complaints } = await open(pathToFileURL(join(stack.directory, 'audit.html')).href)
    expect(await page.locator('h1').innerText()).toBe('Refusals and violations')
    expect(await page.locator('table').first().isVisible()).toBe(true)
    expect(await page.locator('body').innerText()).toContain('objection stands')
    expect(await overflow(page)).toBe(0)
    expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-')
    expect(complaints).toEqual([])
    await page.close()
  })

  it('the report on a person names them by pseudonym and shows no value', async () => {
    const { views } = stack.custody
    const day = Day.parse('2015-06-01')
    const parameters = { subject, day, zone, sense: 'occurred' } as const
    const report = subjectReport(views, stack.caller.controller, views.position(), parameters)
    writeReport(stack.directory, 'person', report, ['html'])
    const { page, complaints } = await open(
      pathToFileURL(join(stack.directory, 'person.html')).href,
    )
    const text = await page.locator('body').innerText()
    expect(text).toContain(subject)
    expect(text).not.toContain(email)
    expect(await page.locator('caption, h2').count()).toBeGreaterThan(2)
    expect(await overflow(page)).toBe(0)
    expect(complaints).toEqual([])
    await page.close()
  })

  it('the export for the person shows a hostile value as text', async () => {
    const step = { subject: { subject }, request: null, reason: 'subject-export' } as const
    const held = await stack.custody.services.subjects.export(stack.caller, step)
    writePieces(stack.directory, 'export.html', [subjectExportPage(held!)])
    const { page, complaints } = await open(
      pathToFileURL(join(stack.directory, 'export.html')).href,
    )
    expect(await page.title()).toBe('Your data')
    expect(await page.locator('body').innerText()).toContain(hostile)
    expect(await overflow(page)).toBe(0)
    expect(complaints).toEqual([])
    await page.close()
  })

  it('the OpenAPI page lists the routes under its strict policy', async () => {
    const { services, views, notary, evidence, now } = stack.custody
    const metrics = () => Promise.reject(new Error('nobody asks'))
    const health = () => Promise.reject(new Error('not asked'))
    const app = buildApp({ services, views, notary, evidence, metrics, now, health, log: false })
    try {
      const address = await app.listen({ host: '127.0.0.1', port: 0 })
      const { page, complaints } = await open(`${address}/docs`)
      await page.locator('.opblock').first().waitFor({ timeout: 60_000 })
      expect(await page.locator('.opblock').count()).toBeGreaterThan(30)
      expect(complaints).toEqual([])
      await page.close()
    } finally {
      await app.close()
    }
  })
})
