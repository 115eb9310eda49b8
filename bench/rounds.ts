import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What was measured of one target. `ratio` is what `performance` targets speak of; see each benchmark. */
export type Measured = Readonly<{
  ratio: number
  ours: number
  limit: number
  unit: string
  rounds: number
  /** Rounds that do not count: the disk itself moved by more than 2x meanwhile. */
  voided: number
  [detail: string]: number | string
}>

/** A measurement of one round: a figure of ours and one of the limit's. */
export type Round = Readonly<{ ours: number; limit: number }>

/** How many rounds must count, and how many are tried for that. */
const ROUNDS = 5
const MOST_ROUNDS = 12

/**
 * Measures ours and the limit in turns, and gives the median of the rounds that count. Around each round
 * the disk is probed; where it moved by more than 2x the round is void, since the two halves of it did
 * not meet the same disk.
 *
 * @param ratioOf ours to limit, in the sense of the target
 */
export async function measure(
  unit: string,
  round: (index: number) => Promise<Round>,
  ratioOf: (round: Round) => number = ({ ours, limit }) => ours / limit,
): Promise<Measured> {
  const counted: Round[] = []
  let voided = 0
  for (let index = 0; counted.length < ROUNDS && index < MOST_ROUNDS; index++) {
    const before = syncsPerSecond()
    const measured = await round(index)
    const after = syncsPerSecond()
    if (Math.max(before, after) > 2 * Math.min(before, after)) voided += 1
    else counted.push(measured)
  }
  // A disk that never holds still is told, not hidden: then every round is void and none is left.
  if (counted.length === 0) throw new Error(`all ${voided} rounds are void: the disk moved by over 2x`)
  return {
    ratio: rounded(median(counted.map(ratioOf))),
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
