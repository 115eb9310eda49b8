import type { z } from 'zod'
import type { CategoryKey, Channel, Day, ObligationId, PurposeKey, SubjectKind } from '../values.ts'
import { addTo } from './calendar.ts'
import { Policy } from './schema.ts'

/** What is wrong with a document, and where: `collection.2.purposes.0`. */
export type PolicyProblem = Readonly<{ path: string; rule: string }>

export type PolicyParse =
  | Readonly<{ ok: true; policy: Policy }>
  | Readonly<{ ok: false; problems: readonly PolicyProblem[] }>

const MOST_PROBLEMS = 100

/**
 * Parses a policy document: first its shape, then whether each word that a rule uses is declared and
 * each promise it names is stated. The YAML text becomes a value outside the domain.
 *
 * @param document the value that the YAML text stands for
 */
export function parsePolicy(document: unknown): PolicyParse {
  const parsed = Policy.safeParse(document)
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, []))
    return { ok: false, problems: problems.slice(0, MOST_PROBLEMS) }
  }
  const problems = crossReferences(parsed.data).slice(0, MOST_PROBLEMS)
  return problems.length === 0 ? { ok: true, policy: parsed.data } : { ok: false, problems }
}

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** What is behind an issue: the key that is none, or what is wrong with the alternative meant. */
function problemsOf(issue: Issue, above: Path): PolicyProblem[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'invalid_key') return issue.issues.flatMap((inner) => problemsOf(inner, path))
  if (issue.code === 'invalid_union') {
    // Of the alternatives the one that was understood the furthest is the one that was meant.
    const depth = (issues: readonly Issue[]) =>
      Math.max(...issues.map((inner) => inner.path.length))
    const meant = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0]
    if (meant && depth(meant) > 0) return meant.flatMap((inner) => problemsOf(inner, path))
  }
  return [{ path: path.map(String).join('.'), rule: issue.message }]
}

type Report = (path: string, rule: string) => void

function crossReferences(policy: Policy): PolicyProblem[] {
  const problems: PolicyProblem[] = []
  const report: Report = (path, rule) => problems.push({ path, rule })
  checkObligations(policy, report)
  checkRuleIds(policy, report)
  checkWords(policy, report)
  checkPurposes(policy, report)
  checkDurations(policy, report)
  if (policy.version > policy.effective) {
    report('effective', `must not be before the version ${policy.version}`)
  }
  return problems
}

const ruleLists = ['collection', 'sharing', 'forbidden', 'retention', 'outOfPolicy'] as const

function checkObligations(policy: Policy, report: Report): void {
  const stated = (obligation: ObligationId | undefined, path: string) => {
    if (obligation !== undefined && policy.clauses[obligation] === undefined) {
      report(path, `names ${obligation}, which no clause states`)
    }
  }
  stated(policy.notice.obligation, 'notice.obligation')
  stated(policy.requests?.obligation, 'requests.obligation')
  stated(policy.backups?.obligation, 'backups.obligation')
  stated(policy.suppression?.obligation, 'suppression.obligation')
  for (const [name, obligation] of Object.entries(policy.principles)) {
    stated(obligation, `principles.${name}`)
  }
  for (const [kind, { obligation }] of Object.entries(policy.subjectKinds)) {
    stated(obligation, `subjectKinds.${kind}.obligation`)
  }
  for (const [purpose, { obligation }] of Object.entries(policy.purposes)) {
    stated(obligation, `purposes.${purpose}.obligation`)
  }
  for (const list of ruleLists) {
    policy[list].forEach(({ obligation }, i) => stated(obligation, `${list}.${i}.obligation`))
  }
}

/** One name for one rule in the whole policy: refusals, lots and events name rules. */
function checkRuleIds(policy: Policy, report: Report): void {
  const seen = new Map<string, string>()
  for (const list of ruleLists) {
    policy[list].forEach(({ id }, index) => {
      const path = `${list}.${index}.id`
      const first = seen.get(id)
      if (first === undefined) seen.set(id, path)
      else report(path, `${id} is also the id of ${first}`)
    })
  }
}

