import type { ControllerId, PurposeKey, SubjectId } from '../../domain/values.ts'
import type { ControllerKeys } from '../controller-keys.ts'
import { firstFault } from '../identifiers.ts'
import { createRandomSource } from '../random.ts'
import { type Digested, subjectId } from '../subjects.ts'
import { subjectIn } from '../vault-memory.ts'
import type { Identified, Identifier, IdentifierScheme, Vault } from '../vault.ts'
import { inByteOrder, isRefusal, lockSubjects, type PostgresCore } from './core.ts'
import { type Query, Restart } from './driver.ts'
import { numbersOf, rereading } from './epochs.ts'
import { createGathering } from './gathering.ts'
import { link, type Owned, ownersOf, type Within } from './index-rows.ts'
import { metAgain, returnedOf } from './suppression.ts'

type People = Pick<Vault, 'find' | 'findCached' | 'checkIdentifiers' | 'identify' | 'identifyAll'>

const randomBytes = createRandomSource()

/** The vault's part that knows who somebody is. */
export function createPeople(core: PostgresCore): People {
  const { coherence, memory, defaultCountry } = core
  const look = createLook(core)
  const identifyUnknown = createGathering<readonly Digested[], Identified>(async (keys, people) => {
    const known = allKnown(people, await look(keys, people.flat()))
    return known ?? linkUnknown(core, keys, people)
  }, isRefusal)

  const findCached: People['findCached'] = (controller, identifiers) =>
    coherence.isCurrent() ? subjectIn(memory, controller, identifiers) : null

  const identifyMissing = async (
    controller: ControllerId,
    people: readonly (readonly Identifier[])[],
    cached: readonly (Identified | null)[],
  ): Promise<readonly Identified[]> => {
    const keys = await core.keysOf(controller)
    const mark = coherence.mark()
    const unknown = people.flatMap((person, index) =>
      cached[index] ? [] : [core.digested(keys, person)],
    )
    const fresh = (await identifyUnknown(keys, unknown)).values()
    const answers = cached.map((answer) => answer ?? fresh.next().value!)
    for (const [index, { subject, conflicts, suppressed }] of answers.entries()) {
      // Memory does not say what is suppressed.
      if (suppressed) memory.forgetSubject(subject)
      if (conflicts.length > 0 || suppressed || !coherence.stands(mark, subject)) continue
      for (const identifier of people[index]!) {
        memory.rememberSubject(controller, identifier, subject)
      }
    }
    return answers
  }

  const identifyAll: People['identifyAll'] = async (controller, people) => {
    const cached = people.map((person): Identified | null => {
      if (person.length === 0) throw new RangeError('a person needs at least one identifier')
      const subject = findCached(controller, person)
      return subject && { subject, made: false, conflicts: [] }
    })
    if (cached.every((answer) => answer !== null)) return cached
    return core.order.making(() => identifyMissing(controller, people, cached))
  }

  return {
    findCached,
    identifyAll,
    identify: async (controller, identifiers) => (await identifyAll(controller, [identifiers]))[0]!,
    checkIdentifiers: (identifiers) => firstFault(identifiers, { defaultCountry }),
    find: async (controller, identifiers) => {
      const remembered = findCached(controller, identifiers)
      if (remembered) return remembered
      const keys = await core.keysOf(controller)
      const mark = coherence.mark()
      const digests = core.digested(keys, identifiers)
      const { owners, returned } = await look(keys, digests)
      for (const [index, owner] of owners.entries()) {
        if (owner === null) continue
        const subject = subjectId(owner)
        if (returned.has(subject) || !coherence.stands(mark, subject)) continue
        memory.rememberSubject(controller, identifiers[index]!, subject)
      }
      const owner = owners.find((one) => one !== null)
      return owner ? subjectId(owner) : null
    },
  }
}

async function linkUnknown(
  core: PostgresCore,
  keys: ControllerKeys,
  people: readonly (readonly Digested[])[],
): Promise<readonly Identified[]> {
  const { answers, generation } = await core.driver.transaction((query) =>
    identifyIn(core, query, keys, people),
  )
  if (generation !== null) await core.coherence.confirmed(generation)
  return answers
}

type Looked = Readonly<{ owners: Owned['owners']; returned: ReadonlySet<string> }>

/** Finds owners outside of any lock: whoever rotates may begin or end an epoch meanwhile. */
function createLook({ driver, epochs }: PostgresCore) {
  const remembered = new Map<number, readonly number[]>()
  return (controller: ControllerKeys, identifiers: readonly Digested[]): Promise<Looked> =>
    rereading(async () => {
      const digests = identifiers.map(({ digest }) => digest)
      let numbers =
        remembered.get(controller.number) ?? (await numbersOf(driver.query, controller.number))
      for (;;) {
        const within: Within = { controller, epochs: epochs.keys, numbers }
        // What is remembered may be destroyed by now: it is asked anew when this fails.
        remembered.delete(controller.number)
        const found = await ownersOf(driver.query, within, digests)
        remembered.set(controller.number, found.numbers)
        if (isSame(found.numbers, numbers)) {
          const subjects = found.owners.filter((owner) => owner !== null)
          const returned = found.isAnyoneReturned
            ? await returnedOf(driver.query, subjects)
            : new Set<string>()
          return { owners: found.owners, returned }
        }
        numbers = found.numbers
      }
    })
}

