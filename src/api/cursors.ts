import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { AsOfStated } from './as-of.ts'

/**
 * Cursors: where the next page begins, and as of when. Sealed, because they stand in URLs and the views'
 * own cursors name subjects; bound to the controller and the question, so that neither can be changed.
 */
export type Cursors = Readonly<{
  seal(question: string, content: CursorContent): string
  /** null: not a cursor of this question. */
  open(question: string, cursor: string): CursorContent | null
}>

const CursorContent = z.strictObject({ at: AsOfStated, next: z.string() })
export type CursorContent = z.infer<typeof CursorContent>

/** `key`: 32 bytes. Cursors open wherever the same key is. */
export function createCursors(key: Buffer): Cursors {
  const secret = createSecretKey(key)
  return {
    seal(question, content) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', secret, nonce, { authTagLength: 16 })
      cipher.setAAD(Buffer.from(question))
      const text = JSON.stringify(content)
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url')
    },
    open(question, cursor) {
      const bytes = Buffer.from(cursor, 'base64url')
      if (bytes.length < 29) return null
      const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, 12), {
        authTagLength: 16,
      })
      decipher.setAAD(Buffer.from(question))
      decipher.setAuthTag(bytes.subarray(-16))
      try {
        const text = decipher.update(bytes.subarray(12, -16), undefined, 'utf8')
        return CursorContent.parse(JSON.parse(text + decipher.final('utf8')))
      } catch {
        return null
      }
    },
  }
}
