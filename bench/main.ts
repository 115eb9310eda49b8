import { parseArgs } from 'node:util'
import { append } from './append.ts'
import { disk } from './disk.ts'
import { eventStore } from './event-store.ts'
import { importExample } from './import-example.ts'
import { ingest } from './ingest.ts'
import { longStream } from './long-stream.ts'
import { notary } from './notary.ts'
import { queryViews } from './queries.ts'
import { rebuildViews } from './rebuild-views.ts'
import { tell } from './rounds.ts'
import { removeHistories } from './support/histories.ts'

/** What one benchmark answers: its figures, by name. */
type Figures = Readonly<Record<string, number | string | boolean>>
type Bounds = readonly (readonly [figure: string, atLeast: '>=' | '<=', bound: number])[]
type Benchmark = Readonly<{
  title: string
  /** What must hold. */
  targets: Bounds
  run: (scales: readonly number[]) => Promise<Figures>
}>

const largest = (scales: readonly number[]) => Math.max(...scales)

const benchmarks: Readonly<Record<string, Benchmark>> = {
  P1: {
    title: 'append through HTTP, one act a request : fastify + zod without storage',
    targets: [
      ['ratio', '>=', 0.5],
      ['p99Ratio', '<=', 2.5],
    ],
    run: append,
  },
  P2: {
    title: 'NDJSON ingest : raw node:sqlite',
    targets: [['ratio', '>=', 0.25]],
    run: ingest,
  },
  P3: {
    title: 'rebuild of all views : bare upserts of the same rows',
    targets: [['ratio', '>=', 0.5]],
    run: (scales) => rebuildViews(largest(scales)),
  },
  P4: {
    title: 'queries at the largest scale : at 10,000 events',
    targets: [
      ['ratio', '<=', 1.5],
      ['bareRatio', '<=', 4],
    ],
    run: (scales) => queryViews(largest(scales)),
  },
  P6: {
    title: 'an act on a person with 100,000 past acts : with 10',
    targets: [['ratio', '<=', 1.5]],
    run: (scales) => longStream(largest(scales)),
  },
  P9: {
    title: 'bytes on disk, ledger and views : JSON of the events',
    targets: [['ratio', '<=', 3]],
    run: (scales) => disk(largest(scales)),
  },
  N7: {
    title: 'processor time of notarising : of ingest; and a proof from 10 million leaves',
    targets: [
      ['costRatio', '<=', 0.15],
      ['proofP99Ms', '<=', 5],
    ],
    run: (scales) => notary(largest(scales)),
  },
  ES: {
    title: 'appends through EventStoreDbLog : by the driver alone, the call without sharing',
    targets: [['ratio', '>=', 0.8]],
    run: eventStore,
  },
  import: { title: 'import of the example', targets: [], run: importExample },
}

const usage = `Usage: npm run bench -- [--json] [--only ${Object.keys(benchmarks).join(',')}] [--scale 10000,100000]

  --json    one JSON object on standard output
  --only    which of them (all)
  --scale   how many events; the largest is measured (10000,100000)
`

class UsageError extends Error {}

type Wish = Readonly<{ json: boolean; only: readonly string[]; scales: readonly number[] }>

function wishOf(parameters: readonly string[]): Wish {
  const { values } = parsed(parameters)
  const only = values.only?.split(',') ?? Object.keys(benchmarks)
  for (const name of only) {
    if (!Object.hasOwn(benchmarks, name)) throw new UsageError(`there is no benchmark ${name}`)
  }
  const scales = (values.scale ?? '10000,100000').split(',').map(Number)
  if (!scales.every((scale) => Number.isSafeInteger(scale) && scale >= 1_000)) {
    throw new UsageError('a scale is a whole number of events, at least 1000')
  }
  return { json: values.json ?? false, only, scales }
}

function parsed(parameters: readonly string[]) {
  try {
    return parseArgs({
      args: [...parameters],
      options: {
        json: { type: 'boolean' },
        only: { type: 'string' },
        scale: { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

async function main(parameters: readonly string[]): Promise<number> {
  const { json, only, scales } = wishOf(parameters)
  const answers: Record<string, Figures> = {}
  try {
    for (const name of only) {
      const { title, run } = benchmarks[name]!
      tell(`${name}: ${title}`)
      answers[name] = await run(scales)
      tell(`  ${JSON.stringify(answers[name])}`)
    }
  } finally {
    await removeHistories()
  }
  if (json) process.stdout.write(`${JSON.stringify(answers)}\n`)
  else for (const [name, figures] of Object.entries(answers)) showTable(name, figures)
  return 0
}

function showTable(name: string, figures: Figures): void {
  const { title, targets } = benchmarks[name]!
  process.stdout.write(`\n${name}  ${title}\n`)
  for (const [figure, value] of Object.entries(figures)) {
    const target = targets.find(([named]) => named === figure)
    process.stdout.write(`  ${figure.padEnd(16)} ${value}${target ? verdict(target, value) : ''}\n`)
  }
}

function verdict([, sense, bound]: Bounds[number], value: Figures[string]): string {
  const holds = sense === '>=' ? Number(value) >= bound : Number(value) <= bound
  return `  (target ${sense} ${bound}: ${holds ? 'reached' : 'not reached'})`
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}
