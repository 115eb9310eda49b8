/**
 * Counts by key while rows stream past. The keys come from closed or short lists (codes, months,
 * sources), so that this stays small however many rows there are.
 */
export class Tally {
  readonly #counts = new Map<string, number>()

  /** Counts one, or `by`, more for the key. */
  add(key: string, by = 1): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by)
  }

  /** How many were counted for the key. */
  of(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  /** Keys and counts, the most frequent first, then by key. */
  byCount(): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(
      ([keyA, countA], [keyB, countB]) => countB - countA || inOrder(keyA, keyB),
    )
  }

  /** Keys and counts by key. */
  byKey(): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(([keyA], [keyB]) => inOrder(keyA, keyB))
  }
}

/** By UTF-16 code unit, whatever the locale of the machine. */
export function inOrder(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
