import type { RecipientStanding, Share } from '../judgement.ts'
import type { Refusal } from '../refusal.ts'
import { authorityOf, NOTHING_FOUND, type Case, type Found } from './case.ts'
import { dayOf } from './calendar.ts'
import { ANY_CLASS, type CompiledSharing } from './compile.ts'
import { judgeHoldings } from './judge-holdings.ts'
import { judgeAggregate, judgeChoices, judgeKinds, type Openness } from './judge-purpose.ts'
import { judgeWithoutSubject } from './judge-use.ts'
import { listed, refuse } from './refusing.ts'

/**
 * Judges a share: denied unless a rule for the recipient's class permits these categories for this
 * purpose (S6), and the act brings what the rule asks: a contract in force (S12, S48), a ground (S7), a
 * consent (S20), or a business transfer under way (S8).
 */
export function judgeShare(judged: Case<Share>): Found {
  const { act, subject, policy, refusals } = judged
  const purpose = policy.purposes.get(act.purpose)
  if (!purpose) {
    judgeRecipient(judged)
    return NOTHING_FOUND
  }
  const { declaration } = purpose
  const choices = declaration.aggregate ? NO_CHOICES : judgeChoices(judged, purpose)
  refusals.push(...choices.refusals)
  const rule = judgeRecipient(judged) ? judgeRules(judged, choices.consent) : null
  let consent = declaration.basis === 'consent' || rule?.rule.consent ? choices.consent : null
  const obligations = [rule?.rule.obligation, declaration.obligation]
  if (declaration.aggregate) judgeAggregate(judged, purpose)
  else if (!subject) judgeWithoutSubject(judged, purpose)
  else if (subject.status !== 'unknown' && subject.status !== 'erased') {
    judgeKinds(judged, purpose)
    const asked = { transient: false, purposes: !overridesPurposes(rule) }
    const held = judgeHoldings(judged, purpose, choices.consent, asked)
    if (held.byConsent) consent = choices.consent
    if (asked.purposes) obligations.push(held.obligation)
  }
  if (!rule) return NOTHING_FOUND
  const { id } = rule.rule
  const authority = authorityOf(policy, purpose, consent, [id], obligations)
  return { authority, rule: id, collection: null, spends: null }
}

const NO_CHOICES: Openness = { refusals: [], consent: null }

/** S7, S8: on a ground, or in a business transfer, data passes whatever it was collected for. */
function overridesPurposes(sharing: CompiledSharing | null): boolean {
  return sharing !== null && (sharing.rule.grounds !== undefined || sharing.rule.transfer)
}

function judgeRecipient({ act, moment, context, policy, refusals }: Case<Share>): boolean {
  const { recipient } = context
  const ground = { obligation: policy.source.principles.sharingByRule }
  if (!recipient) {
    const explanation = `No recipient ${act.recipient} is registered with the controller.`
    refusals.push(refuse('recipient_unknown', ground, explanation))
    return false
  }
  const { suspendedSince } = recipient
  const suspended =
    moment.mode === 'enforce' || (suspendedSince !== null && suspendedSince <= moment.at)
  if (suspendedSince !== null && suspended) {
    const explanation = `The recipient ${act.recipient} is suspended; it must be reinstated first.`
    refusals.push(refuse('recipient_suspended', ground, explanation))
  }
  return true
}

/** The rule the share comes under: of those that cover it, the one that asks for the least missing. */
function judgeRules(judged: Case<Share>, consent: Openness['consent']): CompiledSharing | null {
  const { act, policy, context, refusals } = judged
  const recipient = context.recipient!
  const own = policy.sharingByClass.get(recipient.recipientClass) ?? []
  const candidates = [...own, ...(policy.sharingByClass.get(ANY_CLASS) ?? [])]
  let best: CompiledSharing | null = null
  let fewest: readonly Refusal[] | null = null
  for (const candidate of candidates) {
    if (!covers(candidate, act)) continue
    const missing = demands(judged, candidate, recipient, consent)
    if (fewest && missing.length >= fewest.length) continue
    best = candidate
    fewest = missing
    if (missing.length === 0) return candidate
  }
  if (fewest) refusals.push(...fewest)
  else refusals.push(notPermitted(judged, own, recipient.recipientClass))
  return best
}

function covers({ categories, purposes }: CompiledSharing, act: Share): boolean {
  if (!purposes.has(act.purpose)) return false
  return categories === null || act.categories.every((category) => categories.has(category))
}

/** What a rule asks of the share beside its words. */
function demands(
  judged: Case<Share>,
  { rule }: CompiledSharing,
  recipient: RecipientStanding,
  consent: Openness['consent'],
): Refusal[] {
  const { act, context } = judged
  const missing: Refusal[] = []
  const ground = { obligation: rule.obligation, rule: rule.id }
  if (rule.consent && !consent) {
    const explanation = `Sharing for ${act.purpose} needs the person's consent, and none stands.`
    missing.push(refuse('consent_missing', ground, explanation))
  }
  if (rule.grounds) {
    const lacking: string[] = []
    if (!act.ground || !rule.grounds.includes(act.ground)) {
      lacking.push(`a ground among ${rule.grounds.join(', ')}`)
    }
    if (act.document === undefined) lacking.push('a document reference')
    if (act.approver === undefined) lacking.push('the approver')
    if (lacking.length > 0) {
      const explanation = `The disclosure must name ${lacking.join(' and ')}.`
      missing.push(refuse('ground_missing', ground, explanation))
    }
  }
  if (rule.contract && !hasContract(judged, recipient)) {
    const explanation = `The recipient needs a contract in force that covers these categories for ${act.purpose}.`
    missing.push(refuse('contract_missing', ground, explanation))
  }
  if (rule.transfer && !(act.transfer !== undefined && context.transferUnderWay)) {
    const explanation = 'It may pass only in a business transfer that is named and being executed.'
    missing.push(refuse('transfer_missing', ground, explanation))
  }
  return missing
}

/** S12, S48: a contract from its first day until the day before its end covers it. */
function hasContract(
  { act, moment, policy }: Case<Share>,
  { contracts }: RecipientStanding,
): boolean {
  if (contracts.length === 0) return false
  const on = dayOf(moment.at, policy.timeZone)
  return contracts.some(
    ({ from, until, purposes, categories }) =>
      from <= on &&
      (until === null || on < until) &&
      purposes.includes(act.purpose) &&
      (categories === 'any' || act.categories.every((category) => categories.includes(category))),
  )
}

/** S6: says what the nearest rule for the class permits. */
function notPermitted(
  { act, policy }: Case<Share>,
  own: readonly CompiledSharing[],
  recipientClass: string,
): Refusal {
  const nearest = own.find(({ purposes }) => purposes.has(act.purpose)) ?? own[0]
  if (!nearest) {
    const ground = { obligation: policy.source.principles.sharingByRule }
    const explanation = `No rule lets a recipient of class ${recipientClass} have data for ${act.purpose}.`
    return refuse('sharing_not_permitted', ground, explanation)
  }
  const { rule, categories, purposes } = nearest
  const allowed = categories === null ? 'any category' : listed(categories)
  const explanation =
    `Rule ${rule.id} lets a recipient of class ${recipientClass} have ${allowed} for ` +
    `${listed(purposes)}, and nothing else.`
  return refuse(
    'sharing_not_permitted',
    { obligation: rule.obligation, rule: rule.id },
    explanation,
  )
}
