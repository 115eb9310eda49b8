import type { StreamName } from '../domain/envelope.ts'
import type { ControllerId, EventId, Instant, Position, Revision } from '../domain/values.ts'
import type { LeafEntry } from '../proof/leaf.ts'
import type { Hash } from '../proof/merkle.ts'
import type { HeadProof, StreamHead } from '../proof/stream-map.ts'

/**
 * The notary as others see it: it keeps a Merkle tree over each controller's events (RFC 6962), signs what it
 * has seen, and cuts proofs from it. It never signs two roots for one size.
 */

/** What was signed of a controller's history, and where it stands in the ledger. */
export type SignedHead = Readonly<{
  controller: ControllerId
  origin: string
  size: number
  root: Hash
  streams: Readonly<{ count: number; root: Hash }>
  /** The signed note (C2SP tlog-checkpoint): what is handed out, kept and pinned. */
  note: string
  /** The lines that witnesses have added to the note since. */
  cosignatures: readonly string[]
  /** When it was signed, and the event that says so. */
  signedAt: Instant
  event: EventId
  revision: Revision
  position: Position
}>

/** Why there is no proof. `not_covered`: no tree of that size has the event yet; ask for a checkpoint. */
export type NoProof = Readonly<{
  problem: 'no_such_event' | 'not_covered' | 'no_such_size' | 'nothing_signed' | 'not_cosigned'
  message: string
}>

export type Proved<T> = Readonly<{ ok: true; value: T }> | (Readonly<{ ok: false }> & NoProof)

/** That an event is a leaf of a tree. */
export type Inclusion = Readonly<{
  entry: Omit<LeafEntry, 'bodyHash'> & Readonly<{ bytes: Buffer }>
  position: Position
  index: number
  size: number
  leaf: Hash
  path: readonly Hash[]
  root: Hash
  /** The signed head of that size; null where none of that size is the newest. */
  signed: SignedHead | null
}>

/** That the tree of one size begins with all leaves of another. */
export type Consistency = Readonly<{
  older: Readonly<{ size: number; root: Hash }>
  newer: Readonly<{ size: number; root: Hash }>
  path: readonly Hash[]
}>

/** How far a stream goes according to the newest signed head; `head` null: there is no such stream. */
export type ProvedHead = Readonly<{
  stream: StreamName
  head: StreamHead | null
  proof: HeadProof
  signed: SignedHead
}>

/** Which event is meant. */
export type EventPlace = Readonly<
  { position: Position } | { stream: StreamName; revision: Revision }
>

export interface Notary {
  /** The origin of a controller's log, and its public key as a verifier pins it. Makes the key if it must. */
  identity(controller: ControllerId): Promise<Readonly<{ origin: string; verifierKey: string }>>

  /**
   * Signs the controller's history up to the end of the ledger, unless the newest signed head says it
   * already. Null: the controller has no event.
   *
   * @throws LedgerDiverged when the ledger is not the one that was signed before; nothing is signed then
   */
  checkpoint(controller: ControllerId): Promise<SignedHead | null>

  /** The newest signed head; null before the first. */
  latest(controller: ControllerId): Promise<SignedHead | null>

  /** Records the cosignatures of known witnesses on the newest note. */
  cosigned(controller: ControllerId, note: string): Promise<Proved<SignedHead>>

  /** The controllers whose events are in the ledger, or for whom something was signed. */
  controllers(): Promise<readonly ControllerId[]>

  /**
   * Compares the ledger with what was signed of it: to be called before anything is served.
   * @throws LedgerDiverged saying what was found, what it means and what to do
   */
  check(): Promise<void>

  /** @param size of the tree that the proof is for; left out: that of the newest signed head */
  prove(controller: ControllerId, event: EventPlace, size?: number): Promise<Proved<Inclusion>>

  /** @param newer left out: the size of the newest signed head */
  consistency(controller: ControllerId, older: number, newer?: number): Promise<Proved<Consistency>>

  /** The map of heads is kept as of the newest signed head only. */
  headProof(controller: ControllerId, stream: StreamName): Promise<Proved<ProvedHead>>

  /** The bytes of a tile by its path (C2SP tlog-tiles); null where the signed tree has no such tile. */
  tile(controller: ControllerId, path: string): Promise<Uint8Array | null>

  close(): Promise<void>
}

/** The ledger does not continue what was signed: an older file was put back, or history was altered. */
export class LedgerDiverged extends Error {
  override readonly name = 'LedgerDiverged'
}
