import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addTo } from '../../src/domain/policy/calendar.ts'
import { Day, Reference, type CalendarDuration, type SubjectId } from '../../src/domain/values.ts'
import { runResidue } from '../../src/jobs/residue.ts'
import { restoreStores } from '../../src/restore.ts'
import { openSqliteVault } from '../../src/vault/sqlite-vault.ts'
import { openFileKeyring } from '../../src/vault/file-keyring.ts'
import { loadRootKey } from '../../src/vault/root-key.ts'
import { openStack, type Stack } from '../support/stack.ts'
import { first, registration, Someone } from '../support/whole-ledger.ts'

let stack: Stack
let directory: string
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-backups-'))
  stack = await openStack()
})
afterEach(async () => {
  await stack.dispose()
  rmSync(directory, { recursive: true, force: true })
})

const vaultFile = (name: string) => join(directory, `${name}.vault.sqlite`)

async function backUp(name: string) {
  await stack.custody.caughtUp()
  const step = { backup: Reference.parse(name), path: vaultFile(name) }
  const outcome = await stack.custody.services.backups.take(stack.caller, step)
  if (outcome.outcome !== 'taken') throw new Error(JSON.stringify(outcome))
  return outcome.opensWith[0]!
}

async function remove(
  subject: SubjectId,
  scope: { everything: true } | { categories: readonly string[] } = { everything: true },
) {
  const deletion = Reference.parse(`d-${subject.slice(0, 8)}-${Object.keys(scope)[0]}`)
  const outcome = await stack.custody.services.deletions.request(stack.caller, {
    subject,
    deletion,
    cause: 'request',
    scope: scope as never,
    request: null,
    at: null,
  })
  expect(outcome.outcome).toBe('deleted')
  await stack.custody.caughtUp()
  return deletion
}

function residue(asOf: Day) {
  return runResidue({
    backups: stack.custody.services.backups,
    views: stack.custody.views,
    caller: stack.caller,
    asOf,
    destroyBackup: (backup) => {
      if (!existsSync(vaultFile(backup))) return false
      rmSync(vaultFile(backup))
      return true
    },
  })
}

const residues = () =>
  stack.custody.views.residues(stack.caller.controller, stack.custody.views.position(), {}, first)
    .rows

const typesOf = (subject: SubjectId) =>
  stack.custody.views
    .audit(stack.caller.controller, stack.custody.views.position(), { subject }, first)
    .rows.map(({ type }) => type)

/** Puts an earlier copy of the vault in place of the one there is, and starts again. */
async function restore(name: string) {
  await stack.close()
  await restoreStores(stack.configuration, { vault: vaultFile(name), replace: true })
  stack = await stack.reopen()
}

describe('S31: a residual copy may stay in backups for a time', () => {
  it('has no residue where no backup was taken before', async () => {
    const ann = new Someone(stack)
    await ann.asks(registration)
    await remove(await ann.subject())
    expect(residues()).toEqual([])
  })

  it('says until when, and ends by an event when the last such backup is over', async () => {
    const ann = new Someone(stack)
    await ann.asks(registration)
    const subject = await ann.subject()
    const { expires } = await backUp('before')
    const deletion = await remove(subject)
    await backUp('after')
    expect(residues()).toMatchObject([{ subject, deletion, until: expires }])

    const dayBefore = addTo(expires, 'P0D' as CalendarDuration)
    expect(dayBefore).toBe(expires)
    const early = await residue(Day.parse(new Date().toJSON().slice(0, 10)))
    expect(early).toEqual({ backups: [], epochs: [], residues: 0, files: 0 })
    const ended = await residue(expires)
    expect(ended).toMatchObject({ backups: ['after', 'before'], residues: 1, files: 2 })
    expect(ended.epochs).toHaveLength(2)
    expect(residues()).toEqual([])
    expect(typesOf(subject).at(-1)).toBe('ResidueEnded')
    expect(await residue(expires)).toEqual({ backups: [], epochs: [], residues: 0, files: 0 })
  })

  it('opens nothing any more when it is over, whoever has kept a copy of the file', async () => {
    const ann = new Someone(stack)
    await ann.asks(registration)
    const subject = await ann.subject()
    const { expires } = await backUp('kept')
    const { configuration, caller } = stack
    const openCopy = async () => {
      const rootKey = loadRootKey({
        env: configuration.rootKey,
        dataDirectory: configuration.dataDirectory,
        createIfMissing: false,
      })
      if (!rootKey.ok) throw new Error(rootKey.problem)
      const keyring = openFileKeyring({
        directory: configuration.keyringDirectory,
        rootKey: rootKey.key,
        dataDirectory: configuration.dataDirectory,
      })
      if (!keyring.ok) throw new Error(keyring.problem)
      const vault = await openSqliteVault({
        path: vaultFile('kept'),
        rootKey: rootKey.key,
        keyring: keyring.keyring,
      })
      try {
        return await vault.find(caller.controller, ann.identifiers)
      } finally {
        await vault.close()
      }
    }
    expect(await openCopy()).toBe(subject)
    await stack.custody.services.backups.expire(caller, expires)
    await expect(openCopy()).rejects.toThrow(/epoch/)
    const { configuration: into } = stack
    await stack.close()
    const step = { vault: vaultFile('kept'), replace: true }
    await expect(restoreStores(into, step)).rejects.toThrow(/epoch/)
    stack = await stack.reopen()
    Object.assign(ann, { stack })
    // What is held now opens as before.
    expect((await ann.opened())['user.name']).toEqual({ full: 'Ann Example' })
  })

  it('is not taken of people whose policy does not say how long it may live', async () => {
    const other = await openStack({ policy: false })
    try {
      await other.custody.vault.ready(other.caller.controller)
      const step = { backup: Reference.parse('none'), path: vaultFile('none') }
      expect(await other.custody.services.backups.take(other.caller, step)).toEqual({
        outcome: 'no_life',
        controller: other.caller.controller,
      })
      expect(existsSync(vaultFile('none'))).toBe(false)
    } finally {
      await other.dispose()
    }
  })
})