type Words = Readonly<{
  categories: (list: readonly CategoryKey[] | 'any' | 'identifying' | undefined, at: string) => void
  purposes: (list: readonly PurposeKey[] | undefined, at: string) => void
  kinds: (list: readonly SubjectKind[] | 'any' | undefined, at: string) => void
  channels: (list: readonly Channel[], at: string) => void
}>

function declaredWords(policy: Policy, report: Report): Words {
  const declared = (record: object, what: string) => {
    const keys = new Set(Object.keys(record))
    return (list: readonly string[] | string | undefined, at: string) => {
      if (list === undefined || typeof list === 'string') return
      list.forEach((key, index) => {
        if (!keys.has(key)) report(`${at}.${index}`, `names the undeclared ${what} ${key}`)
        if (list.indexOf(key) !== index) report(`${at}.${index}`, `names ${key} twice`)
      })
    }
  }
  return {
    categories: declared(policy.categories, 'category'),
    purposes: declared(policy.purposes, 'purpose'),
    kinds: declared(policy.subjectKinds, 'kind'),
    channels: declared(policy.channels, 'channel'),
  }
}

function checkWords(policy: Policy, report: Report): void {
  const words = declaredWords(policy, report)
  const sharingIds = new Set(policy.sharing.map(({ id }) => id))
  words.channels(policy.notice.channels, 'notice.channels')
  policy.collection.forEach((rule, index) => {
    words.kinds(rule.kinds, `collection.${index}.kinds`)
    words.channels(rule.channels, `collection.${index}.channels`)
    words.categories(rule.categories, `collection.${index}.categories`)
    words.purposes(rule.purposes, `collection.${index}.purposes`)
  })
  policy.sharing.forEach((rule, index) => {
    words.categories(rule.categories, `sharing.${index}.categories`)
    words.purposes(rule.purposes, `sharing.${index}.purposes`)
  })
  policy.forbidden.forEach((rule, index) => {
    words.purposes(rule.purposes, `forbidden.${index}.purposes`)
    rule.join?.forEach((list, at) => words.categories(list, `forbidden.${index}.join.${at}`))
    rule.unless?.forEach((id, at) => {
      if (!sharingIds.has(id)) {
        report(`forbidden.${index}.unless.${at}`, `names ${id}, which is no sharing rule`)
      }
    })
  })
  words.purposes(policy.suppression?.purposes, 'suppression.purposes')
  policy.retention.forEach((rule, index) => {
    words.kinds(rule.kinds, `retention.${index}.kinds`)
    words.categories(rule.categories, `retention.${index}.categories`)
  })
}

function checkPurposes(policy: Policy, report: Report): void {
  const words = declaredWords(policy, report)
  for (const [key, purpose] of Object.entries(policy.purposes)) {
    const at = `purposes.${key}`
    words.purposes(purpose.stopsWith, `${at}.stopsWith`)
    words.purposes(purpose.compatibleWith, `${at}.compatibleWith`)
    words.kinds(purpose.kinds, `${at}.kinds`)
    if (purpose.objection === 'refused' && purpose.explanation === undefined) {
      report(`${at}.explanation`, 'must say why the purpose cannot be objected to')
    }
    if (purpose.consentLasts !== undefined && purpose.basis !== 'consent') {
      report(`${at}.consentLasts`, 'has a meaning only where the basis is consent')
    }
  }
}

function checkDurations(policy: Policy, report: Report): void {
  policy.retention.forEach(({ keep, minimum }, index) => {
    if (minimum !== undefined && isLonger(minimum, keep)) {
      report(`retention.${index}.minimum`, `${minimum} is longer than ${keep}, the time it is kept`)
    }
  })
}

/** Days on which months and years are longest and shortest, so that no pair of durations slips by. */
const PROBES = ['2015-01-31', '2015-02-28', '2016-02-29', '2015-07-31', '2014-12-31'] as Day[]

function isLonger(one: Policy['retention'][number]['keep'], other: typeof one): boolean {
  return PROBES.some((day) => addTo(day, one) > addTo(day, other))
}
