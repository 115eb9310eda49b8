import type { Finding, Report, Severity } from './finding.ts'
import { lintCollection, lintRetention, lintSharing } from './lint-rules.ts'
import { lintPurposes, lintWords } from './lint-words.ts'
import type { Policy } from './schema.ts'

export type { Finding, FindingCode } from './finding.ts'

const severities: readonly Severity[] = ['error', 'warning', 'info']

/**
 * What is wrong or worth knowing in a policy that parses: contradictions, rules that never apply, data
 * without an end. Errors first, then in the order of the document.
 */
export function lint(policy: Policy): Finding[] {
  const findings: Finding[] = []
  const report: Report = (severity, code, path, message, obligation) => {
    findings.push({ severity, code, path, message, obligation: obligation ?? null })
  }
  lintPurposes(policy, report)
  lintCollection(policy, report)
  lintSharing(policy, report)
  lintRetention(policy, report)
  lintWords(policy, report)
  return findings.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
}
