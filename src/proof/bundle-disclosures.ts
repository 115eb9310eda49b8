import type { Bundle, BundleDisclosure, BundleEvent } from './bundle.ts'
import { wrong, type BundleProblem } from './bundle-problem.ts'
import { isDisclosureOf } from './commitment.ts'

/** A sealed box as the body of an event has it. */
type Box = Readonly<{ category: string; lot: string; key: string; box: string }>

/**
 * Checks that each disclosure opens the box of its category in its event, by the commitment in the box:
 * the event's stored bytes hold it, so what is disclosed is what was sealed.
 *
 * @returns null, or the first that does not
 */
export function verifyDisclosures({
  controller,
  events,
  disclosures,
}: Bundle): BundleProblem | null {
  const byId = new Map(events.map((event) => [event.id, event]))
  for (const [at, disclosure] of disclosures.entries()) {
    const where = `$.disclosures[${at}]`
    const before = disclosures[at - 1]
    if (before && nameOf(before) >= nameOf(disclosure)) {
      return wrong('out-of-order', where, 'disclosures go by event and category, each once')
    }
    const event = byId.get(disclosure.event)
    if (!event) return wrong('not-disclosed', `${where}.event`, 'the event is not in the bundle')
    if (!isOf(controller, event, disclosure)) {
      const message = `this is not what was sealed as ${disclosure.category} in the event ${event.id}`
      return wrong('not-disclosed', where, message)
    }
  }
  return null
}

function isOf(controller: string, event: BundleEvent, disclosure: BundleDisclosure): boolean {
  const [kind, subject] = [event.stream.split('-', 1)[0], event.stream.split('/')[1]]
  const boxes = boxesOf(event.body).filter(({ category }) => category === disclosure.category)
  const [found] = boxes
  if (kind !== 'subject' || subject === undefined || !found || boxes.length > 1) return false
  const { category, lot, key, box } = found
  const place = { controller, subject, eventId: event.id, category, lot, key }
  return isDisclosureOf(place, box, disclosure)
}

/** The sealed boxes in a body; none where it has none or is no such JSON. */
function boxesOf(body: string): Box[] {
  try {
    const parsed = JSON.parse(body) as { sealed?: unknown } | null
    const sealed: unknown = parsed?.sealed
    return Array.isArray(sealed) ? sealed.filter(isBox) : []
  } catch {
    return []
  }
}

function isBox(value: unknown): value is Box {
  const box = value as Partial<Box> | null
  return [box?.category, box?.lot, box?.key, box?.box].every((part) => typeof part === 'string')
}

function nameOf({ event, category }: BundleDisclosure): string {
  return `${event} ${category}`
}
