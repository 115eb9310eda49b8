/**
 * A bounded cache of what belongs to subjects. Two generations: when the young one is full it becomes the
 * old one and what the old one held is forgotten, unless it was asked for meanwhile. So a hit costs one
 * look-up, and what is in use stays, as in a least-recently-used cache, at no order to keep.
 */
export type Recent<Value> = Readonly<{
  get(key: string): Value | undefined
  set(key: string, subject: string, value: Value): void
  /** Forgets all that belongs to a subject. */
  forget(subject: string): void
  clear(): void
  /** At most twice the bound. */
  size(): number
}>

type Generation<Value> = {
  readonly entries: Map<string, Readonly<{ subject: string; value: Value }>>
  readonly bySubject: Map<string, Set<string>>
}

/** @param bound how many entries a generation holds */
export function createRecent<Value>(bound: number): Recent<Value> {
  let young = newGeneration<Value>()
  let old = newGeneration<Value>()

  const set = (key: string, subject: string, value: Value): void => {
    if (young.entries.size >= bound) {
      old = young
      young = newGeneration()
    }
    young.entries.set(key, { subject, value })
    const keys = young.bySubject.get(subject)
    if (keys) keys.add(key)
    else young.bySubject.set(subject, new Set([key]))
  }
  return {
    set,
    get: (key) => {
      const hit = young.entries.get(key)
      if (hit) return hit.value
      const older = old.entries.get(key)
      if (older) set(key, older.subject, older.value)
      return older?.value
    },
    forget: (subject) => {
      for (const { entries, bySubject } of [young, old]) {
        for (const key of bySubject.get(subject) ?? []) {
          if (entries.get(key)?.subject === subject) entries.delete(key)
        }
        bySubject.delete(subject)
      }
    },
    clear: () => {
      young = newGeneration()
      old = newGeneration()
    },
    size: () => young.entries.size + old.entries.size,
  }
}

function newGeneration<Value>(): Generation<Value> {
  return { entries: new Map(), bySubject: new Map() }
}
