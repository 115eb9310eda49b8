import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What was measured of one target. What `ratio` divides is said by each benchmark. */
export type Measured = Readonly<{
  ratio: number
  ours: number
  limit: number
  unit: string
  [detail: string]: number | string | boolean
}>

/** A measurement of one round: a figure of ours and one of the limit's. */
export type Round = Readonly<{ ours: number; limit: number }>

/** How many rounds must count, and how many are tried for that. */
const ROUNDS = 5
const MOST_ROUNDS = 12

/**
 * Measures ours and the limit in turns until enough rounds count. Around each round the disk is probed;
 * where it moved by more than 2x the round is void, since its two halves did not meet the same disk.
 *
 * @throws Error when every round was void: a disk that never holds still is told, not hidden
 */
export async function measure<R extends Round>(
  name: string,
  round: (index: number) => Promise<R>,
): Promise<{ counted: readonly R[]; voided: number }> {
  const counted: R[] = []
  let voided = 0
  for (let index = 0; counted.length < ROUNDS && index < MOST_ROUNDS; index++) {
    const before = syncsPerSecond()
    const measured = await round(index)
    const after = syncsPerSecond()
    const moved = Math.max(before, after) / Math.min(before, after)
    const fate = moved > 2 ? ` void: the disk moved by ${moved.toFixed(1)}x` : ''
    const { ours, limit } = measured
    tell(`  ${name} round ${index + 1}: ours ${rounded(ours)}, limit ${rounded(limit)}${fate}`)
    if (moved > 2) voided += 1
    else counted.push(measured)
  }
  if (counted.length === 0) throw new Error(`all ${voided} rounds of ${name} are void`)
  return { counted, voided }
}

/** The medians of the rounds that count. `ratio` is the median of the rounds' ratios, ours to limit. */
export function summary(
  unit: string,
  { counted, voided }: { counted: readonly Round[]; voided: number },
): Measured {
  return {
    ratio: rounded(median(counted.map(({ ours, limit }) => ours / limit))),
    ours: rounded(median(counted.map(({ ours }) => ours))),
    limit: rounded(median(counted.map(({ limit }) => limit))),
    unit,
    rounds: counted.length,
    voided,
  }
}

/** The middle of the values; of an even number of them, the lower one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}

/** Three significant digits: more would claim more than a run can know. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

/** A line of progress, on standard error. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}

const PROBE_MS = 150

/** How often a second the disk takes a small write through to itself. */
function syncsPerSecond(): number {
  const directory = mkdtempSync(join(tmpdir(), 'custody-bench-'))
  const file = openSync(join(directory, 'probe'), 'w')
  const bytes = Buffer.alloc(4096, 1)
  const began = performance.now()
  let syncs = 0
  try {
    while (performance.now() - began < PROBE_MS) {
      writeSync(file, bytes, 0, bytes.length, 0)
      fdatasyncSync(file)
      syncs += 1
    }
  } finally {
    closeSync(file)
    rmSync(directory, { recursive: true, force: true })
  }
  return (syncs / (performance.now() - began)) * 1000
}
