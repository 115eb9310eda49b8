import type { Collect } from '../judgement.ts'
import type { Refusal } from '../refusal.ts'
import { authorityOf, NOTHING_FOUND, type Case, type Found } from './case.ts'
import { retentionOf, type CompiledCollection, type CompiledPurpose } from './compile.ts'
import { judgeAggregate, judgeChoices, type Openness } from './judge-purpose.ts'
import { listed, refuse } from './refusing.ts'

type Standing = Readonly<{ purpose: CompiledPurpose; consent: Openness['consent'] }>

/**
 * Judges a collection: one rule must let this kind give all of these categories over this channel for
 * all of these purposes (S10), and at least one of the purposes must be open to the person, so that the
 * data has something to be held for. A purpose that waits for consent, or that an objection stops, is
 * judged again at every use.
 */
export function judgeCollect(judged: Case<Collect>): Found {
  const { act, policy, refusals } = judged
  judgeChannel(judged)
  const standing = judgePurposes(judged)
  const covering = covers(judged)
  if (!covering) {
    refusals.push(notPermitted(judged))
    return NOTHING_FOUND
  }
  refusals.push(...demands(judged, covering))
  judgeRetention(judged, covering)
  const { rule } = covering
  const found = { rule: rule.id, collection: rule, spends: null }
  if (!standing) return { ...found, authority: null }
  const promises = act.purposes.map((key) => policy.purposes.get(key)?.declaration.obligation)
  const { purpose, consent } = standing
  const needed = purpose.declaration.basis === 'consent' ? consent : null
  const obligations = [rule.obligation, ...promises]
  return { ...found, authority: authorityOf(policy, purpose, needed, [rule.id], obligations) }
}

/** S37: a sensitive category only over an encrypted channel. */
function judgeChannel({ act, policy, refusals }: Case<Collect>): void {
  const channel = policy.channels.get(act.channel)
  if (!channel || channel.encrypted) return
  const sensitive = act.categories.filter((category) => policy.sensitive.has(category))
  if (sensitive.length === 0) return
  const ground = { obligation: policy.source.principles.encryptedTransit }
  const explanation = `${listed(sensitive)} may come only over an encrypted channel, not ${act.channel}.`
  refusals.push(refuse('channel_not_encrypted', ground, explanation))
}

/** The first purpose that is open to the person; where none is, why each is not. */
function judgePurposes(judged: Case<Collect>): Standing | null {
  const { act, policy, subject, refusals } = judged
  const known = act.purposes.flatMap((key) => policy.purposes.get(key) ?? [])
  const closed: Refusal[] = []
  let standing: Standing | null = null
  for (const purpose of known) {
    judgeKind(judged, purpose)
    if (purpose.declaration.aggregate) {
      if (!subject) standing ??= { purpose, consent: null }
      continue
    }
    const { refusals: against, consent } = judgeChoices(judged, purpose)
    if (against.length === 0) standing ??= { purpose, consent }
    else closed.push(...against)
  }
  if (!standing) refusals.push(...closed)
  const [first] = known
  if (first && known.every(({ declaration }) => declaration.aggregate)) {
    judgeAggregate(judged, first)
  }
  return standing
}

/** S11: a purpose may be open to some kinds only, and the person gives the data as one kind. */
function judgeKind({ act, policy, refusals }: Case<Collect>, purpose: CompiledPurpose): void {
  if (!purpose.kinds || purpose.kinds.has(act.kind)) return
  const obligation = policy.kinds.get(act.kind)?.obligation ?? purpose.declaration.obligation
  const explanation = `${purpose.key} is open only to ${listed(purpose.kinds)}, not to ${act.kind}.`
  refusals.push(refuse('purpose_not_open', { obligation }, explanation))
}

/** The rule that covers the whole act: of several the one that asks for the least that is missing. */
function covers(judged: Case<Collect>): CompiledCollection | null {
  const { act, policy } = judged
  if (act.categories.length === 0) return null
  let best: CompiledCollection | null = null
  let fewest = Infinity
  for (const candidate of policy.collectionByKind.get(act.kind) ?? []) {
    if (!isCovered(judged, candidate)) continue
    const missing = demands(judged, candidate).length
    if (missing >= fewest) continue
    best = candidate
    fewest = missing
    if (missing === 0) break
  }
  return best
}

