import type { LineOutcome } from '../application/services.ts'
import type { ObligationId, Position, SourceId } from '../domain/values.ts'
import { assertNever } from '../domain/values.ts'
import type { RefusalCode } from '../domain/refusal.ts'
import type { RejectReason } from './reject.ts'

/** What became of one file. Rows: imported + known + duplicates + rejected + ignored = read. */
export type FileSummary = {
  file: string
  mapping: string
  source: SourceId
  rows: {
    read: number
    /** At least one line of the row was new. */
    imported: number
    /** An earlier run has recorded it, or it says nothing new. */
    known: number
    /** This run has recorded a row with the same content. */
    duplicates: number
    /** Set aside; see the rejects file. */
    rejected: number
    /** The mapping says that such rows are of no concern to the ledger. */
    ignored: number
  }
  lines: {
    made: number
    recorded: number
    /** In `enforce` mode. */
    refused: number
    /** Recorded before, by this or an earlier run. */
    repeated: number
    /** Nothing was left to do: it stood like that already. */
    unchanged: number
    /** Recorded before out of the same row, but the mapping now makes another line of it. */
    changed: number
    /** Recorded, and flagged as breaking the policy. */
    flagged: number
  }
  /** Flagged lines, by the codes and by the obligations they break; each counts once for a line. */
  violations: Partial<Record<RefusalCode, number>>
  obligations: Record<ObligationId, number>
  rejects: Partial<Record<RejectReason, number>>
}

/** A summary with nothing in it yet. */
export function emptySummary(file: string, mapping: string, source: SourceId): FileSummary {
  return {
    file,
    mapping,
    source,
    rows: { read: 0, imported: 0, known: 0, duplicates: 0, rejected: 0, ignored: 0 },
    lines: { made: 0, recorded: 0, refused: 0, repeated: 0, unchanged: 0, changed: 0, flagged: 0 },
    violations: {},
    obligations: {},
    rejects: {},
  }
}

/** What one row came to. An `invalid` line rejects its row. */
export type RowResult = 'imported' | 'known' | 'duplicates' | 'rejected'

/**
 * Counts the outcomes of one row's lines. What is repeated was recorded by an earlier run when its
 * position is not beyond `startedAt`, where this run began.
 */
export function countRow(
  summary: FileSummary,
  outcomes: readonly LineOutcome[],
  startedAt: Position,
): RowResult {
  let fresh = false
  let known = false
  let invalid = false
  for (const outcome of outcomes) {
    summary.lines.made += 1
    if (outcome.outcome === 'invalid') {
      invalid = true
    } else if (outcome.outcome === 'key_reused') {
      summary.lines.changed += 1
      known = true
    } else if (outcome.repeated) {
      summary.lines.repeated += 1
      if (outcome.position <= startedAt) known = true
    } else if (outcome.outcome === 'recorded' && outcome.events.length === 0) {
      summary.lines.unchanged += 1
      known = true
    } else {
      fresh = true
      countFresh(summary, outcome)
    }
  }
  const result = invalid ? 'rejected' : fresh ? 'imported' : known ? 'known' : 'duplicates'
  summary.rows[result] += 1
  return result
}

function countFresh(
  summary: FileSummary,
  outcome: Extract<LineOutcome, { outcome: 'recorded' | 'refused' }>,
): void {
  switch (outcome.outcome) {
    case 'recorded':
      summary.lines.recorded += 1
      break
    case 'refused':
      summary.lines.refused += 1
      break
    default:
      assertNever(outcome)
  }
  if (outcome.flagged.length > 0) summary.lines.flagged += 1
  for (const code of new Set(outcome.flagged.map((refusal) => refusal.code))) {
    summary.violations[code] = (summary.violations[code] ?? 0) + 1
  }
  for (const obligation of new Set(outcome.flagged.map((refusal) => refusal.obligation))) {
    if (obligation) summary.obligations[obligation] = (summary.obligations[obligation] ?? 0) + 1
  }
}

/** Counts a row that was set aside before it could make a line. */
export function countReject(summary: FileSummary, reason: RejectReason): void {
  summary.rejects[reason] = (summary.rejects[reason] ?? 0) + 1
}
