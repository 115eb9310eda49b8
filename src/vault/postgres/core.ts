import type { ControllerId, SubjectId } from '../../domain/values.ts'
import { type ControllerKeys, identifierDigest } from '../controller-keys.ts'
import { SubjectOfAnother, type Digested, type SubjectState, subjectBytes } from '../subjects.ts'
import type { VaultMemory } from '../vault-memory.ts'
import { type Identifier, SubjectFenced, VaultUnavailable } from '../vault.ts'
import type { Cleaning } from './cleaning.ts'
import type { Coherence } from './coherence.ts'
import type { Driver, Query } from './driver.ts'
import type { Epochs } from './epochs.ts'
import type { Order } from './order.ts'

/** What the parts of the vault on PostgreSQL stand on. */
export type PostgresCore = Readonly<{
  driver: Driver
  epochs: Epochs
  memory: VaultMemory
  coherence: Coherence
  cleaning: Cleaning
  order: Order
  /** ISO 3166-1 alpha-2: how a phone number without a country prefix is read. */
  defaultCountry: string | undefined
  /** The controller's keys, made where it has none. @throws VaultUnavailable */
  keysOf(controller: ControllerId): Promise<ControllerKeys>
  /** Those that `keysOf` has answered. */
  knownKeys(controller: ControllerId): ControllerKeys | undefined
  /** @throws IdentifierInvalid */
  digested(keys: ControllerKeys, identifiers: readonly Identifier[]): Digested[]
}>

/** The part of the core that knows controllers. */
export function createKeysOf(
  driver: Driver,
  epochs: Epochs,
): Pick<PostgresCore, 'keysOf' | 'knownKeys'> {
  const known = new Map<ControllerId, ControllerKeys>()
  return {
    knownKeys: (controller) => known.get(controller),
    keysOf: async (controller) => {
      const remembered = known.get(controller)
      if (remembered) return remembered
      const keys =
        (await epochs.load(driver.query, controller)) ??
        (await driver.transaction((query) => epochs.loadOrMake(query, controller)))
      known.set(controller, keys)
      return keys
    },
  }
}

/** The digests of identifiers under the controller's keys. @throws IdentifierInvalid */
export function digestedWith(
  keys: ControllerKeys,
  identifiers: readonly Identifier[],
  defaultCountry: string | undefined,
): Digested[] {
  return identifiers.map((identifier) => ({
    scheme: identifier.scheme,
    digest: identifierDigest(keys, identifier, { defaultCountry }),
  }))
}

export type SubjectRow = Readonly<{ id: Buffer; controller: number; state: SubjectState }>

/**
 * Locks the rows of subjects until the end of the transaction, in one order for all. Who fences, destroys,
 * links or makes keys has the lock, so that one comes after the other, on whatever node they are.
 * @throws SubjectOfAnother
 */
export async function lockSubjects(
  query: Query,
  controller: number,
  subjects: readonly Buffer[],
): Promise<readonly SubjectRow[]> {
  const rows = await query<SubjectRow>(
    'SELECT id, controller, state FROM subject WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE',
    [subjects],
  )
  // Pseudonyms are 128 random bits: one of another controller was taken from there.
  if (rows.some((row) => row.controller !== controller)) throw new SubjectOfAnother()
  return rows
}

/** `lockSubjects` for one. Null where the vault does not know the subject. @throws SubjectOfAnother */
export async function lockSubject(
  query: Query,
  controller: number,
  subject: SubjectId,
): Promise<SubjectState | null> {
  const [row] = await lockSubjects(query, controller, [subjectBytes(subject)])
  return row?.state ?? null
}

/** Puts a subject in a state, known or not. To be used while it is locked, or unknown. */
export async function setState(
  query: Query,
  controller: number,
  { subject, state }: { subject: SubjectId; state: SubjectState },
): Promise<void> {
  const rows = await query(
    `INSERT INTO subject (id, controller, state) VALUES ($1, $2, $3)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state
     WHERE subject.controller = excluded.controller RETURNING id`,
    [subjectBytes(subject), controller, state],
  )
  if (rows.length === 0) throw new SubjectOfAnother()
}

/** @throws SubjectFenced */
export function requireOpen(state: SubjectState): void {
  if (state === 'fenced') throw new SubjectFenced('the subject is being erased')
  if (state === 'destroyed') throw new SubjectFenced('the subject was erased')
}

/** Whether an error is the answer to a call, and says nothing of the store and of other calls. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof SubjectFenced || error instanceof SubjectOfAnother) return true
  // A fault of the server, or of the way to it, has its cause; a key that was altered has none.
  return error instanceof VaultUnavailable && error.cause === undefined
}

/** In the order that PostgreSQL has for bytes: whoever locks in it waits for nobody in a ring. */
export function inByteOrder<Thing>(
  things: readonly Thing[],
  bytesOf: (thing: Thing) => Buffer,
): Thing[] {
  return [...things].sort((one, other) => Buffer.compare(bytesOf(one), bytesOf(other)))
}
