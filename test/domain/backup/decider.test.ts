import { describe, expect, it } from 'vitest'
import { backupDecider } from '../../../src/domain/backup/decider.ts'
import type { BackupEvent } from '../../../src/domain/backup/events.ts'
import type { Day, Reference } from '../../../src/domain/values.ts'
import { given as givenOf, recorded, refusalsOf } from '../../support/given.ts'

const day = (text: string) => text as Day
const nightly = 'nightly-1' as Reference
const taken: BackupEvent = {
  type: 'VaultBackupTaken',
  version: 1,
  data: { on: day('2026-07-01'), backup: nightly, epoch: 1, expires: day('2026-07-31') },
}
const expired: BackupEvent = {
  type: 'VaultBackupExpired',
  version: 1,
  data: { on: day('2026-07-31'), backup: nightly },
}
const begun: BackupEvent = {
  type: 'EpochBegun',
  version: 1,
  data: { on: day('2026-07-01'), epoch: 2 },
}
const given = (...past: BackupEvent[]) => givenOf(backupDecider, ...past)

describe('a backup of the vault', () => {
  it('is recorded with the epoch that opens it and the day its life is over', () => {
    const command = { type: 'TakeVaultBackup', ...taken.data } as never
    expect(given().when(command, undefined)).toEqual(recorded(taken))
  })

  it('has a name that is used once, also when its life is over', () => {
    const command = { type: 'TakeVaultBackup', ...taken.data } as never
    expect(refusalsOf(given(taken).when(command, undefined))).toEqual(['already_exists S31'])
    expect(refusalsOf(given(taken, expired).when(command, undefined))).toEqual([
      'already_exists S31',
    ])
  })

  it('lives for a day at least', () => {
    const command = { type: 'TakeVaultBackup', ...taken.data, expires: day('2026-07-01') } as never
    expect(refusalsOf(given().when(command, undefined))).toEqual(['wrong_status S31'])
  })

  it('is over on its day, not before, and once', () => {
    const on = (text: string) =>
      ({ type: 'ExpireVaultBackup', on: day(text), backup: nightly }) as const
    expect(refusalsOf(given().when(on('2026-07-31'), undefined))).toEqual(['not_found S31'])
    expect(refusalsOf(given(taken).when(on('2026-07-30'), undefined))).toEqual(['wrong_status S31'])
    expect(given(taken).when(on('2026-07-31'), undefined)).toEqual(recorded(expired))
    expect(given(taken, expired).when(on('2026-08-01'), undefined)).toEqual(recorded())
  })
})

describe('an epoch of the keys', () => {
  const destroy = (epoch: number) =>
    ({ type: 'DestroyEpoch', on: day('2026-07-31'), epoch }) as const

  it('begins once', () => {
    const begin = { type: 'BeginEpoch', on: day('2026-07-01'), epoch: 2 } as const
    expect(given(taken).when(begin, undefined)).toEqual(recorded(begun))
    expect(given(taken, begun).when(begin, undefined)).toEqual(recorded())
  })

  it('is destroyed when no living backup needs it, and once', () => {
    const destroyed: BackupEvent = {
      type: 'EpochDestroyed',
      version: 1,
      data: { on: day('2026-07-31'), epoch: 1 },
    }
    expect(refusalsOf(given(taken, begun).when(destroy(1), undefined))).toEqual([
      'wrong_status S31',
    ])
    const over = given(taken, begun, expired)
    expect(over.when(destroy(1), undefined)).toEqual(recorded(destroyed))
    expect(over.and(destroyed).when(destroy(1), undefined)).toEqual(recorded())
  })

  it('is never destroyed while it is the one in use', () => {
    expect(refusalsOf(given().when(destroy(1), undefined))).toEqual(['wrong_status S31'])
    expect(refusalsOf(given(begun).when(destroy(2), undefined))).toEqual(['wrong_status S31'])
  })
})
