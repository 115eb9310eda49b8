import type { FacetBody } from './audit.ts'
import type { Reader } from './reader.ts'
import type { AuditFilter } from './views.ts'

export const facetReads = {
  // Those that are new only: the index of the bodies would walk all of them.
  behind: `SELECT number, body FROM facet NOT INDEXED WHERE controller = ? AND number > ?
    ORDER BY number`,
  counts: 'SELECT number, events FROM facet WHERE controller = ? ORDER BY number',
  countsAsOf: `SELECT number, events - (
      SELECT count(*) FROM audit WHERE audit.facet = facet.number AND position > ?2)
    FROM facet WHERE controller = ?1 ORDER BY number`,
  events: 'SELECT events FROM controller WHERE number = ?',
} as const

/** The facets of controllers, remembered: they are few, and none ever changes its words. */
export type Facets = Readonly<{
  of: (controller: number) => ReadonlyMap<number, FacetBody>
  /** The facets whose events a filter wants; null where it wants all. */
  wanted: (controller: number, filter: AuditFilter) => ReadonlySet<number> | null
  body: (controller: number, facet: number) => FacetBody
}>

/** @param reader reads what has come since */
export function createFacets(reader: Reader): Facets {
  const known = new Map<number, { last: number; bodies: Map<number, FacetBody> }>()

  function of(controller: number): Map<number, FacetBody> {
    const found = known.get(controller) ?? { last: 0, bodies: new Map<number, FacetBody>() }
    known.set(controller, found)
    for (const [number, body] of reader.all(facetReads.behind, controller, found.last)) {
      found.last = Number(number)
      found.bodies.set(found.last, JSON.parse(String(body)) as FacetBody)
    }
    return found.bodies
  }

  return {
    of,
    wanted(controller, filter) {
      const { type, outcome, code, obligation, purpose, recipient, principal } = filter
      const choices = [type, outcome, code, obligation, purpose, recipient, principal]
      if (choices.every((choice) => choice === undefined)) return null
      const wanted = [...of(controller)].filter(([, body]) => matches(body, filter))
      return new Set(wanted.map(([number]) => number))
    },
    body(controller, facet) {
      const body = known.get(controller)?.bodies.get(facet) ?? of(controller).get(facet)
      if (!body) throw new Error(`couldn't find facet ${facet} in the views`)
      return body
    },
  }
}

function matches(
  [type, outcome, , codes, obligations, , purposes, recipient, principal]: FacetBody,
  filter: AuditFilter,
): boolean {
  return (
    (filter.type === undefined || filter.type === type) &&
    (filter.outcome === undefined || filter.outcome === outcome) &&
    (filter.code === undefined || codes.includes(filter.code)) &&
    (filter.obligation === undefined || obligations.includes(filter.obligation)) &&
    (filter.purpose === undefined || purposes.includes(filter.purpose)) &&
    (filter.recipient === undefined || filter.recipient === recipient) &&
    (filter.principal === undefined || filter.principal === principal)
  )
}
