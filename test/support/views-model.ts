import type { Envelope } from '../../src/domain/envelope.ts'
import { streamParts } from '../../src/domain/envelope.ts'
import { evolve } from '../../src/domain/subject/evolve.ts'
import { dueOn } from '../../src/domain/subject/retention.ts'
import { initialSubject, type SubjectState } from '../../src/domain/subject/state.ts'
import type { ControllerId, Position, SubjectId } from '../../src/domain/values.ts'
import type { AsOf, AuditFilter, AuditRow } from '../../src/projections/views.ts'

/**
 * The views' answers by the plainest means: walk all events, keep everything, compare. Rows are lines of
 * words, sorted. What the domain can say itself it is asked for.
 */
export type Model = ReturnType<typeof modelOf>

type Held = {
  controller: ControllerId
  subject: SubjectId
  category: string
  lot: string
  kind: string
  began: number
  beganAt: string
  ended: number
  endedAt: string
}

const NEVER = Infinity

export function modelOf(events: readonly Envelope[]) {
  const ofSubjects = events.flatMap((event) => {
    const { kind, id } = streamParts(event.stream)
    return kind === 'subject' ? [{ event, subject: id as SubjectId }] : []
  })
  const held = heldBy(ofSubjects)

  /** The state of each person as of a position, by the domain's own fold. */
  function states(controller: ControllerId, position: Position): Map<SubjectId, SubjectState> {
    const found = new Map<SubjectId, SubjectState>()
    for (const { event, subject } of ofSubjects) {
      if (event.controller !== controller || event.position > position) continue
      found.set(subject, evolve(found.get(subject) ?? initialSubject(), event as never, event))
    }
    return found
  }

  function visible(controller: ControllerId, { position, moment }: AsOf): Held[] {
    return held.filter(
      (it) =>
        it.controller === controller &&
        it.began <= position &&
        (moment === undefined || it.beganAt <= moment) &&
        (it.ended > position || (moment !== undefined && it.endedAt > moment)),
    )
  }

  return {
    inventory(
      controller: ControllerId,
      asOf: AsOf,
      filter: { subject?: SubjectId; category?: string; kind?: string },
    ): string[] {
      return visible(controller, asOf)
        .filter(
          (it) =>
            (!filter.subject || it.subject === filter.subject) &&
            (!filter.category || it.category === filter.category) &&
            (!filter.kind || it.kind === filter.kind),
        )
        .map(({ subject, category, lot, began }) => [subject, category, lot, began].join(' '))
        .sort()
    },

    inventorySummary(controller: ControllerId, asOf: AsOf) {
      const rows = visible(controller, asOf)
      return [...new Set(rows.map(({ category }) => category))].sort().map((category) => {
        const own = rows.filter((row) => row.category === category)
        return {
          category,
          subjects: new Set(own.map(({ subject }) => subject)).size,
          items: own.length,
        }
      })
    },

    standings(
      controller: ControllerId,
      { position, moment }: AsOf,
      filter: { subject?: SubjectId; purpose?: string; matter?: string },
    ): string[] {
      const lines: string[] = []
      for (const [subject, state] of states(controller, position)) {
        if (filter.subject && filter.subject !== subject) continue
        const began = (revision: number) =>
          ofSubjects.find(
            ({ event, subject: whose }) =>
              whose === subject && event.controller === controller && event.revision === revision,
          )!.event.position
        for (const [matter, map] of [
          ['consent', state.consents],
          ['objection', state.objections],
        ] as const) {
          if (filter.matter && filter.matter !== matter) continue
          for (const [purpose, history] of map) {
            if (filter.purpose && filter.purpose !== purpose) continue
            const last = history.findLast(({ at }) => moment === undefined || at <= moment)
            if (!last) continue
            lines.push([subject, matter, purpose, last.status, began(last.revision)].join(' '))
          }
        }
      }
      return lines.sort()
    },

    retention(
      controller: ControllerId,
      position: Position,
      filter: { subject?: SubjectId },
    ): string[] {
      const lines: string[] = []
      for (const [subject, state] of states(controller, position)) {
        if (filter.subject && filter.subject !== subject) continue
        for (const [name, lot] of state.lots) {
          const kinds = kindsIn(controller, position, subject, name)
          const due = dueOn(state, lot)
          const categories = [...lot.contents.keys()].sort()
          const deferred = lot.deletion
            ? state.deletions.get(lot.deletion)!.deferrals.has(name)
            : false
          lines.push([subject, name, categories, kinds, due, lot.deletion, deferred].join(' '))
        }
      }
      return lines.sort()
    },

    pendingDeletions(controller: ControllerId, position: Position): string[] {
      const lines: string[] = []
      for (const [subject, state] of states(controller, position)) {
        for (const [deletion, { status, deferrals, lots }] of state.deletions) {
          const kept = lots.flatMap(({ lot }) => deferrals.get(lot) ?? [])
          const holds = [...new Set(kept.flatMap((deferral) => deferral.holds))].sort()
          const until = kept.map((deferral) => deferral.until).reduce<string | null>(latest, null)
          const names = lots.map(({ lot }) => lot).sort()
          lines.push([subject, deletion, status, holds, until, names].join(' '))
        }
      }
      return lines.sort()
    },

    positions(controller: ControllerId, position: Position): number[] {
      return events
        .filter((event) => event.controller === controller && event.position <= position)
        .map((event) => event.position)
    },

    positionAt(controller: ControllerId, moment: string): number {
      let last = 0
      for (const event of events) {
        if (event.controller !== controller) continue
        if (event.recordedAt > moment) break
        last = event.position
      }
      return last
    },
  }

  /** As whose data the open contents of a lot were collected. */
  function kindsIn(controller: ControllerId, position: Position, whose: SubjectId, lot: string) {
    const open = new Map<string, Set<string>>()
    for (const { event, subject } of ofSubjects) {
      if (event.controller !== controller || subject !== whose || event.position > position)
        continue
      if (event.type === 'DataCollected') {
        for (const item of event.data.items) {
          if (item.lot !== lot) continue
          open.set(item.category, (open.get(item.category) ?? new Set()).add(event.data.act.kind))
        }
      }
      if (event.type === 'DataDeleted') {
        for (const gone of event.data.lots) {
          if (gone.lot === lot) for (const category of gone.categories) open.delete(category)
        }
      }
      if (event.type === 'SubjectErased') open.clear()
    }
    return [...new Set([...open.values()].flatMap((kinds) => [...kinds]))].sort()
  }
}

