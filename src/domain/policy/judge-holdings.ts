import type { Authority } from '../judgement.ts'
import type { Held, HeldLot } from '../subject/state.ts'
import type { CategoryKey, Lot, ObligationId, PurposeKey, RuleId } from '../values.ts'
import { promiseToKind, type Case } from './case.ts'
import type { CompiledPurpose } from './compile.ts'
import type { Moment } from './judging.ts'
import { ruleOfLot } from './lots.ts'
import { listed, refuse } from './refusing.ts'

/** What the data that an act is about stands on. */
export type Holding = Readonly<{
  spends: Lot | null
  /** The transient collection's rule, where its one use is spent. */
  rule: RuleId | null
  /** The promise behind a compatible or a later authorized purpose, or behind the transient rule. */
  obligation: ObligationId | undefined
  byConsent: boolean
}>

/** `transient`: may spend a transient lot. `purposes`: the purpose must fit those of the collection. */
export type Asked = Readonly<{ transient: boolean; purposes: boolean }>

type TransientMatch = Readonly<{ lot: Lot; rule: RuleId; obligation: ObligationId | undefined }>

/**
 * Whether each category of the act is held, and for purposes that the act's own fits: the same, one it
 * is declared compatible with, or later authorized by the person's consent (S40). What is held for one
 * use only (S19, S32) serves the purposes of its collection and nothing else.
 */
export function judgeHoldings(
  judged: Case,
  purpose: CompiledPurpose,
  consent: Authority['consent'],
  asked: Asked,
): Holding {
  const { act, refusals, policy } = judged
  const principle = policy.source.principles.purposeLimitation
  if (act.categories.length === 0) {
    const explanation = 'The act names no category of data held on the person.'
    refusals.push(refuse('not_held', { obligation: principle }, explanation))
    return { spends: null, rule: null, obligation: principle, byConsent: false }
  }
  // Where the purpose stands on consent, a missing one is the one reason: it would authorize the use.
  const authorized = consent !== null || purpose.declaration.basis === 'consent'
  const narrowed = asked.transient ? namedLot(judged) : null
  const missing: CategoryKey[] = []
  const unfit: CategoryKey[] = []
  let further = false
  let byConsent = false
  for (const category of act.categories) {
    const fit = narrowed ? 'missing' : fitOf(judged, category, purpose, authorized, asked)
    if (fit === 'missing') missing.push(category)
    else if (fit === 'unfit') unfit.push(category)
    else if (fit !== 'same') further = true
    if (fit === 'consent') byConsent = true
  }
  const obligation = further ? principle : undefined
  if (missing.length === 0 && unfit.length === 0) {
    return { spends: null, rule: null, obligation, byConsent }
  }
  const needed = [...missing, ...unfit]
  const lots = asked.transient ? transientLots(judged, needed, narrowed) : []
  const open = lots.find(({ held }) => isOpen(held) && serves(held, needed, purpose.key))
  if (open) {
    const { lot, rule, obligation: own } = transientMatch(judged, open.lot)
    return { spends: lot, rule, obligation: own ?? obligation, byConsent }
  }
  refuseHoldings(judged, purpose, asked, { missing, unfit, lots })
  return { spends: null, rule: null, obligation, byConsent }
}

type Fit = 'missing' | 'unfit' | 'same' | 'compatible' | 'consent'

function fitOf(
  { subject, moment }: Case,
  category: CategoryKey,
  { key, reach }: CompiledPurpose,
  authorized: boolean,
  asked: Asked,
): Fit {
  const byPurpose = subject?.holdings.get(category)
  if (!byPurpose) return 'missing'
  const own = byPurpose.get(key)
  if (own && isHeld(own, moment)) return 'same'
  let fit: Fit = 'missing'
  for (const [collectedFor, held] of byPurpose) {
    if (!isHeld(held, moment)) continue
    if (!asked.purposes || reach.has(collectedFor)) return 'compatible'
    fit = 'unfit'
  }
  return fit === 'unfit' && authorized ? 'consent' : fit
}

