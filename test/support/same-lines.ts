import { expect } from 'vitest'

/** Fails on the first line that differs: comparing tens of thousands of lines one by one takes long. */
export function expectSameLines(found: readonly string[], wanted: readonly string[]): void {
  const first = wanted.findIndex((line, index) => line !== found[index])
  expect(found[first]).toBe(wanted[first])
  expect(found.length).toBe(wanted.length)
}