function isCovered({ act, subject }: Case<Collect>, candidate: CompiledCollection): boolean {
  return (
    fitsSubject(candidate, subject !== null) &&
    candidate.channels.has(act.channel) &&
    act.categories.every((category) => candidate.categories.has(category)) &&
    act.purposes.every((purpose) => candidate.purposes.has(purpose))
  )
}

function fitsSubject({ rule }: CompiledCollection, hasSubject: boolean): boolean {
  return rule.subject === 'either' || (rule.subject === 'person') === hasSubject
}

/** What a rule asks of the act beside its words (S11, S33, S46). */
function demands({ act }: Case<Collect>, { rule }: CompiledCollection): Refusal[] {
  const missing: Refusal[] = []
  const ground = { obligation: rule.obligation, rule: rule.id }
  if (rule.selfIdentified && !act.selfIdentified) {
    const explanation = `The person must have identified themselves as ${act.kind}.`
    missing.push(refuse('not_self_identified', ground, explanation))
  }
  if (rule.voluntaryAct && act.voluntaryAct === undefined) {
    const explanation = 'It must name the form or transaction in which the person volunteered it.'
    missing.push(refuse('voluntary_act_missing', ground, explanation))
  }
  if (rule.providedByAnother && act.providedBy === undefined) {
    missing.push(refuse('provider_missing', ground, 'It must say who gave the data.'))
  }
  return missing
}

/** What nobody says the end of must not begin. */
function judgeRetention(
  { act, subject, policy, refusals }: Case<Collect>,
  { rule }: CompiledCollection,
) {
  if (!subject) return
  const endless = act.categories.filter((category) => !retentionOf(policy, act.kind, category))
  if (endless.length === 0) return
  const ground = { obligation: rule.obligation, rule: rule.id }
  const explanation = `No retention rule says how long ${listed(endless)} of ${act.kind} is kept.`
  refusals.push(refuse('collection_not_permitted', ground, explanation))
}

/** S10: says what the nearest rule permits, and what of the act lies outside. */
function notPermitted({ act, subject, policy }: Case<Collect>): Refusal {
  const principle = policy.source.principles.collectionByRule
  const kindPromise = policy.kinds.get(act.kind)?.obligation
  if (act.categories.length === 0) {
    const explanation = 'The collection names no category of data.'
    return refuse('collection_not_permitted', { obligation: principle }, explanation)
  }
  const nearest = nearestRule(act, subject !== null, policy.collectionByKind.get(act.kind) ?? [])
  if (!nearest) {
    const explanation = `No rule lets ${act.kind} give data${subject ? '' : ' without a subject'}.`
    return refuse('collection_not_permitted', { obligation: kindPromise ?? principle }, explanation)
  }
  const categories = act.categories.filter((category) => !nearest.categories.has(category))
  const purposes = act.purposes.filter((purpose) => !nearest.purposes.has(purpose))
  const outside: string[] = []
  if (categories.length > 0) outside.push(`${listed(categories)}`)
  if (purposes.length > 0) outside.push(`the purpose ${listed(purposes)}`)
  if (!nearest.channels.has(act.channel)) outside.push(`the channel ${act.channel}`)
  const onlyPurposes = categories.length === 0 && purposes.length > 0
  const ground = {
    obligation: (onlyPurposes ? kindPromise : undefined) ?? nearest.rule.obligation,
    rule: nearest.rule.id,
  }
  const explanation = `The nearest rule for ${act.kind}, ${nearest.rule.id}, leaves out ${outside.join(' and ')}.`
  return refuse('collection_not_permitted', ground, explanation)
}

function nearestRule(
  act: Collect,
  hasSubject: boolean,
  candidates: readonly CompiledCollection[],
): CompiledCollection | null {
  let nearest: CompiledCollection | null = null
  let highest = -1
  for (const candidate of candidates) {
    if (!fitsSubject(candidate, hasSubject)) continue
    const score =
      act.categories.filter((category) => candidate.categories.has(category)).length +
      act.purposes.filter((purpose) => candidate.purposes.has(purpose)).length +
      (candidate.channels.has(act.channel) ? 1 : 0)
    if (score <= highest) continue
    nearest = candidate
    highest = score
  }
  return nearest
}
