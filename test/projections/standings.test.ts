import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { instant, pseudonym, saying, symphony } from '../support/envelopes.ts'
import { openScene, type Scene } from '../support/views-on.ts'

const ann = pseudonym(1)
const all = { limit: 100, cursor: null }
const newsletter = { source: 'crm', purpose: 'newsletter', channel: 'email' }

let scene: Scene
beforeEach(() => {
  scene = openScene()
})
afterEach(() => scene.dispose())

type Word = 'ConsentGiven' | 'ConsentWithdrawn' | 'ObjectionMade' | 'ObjectionLifted'

async function says(type: Word, at: string, mode: 'observe' | 'enforce' = 'observe', more = {}) {
  const given = type === 'ConsentGiven' ? { evidence: null, expires: null, ...more } : {}
  const data = { ...newsletter, on: at, mode, ...given }
  return scene.tell(saying(['subject', ann], type, data, { at }))
}

async function stood(position: number, moment?: string) {
  const views = await scene.views()
  const asOf = { position: position as never, ...(moment ? { moment: instant(moment) } : {}) }
  const { rows } = views.standings(symphony, asOf, {}, all)
  return rows.map(({ matter, status, endedAt }) => [matter, status, endedAt?.slice(0, 10) ?? null])
}

describe('how consents and objections stood', () => {
  it('is each word from its time until the next one on the same purpose', async () => {
    const given = await says('ConsentGiven', '2014-07-01')
    const withdrawn = await says('ConsentWithdrawn', '2014-09-01')
    const objected = await says('ObjectionMade', '2014-10-01')
    expect(await stood(given)).toEqual([['consent', 'given', null]])
    expect(await stood(withdrawn)).toEqual([['consent', 'withdrawn', null]])
    expect(await stood(objected)).toEqual([
      ['consent', 'withdrawn', null],
      ['objection', 'made', null],
    ])
    expect(await stood(objected, '2014-08-01')).toEqual([['consent', 'given', '2014-09-01']])
    expect(await stood(objected, '2014-06-01')).toEqual([])
  })

  it('tells what was known from what was true: a withdrawal that came to be known late', async () => {
    const given = await says('ConsentGiven', '2014-07-01')
    const again = await says('ConsentGiven', '2014-12-01')
    const late = await says('ConsentWithdrawn', '2014-09-01')
    expect(await stood(again, '2014-10-01')).toEqual([['consent', 'given', '2014-12-01']])
    expect(await stood(late, '2014-10-01')).toEqual([['consent', 'withdrawn', '2014-12-01']])
    expect(await stood(late)).toEqual([['consent', 'given', null]])
    expect(await stood(given)).toEqual([['consent', 'given', null]])
  })

  it('puts an enforced word behind all others, whatever its clock says', async () => {
    await says('ConsentGiven', '2014-07-02')
    const withdrawn = await says('ConsentWithdrawn', '2014-07-01', 'enforce')
    expect(await stood(withdrawn)).toEqual([['consent', 'withdrawn', null]])
    expect(await stood(withdrawn, '2014-07-03')).toEqual([['consent', 'withdrawn', null]])
  })

  it('names the day on which a consent ends by itself', async () => {
    const position = await says('ConsentGiven', '2014-07-01', 'observe', { expires: '2015-07-01' })
    const views = await scene.views()
    const [row] = views.standings(symphony, { position }, { subject: ann }, all).rows
    expect(row).toEqual({
      subject: ann,
      purpose: 'newsletter',
      matter: 'consent',
      status: 'given',
      channel: 'email',
      event: '0190f000-0000-7000-8000-000000000001',
      expires: '2015-07-01',
      began: position,
      beganAt: '2014-07-01T12:00:00.000Z',
      endedAt: null,
    })
  })
})
