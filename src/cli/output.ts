import type { Writable } from 'node:stream'
import { SingleBar } from 'cli-progress'
import Table from 'cli-table3'

/**
 * How a command speaks: tables and sentences for people, or with `--json` one JSON value on standard
 * output and nothing else there. Progress goes to standard error, and only where somebody looks.
 */
export type Output = Readonly<{
  json: boolean
  /** A sentence for people; silent with `--json`. */
  say(text: string): void
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void
  /** The result for machines; silent without `--json`. */
  result(value: unknown): void
  progress(label: string, total: number): Progress
}>

export type Progress = Readonly<{ to(value: number): void; end(): void }>

/** How often progress is told where nobody watches a bar, in milliseconds. */
const QUIET_MS = 5_000

/** @param streams standard output and standard error */
export function createOutput(json: boolean, streams: { out: Writable; err: Writable }): Output {
  const { out, err } = streams
  return {
    json,
    say: (text) => void (json || out.write(`${text}\n`)),
    table(head, rows) {
      if (json) return
      const table = new Table({ head: [...head], style: { head: [], border: [] } })
      for (const row of rows) table.push([...row])
      out.write(`${table.toString()}\n`)
    },
    result: (value) => void (json && out.write(`${JSON.stringify(value, null, 2)}\n`)),
    progress: (label, total) =>
      'isTTY' in err && err.isTTY ? bar(label, total, err) : lines(label, total, err),
  }
}

function bar(label: string, total: number, stream: Writable): Progress {
  const drawn = new SingleBar({
    format: `${label.padEnd(28)} {bar} {percentage}% | {duration_formatted}`,
    stream,
    hideCursor: true,
    clearOnComplete: false,
  })
  drawn.start(Math.max(total, 1), 0)
  return {
    to: (value) => drawn.update(value),
    end: () => {
      drawn.update(Math.max(total, 1))
      drawn.stop()
    },
  }
}

/** A log file or a pipe gets a line now and then instead of a bar. */
function lines(label: string, total: number, stream: Writable): Progress {
  let said = performance.now()
  return {
    to(value) {
      if (performance.now() - said < QUIET_MS) return
      said = performance.now()
      stream.write(`${label}: ${Math.floor((100 * value) / Math.max(total, 1))} %\n`)
    },
    end: () => void stream.write(`${label}: done\n`),
  }
}
