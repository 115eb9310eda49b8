/**
 * A seeded source of chance (sfc32, Chris Doty-Humphrey's PractRand): the same seed gives the same
 * example, byte for byte, on every machine. Each part of the example forks its own, so that a
 * change to one part leaves the others as they were.
 */
export class Random {
  private a: number
  private b: number
  private c: number
  private counter = 1

  constructor(seed: string) {
    let hash = 0x811c9dc5
    for (const character of seed) {
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
    }
    this.a = hash
    this.b = hash ^ 0x9e3779b9
    this.c = hash ^ 0x243f6a88
    for (let round = 0; round < 15; round += 1) this.bits()
  }

  private bits(): number {
    const sum = (this.a + this.b + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum
    return sum >>> 0
  }

  /** From 0 up to, but not, 1. */
  fraction(): number {
    return this.bits() / 2 ** 32
  }

  /** A whole number from `least` to `most`, both possible. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1))
  }

  /** True in this share of the cases. */
  chance(share: number): boolean {
    return this.fraction() < share
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** Some of them, in their order, without repetition. */
  some<T>(items: readonly T[], count: number): T[] {
    let left = Math.min(count, items.length)
    return items.filter((_, index) => {
      const take = this.fraction() < left / (items.length - index)
      if (take) left -= 1
      return take
    })
  }

  /** Digits and capital letters. */
  code(length: number): string {
    let code = ''
    while (code.length < length) code += '0123456789ABCDEFGHJKLMNPQRSTUVWXYZ'[this.between(0, 33)]
    return code
  }
}
