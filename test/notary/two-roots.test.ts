import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Revision } from '../../src/domain/values.ts'
import { checkpointStream, headOfNote, signedHeadOf } from '../../src/notary/checkpoint-event.ts'
import { append, emptyFrontier, rootOfFrontier } from '../../src/proof/merkle.ts'
import { isLeaf, leafOf } from '../../src/notary/leaves.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { acme, everything, openDesk, reference, type Desk } from './support.ts'

const program = fileURLToPath(new URL('../support/notary-load-process.ts', import.meta.url))

/** The file beside the key that has the newest note. */
const keptFile = ({ directory }: Desk) =>
  join(directory, 'keys/notary.custody.test_acme-store.signed')

function startProcess({ directory }: Desk, seedOfIt: number) {
  const child = spawn(process.execPath, [program, directory, String(seedOfIt)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const closed = once(child, 'close')
  const ready = Promise.race([once(child.stdout, 'data'), closed])
  return { child, ready, closed, lines: () => text.split('\n').slice(0, -1) }
}

describe('two roots for one size', () => {
  it(
    'are never signed, by two processes at once that are killed again and again',
    { timeout: 240_000 },
    async () => {
      const random = randomFrom(seed())
      const desk = await openDesk()
      const notes = new Set<string>()
      let kills = 0
      try {
        for (let round = 0; round < 14; round += 1) {
          const processes = [1, 2].map(() => startProcess(desk, Math.floor(random() * 2 ** 31)))
          await Promise.all(processes.map(({ ready }) => ready))
          for (const { child } of processes) child.stdin.write('go\n')
          await Promise.race([
            Promise.all(processes.map(({ closed }) => closed)),
            new Promise((resolve) => setTimeout(resolve, 300 + random() * 1_200)),
          ])
          for (const { child } of processes) child.kill('SIGKILL')
          for (const { closed } of processes) {
            expect(await closed).toEqual([null, 'SIGKILL'])
            kills += 1
          }
          for (const line of processes.flatMap(({ lines }) => lines())) {
            if (line !== '"ready"') notes.add((JSON.parse(line) as { note: string }).note)
          }
          // What a process that was killed had kept and not yet appended.
          if (existsSync(keptFile(desk))) notes.add(readFileSync(keptFile(desk), 'utf8'))
        }
        await desk.notary.check()
        const { size, root, streams } = (await desk.notary.checkpoint(acme))!
        expect({ size, root, streams }).toEqual(await reference(desk.log, acme))
        const appended = await desk.log.readStream(checkpointStream(acme), 0 as Revision, 100_000)
        for (const record of appended) notes.add(signedHeadOf(record)!.note)
        expect(kills).toBe(28)
        expect(notes.size).toBeGreaterThan(40)
        await expectOneRootEach(desk, notes)
        const sizes = appended.map((record) => signedHeadOf(record)!.size)
        expect(sizes).toEqual(sizes.toSorted((a, b) => a - b))
      } finally {
        await desk.dispose()
      }
    },
  )
})

/** Each note's root is that of the history that there is now, so each size has one root. */
async function expectOneRootEach({ log }: Desk, notes: ReadonlySet<string>): Promise<void> {
  const heads = [...notes].map((note) => headOfNote(note)!)
  const bySize = Map.groupBy(heads, ({ size }) => size)
  let tree = emptyFrontier
  for (const record of (await everything(log)).filter(isLeaf)) {
    tree = append(tree, leafOf(record))
    for (const { size, root } of bySize.get(tree.size) ?? []) {
      expect({ size, root }).toEqual({ size, root: rootOfFrontier(tree) })
    }
    bySize.delete(tree.size)
  }
  expect([...bySize.keys()]).toEqual([])
}
