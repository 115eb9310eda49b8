/** A key as words: `objection_stands` is `objection stands`, `DataCollected` is `data collected`. */
export function words(key: string): string {
  return key
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .replaceAll(/[_-]/g, ' ')
    .toLowerCase()
}

/** A whole number with its thousands apart, the same on every machine: `12,345`. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** An instant for reading: `2014-06-30 07:00:00 UTC`. Anything else as it is. */
export function momentWords(instant: string): string {
  return /T.*Z$/.test(instant) ? `${instant.slice(0, 10)} ${instant.slice(11, 19)}` : instant
}
