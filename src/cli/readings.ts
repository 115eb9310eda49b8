import type { Health } from '../api/deps.ts'
import type { ControllerId, Position } from '../domain/values.ts'
import type { Custody } from '../main.ts'
import type { Readings } from '../metrics/metrics.ts'

/** More than this many is told as this many: the rest is not read. */
const MOST = 10_000
const PAGE = 1_000

/**
 * What the metrics ask of the stores, as it is now.
 * @param health as it was found just now: a store that does not answer is not asked again
 */
export async function readingsOf(
  custody: Pick<Custody, 'views' | 'notary' | 'now'>,
  controller: ControllerId,
  health: Health,
): Promise<Readings> {
  const { views, notary, now } = custody
  const at = Date.parse(now())
  const position = views.position()
  const signed = health.notary.answers ? await notary.latest(controller) : undefined
  const since = (moment: string) => Math.max(0, (at - Date.parse(moment)) / 1_000)
  const deletions = { requested: 0, deferred: 0 }
  for (const { status } of pages((paging) =>
    views.pendingDeletions(controller, position, paging),
  )) {
    deletions[status] += 1
  }
  const notices = (status: 'outstanding' | 'abandoned') => [
    ...pages((paging) => views.notifications(controller, position, { status }, paging)),
  ]
  const outstanding = notices('outstanding')
  const due = outstanding.map(({ since: first }) => since(first))
  return {
    controller,
    stores: storesOf(health),
    projection: lagOf(health),
    checkpointAgeSeconds: signed ? since(signed.signedAt) : null,
    eventsSigned: signed === undefined ? null : (signed?.size ?? 0),
    deletions,
    notifications: {
      outstanding: outstanding.length,
      abandoned: notices('abandoned').length,
      oldestSeconds: due.reduce((oldest, one) => Math.max(oldest, one), 0),
    },
    residues: [...pages((paging) => views.residues(controller, position, {}, paging))].length,
    refusals: refusalsOf(custody, controller, position),
  }
}

function lagOf({ views }: Health): Readings['projection'] {
  const { behindEvents, behindSeconds } = views
  if (behindEvents === null || behindSeconds === null) return null
  return { lagEvents: behindEvents, lagSeconds: behindSeconds }
}

function storesOf({ ledger, vault, views, notary }: Health): Readings['stores'] {
  const asked = { ledger, vault, notary }
  return [
    ...Object.entries(asked).map(([store, { answers, milliseconds }]) => ({
      ...{ store, answers, seconds: milliseconds / 1_000 },
    })),
    { store: 'views', answers: views.answers, seconds: 0 },
  ]
}

function refusalsOf(
  { views }: Pick<Custody, 'views'>,
  controller: ControllerId,
  position: Position,
): Readings['refusals'] {
  const counts = new Map<string, Readings['refusals'][number]>()
  for (const { outcome, code, events } of views.auditSummary(controller, position)) {
    if (code === null || (outcome !== 'refused' && outcome !== 'violated')) continue
    const name = `${outcome} ${code}`
    counts.set(name, { code, outcome, events: (counts.get(name)?.events ?? 0) + events })
  }
  return [...counts.values()]
}

type Page<Row> = Readonly<{ rows: readonly Row[]; next: string | null }>

function* pages<Row>(
  read: (paging: { limit: number; cursor: string | null }) => Page<Row>,
): Generator<Row, void, undefined> {
  let cursor: string | null = null
  let told = 0
  do {
    const page: Page<Row> = read({ limit: PAGE, cursor })
    yield* page.rows
    told += page.rows.length
    cursor = page.next
  } while (cursor !== null && told < MOST)
}
