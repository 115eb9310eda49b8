import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { START, type Day } from '../../src/domain/values.ts'
import { pseudonym, saying, symphony } from '../support/envelopes.ts'
import { acme } from '../support/random-history.ts'
import { openScene, type Scene } from '../support/views-on.ts'

const all = { limit: 100, cursor: null }
const ann = pseudonym(1)
const bob = pseudonym(2)
const on = '2014-07-01'

let scene: Scene
beforeEach(() => {
  scene = openScene()
})
afterEach(() => scene.dispose())

const tell = (...said: Parameters<typeof saying>) => scene.tell(saying(...said))
const backUp = (backup: string, expires: string) =>
  tell(['backup', 'vault'], 'VaultBackupTaken', { on, backup, epoch: 1, expires })
const remove = (subject: typeof ann, deletion: string) =>
  tell(['subject', subject], 'DataDeleted', { on, deletion, cause: 'request', lots: [] })

describe('the residue of a deletion', () => {
  it('is there only where a backup was taken before, and lasts as long as the longest of them', async () => {
    await remove(ann, 'd-0')
    await backUp('b-1', '2014-07-31')
    await backUp('b-2', '2014-09-30')
    await tell(['backup', 'vault'], 'VaultBackupExpired', { on, backup: 'b-2' })
    await backUp('b-3', '2014-08-15')
    const began = await remove(ann, 'd-1')
    const views = await scene.views()
    expect(views.residues(symphony, began, {}, all).rows).toEqual([
      {
        subject: ann,
        deletion: 'd-1',
        began,
        beganAt: '2014-07-01T12:00:00.000Z',
        until: '2014-08-15',
      },
    ])
    expect(views.residues(acme, began, {}, all).rows).toEqual([])
  })

  it('ends by its event, and stood before that', async () => {
    await backUp('b-1', '2014-07-31')
    const began = await remove(ann, 'd-1')
    await remove(bob, 'd-2')
    const ended = await tell(['subject', ann], 'ResidueEnded', { on, deletion: 'd-1' })
    const views = await scene.views()
    const open = (position: typeof ended) =>
      views.residues(symphony, position, {}, all).rows.map(({ deletion }) => deletion)
    expect(open(began)).toEqual(['d-1'])
    expect(open(ended)).toEqual(['d-2'])
    expect(open(START)).toEqual([])
  })

  it('of a deletion in two steps is one, from the last step on', async () => {
    await backUp('b-1', '2014-07-31')
    await remove(ann, 'd-1')
    await backUp('b-2', '2014-09-30')
    const last = await tell(['subject', ann], 'SubjectErased', { on, deletion: 'd-1' })
    const views = await scene.views()
    expect(views.residues(symphony, last, {}, all).rows).toMatchObject([
      { deletion: 'd-1', began: last, until: '2014-09-30' },
    ])
  })

  it('is asked for by person and by the day it is over', async () => {
    await backUp('b-1', '2014-07-31')
    await remove(ann, 'd-1')
    await backUp('b-2', '2014-09-30')
    const last = await remove(bob, 'd-2')
    const views = await scene.views()
    const open = (filter: { subject?: typeof ann; dueBy?: Day }) =>
      views.residues(symphony, last, filter, all).rows.map(({ deletion }) => deletion)
    expect(open({})).toEqual(['d-1', 'd-2'])
    expect(open({ subject: bob })).toEqual(['d-2'])
    expect(open({ subject: pseudonym(9) })).toEqual([])
    expect(open({ dueBy: '2014-07-30' as Day })).toEqual([])
    expect(open({ dueBy: '2014-07-31' as Day })).toEqual(['d-1'])
  })

  it('comes page by page', async () => {
    await backUp('b-1', '2014-07-31')
    for (const deletion of ['d-1', 'd-2', 'd-3']) await remove(ann, deletion)
    const views = await scene.views()
    const position = views.position()
    const page = views.residues(symphony, position, {}, { limit: 2, cursor: null })
    expect(page.rows.map(({ deletion }) => deletion)).toEqual(['d-1', 'd-2'])
    const rest = views.residues(symphony, position, {}, { limit: 2, cursor: page.next })
    expect(rest.rows.map(({ deletion }) => deletion)).toEqual(['d-3'])
    expect(rest.next).toBeNull()
  })
})

describe('the backups of the vault', () => {
  it('are listed by name, with when they were over', async () => {
    await backUp('b-1', '2014-07-31')
    const both = await backUp('b-2', '2014-09-30')
    const over = await tell(['backup', 'vault'], 'VaultBackupExpired', { on, backup: 'b-1' })
    const views = await scene.views()
    const lives = (position: typeof over) =>
      views.vaultBackups(symphony, position).map(({ backup, expiredAt }) => [backup, expiredAt])
    expect(lives(both)).toEqual([
      ['b-1', null],
      ['b-2', null],
    ])
    expect(lives(over)).toEqual([
      ['b-1', '2014-07-01T12:00:00.000Z'],
      ['b-2', null],
    ])
    expect(views.controllers()).toEqual([symphony])
  })
})
