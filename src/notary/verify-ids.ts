import type { Position } from '../domain/values.ts'
import type { LedgerSource } from './verify-source.ts'
import type { Finding } from './verify-types.ts'

/**
 * Finds ids that stand in two places. Of each id only 53 of its random bits are held, eight bytes an event;
 * what looks the same is looked up.
 */
export class IdCheck {
  #numbers = new Float64Array(1_024)
  #count = 0

  add(id: string): void {
    if (this.#count === this.#numbers.length) {
      const larger = new Float64Array(2 * this.#count)
      larger.set(this.#numbers)
      this.#numbers = larger
    }
    this.#numbers[this.#count] = numberOf(id)
    this.#count += 1
  }

  /** The ids that are there twice, each at its second position. */
  async findings(ledger: LedgerSource, until: number): Promise<Finding[]> {
    const sorted = this.#numbers.subarray(0, this.#count).sort()
    const suspect = new Set(sorted.filter((number, at) => at > 0 && number === sorted[at - 1]))
    if (suspect.size === 0) return []
    const seen = new Map<string, number>()
    const findings: Finding[] = []
    for await (const page of ledger.pages(until)) {
      for (const { id, position } of page) {
        if (!suspect.has(numberOf(id))) continue
        const first = seen.get(id)
        if (first === undefined) seen.set(id, position)
        else {
          const message = `the event at position ${first} has the same id`
          findings.push({ position: position as Position, code: 'duplicate_id', message })
        }
      }
    }
    return findings
  }
}

/** The last 52 bits of a UUID of version 7 are random; dashes or none. */
function numberOf(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(-13), 16)
}
