import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LineInput } from '../../src/application/lines.ts'
import { openCluster, type Cluster } from '../support/cluster.ts'
import { postgresMissing } from '../support/postgres.ts'

if (postgresMissing) console.log(postgresMissing)

describe.skipIf(postgresMissing !== null)('two nodes on one event store and one vault', () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await openCluster({ nodes: 2 })
  }, 60_000)
  afterAll(() => cluster?.dispose())

  it('show on each what was written on the other, once its position is waited for', async () => {
    const [one, other] = cluster.nodes as [Cluster['nodes'][0], Cluster['nodes'][0]]
    const email = (value: string) => ({ identifiers: [{ scheme: 'email' as const, value }] })
    const line: LineInput = {
      type: 'collect',
      mode: 'observe',
      source: 'crm',
      subject: email('ada@example.org'),
      property: 'www.symphonycommerce.com',
      channel: 'web-form',
      kind: 'prospect',
      purposes: ['contact-prospect'],
      selfIdentified: true,
      values: { 'user.name': { name: 'Ada Byron' } },
    }
    const [written] = await one.say(line)
    if (written?.outcome !== 'recorded') throw new Error(JSON.stringify(written))
    await other.custody.views.waitFor(written.position, 10_000)
    const found = await other.custody.services.subjects.find(other.caller, email('ADA@example.org'))
    expect(found).toBe(written.subject)
    const [again] = await other.say(line)
    expect(again).toMatchObject({ outcome: 'recorded', subject: written.subject })
  })
})
