import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyEvidence } from '../../src/evidence/verify.ts'
import type { PinnedLog } from '../../src/proof/verify-bundle.ts'
import { randomFrom, seed as seedOf } from '../support/seed.ts'
import type { Stack } from '../support/stack.ts'
import { createRemembering } from './scene.ts'
import { cutShop, openShop } from './small-scene.ts'

const seed = seedOf()
const how = createRemembering()

let stack: Stack
let bytes: Buffer
let log: PinnedLog

beforeAll(async () => {
  stack = await openShop()
  const cut = await cutShop(stack, 'cy@shop.example')
  bytes = Buffer.from(cut.made.text)
  log = cut.log
}, 120_000)
afterAll(() => stack.dispose())

describe(`every byte of a small bundle (seed ${seed})`, () => {
  it('counts: changed to another it is refused, and the place is named', async () => {
    expect(await verifyEvidence(bytes, log, how)).toMatchObject({ ok: true })
    const random = randomFrom(seed)
    const passed: number[] = []
    for (let at = 0; at < bytes.length; at += 1) {
      const before = bytes[at]!
      // Mostly one that could be meant: another letter, digit or space.
      bytes[at] = random() < 0.7 ? before ^ (1 << Math.floor(random() * 6)) : before ^ 0xff
      const checked = await verifyEvidence(bytes, log, how)
      if (checked.ok) passed.push(at)
      else expect(checked.problem.where).toMatch(/^(?:\$|character [0-9]+)/)
      bytes[at] = before
    }
    expect(passed).toEqual([])
  }, 600_000)

  it('cannot be left out, doubled, or come after the end', async () => {
    const random = randomFrom(seed + 1)
    for (let round = 0; round < 500; round += 1) {
      const at = Math.floor(random() * bytes.length)
      const [start, rest] = [bytes.subarray(0, at), bytes.subarray(at)]
      for (const altered of [
        Buffer.concat([start, rest.subarray(1)]),
        Buffer.concat([start, rest.subarray(0, 1), rest]),
      ]) {
        if (altered.equals(bytes)) continue
        expect(await verifyEvidence(altered, log, how)).toMatchObject({ ok: false })
      }
    }
    for (const more of [' ', '\n', '\r\n', '\u0000', '{}', '\ufeff']) {
      for (const parts of [
        [bytes, Buffer.from(more)],
        [Buffer.from(more), bytes],
      ]) {
        const altered = Buffer.concat(parts)
        expect(await verifyEvidence(altered, log, how)).toMatchObject({ ok: false })
      }
    }
  }, 120_000)
})
