import type { BundleProblemCode } from '../proof/bundle-problem.ts'

/** The first thing that is wrong with a bundle, where, and in words. */
export type EvidenceProblem = Readonly<{
  code: BundleProblemCode | DerivationProblemCode
  where: string
  message: string
}>

/**
 * What is found wrong beyond what hashes and signatures prove. `unknown-question`: the bundle answers nothing
 * that we know. `not-covered`: events that the answer needs are not proved to be all here.
 * `unreadable-event`: an event that this version cannot read. `missing-policy`: an event was judged by a
 * version of the policy that is not here. `other-derivation`: the report was derived in a way that is not
 * this version's. `altered-report`, `altered-page`: not what the events give.
 */
export type DerivationProblemCode =
  | 'unknown-question'
  | 'not-covered'
  | 'unreadable-event'
  | 'missing-policy'
  | 'other-derivation'
  | 'altered-report'
  | 'altered-page'
