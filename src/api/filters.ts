type Chosen<T> = { [Field in keyof T]?: Exclude<T[Field], undefined> }

/** The filters that were given: a field that was not is left out, not undefined. */
export function chosen<T extends Record<string, unknown>>(filters: T): Chosen<T> {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as Chosen<T>
}
