import type { DatabaseSync } from 'node:sqlite'

/** How many words are remembered before they are let go of. */
const mostRemembered = 200_000

/** Numbers for words on the writing side, given in the order in which the log first uses them. */
export type Words = Readonly<{
  term: (text: string) => number
  /** A list or tuple as one term. */
  value: (value: unknown) => number
  /** What a term of `value` stands for. The caller's to look at, not to change. */
  read: (term: number) => unknown
  forget: () => void
}>

/** Each statement, so that a test can ask how SQLite goes about it. */
export const wordStatements = {
  term: 'SELECT number FROM term WHERE text = ?',
  newTerm: 'INSERT INTO term (text) VALUES (?)',
  text: 'SELECT text FROM term WHERE number = ?',
  any: 'SELECT 1 FROM term WHERE number > 0 LIMIT 1',
} as const

/** @param database the writing connection; its tables exist */
export function createWords(database: DatabaseSync): Words {
  const find = database.prepare(wordStatements.term)
  const add = database.prepare(wordStatements.newTerm)
  const text = database.prepare(wordStatements.text)
  const terms = new Map<string, number>()
  const values = new Map<number, unknown>()
  /** The table was empty and all that was added is remembered: what is not known is new. */
  let whole = database.prepare(wordStatements.any).get() === undefined

  function term(word: string): number {
    const known = terms.get(word)
    if (known !== undefined) return known
    if (terms.size >= mostRemembered) forget()
    const found = whole ? undefined : find.get(word)
    const number = Number(found ? found['number'] : add.run(word).lastInsertRowid)
    terms.set(word, number)
    return number
  }

  function forget(): void {
    terms.clear()
    values.clear()
    whole = false
  }

  return {
    term,
    value: (value) => term(JSON.stringify(value)),
    read(number) {
      const known = values.get(number)
      if (known !== undefined) return known
      if (values.size >= mostRemembered) values.clear()
      const value: unknown = JSON.parse(String(text.get(number)?.['text']))
      values.set(number, value)
      return value
    },
    forget,
  }
}