function isSame(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && some.every((number, index) => number === others[index])
}

/** The answer when nothing is to be linked, and nobody is to be told what is suppressed; else null. */
function allKnown(
  people: readonly (readonly Digested[])[],
  { owners, returned }: Looked,
): readonly Identified[] | null {
  if (owners.includes(null) || returned.size > 0) return null
  const known = owners.values() as Iterator<Buffer>
  return people.map((person) => {
    const theirs = person.map(() => known.next().value as Buffer)
    return planned(person, theirs, theirs[0]!).answer
  })
}

type Planned = Readonly<{ subject: Buffer; linked: readonly Buffer[]; answer: Identified }>

/** @param owners of each identifier, null where nobody owns it */
function planned(
  person: readonly Digested[],
  owners: readonly (Buffer | null)[],
  subject: Buffer,
): Planned {
  const conflicts: IdentifierScheme[] = []
  const linked: Buffer[] = []
  for (const [at, { scheme, digest }] of person.entries()) {
    const owner = owners[at]
    // One list may name one identifier twice.
    if (linked.some((other) => other.equals(digest))) continue
    if (!owner) linked.push(digest)
    else if (!owner.equals(subject)) conflicts.push(scheme)
  }
  const made = owners.every((owner) => owner === null)
  return { subject, linked, answer: { subject: subjectId(subject), made, conflicts } }
}

/** Everybody in order: who comes later in the list is known by what was linked for those before. */
function planAll(
  people: readonly (readonly Digested[])[],
  found: Owned['owners'],
): readonly Planned[] {
  const ownerOf = new Map<string, Buffer | null>()
  for (const [at, { digest }] of people.flat().entries()) {
    ownerOf.set(digest.toString('hex'), found[at]!)
  }
  return people.map((person) => {
    const owners = person.map(({ digest }) => ownerOf.get(digest.toString('hex')) ?? null)
    const subject = owners.find((owner) => owner !== null) ?? randomBytes(16)
    const plan = planned(person, owners, subject)
    for (const digest of plan.linked) ownerOf.set(digest.toString('hex'), subject)
    return plan
  })
}

/** Identifies people in one transaction. `generation`: what was announced in it. */
async function identifyIn(
  { epochs, coherence }: PostgresCore,
  query: Query,
  controller: ControllerKeys,
  people: readonly (readonly Digested[])[],
): Promise<{ answers: readonly Identified[]; generation: number | null }> {
  const numbers = await epochs.share(query, controller)
  const within = { controller, epochs: epochs.keys, numbers }
  const { owners } = await ownersOf(
    query,
    within,
    people.flat().map(({ digest }) => digest),
  )
  const plans = planAll(people, owners)
  await openSubjects(query, controller.number, plans)
  const links = plans.flatMap(({ subject, linked }) =>
    linked.map((digest) => ({ digest, subject })),
  )
  if (links.length > 0 && (await link(query, within, numbers[0]!, links)) < links.length) {
    throw new Restart('another node linked one of the identifiers')
  }
  const suppressed = await metAgain(query, within, plans)
  const answers = plans.map(({ answer }) => ({ ...answer, ...told(suppressed, answer.subject) }))
  // The memories of other nodes do not say what is suppressed: they are to ask.
  const [first, ...more] = suppressed.keys()
  if (first === undefined) return { answers, generation: null }
  const generation = await coherence.announce(query, more.length === 0 ? first : null)
  return { answers, generation }
}

function told(
  suppressed: ReadonlyMap<SubjectId, readonly PurposeKey[]>,
  subject: SubjectId,
): Pick<Identified, 'suppressed'> {
  const purposes = suppressed.get(subject)
  return purposes ? { suppressed: purposes } : {}
}

/** Makes the new subjects, and locks the known ones to whom something is linked. */
async function openSubjects(
  query: Query,
  controller: number,
  plans: readonly Planned[],
): Promise<void> {
  const made = plans.filter(({ answer }) => answer.made).map(({ subject }) => subject)
  const isMade = new Set(made.map((subject) => subject.toString('hex')))
  const touched = new Map(
    plans
      .filter(({ answer, linked }) => linked.length > 0 && !isMade.has(answer.subject))
      .map(({ answer, subject }) => [answer.subject, subject]),
  )
  if (touched.size > 0) {
    const rows = await lockSubjects(query, controller, [...touched.values()])
    const isThere = rows.length === touched.size
    if (!isThere || rows.some(({ state }) => state === 'destroyed')) {
      throw new Restart('a subject was erased meanwhile')
    }
  }
  if (made.length === 0) return
  await query(
    `INSERT INTO subject (id, controller, state)
     SELECT id, $2, 'open' FROM unnest($1::bytea[]) WITH ORDINALITY AS made (id, place)
     ORDER BY place`,
    [inByteOrder(made, (id) => id), controller],
  )
}
