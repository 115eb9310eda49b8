import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCheckpointing } from '../../src/jobs/checkpointing.ts'
import type { SignedHead } from '../../src/notary/notary.ts'
import { acme, beta, openDesk, type Desk } from '../notary/support.ts'

let desk: Desk
beforeAll(async () => {
  desk = await openDesk()
  await desk.tell(acme, 1, 3)
  await desk.tell(beta, 1, 2)
})
afterAll(() => desk.dispose())

/** Runs the job until `enough` says so. */
async function runUntil(
  enough: () => boolean,
  more: Partial<Parameters<typeof runCheckpointing>[0]>,
) {
  const stop = new AbortController()
  const job = { notary: desk.notary, everySeconds: 0.05, signal: stop.signal }
  const running = runCheckpointing({ ...job, ...more })
  while (!enough()) await new Promise((resolve) => setTimeout(resolve, 20))
  stop.abort()
  await running
}

describe('the job that signs', { timeout: 30_000 }, () => {
  it('signs for every controller at once, then what comes, and tells each once', async () => {
    const signed: SignedHead[] = []
    let told = false
    await runUntil(
      () => {
        if (signed.length === 2 && !told) {
          told = true
          void desk.tell(acme, 2, 4)
        }
        return signed.length === 3
      },
      { onSigned: (one) => void signed.push(one) },
    )
    expect(signed.map(({ controller, size }) => [controller, size])).toEqual([
      [acme, 3],
      [beta, 2],
      [acme, 7],
    ])
  })

  it('goes on with the others when one cannot be signed, and says why', async () => {
    const troubles: string[] = []
    const signed: SignedHead[] = []
    await desk.tell(beta, 3)
    const notary = {
      controllers: () => desk.notary.controllers(),
      checkpoint: (controller: typeof acme) =>
        controller === acme
          ? Promise.reject(new Error('the key is missing'))
          : desk.notary.checkpoint(controller),
    }
    await runUntil(() => troubles.length > 1 && signed.length > 0, {
      notary,
      onSigned: (one) => void signed.push(one),
      onTrouble: (controller, { message }) => void troubles.push(`${controller}: ${message}`),
    })
    expect(new Set(troubles)).toEqual(new Set([`${acme}: the key is missing`]))
    expect(signed).toMatchObject([{ controller: beta, size: 3 }])
  })

  it('does nothing where it is turned off', async () => {
    const notary = {
      controllers: () => Promise.reject(new Error('not asked')),
      checkpoint: () => Promise.reject(new Error('not asked')),
    }
    const signal = new AbortController().signal
    await expect(runCheckpointing({ notary, everySeconds: 0, signal })).resolves.toBeUndefined()
  })
})
