import type { LineOutcome, OperationKey } from '../application/services.ts'
import type { Line } from '../application/lines.ts'
import type { Position } from '../domain/values.ts'
import type { Charset } from './charset.ts'
import { fingerprint } from './fingerprint.ts'
import type { PreparedImport, SourceFile } from './manifest.ts'
import { openBytes } from './open-bytes.ts'
import type { PhysicalLine } from './physical-lines.ts'
import { defect, type Defect, type Reject } from './reject.ts'
import type { OpenRejects, RejectSink } from './rejects-file.ts'
import { readRows, type Row, type RowOutcome } from './rows.ts'
import { countReject, countRow, emptySummary, type FileSummary } from './summary.ts'
import { lineMaker, type LineMaker } from './to-lines.ts'

/**
 * A line and its idempotency key: the fingerprint of the row it comes from, and its place in that
 * row.
 */
export type LineWithOrigin = Readonly<{ line: Line; operation: OperationKey }>

export type ImportOptions = Readonly<{
  plan: PreparedImport
  /** Judges and appends, in order; the outcomes are in the order of the lines. */
  record: (lines: readonly LineWithOrigin[]) => Promise<readonly LineOutcome[]>
  /**
   * The ledger's position when the run began: tells what an earlier run recorded from what this one
   * did.
   */
  startedAt: Position
  rejects: OpenRejects
  /** Bytes read from the disk, of `plan.totalBytes`. */
  onProgress?: (progress: { readBytes: number; totalBytes: number; file: string }) => void
  batchRows?: number
}>

/** How many rows are recorded together. */
const BATCH_ROWS = 500

/**
 * Imports every file of the plan, in order, and tells what became of each. A malformed row never
 * stops it; running it again records nothing twice.
 * @throws when a file cannot be read, a reject cannot be written, or `record` throws
 */
export async function importAll(options: ImportOptions): Promise<FileSummary[]> {
  const { plan, onProgress } = options
  const summaries: FileSummary[] = []
  let doneBytes = 0
  for (const source of plan.files) {
    const report = (fileBytes: number) =>
      onProgress?.({
        readBytes: doneBytes + Math.min(fileBytes, source.bytes),
        totalBytes: plan.totalBytes,
        file: source.file,
      })
    const sink = await options.rejects(source.file)
    try {
      summaries.push(await new FileImport(source, sink, options).run(report))
    } finally {
      await sink.close()
    }
    doneBytes += source.bytes
    report(0)
  }
  return summaries
}

type Pending = Readonly<{ row: Row; lines: readonly Line[] }>

class FileImport {
  private readonly source: SourceFile
  private readonly sink: RejectSink
  private readonly options: ImportOptions
  private readonly summary: FileSummary
  private readonly toLines: LineMaker
  private batch: Pending[] = []
  private charset: Charset
  private lastLine = 0

  constructor(source: SourceFile, sink: RejectSink, options: ImportOptions) {
    const { file, mapping } = source
    this.source = source
    this.sink = sink
    this.options = options
    this.summary = emptySummary(file, mapping.mapping, mapping.source)
    this.toLines = lineMaker(mapping)
    this.charset = mapping.charset
  }

  async run(report: (readBytes: number) => void): Promise<FileSummary> {
    const opened = openBytes(this.source.path)
    for await (const { rows, charset } of readRows(opened.bytes, this.source.mapping)) {
      this.charset = charset
      for (const row of rows) await this.take(row)
      report(opened.readBytes())
    }
    if (opened.brokenOff()) {
      this.summary.rows.read += 1
      await this.setAside(this.lastLine + 1, [], defect('broken_compression', null))
    }
    await this.flush()
    return this.summary
  }

  private async take(outcome: RowOutcome): Promise<void> {
    const { row } = outcome
    this.summary.rows.read += 1
    this.lastLine = row.line + row.raw.length - 1
    if (!outcome.readable) return this.setAside(row.line, row.raw, defect(outcome.row.reason, null))
    const made = this.toLines(outcome.row.cells)
    if (!made.ok) return this.setAside(row.line, row.raw, made.defect)
    if (made.lines.length === 0) {
      this.summary.rows.ignored += 1
      return
    }
    this.batch.push({ row: outcome.row, lines: made.lines })
    if (this.batch.length >= (this.options.batchRows ?? BATCH_ROWS)) await this.flush()
  }

  private async flush(): Promise<void> {
    const { batch } = this
    if (batch.length === 0) return
    this.batch = []
    const entries = batch.flatMap((pending) => this.withOrigin(pending))
    const outcomes = await this.options.record(entries)
    if (outcomes.length !== entries.length)
      throw new Error(`recording ${entries.length} lines gave ${outcomes.length} outcomes`)
    let from = 0
    for (const { row, lines } of batch) {
      await this.settle(row, outcomes.slice(from, from + lines.length))
      from += lines.length
    }
  }

  private withOrigin({ row, lines }: Pending): LineWithOrigin[] {
    const { mapping, file } = this.source
    const print = fingerprint(mapping, file, row)
    return lines.map((line, index) => ({
      line,
      operation: { key: `${print}#${index}`, body: JSON.stringify(line) },
    }))
  }

  private async settle(row: Row, outcomes: readonly LineOutcome[]): Promise<void> {
    const result = countRow(this.summary, outcomes, this.options.startedAt)
    if (result !== 'rejected') return
    const invalid = outcomes.find(({ outcome }) => outcome === 'invalid')
    if (invalid?.outcome !== 'invalid') return
    countReject(this.summary, 'refused_by_ledger')
    const { field, rule } = invalid
    await this.write(row.line, row.raw, { field, reason: 'refused_by_ledger', rule })
  }

  private async setAside(line: number, raw: readonly PhysicalLine[], fault: Defect): Promise<void> {
    this.summary.rows.rejected += 1
    countReject(this.summary, fault.reason)
    await this.write(line, raw, fault)
  }

  private async write(line: number, raw: readonly PhysicalLine[], fault: Defect): Promise<void> {
    const reject: Reject = { file: this.source.file, line, ...fault }
    await this.sink.write(reject, raw, this.charset)
  }
}
