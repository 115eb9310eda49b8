/** What `custody` exits with. Scripts rely on these: they never change their meaning. */
export const exit = {
  /** Done, and nothing to look into. */
  done: 0,
  /** Done, and there is something to look into: findings, refusals, rejected rows. */
  findings: 1,
  /** The command line or a file handed in is wrong; nothing was done. */
  usage: 2,
  /** A store, a key or the machine failed. */
  failed: 3,
} as const
export type Exit = (typeof exit)[keyof typeof exit]

/** What the user handed in is wrong; the message says what and where. Ends with `exit.usage`. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
