import type { Caller } from '../application/services.ts'
import type { Day, PurposeKey, SubjectId } from '../domain/values.ts'
import type { StandingRow, Views } from '../projections/views.ts'
import { atOnce } from './at-once.ts'

/** Records that a consent given for a time has come to its end. `recorded: false`: it no longer stood. */
export type ExpireConsent = (
  caller: Caller,
  consent: Readonly<{ subject: SubjectId; purpose: PurposeKey }>,
) => Promise<Readonly<{ recorded: boolean }>>

type Deps = Readonly<{
  views: Views
  caller: Caller
  asOf: Day
  expireConsent?: ExpireConsent
  signal?: AbortSignal
}>

const AT_ONCE = 32

/** Expires every consent whose last day has passed on `asOf`; answers how many. Done twice, it is done once. */
export async function expireConsents(deps: Deps): Promise<number> {
  const { views, caller, asOf, expireConsent, signal } = deps
  if (!expireConsent) return 0
  let expired = 0
  const task = async ({ subject, purpose }: StandingRow) => {
    const { recorded } = await expireConsent(caller, { subject, purpose })
    if (recorded) expired += 1
  }
  await atOnce(expiring(views, caller, asOf), AT_ONCE, task, signal ?? null)
  return expired
}

function* expiring(
  views: Views,
  { controller }: Caller,
  asOf: Day,
): Generator<StandingRow, void, undefined> {
  const position = views.position()
  let cursor: string | null = null
  do {
    const page = views.standings(
      controller,
      { position },
      { matter: 'consent' },
      { limit: 1_000, cursor },
    )
    for (const row of page.rows) {
      if (row.status === 'given' && row.expires !== null && row.expires <= asOf) yield row
    }
    cursor = page.next
  } while (cursor !== null)
}
