import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LedgerDiverged } from '../../src/notary/notary.ts'
import { checkpointStream } from '../../src/notary/checkpoint-event.ts'
import type { Revision } from '../../src/domain/values.ts'
import { acme, beta, openDesk, type Desk } from './support.ts'

let desk: Desk
beforeEach(async () => {
  desk = await openDesk()
})
afterEach(() => desk.dispose())

const older = () => join(desk.directory, 'older.sqlite')

function removeStore(path: string): void {
  for (const ending of ['', '-wal', '-shm']) rmSync(`${path}${ending}`, { force: true })
}

/** The last commits may be in the write-ahead log still. */
function copyStore(from: string, to: string): void {
  for (const ending of ['', '-wal']) {
    if (existsSync(`${from}${ending}`)) copyFileSync(`${from}${ending}`, `${to}${ending}`)
  }
}

/** A ledger of which a copy was taken, and that was signed again after that. */
async function signedSinceTheCopy(): Promise<void> {
  await desk.tell(acme, 1, 20)
  await desk.notary.checkpoint(acme)
  await desk.close()
  copyStore(desk.ledgerPath, older())
  desk = await desk.reopen()
  await desk.tell(acme, 2, 10)
  await desk.notary.checkpoint(acme)
  await desk.close()
}

function restore(): void {
  removeStore(desk.ledgerPath)
  copyStore(older(), desk.ledgerPath)
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(LedgerDiverged)
  return (error as Error).message
}

describe('an older ledger file that was put back', () => {
  it('is refused before anything is served, and explained', async () => {
    await signedSinceTheCopy()
    restore()
    desk = await desk.reopen()
    const message = await refusal(desk.notary.check())
    expect(message).toMatch(/this ledger has 20 of the 30 events that were signed/)
    expect(message).toMatch(/notary\.custody\.test_acme-store\.signed/)
    expect(message).toMatch(/older file/)
    expect(message).toMatch(/put the newer ledger file back.*CUSTODY_ORIGIN/s)
    const head = await desk.log.head()
    await refusal(desk.notary.checkpoint(acme))
    expect(await desk.log.head()).toBe(head)
  })

  it('is refused also after it has grown past what was signed', async () => {
    await signedSinceTheCopy()
    restore()
    desk = await desk.reopen()
    await desk.tell(acme, 3, 50)
    const message = await refusal(desk.notary.checkpoint(acme))
    expect(message).toMatch(/the first 30 events of this ledger have the root \S{44},/)
    expect(message).toMatch(/history was altered/)
  })

  it('is refused when it grew while nobody signed, whatever became of the notary’s own file', async () => {
    await signedSinceTheCopy()
    restore()
    removeStore(desk.notaryPath)
    desk = await desk.reopen()
    await desk.tell(acme, 3, 50)
    await refusal(desk.notary.check())
  })

  it('may go on as another log, and the new file when it is back', async () => {
    await signedSinceTheCopy()
    const newer = join(desk.directory, 'newer.sqlite')
    copyStore(desk.ledgerPath, newer)
    restore()
    desk = await desk.reopen('second.custody.test')
    await desk.notary.check()
    const signed = await desk.notary.checkpoint(acme)
    expect(signed).toMatchObject({ origin: 'second.custody.test/acme-store', size: 20 })
    await desk.close()
    removeStore(desk.ledgerPath)
    copyStore(newer, desk.ledgerPath)
    desk = await desk.reopen('custody.test')
    await desk.notary.check()
    expect(await desk.notary.checkpoint(acme)).toMatchObject({ size: 30 })
  })

  it('is no trouble to another controller', async () => {
    await desk.tell(beta, 1, 3)
    await signedSinceTheCopy()
    restore()
    desk = await desk.reopen()
    expect(await desk.notary.checkpoint(beta)).toMatchObject({ size: 3 })
    await refusal(desk.notary.checkpoint(acme))
  })
})

describe('a ledger that is gone', () => {
  it('is not begun anew under the same name', async () => {
    await signedSinceTheCopy()
    removeStore(desk.ledgerPath)
    removeStore(desk.notaryPath)
    desk = await desk.reopen()
    expect(await refusal(desk.notary.check())).toMatch(/has 0 of the 30 events/)
    await desk.tell(acme, 1, 40)
    await refusal(desk.notary.checkpoint(acme))
    expect(existsSync(join(desk.directory, 'keys/notary.custody.test_acme-store.signed'))).toBe(
      true,
    )
  })
})

describe('a copy of the data that goes its own way with the same key', () => {
  it('cannot sign what the first has signed otherwise', async () => {
    await desk.tell(acme, 1, 20)
    await desk.notary.checkpoint(acme)
    await desk.close()
    cpSync(desk.data, join(desk.directory, 'copy'), { recursive: true })
    desk = await desk.reopen()
    await desk.tell(acme, 2, 5)
    await desk.notary.checkpoint(acme)
    await desk.close()
    rmSync(desk.data, { recursive: true })
    cpSync(join(desk.directory, 'copy'), desk.data, { recursive: true })
    desk = await desk.reopen()
    await desk.tell(acme, 3, 5)
    expect(await refusal(desk.notary.checkpoint(acme))).toMatch(/the first 25 events/)
  })
})

describe('history that was altered', () => {
  it('is found once the notary’s own file is made anew', async () => {
    await signedSinceTheCopy()
    const database = new DatabaseSync(desk.ledgerPath)
    database.exec(
      "UPDATE event SET body = replace(body, 'referral', 'referrel') WHERE position = 7",
    )
    database.close()
    removeStore(desk.notaryPath)
    desk = await desk.reopen()
    expect(await refusal(desk.notary.check())).toMatch(/history was altered/)
  })

  it('is not concluded from a damaged file of the notary’s own', async () => {
    await signedSinceTheCopy()
    const database = new DatabaseSync(desk.notaryPath)
    database.exec('UPDATE tile SET hashes = randomblob(length(hashes))')
    database.close()
    desk = await desk.reopen()
    await desk.notary.check()
    await desk.tell(acme, 5)
    expect(await desk.notary.checkpoint(acme)).toMatchObject({ size: 31 })
  })
})

describe('the key', () => {
  it('is not made anew where something was signed with it', async () => {
    await signedSinceTheCopy()
    rmSync(desk.keyFile)
    desk = await desk.reopen()
    await desk.tell(acme, 1)
    await expect(desk.notary.checkpoint(acme)).rejects.toThrow(/there is no notary's key file/)
    await expect(desk.notary.check()).rejects.toThrow(/there is no notary's key file/)
  })

  it('that is another one does not sign on', async () => {
    await signedSinceTheCopy()
    rmSync(desk.keyFile)
    rmSync(join(desk.directory, 'keys/notary.custody.test_acme-store.signed'))
    const other = await openDesk()
    await other.notary.identity(acme)
    copyFileSync(other.keyFile, desk.keyFile)
    await other.dispose()
    desk = await desk.reopen()
    expect(await refusal(desk.notary.check())).toMatch(/not signed by the notary's key/)
  })

  it('signs nothing when what is kept beside it is damaged', async () => {
    await signedSinceTheCopy()
    const kept = join(desk.directory, 'keys/notary.custody.test_acme-store.signed')
    writeFileSync(kept, readFileSync(kept, 'utf8').replace('30', '31'))
    desk = await desk.reopen()
    expect(await refusal(desk.notary.checkpoint(acme))).toMatch(/was altered/)
    const stream = checkpointStream(acme)
    expect(await desk.log.readStream(stream, 0 as Revision, 10)).toHaveLength(2)
  })
})
