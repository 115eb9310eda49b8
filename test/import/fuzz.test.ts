import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { Random } from '../../examples/symphony/generator/random.ts'
import { Position } from '../../src/domain/values.ts'
import { importAll } from '../../src/import/import-all.ts'
import { prepareImport, type SourceFile } from '../../src/import/manifest.ts'

const seed = process.env.CUSTODY_SEED ?? '4711'
const example = path.join(import.meta.dirname, '../../examples/symphony')
const ROUNDS = 12
const MOST_BYTES = 24 * 1024

/** Flips, drops, doubles and inserts bytes, some of them those that formats are made of. */
function mutate(random: Random, original: Buffer): Buffer {
  const parts: Buffer[] = []
  let from = 0
  for (let made = random.between(1, 60); made > 0 && from < original.length; made -= 1) {
    const at = random.between(from, original.length)
    parts.push(original.subarray(from, at))
    const length = random.between(0, 40)
    switch (random.between(0, 3)) {
      case 0:
        parts.push(Buffer.from([random.between(0, 255)]))
        from = at + 1
        break
      case 1:
        from = at + length
        break
      case 2:
        parts.push(original.subarray(at, at + length))
        from = at
        break
      default:
        parts.push(Buffer.from([random.pick([0x0a, 0x0d, 0x22, 0x2c, 0x00, 0x5c, 0x7b, 0xff])]))
        from = at
    }
  }
  parts.push(original.subarray(from))
  return Buffer.concat(parts)
}

async function importMutant(source: SourceFile, bytes: Buffer, directory: string) {
  const location = path.join(directory, `mutant${path.extname(source.file)}`)
  await writeFile(location, bytes)
  let lines = 0
  let rejected = 0
  const file = { ...source, path: location, bytes: bytes.length }
  const [summary] = await importAll({
    plan: { controller: 'symphony-commerce' as never, files: [file], totalBytes: bytes.length },
    record: async (batch) => {
      lines += batch.length
      return batch.map(() => ({ outcome: 'key_reused' }))
    },
    startedAt: Position.parse(0),
    rejects: async () => ({
      write: async () => {
        rejected += 1
      },
      close: async () => undefined,
    }),
  })
  return { summary, lines, rejected }
}

describe(`reading damaged exports (seed ${seed})`, () => {
  it('never throws, and accounts for every row', async () => {
    const preparation = await prepareImport(path.join(example, 'import.yaml'))
    if (!preparation.ready) throw new Error(JSON.stringify(preparation.problems))
    const directory = await mkdtemp(path.join(tmpdir(), 'custody-fuzz-'))
    try {
      for (const source of preparation.plan.files) {
        const random = new Random(`${seed} ${source.file}`)
        const whole = await readFile(source.path)
        const original = source.file.endsWith('.gz') ? whole : whole.subarray(0, MOST_BYTES)
        for (let round = 0; round < ROUNDS; round += 1) {
          const { summary, lines, rejected } = await importMutant(
            source,
            mutate(random, original),
            directory,
          )
          if (!summary) throw new Error('no summary')
          const { rows } = summary
          const accounted =
            rows.imported + rows.known + rows.duplicates + rows.rejected + rows.ignored
          expect(accounted, source.file).toBe(rows.read)
          expect(rejected, source.file).toBe(rows.rejected)
          expect(lines, source.file).toBe(summary.lines.made)
        }
      }
    } finally {
      await rm(directory, { recursive: true })
    }
  }, 120_000)
})
