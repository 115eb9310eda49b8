import { streamParts } from '../domain/envelope.ts'
import type { ControllerId, Position } from '../domain/values.ts'
import { UnreadableEvent } from '../ledger/codec.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import { isLeaf } from './leaves.ts'
import { claimOfEvent, claimOfKept, type Claim, type ClaimRead } from './verify-claims.ts'
import { IdCheck } from './verify-ids.ts'
import { RowCheck } from './verify-rows.ts'
import type { LedgerSource } from './verify-source.ts'
import type { TreeCheck } from './verify-tree.ts'
import type { Finding, Verification, VerifyOptions } from './verify-types.ts'

/** Findings beyond these are not collected: a file where everything is wrong has no more to say. */
const mostFindings = 1_000

/** One reading of a ledger, from the first row to the last that there was when it began. */
export class Walk {
  readonly #options: VerifyOptions
  readonly #trees: TreeCheck
  readonly #ids = new IdCheck()
  readonly #findings: Finding[] = []
  /** Claims whose sizes are not reached yet, in the order of their sizes. */
  readonly #claims = new Map<ControllerId, Claim[]>()
  readonly #claimsAt = new Map<Position, Claim>()
  /** How many leaves of each controller were read. */
  readonly #counts = new Map<ControllerId, number>()
  /** The events that are no leaves. */
  readonly #apart: Pick<LogRecord, 'position' | 'id'>[] = []
  #position = 0
  #events = 0

  constructor(options: VerifyOptions, trees: TreeCheck) {
    this.#options = options
    this.#trees = trees
  }

  /** @throws what the source throws where the ledger cannot be read */
  async read(ledger: LedgerSource): Promise<void> {
    const rows = new RowCheck(ledger.dense)
    // In this order: what was followed was in the ledger before.
    const followedTo = this.#trees.followedTo()
    const until = await ledger.last()
    await this.#collectClaims(ledger, until)
    for await (const page of ledger.pages(until)) {
      const leaves: LogRecord[] = []
      for (const row of page) {
        const { findings, record } = rows.next(row)
        this.#report(...findings)
        this.#ids.add(row.id)
        this.#position = row.position
        this.#events += 1
        if (!record) continue
        if (isLeaf(record)) leaves.push(record)
        else this.#apart.push({ position: record.position, id: record.id })
        this.#checkPlace(record)
      }
      this.#trees.grow(leaves)
      this.#checkReached()
      this.#options.onProgress?.(this.#position, until)
    }
    for (const [controller, claims] of this.#claims) {
      const concerns = claims.find(({ own }) => !own || this.#trees.sizeOf(controller) > 0)
      if (concerns) this.#report(this.#trees.short(concerns, (until + 1) as Position))
    }
    if (followedTo > until) {
      const message = `the ledger ends at ${until}, and the notary has followed it to ${followedTo}`
      this.#report({ position: (until + 1) as Position, code: 'not_followed', message })
    }
    for (const record of this.#apart) {
      const finding = this.#trees.apart(record)
      if (finding) this.#report(finding)
    }
    this.#report(
      ...this.#trees.unfollowed(until as Position),
      ...(await this.#ids.findings(ledger, until)),
    )
    this.#report(...ledger.damage())
  }

  /** The ledger could be read up to where the walk stands. */
  unreadable(error: Error): void {
    const position = (this.#position + 1) as Position
    const message = `the ledger cannot be read behind position ${this.#position}: ${error.message}`
    this.#report({ position, code: 'unreadable_file', message })
  }

  result(): Verification {
    const findings = this.#findings.toSorted(
      (one, other) => (one.position ?? Infinity) - (other.position ?? Infinity),
    )
    const { keys, pinned } = this.#options
    return {
      ok: findings.length === 0,
      position: this.#position as Position,
      events: this.#events,
      keys: keys.length === 0 ? 'none' : pinned ? 'pinned' : 'unpinned',
      first: findings[0] ?? null,
      findings,
      trees: this.#trees.trees(),
    }
  }

  #report(...findings: readonly Finding[]): void {
    this.#findings.push(...findings.slice(0, mostFindings - this.#findings.length))
  }

  /** All that was signed, from the ledger and from elsewhere, before the first leaf is looked at. */
  async #collectClaims(ledger: LedgerSource, until: number): Promise<void> {
    const { keys, kept } = this.#options
    const reads: ClaimRead[] = kept.map((note) => claimOfKept(note, keys))
    for await (const page of ledger.signed(until)) {
      for (const record of page) {
        try {
          reads.push(claimOfEvent(record, keys))
        } catch (error) {
          // The walk says of every event that cannot be read why.
          if (!(error instanceof UnreadableEvent)) throw error
        }
      }
    }
    const claims = reads.map(({ claim }) => claim).filter((claim) => claim !== null)
    for (const claim of claims) {
      if (claim.position !== null) this.#claimsAt.set(claim.position, claim)
    }
    this.#report(...reads.map(({ finding }) => finding).filter((finding) => finding !== null))
    for (const [controller, own] of Map.groupBy(claims, (claim) => claim.controller)) {
      this.#claims.set(
        controller,
        own.toSorted((one, other) => one.head.size - other.head.size),
      )
    }
  }

  /** A checkpoint stands behind the events that it is of. */
  #checkPlace(record: LogRecord): void {
    const { controller } = streamParts(record.stream)
    const before = this.#counts.get(controller) ?? 0
    if (isLeaf(record)) this.#counts.set(controller, before + 1)
    const claim = this.#claimsAt.get(record.position)
    if (!claim || claim.head.size <= before) return
    const message = `the checkpoint is of ${claim.head.size} events, and ${before} stand before it`
    this.#report({ position: record.position, code: 'checkpoint', message })
  }

  #checkReached(): void {
    for (const [controller, claims] of this.#claims) {
      const size = this.#trees.sizeOf(controller)
      while (claims[0] && claims[0].head.size <= size) {
        const finding = this.#trees.check(claims.shift()!)
        if (finding) this.#report(finding)
      }
    }
  }
}
