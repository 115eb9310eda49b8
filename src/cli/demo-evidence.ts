import { join } from 'node:path'
import { writePieces, type Written } from '../reports/write.ts'
import type { Stage } from './demo.ts'
import { reportsDirectory } from './show-report.ts'

const NAME = 'person.custody-evidence.json'
const KEY_NAME = 'notary.vkey'

/** Signs the history, and writes what a regulator can check about the person of the story. */
export async function demoEvidence({ custody, context, scenario }: Stage): Promise<Written[]> {
  const { notary, evidence } = custody
  const { caller, output } = context
  const signed = await notary.checkpoint(caller.controller)
  if (!signed) return []
  output.say(`Signed: ${signed.size} events as ${signed.origin}.`)
  const { person, day } = scenario.questions
  const subject = { identifiers: [person] }
  const asked = { kind: 'subject', subject, day, sense: 'occurred' } as const
  const made = await evidence.make(caller, asked, [])
  // In another story the person may have been erased.
  if (!made.ok) return []
  const { verifierKey } = await notary.identity(caller.controller)
  const directory = reportsDirectory(context)
  const written = [
    writePieces(directory, NAME, [made.text]),
    writePieces(directory, KEY_NAME, [`${verifierKey}\n`]),
  ]
  output.say(
    `Evidence: ${made.events} events about one person, with proofs: ${join(directory, NAME)}`,
  )
  output.say('Whoever has the public key checks it, offline and trusting nobody:')
  output.say(`  custody verify ${NAME} --key "$(cat ${KEY_NAME})" --page person.html\n`)
  return written
}
