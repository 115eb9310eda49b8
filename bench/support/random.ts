/** A source of numbers and letters that gives the same for the same seed. */
export type Random = Readonly<{
  /** 0 up to, not including, `below`. */
  integer(below: number): number
  letters(count: number): string
}>

/** Mulberry32: enough for spreading load; nothing here is a secret. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const integer = (below: number) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
  return {
    integer,
    letters: (count) =>
      Array.from({ length: count }, () => String.fromCharCode(97 + integer(26))).join(''),
  }
}
