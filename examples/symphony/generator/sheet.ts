import type { ObligationId } from '../../../src/domain/values.ts'
import type { RefusalCode } from '../../../src/domain/refusal.ts'
import type { RejectReason } from '../../../src/import/reject.ts'
import type { Person } from './people.ts'
import type { Random } from './random.ts'

/** One promise that an act breaks, and how the ledger says it. */
export type Breach = readonly [code: RefusalCode, obligation: `${'S'}${number}`]

/** A line that a row makes, by the promises it breaks: none where it keeps them all. */
export type TrueLine = readonly Breach[]

/** Keeps every promise. */
export const kept: TrueLine = []

/** What is true of one file: what a faithful import must find. */
export type FileTruth = {
  rows: number
  /** Rows that repeat another one. */
  duplicates: number
  rejected: Partial<Record<RejectReason, number>>
  ignored: number
  /** Lines that the rows make, the repeated rows left out. */
  lines: number
  /** Lines that break a promise. */
  flagged: number
  /** Lines by the codes, and by the promises, that they break; each counts once for a line. */
  violations: Partial<Record<RefusalCode, number>>
  obligations: Record<ObligationId, number>
}

type Piece = Readonly<{ at: number; content: string; lines: number }>

/** The rows of one export as they are gathered, and the truth about them. */
export class Sheet {
  readonly truth: FileTruth = {
    rows: 0,
    duplicates: 0,
    rejected: {},
    ignored: 0,
    lines: 0,
    flagged: 0,
    violations: {},
    obligations: {},
  }
  /** Whom the good rows are about. */
  readonly people = new Set<Person>()
  private readonly rows: Piece[] = []
  private readonly malformed: (string | Buffer)[] = []
  private readonly seen = new Set<string>()

  /**
   * A good row that makes these lines about this person. The same row twice would be one act: the
   * second is left out.
   */
  add(at: number, content: string, lines: readonly TrueLine[], person: Person | null): void {
    if (this.seen.has(content)) return
    this.seen.add(content)
    if (person && lines.length > 0) this.people.add(person)
    this.rows.push({ at, content, lines: lines.length })
    this.truth.rows += 1
    this.truth.lines += lines.length
    if (lines.length === 0) this.truth.ignored += 1
    for (const breaches of lines) {
      if (breaches.length > 0) this.truth.flagged += 1
      for (const code of new Set(breaches.map(([code]) => code)))
        this.truth.violations[code] = (this.truth.violations[code] ?? 0) + 1
      for (const name of new Set(breaches.map(([, obligation]) => obligation))) {
        const obligation = name as ObligationId
        this.truth.obligations[obligation] = (this.truth.obligations[obligation] ?? 0) + 1
      }
    }
  }

  /** A row that cannot be imported, for this reason. */
  addMalformed(content: string | Buffer, reason: RejectReason): void {
    this.malformed.push(content)
    this.truth.rows += 1
    this.truth.rejected[reason] = (this.truth.rejected[reason] ?? 0) + 1
  }

  /**
   * The rows in the order of time, with this many repeated somewhere after their first, and the
   * malformed ones anywhere among them.
   */
  rowsInOrder(random: Random, duplicates: number): (string | Buffer)[] {
    const rows = this.rows.toSorted((a, b) => a.at - b.at)
    for (let made = 0; made < duplicates;) {
      const index = random.between(0, rows.length - 1)
      const row = rows[index]
      if (!row || row.lines === 0) continue
      rows.splice(random.between(index + 1, Math.min(index + 40, rows.length)), 0, row)
      made += 1
    }
    this.truth.rows += duplicates
    this.truth.duplicates += duplicates
    const ordered: (string | Buffer)[] = rows.map(({ content }) => content)
    for (const row of this.malformed) ordered.splice(random.between(1, ordered.length), 0, row)
    return ordered
  }
}

/** The bytes of a file: a header where there is one, and the rows, each with its line end. */
export function fileOf(
  rows: readonly (string | Buffer)[],
  encode: (text: string) => Buffer,
  lineEnd: string,
): Buffer {
  const end = encode(lineEnd)
  return Buffer.concat(rows.flatMap((row) => [typeof row === 'string' ? encode(row) : row, end]))
}
