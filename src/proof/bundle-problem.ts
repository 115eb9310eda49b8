import type { ProblemCode } from './problem.ts'

/** The first thing that is wrong with a bundle, and where: a JSON path, or a byte of the file. */
export type BundleProblem = Readonly<{ code: BundleProblemCode; where: string; message: string }>

/**
 * `malformed-bundle`, `not-canonical`: no bundle, or not spelt as one is. `out-of-order`, `duplicate`: a
 * list is not in its order. `other-controller`: something of another controller's. `altered-event`: an event
 * that is not the one its leaf is of. `missing-event`: a gap, or a newest event that was withheld.
 * `stray-event`: an event of nothing that the bundle says is complete. `no-stream-map`: the checkpoint does
 * not say how far streams go. `not-disclosed`: values that are not those that were sealed. The other codes
 * are of the checkpoint and its proofs.
 */
export type BundleProblemCode =
  | ProblemCode
  | 'malformed-bundle'
  | 'not-canonical'
  | 'out-of-order'
  | 'duplicate'
  | 'other-controller'
  | 'altered-event'
  | 'missing-event'
  | 'stray-event'
  | 'no-stream-map'
  | 'not-disclosed'

/** What checking a bundle answers. */
export type Checked<T> =
  Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; problem: BundleProblem }>

/** A problem, in one line where it is found. */
export function wrong(code: BundleProblemCode, where: string, message: string): BundleProblem {
  return { code, where, message }
}
