import type { z } from 'zod'

/** The data of an event as its schema gives it back, and its JSON; or what is wrong with it. */
export type CheckedData =
  | Readonly<{ valid: true; value: unknown; text: string }>
  | Readonly<{ valid: false; error: z.ZodError }>

/** Checks the data of one version of one event type. */
export type DataCheck = Readonly<{ check: (data: unknown) => CheckedData }>

const textsRemembered = 4_000
const longestRemembered = 4_096

/**
 * Parses with the schema, and remembers by their JSON the data that were found valid lately, with the
 * JSON of what the schema made of them. Events of one manner differ in who and when, which stand beside
 * the data: most data were seen before, and comparing a text costs a fifth of parsing.
 */
export function createDataCheck(schema: z.ZodType): DataCheck {
  const known = new Map<string, string>()
  return {
    check(data) {
      const text = JSON.stringify(data)
      const before = known.get(text)
      if (before === text) return { valid: true, value: data, text }
      if (before !== undefined) return { valid: true, value: JSON.parse(before), text: before }
      const parsed = schema.safeParse(data)
      if (!parsed.success) return { valid: false, error: parsed.error }
      const given = JSON.stringify(parsed.data)
      if (text.length <= longestRemembered) {
        if (known.size >= textsRemembered) known.clear()
        known.set(text, given)
      }
      return { valid: true, value: parsed.data, text: given }
    },
  }
}
