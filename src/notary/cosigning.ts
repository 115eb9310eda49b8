import type { ControllerId } from '../domain/values.ts'
import { verifyCosignatures } from '../proof/cosignature.ts'
import { formatSignature, parseNote, signaturesBy } from '../proof/note.ts'
import { checkpointStream, cosignatureRecord } from './checkpoint-event.ts'
import type { Proved, SignedHead } from './notary.ts'
import type { NotaryParts } from './parts.ts'

/** How often something else may be appended first. */
const mostAttempts = 10

/**
 * Records what known witnesses added to the note of the newest signed head: it goes out with the note from
 * then on. A cosignature that is there already is not recorded again.
 */
export async function recordCosignatures(
  parts: NotaryParts,
  controller: ControllerId,
  note: string,
): Promise<Proved<SignedHead>> {
  const { witnesses, log } = parts.options
  const cosigned = parseNote(note)
  if (!cosigned) return refused('The file is no signed note.')
  const verified = verifyCosignatures(cosigned, witnesses)
  if (!verified.ok) return refused(`It is not cosigned: ${verified.problem.message}.`)
  if (verified.value.length === 0) return refused('No known witness has cosigned it.')
  const lines = signaturesBy(cosigned, witnesses, 'cosignature/v1').map(({ key, signature }) =>
    formatSignature({ name: key.name, keyId: key.keyId, signature }),
  )
  for (let tries = 0; tries < mostAttempts; tries += 1) {
    const { newest, last } = await parts.checkpoints(controller)
    if (!newest) return { ok: false, problem: 'nothing_signed', message: 'Nothing is signed yet.' }
    if (parseNote(newest.note)?.text !== cosigned.text) {
      return refused('It is not the newest checkpoint that was cosigned.')
    }
    const fresh = lines.filter((line) => !newest.cosignatures.includes(line))
    if (fresh.length === 0) return { ok: true, value: newest }
    const at = parts.options.now()
    const record = cosignatureRecord(controller, newest, fresh, parts.options.newId(), at)
    const appended = await log.append(checkpointStream(controller), last, [record])
    if (appended.status === 'conflict') continue
    return { ok: true, value: { ...newest, cosignatures: [...newest.cosignatures, ...fresh] } }
  }
  throw new Error("couldn't record a cosignature: others were faster time after time")
}

function refused(message: string) {
  return { ok: false, problem: 'not_cosigned', message } as const
}
