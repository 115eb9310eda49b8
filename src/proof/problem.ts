/** Why something does not verify. Verifying never throws: what is wrong is a value. */
export type Problem = Readonly<{ code: ProblemCode; message: string }>

/**
 * `malformed-…`: not what the format allows, so it was not looked at further. `index-out-of-range`: a leaf
 * that a tree of that size does not have. `missing-hash`, `extra-hash`: a proof of another length than the
 * sizes ask for. `wrong-root`: well formed, and does not lead to the root it should. `unknown-signer`: no
 * signature by a pinned key. `bad-signature`: a signature under a pinned key's name that the key did not make.
 * `wrong-origin`: a checkpoint of another log.
 */
export type ProblemCode =
  | 'malformed-size'
  | 'malformed-index'
  | 'malformed-hash'
  | 'malformed-note'
  | 'malformed-checkpoint'
  | 'malformed-proof'
  | 'malformed-head'
  | 'index-out-of-range'
  | 'missing-hash'
  | 'extra-hash'
  | 'wrong-root'
  | 'unknown-signer'
  | 'bad-signature'
  | 'wrong-origin'

/** What a check that finds something out answers. */
export type Outcome<T> =
  Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; problem: Problem }>

/** A problem, in one line where it is found. */
export function problem(code: ProblemCode, message: string): Problem {
  return { code, message }
}

/** The outcome of a check that failed. */
export function failed(code: ProblemCode, message: string): Outcome<never> {
  return { ok: false, problem: problem(code, message) }
}
