import { firstDifference } from '../proof/bundle.ts'
import { verifyBundle, type PinnedLog, type VerifiedBundle } from '../proof/verify-bundle.ts'
import { derivation, derive, type Derived } from './derive.ts'
import type { EvidenceProblem } from './problem.ts'

/** A bundle that holds: what was proved, and the report and page that were derived from it anew. */
export type VerifiedEvidence = VerifiedBundle & Derived

export type EvidenceChecked =
  | Readonly<{ ok: true; value: VerifiedEvidence }>
  | Readonly<{ ok: false; problem: EvidenceProblem }>

/** How a report and a page are derived. */
export type Derive = typeof derive

/**
 * Checks a bundle by the pinned keys of a log and nothing else: all that hashes and signatures prove, that
 * what the answer needs is here whole, and that its report and page are what the events give, to the byte.
 * Whatever the bytes are, what is wrong with them is a value.
 *
 * @param how for whoever checks many bundles that differ little, and remembers what was derived
 * @throws Error when this machine cannot derive anything, as for want of space for a temporary file
 */
export async function verifyEvidence(
  bytes: Uint8Array | string,
  log: PinnedLog,
  how: Derive = derive,
): Promise<EvidenceChecked> {
  const verified = verifyBundle(bytes, log)
  if (!verified.ok) return verified
  const { bundle, checkpoint } = verified.value
  if (bundle.derivation !== derivation) {
    const message = `its report was derived in the way ${bundle.derivation}, and this version of Custody knows ${derivation}: what hashes and signatures prove is proved, and the report cannot be compared`
    return { ok: false, problem: { code: 'other-derivation', where: '$.derivation', message } }
  }
  const derived = await how(bundle, checkpoint.size)
  if (!derived.ok) return derived
  const problem =
    compare('altered-report', 'report', bundle.report, derived.value.report) ??
    compare('altered-page', 'page', bundle.page, derived.value.page)
  if (problem) return { ok: false, problem }
  return { ok: true, value: { ...verified.value, ...derived.value } }
}

function compare(
  code: EvidenceProblem['code'],
  name: 'report' | 'page',
  stated: string,
  derived: string,
): EvidenceProblem | null {
  if (stated === derived) return null
  const where = `$.${name}, character ${firstDifference(stated, derived)}`
  return { code, where, message: `the ${name} is not what the events give` }
}
