/** What the stand-in does wrong, until it is told otherwise. */
export type Faults = {
  /** Calls are taken and never answered. */
  silent: boolean
  /** Subscriptions stay open, and nothing comes over them. */
  stalled: boolean
  /** Each event is delivered twice to subscribers. */
  duplicating: boolean
  /** Added to the revision that a conflict reports. */
  misreportedBy: number
  /** Milliseconds from an append to its commit. */
  delayMs: number
  /** The next appends, and reads, are each held back so many milliseconds; what is read was there before. */
  appendHoldsMs: readonly number[]
  readHoldsMs: readonly number[]
  /** So many appends lose the connection before, or after, they are committed. */
  dropsBeforeCommit: number
  dropsAfterCommit: number
  /** So many appends fail with an error that says nothing. */
  failures: number
  /** The next appends say each after so many milliseconds that the server is unavailable. */
  unavailableAfterMs: readonly number[]
  /** Not the leader: who needs one is sent to this port. */
  leaderPort: number | null
  /** A stream's events come without their places, as before EventStoreDB 22.6. */
  placeless: boolean
  /** The user may not. */
  forbidding: boolean
  /** Who the gossip says is in the cluster. */
  members: readonly Member[]
}

export type Member = Readonly<{ port: number; alive: boolean; leader: boolean }>

/** How the process is started. A file keeps what was acknowledged. */
export type StandInOptions = Readonly<{ port: number; path: string | null; tls: boolean }>

export const noFaults: Faults = {
  silent: false,
  stalled: false,
  duplicating: false,
  misreportedBy: 0,
  delayMs: 0,
  appendHoldsMs: [],
  readHoldsMs: [],
  dropsBeforeCommit: 0,
  dropsAfterCommit: 0,
  failures: 0,
  unavailableAfterMs: [],
  leaderPort: null,
  placeless: false,
  forbidding: false,
  members: [],
}

/** What the stand-in is told over the control channel. */
export type Order =
  | { kind: 'set'; faults: Partial<Faults> }
  | { kind: 'reset' }
  /** Every connection is cut. */
  | { kind: 'drop' }
  /** Every subscription ends as if all were well, or with an error. */
  | { kind: 'end-subscriptions'; with: 'end' | 'error' }
  /** So many events of others are written, in a stream of this name. */
  | { kind: 'foreign'; count: number; stream: string }
  | { kind: 'count' }

/** How often which call came. */
export type Counts = {
  appends: number
  batchAppends: number
  reads: number
  subscriptions: number
  /** How many events are in the log, how many went out to subscribers, how many of those are there. */
  events: number
  sent: number
  open: number
  /** From which place the last subscription began; 0 is the start. */
  lastFrom: number
  /** What the last append said who it was; empty where it said nothing. */
  authorization: string
}
