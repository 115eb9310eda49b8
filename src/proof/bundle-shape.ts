/** What a value of a bundle may be. Answers the first place that is wrong and the rule, or null. */
export type Shape = (value: unknown, where: string) => Misshapen | null
export type Misshapen = Readonly<{ where: string; rule: string }>

/** A text that UTF-8 can say, so that no two texts have the same bytes; of a pattern where one is given. */
export function text(rule = 'a text', pattern?: RegExp): Shape {
  return (value, where) => {
    const fits = typeof value === 'string' && value.isWellFormed() && (pattern?.test(value) ?? true)
    return fits ? null : { where, rule: `must be ${rule}` }
  }
}

/** A whole number from 0 to 2^53 - 1. */
export const count: Shape = (value, where) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? null
    : { where, rule: 'must be a whole number from 0 to 2^53 - 1' }

/** Null, or the other. */
export function nullable(shape: Shape): Shape {
  return (value, where) => (value === null ? null : shape(value, where))
}

/** A list of values of one shape. */
export function list(shape: Shape): Shape {
  return (value, where) => {
    if (!Array.isArray(value)) return { where, rule: 'must be a list' }
    for (const [index, item] of value.entries()) {
      const wrong = shape(item, `${where}[${index}]`)
      if (wrong) return wrong
    }
    return null
  }
}

/** An object with exactly these keys, in this order. */
export function record(shapes: Readonly<Record<string, Shape>>): Shape {
  const names = Object.keys(shapes)
  return (value, where) => {
    const found = keysOf(value)
    if (!found || found.length !== names.length || found.some((key, at) => key !== names[at])) {
      return { where, rule: `must have exactly ${names.join(', ')}, in this order` }
    }
    for (const [name, shape] of Object.entries(shapes)) {
      const wrong = shape((value as Record<string, unknown>)[name], `${where}.${name}`)
      if (wrong) return wrong
    }
    return null
  }
}

/** An object of any keys that are lower-case words, in alphabetical order. */
export function dictionary(shape: Shape): Shape {
  return (value, where) => {
    const names = keysOf(value)
    const named = names?.every((name) => /^[a-z][A-Za-z]{0,31}$/.test(name))
    const sorted = names?.every((name, at) => at === 0 || names[at - 1]! < name)
    if (!names || !named || !sorted) return { where, rule: 'must have words as keys, sorted' }
    for (const name of names) {
      const wrong = shape((value as Record<string, unknown>)[name], `${where}.${name}`)
      if (wrong) return wrong
    }
    return null
  }
}

function keysOf(value: unknown): string[] | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.keys(value)
    : null
}