/** `enforce`: it is held now. `observe`: it was held at the moment. */
function isHeld({ lots, since, until }: Held, { at, mode }: Moment): boolean {
  if (mode === 'enforce') return lots > 0
  return since <= at && (lots > 0 || until === null || at < until)
}

type HeldTransient = Readonly<{ lot: Lot; held: HeldLot }>

/** The transient lot of the collection that the act names, where it is one. */
function namedLot({ act, subject }: Case): HeldTransient | null {
  if (act.act !== 'use' || act.collection === undefined) return null
  for (const [lot, held] of subject?.lots ?? []) {
    if (held.transient && lot.endsWith(`/${act.collection}`)) return { lot, held }
  }
  return null
}

function transientLots(
  { subject }: Case,
  needed: readonly CategoryKey[],
  narrowed: HeldTransient | null,
): HeldTransient[] {
  if (narrowed) return [narrowed]
  const lots: HeldTransient[] = []
  for (const [lot, held] of subject?.lots ?? []) {
    if (!held.transient) continue
    if (needed.some((category) => held.contents.has(category))) lots.push({ lot, held })
  }
  return lots
}

/** Not used yet, and not being deleted for not having been. */
function isOpen({ spent, deletion }: HeldLot): boolean {
  return !spent && deletion === null
}

function serves(held: HeldLot, needed: readonly CategoryKey[], purpose: PurposeKey): boolean {
  return needed.every((category) => held.contents.get(category)?.has(purpose))
}

function transientMatch({ policy }: Case, lot: Lot): TransientMatch {
  const rule = ruleOfLot(lot)
  return { lot, rule, obligation: policy.collection.get(rule)?.rule.obligation }
}

/** S19: the rule under which all of it was given for one use that has been made. */
function spentRule(
  { subject, policy }: Case,
  needed: readonly CategoryKey[],
  purpose: PurposeKey,
): Omit<TransientMatch, 'lot'> | null {
  let rule: RuleId | null = null
  for (const category of needed) {
    const used = subject?.spent.get(category)?.get(purpose)
    if (!used) return null
    rule ??= used
  }
  return rule && { rule, obligation: policy.collection.get(rule)?.rule.obligation }
}

function refuseHoldings(
  judged: Case,
  purpose: CompiledPurpose,
  asked: Asked,
  found: Readonly<{
    missing: readonly CategoryKey[]
    unfit: readonly CategoryKey[]
    lots: readonly HeldTransient[]
  }>,
): void {
  const { refusals, policy } = judged
  const { lots } = found
  const principle = policy.source.principles.purposeLimitation
  const needed = [...found.missing, ...found.unfit]
  const spent = asked.transient ? spentRule(judged, needed, purpose.key) : null
  if (spent) {
    const { rule, obligation } = spent
    const explanation = `Rule ${rule} lets ${listed(needed)} be used once, and that use is spent.`
    refusals.push(refuse('transient_already_used', { rule, obligation }, explanation))
    return
  }
  const other = lots.find(({ held }) => needed.every((category) => held.contents.has(category)))
  if (other) {
    const { rule, obligation } = transientMatch(judged, other.lot)
    const explanation = `Rule ${rule} lets ${listed(needed)} be used only for what it was given for.`
    refusals.push(refuse('purpose_incompatible', { rule, obligation }, explanation))
    return
  }
  if (found.missing.length > 0) {
    const explanation = `${listed(found.missing)} is not held on the person.`
    refusals.push(refuse('not_held', { obligation: principle }, explanation))
  }
  if (found.unfit.length > 0) {
    const ground = { obligation: promiseToKind(judged) ?? principle }
    const explanation =
      `${listed(found.unfit)} was collected for purposes that ${purpose.key} is not compatible with; ` +
      `it needs one of ${listed(purpose.reach)}, or the person's consent.`
    refusals.push(refuse('purpose_incompatible', ground, explanation))
  }
}
