import { describe, expect, it } from 'vitest'
import { openEventStoreLog } from '../../../src/ledger/eventstore/event-log.ts'

const open = (connectionString: string, namespace = '') =>
  openEventStoreLog({ connectionString, namespace })

describe('opening an event store', () => {
  it.each([
    'esdb://127.0.0.1:2113?tls=false',
    'esdb://custody:pass%40word@node1:2113,node2:2113,node3:2113',
    'esdb+discover://custody:password@cluster.example:2113?nodePreference=leader',
  ])('takes %s and asks nothing yet', async (connectionString) => {
    await open(connectionString).close()
  })

  it('refuses TLS without a user: the driver would share one stream between all appends', () => {
    expect(() => open('esdb://node1:2113')).toThrow('names no user')
  })

  it('refuses what is no connection string, and does not repeat the password', () => {
    const wrong = () => open('https://custody:secret@node1:2113')
    expect(wrong).toThrow('no connection string')
    expect(wrong).not.toThrow('secret')
  })

  it('refuses a namespace that would not stay apart from a name', () => {
    expect(() => open('esdb://127.0.0.1:2113?tls=false', 'a/b')).toThrow("can't be a namespace")
  })
})
