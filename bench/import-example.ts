import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importAll } from '../src/import/import-all.ts'
import { prepareImport } from '../src/import/manifest.ts'
import { rejectsUnder } from '../src/import/rejects-file.ts'
import { rounded } from './rounds.ts'
import { inDirectory, publishPolicy, withCustody } from './support/workspace.ts'

const manifest = fileURLToPath(new URL('../examples/symphony/import.yaml', import.meta.url))

/** Imports the whole example into a new ledger, until the views show it. No target stands on it. */
export async function importExample(): Promise<Readonly<Record<string, number | string>>> {
  return inDirectory((directory) =>
    withCustody(directory, async (custody, caller) => {
      await publishPolicy(custody, caller)
      const prepared = await prepareImport(manifest)
      if (!prepared.ready) throw new Error("couldn't read the example's manifest")
      const startedAt = await custody.log.head()
      const began = performance.now()
      const files = await importAll({
        plan: prepared.plan,
        record: (lines) => custody.services.recording.recordAll(caller, lines),
        startedAt,
        rejects: rejectsUnder(join(directory, 'rejects')),
      })
      await custody.caughtUp()
      const seconds = (performance.now() - began) / 1000
      const rows = files.reduce((sum, file) => sum + file.rows.read, 0)
      const events = (await custody.log.head()) - startedAt
      return {
        seconds: rounded(seconds),
        rows,
        events,
        rate: rounded(rows / seconds),
        unit: 'rows/s',
      }
    }),
  )
}
