import type { Caller } from '../src/application/services.ts'
import type { Custody } from '../src/main.ts'
import { median, rounded, tell, type Measured } from './rounds.ts'
import { parsed, registrations, usesOf } from './support/lines.ts'
import { inDirectory, publishPolicy, recordLines, withCustody } from './support/workspace.ts'

const few = 10
const turns = 500

/**
 * P6: one more act on a person with many past acts, beside one on a person with ten, through the services
 * in this process, durable, in turns. `ratio` is in milliseconds, with both states remembered; `cold` and
 * `coldFew` are the first act after a start, when the state is folded from the stream.
 */
export async function longStream(scale: number): Promise<Measured> {
  const past = Math.min(scale, 100_000)
  return inDirectory(async (directory) => {
    await withCustody(directory, async (custody, caller) => {
      await publishPolicy(custody, caller)
      await recordLines(custody, caller, registrations(2, 1))
      await recordLines(custody, caller, usesOf(0, past - 1))
      await recordLines(custody, caller, usesOf(1, few - 1))
    })
    tell(`  a person with ${past} past acts is there`)
    return withCustody(directory, async (custody, caller) => {
      const coldFew = await time(custody, caller, 1)
      const cold = await time(custody, caller, 0)
      const times = { many: [] as number[], few: [] as number[] }
      for (let turn = 0; turn < turns; turn++) {
        times.few.push(await time(custody, caller, 1))
        times.many.push(await time(custody, caller, 0))
      }
      // The few have become more meanwhile, and are few still.
      const [ours, limit] = [median(times.many), median(times.few)]
      return {
        ratio: rounded(ours / limit),
        ours: rounded(ours),
        limit: rounded(limit),
        unit: 'ms',
        past,
        cold: rounded(cold),
        coldFew: rounded(coldFew),
        turns,
      }
    })
  })
}

async function time({ services }: Custody, caller: Caller, person: number): Promise<number> {
  const [line] = usesOf(person, 1)
  const one = parsed(line!)
  const began = performance.now()
  const { outcome } = await services.recording.record(caller, one, null)
  const milliseconds = performance.now() - began
  if (outcome !== 'recorded') throw new Error(`the use was ${outcome}`)
  return milliseconds
}