describe('N4: an erasure survives the restore of a backup', () => {
  it('erases again before the first answer, and the ledger says so', async () => {
    const ann = new Someone(stack)
    const bob = new Someone(stack)
    await ann.asks(registration)
    await bob.asks(registration)
    const subject = await ann.subject()
    await backUp('before')
    await remove(subject)
    await restore('before')
    const { custody, caller } = stack
    expect(custody.reconciled).toEqual({ checked: 2, reapplied: 2 })
    expect(await custody.vault.holds(caller.controller, subject)).toBe(false)
    expect(await custody.vault.find(caller.controller, ann.identifiers)).toBeNull()
    await custody.caughtUp()
    expect(typesOf(subject)).toContain('DeletionReapplied')
    expect(await custody.vault.find(caller.controller, bob.identifiers)).not.toBeNull()
    const again = await stack.reopen()
    expect(again.custody.reconciled).toEqual({ checked: 0, reapplied: 0 })
    stack = again
  })

  it('deletes the categories again that were deleted, and no others', async () => {
    const ann = new Someone(stack)
    await ann.asks(registration)
    const subject = await ann.subject()
    await backUp('before')
    await remove(subject, { categories: ['user.name'] })
    const kept = { 'user.contact.email': { address: 'ann@example.org' } }
    expect(await ann.opened()).toMatchObject(kept)
    expect(await ann.opened()).not.toHaveProperty(['user.name'])
    await restore('before')
    expect(stack.custody.reconciled).toEqual({ checked: 1, reapplied: 1 })
    const bare = new Someone(stack)
    Object.assign(bare, { identifiers: ann.identifiers })
    expect((await bare.opened())['user.contact.email']).toEqual(kept['user.contact.email'])
    const scopes = [
      { category: 'user.name', lot: 'account-data' },
      { category: 'user.contact.email', lot: 'account-data' },
    ] as never
    const keys = await stack.custody.vault.openKeys(stack.caller.controller, subject, scopes)
    expect(keys.map((key) => key === null)).toEqual([true, false])
  })

  it('leaves alone what the person gave anew after the deletion, in a usual start', async () => {
    const ann = new Someone(stack)
    await ann.asks(registration)
    await remove(await ann.subject(), { categories: ['user.name'] })
    await ann.asks({ ...registration, values: { 'user.name': { full: 'Ann Again' } } })
    // As if the process had been killed before it could say how far it had come.
    const beside = await stack.openBeside()
    expect(beside.custody.reconciled).toEqual({ checked: 1, reapplied: 0 })
    expect((await ann.opened())['user.name']).toEqual({ full: 'Ann Again' })
    await beside.close()
  })
})

describe('S3, N4: an objection outlives the erasure of whom it came from', () => {
  const objection = { type: 'object', purpose: 'promotional-mail', channel: 'email' }
  const promotion = {
    type: 'use',
    purpose: 'promotional-mail',
    categories: ['user.contact.email'],
    optOutOffered: true,
  }

  it('and binds whoever comes with the same identifier, before the first thing said of them', async () => {
    const ann = new Someone(stack)
    await ann.asks(registration)
    await ann.asks(objection)
    const before = await ann.subject()
    await remove(before)
    await ann.asks(registration)
    const after = await ann.subject()
    expect(after).not.toBe(before)
    await stack.custody.caughtUp()
    expect(typesOf(after)).toEqual(['ObjectionCarriedOver', 'DataCollected'])
    expect(await ann.asks(promotion)).toMatchObject({
      outcome: 'refused',
      code: 'objection_stands',
    })
  })

  it('until the person asks for it again: then no later erasure brings it back', async () => {
    const ann = new Someone(stack)
    await ann.asks(registration)
    await ann.asks(objection)
    await remove(await ann.subject())
    await ann.asks(registration)
    await ann.asks({ ...objection, type: 'lift-objection' })
    expect(await ann.asks(promotion)).toMatchObject({ outcome: 'recorded' })
    await remove(await ann.subject())
    await ann.asks(registration)
    expect(await ann.asks(promotion)).toMatchObject({ outcome: 'recorded' })
  })

  it('only for the purposes that the policy names', async () => {
    const ann = new Someone(stack)
    await ann.asks(registration)
    await ann.asks({ ...objection, purpose: 'usage-analysis' })
    await remove(await ann.subject())
    await ann.asks(registration)
    await stack.custody.caughtUp()
    expect(typesOf(await ann.subject())).toEqual(['DataCollected'])
  })
})
