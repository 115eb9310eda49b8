import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linesOf } from '../../src/api/ndjson.ts'

const seed = Number(process.env['CUSTODY_SEED'] ?? Date.now() % 2 ** 31)

async function* chunks(parts: readonly string[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part)
}

async function read(parts: readonly string[], options = { most: 1000, longestBytes: 1000 }) {
  const groups: { number: number; text: string | null }[][] = []
  for await (const group of linesOf(chunks(parts), options)) {
    groups.push(group.map(({ number, bytes }) => ({ number, text: bytes?.toString() ?? null })))
  }
  return groups
}

describe('the lines of a stream', () => {
  it('are numbered, blank ones too, and lose their ends', async () => {
    expect(await read(['a\r\n\n \t\r\nb\nc'])).toEqual([
      [
        { number: 1, text: 'a' },
        { number: 4, text: 'b' },
      ],
      [{ number: 5, text: 'c' }],
    ])
  })

  it('come in groups, as they arrive and no larger than asked for', async () => {
    const sizes = (await read(['1\n2\n3\n', '4\n'], { most: 2, longestBytes: 10 })).map(
      (group) => group.length,
    )
    expect(sizes).toEqual([2, 1, 1])
  })

  it('that are too long are told without being kept', async () => {
    const long = Array.from({ length: 100 }, () => 'x'.repeat(100))
    const groups = await read([...long, '\nshort\n', 'y'.repeat(11)], {
      most: 10,
      longestBytes: 10,
    })
    expect(groups.flat()).toEqual([
      { number: 1, text: null },
      { number: 2, text: 'short' },
      { number: 3, text: null },
    ])
  })

  it('may have exactly the longest length, with either end', async () => {
    const groups = await read(['x'.repeat(10) + '\n' + 'y'.repeat(10) + '\r\n'], {
      most: 10,
      longestBytes: 10,
    })
    expect(groups.flat().map(({ text }) => text?.length)).toEqual([10, 10])
  })

  it(`are the same however the stream is cut (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 30 })),
        fc.array(fc.nat(40)),
        async (lines, cuts) => {
          const bytes = Buffer.from(lines.join('\n'))
          const parts: Buffer[] = []
          let from = 0
          for (const cut of cuts) {
            parts.push(bytes.subarray(from, from + cut))
            from += cut
          }
          parts.push(bytes.subarray(from))
          const collect = async (pieces: readonly Buffer[]) => {
            const all: unknown[] = []
            const stream = (async function* () {
              yield* pieces
            })()
            for await (const group of linesOf(stream, { most: 7, longestBytes: 40 })) {
              for (const { number, bytes: line } of group) all.push([number, line?.toString('hex')])
            }
            return all
          }
          expect(await collect(parts)).toEqual(await collect([bytes]))
        },
      ),
      { seed, numRuns: 200 },
    )
  })
})
