import type { ControllerId, SubjectId } from '../../domain/values.ts'
import type { ControllerKeys } from '../controller-keys.ts'
import { dataKeyPurpose } from '../data-key-purpose.ts'
import type { EpochKeys } from '../epoch-keys.ts'
import { createRandomSource } from '../random.ts'
import { SubjectOfAnother, type SubjectState, subjectBytes } from '../subjects.ts'
import { dataKeysIn } from '../vault-memory.ts'
import { type DataKey, type KeyScope, type Vault, VaultUnavailable } from '../vault.ts'
import { newKey, unwrap } from '../wrapping.ts'
import { inByteOrder, isRefusal, lockSubjects, type PostgresCore, requireOpen } from './core.ts'
import type { Query } from './driver.ts'
import { rereading } from './epochs.ts'
import { createGathering } from './gathering.ts'

type DataKeys = Pick<Vault, 'keysFor' | 'keysForAll' | 'cachedKeys' | 'openKeys'>

type Wanted = readonly Readonly<{ subject: SubjectId; scopes: readonly KeyScope[] }>[]

const randomBytes = createRandomSource()

/** The vault's part that makes and opens data keys. */
export function createDataKeys(core: PostgresCore): DataKeys {
  const { driver, epochs, coherence, memory } = core

  const cachedKeys: DataKeys['cachedKeys'] = (controller, subject, scopes) =>
    coherence.isCurrent() ? dataKeysIn(memory, controller, { subject, scopes }) : null

  const remember = (
    controller: ControllerId,
    wanted: Wanted,
    keys: readonly (readonly (DataKey | null)[])[],
  ) => {
    for (const [index, { subject, scopes }] of wanted.entries()) {
      for (const [at, scope] of scopes.entries()) {
        const key = keys[index]![at]
        if (key) memory.rememberDataKey(controller, subject, scope, key)
      }
    }
  }
  const read = (keys: ControllerKeys, wanted: Wanted) =>
    rereading(() => readKeys(driver.query, { keys, epochs: epochs.keys }, wanted))

  const obtain = createGathering<Wanted[number], readonly DataKey[]>(async (keys, wanted) => {
    const known = allOpen(await read(keys, wanted))
    return known ?? driver.transaction((query) => makeKeys(core, query, keys, wanted))
  }, isRefusal)

  const keysForAll: DataKeys['keysForAll'] = async (controller, wanted) => {
    const cached = wanted.map(({ subject, scopes }) =>
      scopes.length === 0 ? null : cachedKeys(controller, subject, scopes),
    )
    if (cached.every((keys) => keys !== null)) return cached
    return core.order.making(() => obtainStanding(controller, wanted))
  }

  const obtainStanding = async (controller: ControllerId, wanted: Wanted) => {
    const keys = await core.keysOf(controller)
    for (;;) {
      const mark = coherence.mark()
      const found = await obtain(keys, wanted)
      // Fenced or destroyed between the commit and now: asked again, the store refuses.
      if (!wanted.every(({ subject }) => coherence.stands(mark, subject))) continue
      remember(controller, wanted, found)
      return found
    }
  }

  return {
    cachedKeys,
    keysForAll,
    keysFor: async (controller, subject, scopes) =>
      (await keysForAll(controller, [{ subject, scopes }]))[0]!,
    openKeys: async (controller, subject, scopes) => {
      const cached = cachedKeys(controller, subject, scopes)
      if (cached) return cached
      const keys = await core.keysOf(controller)
      const wanted = [{ subject, scopes }]
      for (;;) {
        const mark = coherence.mark()
        const [found] = await read(keys, wanted)
        if (!coherence.stands(mark, subject)) continue
        // What is remembered may be sealed under, which a fence forbids.
        if (found!.state === 'open') remember(controller, wanted, [found!.keys])
        return found!.keys
      }
    },
  }
}

type Found = Readonly<{ state: SubjectState | null; keys: readonly (DataKey | null)[] }>

/** The keys when nothing is to be made. @throws SubjectFenced */
function allOpen(found: readonly Found[]): readonly (readonly DataKey[])[] | null {
  for (const { state } of found) if (state !== null) requireOpen(state)
  const isWhole = found.every(({ state, keys }) => state === 'open' && !keys.includes(null))
  return isWhole ? found.map(({ keys }) => keys as readonly DataKey[]) : null
}

type Opener = Readonly<{ keys: ControllerKeys; epochs: EpochKeys }>

type Row = Readonly<{
  controller: number | null
  state: SubjectState | null
  id: string | null
  epoch: number
  wrapped: Buffer
}>

