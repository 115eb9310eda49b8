import { defaultLimits, type Health, type StoreHealth } from '../api/deps.ts'
import type { Position } from '../domain/values.ts'
import type { Custody } from '../main.ts'
import { createLag } from './lag.ts'
import { createProbe, type Probed } from './probe.ts'

export type HealthOptions = Readonly<{
  /** How long a store has to answer, in milliseconds. */
  deadlineMs?: number
  /** For how long what was found is told to others who ask, in milliseconds. */
  freshMs?: number
}>

type Asked = Pick<
  Custody,
  'configuration' | 'log' | 'vault' | 'views' | 'notary' | 'now' | 'onTrouble'
>

/**
 * Asks every store whether it answers, all at once. However many ask, and however a store hangs, the stores
 * are asked once in `freshMs` at most, and the answer comes within two deadlines.
 */
export function createHealth(
  custody: Asked,
  { deadlineMs = 2_000, freshMs = 1_000 }: HealthOptions = {},
): () => Promise<Health> {
  const { configuration, log, vault, views, notary } = custody
  const lag = createLag(custody, defaultLimits.readyBehindEvents + 1)
  let head: ReturnType<typeof log.head>
  const probes = {
    ledger: createProbe(() => (head = Promise.resolve().then(() => log.head())), deadlineMs),
    // From the store itself, and not from what the vault remembers.
    vault: createProbe(() => vault.appliedUpTo(), deadlineMs),
    notary: createProbe(() => notary.latest(configuration.controller), deadlineMs),
  }
  // It measures up to the head that the ledger is being asked for.
  const behind = createProbe(async () => {
    const measured = await lag(await head)
    return { position: views.position(), ...measured }
  }, deadlineMs)
  const isTroubled = createTroubles(custody)

  async function look(): Promise<Health> {
    const [ledger, kept, signed, followed] = await Promise.all([
      probes.ledger(),
      probes.vault(),
      probes.notary(),
      behind(),
    ])
    const at = Date.parse(custody.now())
    const newest = signed.answers ? signed.answer : null
    return {
      ledger: {
        store: configuration.ledger.store,
        ...storeHealth(ledger),
        position: ledger.answers ? ledger.answer : null,
      },
      vault: { store: configuration.vault.store, ...storeHealth(kept) },
      views: viewsHealth(views, followed, isTroubled),
      notary: {
        ...storeHealth(signed),
        checkpointAgeSeconds:
          newest && Math.max(0, Math.round((at - Date.parse(newest.signedAt)) / 1_000)),
      },
    }
  }

  let looking: Promise<Health> | null = null
  let foundAt = -Infinity
  return () => {
    if (looking && performance.now() < foundAt + freshMs) return looking
    foundAt = Infinity
    looking = look().finally(() => (foundAt = performance.now()))
    return looking
  }
}

function storeHealth(probed: Probed<unknown>): StoreHealth {
  const { answers, milliseconds } = probed
  return { answers, milliseconds, why: answers ? null : probed.why }
}

function viewsHealth(
  views: Custody['views'],
  followed: Probed<{ position: Position; events: number; seconds: number }>,
  isTroubled: () => boolean,
): Health['views'] {
  try {
    const position = views.position()
    const measured = followed.answers ? followed.answer : null
    const behindEvents = measured?.events ?? null
    return {
      answers: true,
      position: measured?.position ?? position,
      behindEvents,
      behindSeconds: measured && Math.round(measured.seconds),
      // Views that have it all were troubled by what is over.
      troubled: isTroubled() && behindEvents !== 0,
    }
  } catch {
    const nothing = { position: null, behindEvents: null, behindSeconds: null }
    return { answers: false, ...nothing, troubled: true }
  }
}

/** Whether the views could not be folded further, and still stand where they stood then. */
function createTroubles({ onTrouble, views }: Asked): () => boolean {
  let stuckAt: number | null = null
  onTrouble(({ of }) => {
    if (of === 'views') stuckAt = views.position()
  })
  return () => {
    if (stuckAt !== null && views.position() > stuckAt) stuckAt = null
    return stuckAt !== null
  }
}
