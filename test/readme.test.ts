import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStack, type Stack } from './support/stack.ts'

const readme = readFileSync('README.md', 'utf8')
const snippets = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!)

describe('the README', () => {
  let stack: Stack
  let server: ReturnType<typeof spawn>
  let address = ''
  let bootstrap = ''
  let token = ''

  beforeAll(async () => {
    stack = await openStack()
    const { rootKey, keyringDirectory, notaryKeyFile, dataDirectory } = stack.configuration
    await stack.say({
      type: 'collect',
      mode: 'observe',
      source: 'commerce-platform',
      occurredAt: '2015-01-01T12:00:00.000Z',
      subject: { identifiers: [{ scheme: 'email', value: 'susanmcallister234@example.net' }] },
      property: 'www.symphonycommerce.com',
      channel: 'commerce-platform',
      kind: 'account-holder',
      purposes: ['account-management', 'product-updates'],
      values: { 'user.contact.email': { address: 'susanmcallister234@example.net' } },
    } as never)
    await stack.close()
    const env = {
      ...process.env,
      CUSTODY_DATA: dataDirectory,
      CUSTODY_ROOT_KEY: rootKey!,
      CUSTODY_KEYRING: keyringDirectory,
      CUSTODY_NOTARY_KEY_FILE: notaryKeyFile,
    }
    server = spawn('node', ['src/cli/custody.mjs', 'serve', '--port', '0', '--json'], {
      env: { ...env, CUSTODY_LOG_LEVEL: 'silent' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const printed = await firstJson(server)
    address = printed.address
    bootstrap = printed.bootstrap
  }, 120_000)

  afterAll(async () => {
    const gone = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGTERM')
    await gone
    await stack.dispose()
  })

  it('has the five calls it promises', () => expect(snippets).toHaveLength(5))

  it.for(snippets.map((text, index) => ({ index, text })))(
    'says truly what call $index does',
    { timeout: 60_000 },
    ({ index, text }) => {
      const env = { ...process.env, CUSTODY: address, BOOTSTRAP: bootstrap, TOKEN: token }
      const answer = execFileSync('bash', ['-euo', 'pipefail', '-c', text], {
        env,
        encoding: 'utf8',
      })
      const values = answer
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      const expectations = [
        [{ outcome: 'recorded', secret: expect.any(String) }],
        [{ outcome: 'recorded' }],
        [{ outcome: 'recorded' }, { outcome: 'recorded' }],
        [{ rows: [{ category: 'user.contact.email' }] }],
        [{ rows: [] }],
      ]
      expect(values).toMatchObject(expectations[index]!)
      // The first call makes the token that the others use.
      if (index === 0) token = String(values[0]?.secret)
    },
  )

  it('names no file that is not there', () => {
    const named = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path!)
    expect(named.length).toBeGreaterThan(5)
    for (const path of named) expect(existsSync(path), path).toBe(true)
  })
})

async function firstJson(
  child: ReturnType<typeof spawn>,
): Promise<{ address: string; bootstrap: string }> {
  let text = ''
  for await (const chunk of child.stdout!) {
    text += String(chunk)
    try {
      return JSON.parse(text)
    } catch {
      // more is to come
    }
  }
  throw new Error(`the server ended: ${text}`)
}