function heldBy(ofSubjects: readonly { event: Envelope; subject: SubjectId }[]): Held[] {
  const held: Held[] = []
  for (const { event, subject } of ofSubjects) {
    const { controller, position, occurredAt } = event
    const end = (gone: (it: Held) => boolean) => {
      for (const it of held) {
        if (it.controller !== controller || it.subject !== subject || it.ended !== NEVER) continue
        if (gone(it)) Object.assign(it, { ended: position, endedAt: occurredAt })
      }
    }
    if (event.type === 'DataCollected' && !event.data.transient) {
      for (const { category, lot } of event.data.items) {
        const began = { began: position, beganAt: occurredAt, ended: NEVER, endedAt: '' }
        held.push({ controller, subject, category, lot, kind: event.data.act.kind, ...began })
      }
    }
    if (event.type === 'DataDeleted') {
      for (const { lot, categories } of event.data.lots) {
        end((it) => it.lot === lot && (categories as readonly string[]).includes(it.category))
      }
    }
    if (event.type === 'SubjectErased') end(() => true)
  }
  return held
}

function latest(one: string | null, other: string | null): string | null {
  return other !== null && (one === null || other > one) ? other : one
}

/** Whether a row of the trail is one that the filter wants. */
export function compareWords(row: AuditRow, filter: AuditFilter): boolean {
  const purposes = row.purpose === null ? [] : [row.purpose]
  return (
    (!filter.subject || row.subject === filter.subject) &&
    (!filter.type || row.type === filter.type) &&
    (!filter.outcome || row.outcome === filter.outcome) &&
    (!filter.code || row.codes.includes(filter.code)) &&
    (!filter.obligation || row.obligations.includes(filter.obligation)) &&
    (!filter.purpose || purposes.includes(filter.purpose)) &&
    (!filter.recipient || row.recipient === filter.recipient) &&
    (!filter.principal || row.principal === filter.principal) &&
    (!filter.from || row.occurredAt >= filter.from) &&
    (!filter.until || row.occurredAt < filter.until)
  )
}