/** Subjects and their keys in one statement, and so in one state of the store. @throws SubjectOfAnother */
async function readKeys(query: Query, opener: Opener, wanted: Wanted): Promise<readonly Found[]> {
  // A line for the subject alone, and one for each scope.
  const lines = wanted.flatMap(({ subject, scopes }) => [
    { subject, lot: null, category: null },
    ...scopes.map(({ lot, category }) => ({ subject, lot, category })),
  ])
  const rows = await query<Row>(
    `SELECT subject.controller, subject.state, data_key.id, data_key.epoch, data_key.wrapped
     FROM unnest($1::bytea[], $2::text[], $3::text[])
       WITH ORDINALITY AS wanted (subject, lot, category, place)
     LEFT JOIN subject ON subject.id = wanted.subject
     LEFT JOIN data_key ON data_key.subject = wanted.subject
       AND data_key.lot = wanted.lot AND data_key.category = wanted.category
     ORDER BY wanted.place`,
    [
      lines.map(({ subject }) => subjectBytes(subject)),
      lines.map(({ lot }) => lot),
      lines.map(({ category }) => category),
    ],
  )
  const next = rows.values()
  return wanted.map(({ subject, scopes }) => {
    const { controller, state } = next.next().value!
    if (controller !== null && controller !== opener.keys.number) throw new SubjectOfAnother()
    const found = scopes.map((scope) => open(opener, subject, scope, next.next().value!))
    return { state, keys: found }
  })
}

function open(
  { keys, epochs }: Opener,
  subject: SubjectId,
  scope: KeyScope,
  { id, epoch, wrapped }: Row,
): DataKey | null {
  if (id === null) return null
  const purpose = dataKeyPurpose({ controller: keys, subject }, scope, epoch, id)
  const key = unwrap(epochs.of(keys, epoch).key, purpose, wrapped)
  if (!key) throw new VaultUnavailable(`the wrapped key ${id} was altered`)
  return { id, key }
}

/** In a transaction. @throws SubjectFenced */
async function makeKeys(
  { epochs }: PostgresCore,
  query: Query,
  controller: ControllerKeys,
  wanted: Wanted,
): Promise<readonly (readonly DataKey[])[]> {
  const numbers = await epochs.share(query, controller)
  const subjects = inByteOrder(
    [...new Set(wanted.map(({ subject }) => subject))].map(subjectBytes),
    (subject) => subject,
  )
  await query(
    `INSERT INTO subject (id, controller, state)
     SELECT id, $2, 'open' FROM unnest($1::bytea[]) WITH ORDINALITY AS made (id, place)
     ORDER BY place ON CONFLICT (id) DO NOTHING`,
    [subjects, controller.number],
  )
  const rows = await lockSubjects(query, controller.number, subjects)
  for (const { state } of rows) requireOpen(state)
  const found = await readKeys(query, { keys: controller, epochs: epochs.keys }, wanted)
  const epoch = epochs.keys.of(controller, numbers[0]!)
  const made = new Map<string, Made>()
  const all = wanted.map(({ subject, scopes }, index) =>
    scopes.map((scope, at) => {
      const key = found[index]!.keys[at]
      if (key) return key
      // What is asked for twice was made a moment ago.
      const name = `${subject}\n${scope.category}\n${scope.lot}`
      const twin = made.get(name)
      if (twin) return { id: twin.id, key: twin.key }
      const id = randomBytes(9).toString('base64url')
      const purpose = dataKeyPurpose({ controller, subject }, scope, epoch.number, id)
      const fresh = newKey(epoch.key, purpose)
      made.set(name, { subject, scope, id, ...fresh })
      return { id, key: fresh.key }
    }),
  )
  await insertKeys(query, epoch.number, [...made.values()])
  return all
}

type Made = DataKey & Readonly<{ subject: SubjectId; scope: KeyScope; wrapped: Buffer }>

async function insertKeys(query: Query, epoch: number, made: readonly Made[]): Promise<void> {
  if (made.length === 0) return
  await query(
    `INSERT INTO data_key (subject, lot, category, id, epoch, wrapped)
     SELECT subject, lot, category, id, $6, wrapped
     FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::bytea[])
       AS made (subject, lot, category, id, wrapped)`,
    [
      made.map(({ subject }) => subjectBytes(subject)),
      made.map(({ scope }) => scope.lot),
      made.map(({ scope }) => scope.category),
      made.map(({ id }) => id),
      made.map(({ wrapped }) => wrapped),
      epoch,
    ],
  )
}
