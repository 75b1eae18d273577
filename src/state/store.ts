/**
 * The state of calls, shared by all instances (Redis) or this process's own (memory). Both are held to one contract:
 * test/state/contract.ts. Nothing in a record is a secret: no SDP, no keys.
 */
export interface CallStore {
  /**
   * The call, or undefined when there is none (never was, deleted, expired, written by another version of ngpilot). The
   * record is the caller's own: changing it changes nothing here.
   */
  find (callId: string): Promise<CallRecord | undefined>
  /**
   * Changes just the fields that `change` names; legs merge tag by tag, an event goes to the end of the timeline (the oldest
   * fall off past `timelineLength`). Renews the TTL. Concurrent changes of different fields all stay.
   *
   * A change with `node`, `revision` and `createdAt` creates a call that is not there; any other then does nothing, so
   * that a late reply brings no ended call back.
   */
  save (callId: string, change: CallChange): Promise<void>
  /** Forgets the call; forgetting an unknown one is no error. */
  remove (callId: string): Promise<void>
  /** How many calls there are now. */
  size (): Promise<number>
  /** Resolves when the store answers. @throws NgpilotError `store_unavailable` with the address and the reason. */
  check (): Promise<void>
  /** Lets operations under way finish, within bounds. Nothing may be asked of the store from then on. */
  close (): Promise<void>
  /** Leaves what this instance still owes to the others. A store without others forgets it. */
  leaveDeletes (owed: readonly OwedDelete[]): Promise<void>
  /** Takes over what others left; each delete goes to one taker. */
  takeDeletes (): Promise<OwedDelete[]>
}

/** A delete that has been acknowledged and is still owed to its node. `expiresAt` in milliseconds since the epoch. */
export interface OwedDelete { callId: string, node: { id: string, host: string, port: number }, expiresAt: number }

export interface CallRecord {
  /** The node that holds the media; a running call never moves. */
  node: string
  /** The policy revision that decided the first offer. */
  revision: string
  /** Milliseconds since the epoch. */
  createdAt: number
  /** The tag of the party that began the call; whoever offers later may be the other. */
  caller?: string
  /** By SIP tag. Without a prototype, as tags are foreign text: `legs.constructor` is a leg or nothing. */
  legs: Record<string, LegRecord>
  /** The leg that has been offered to and has not shown its tag yet. */
  callee?: LegRecord
  /** The latest offer/answer exchange (RFC 3264). */
  exchange?: ExchangeRecord
  /** A 2xx to the first INVITE passed: from now on a failed INVITE ends only itself, not the call. */
  isEstablished: boolean
  timeline: TimelineEntry[]
}

export interface LegRecord {
  /** Name of the profile at the other end. */
  profile: string
  /** m-lines that this leg sees and the other does not (say, video towards an audio phone). */
  hidden?: HiddenMedia[]
  /** Its latest offer asked for BUNDLE (RFC 9143), so what goes to it may say BUNDLE too. */
  isBundled?: true
}

/** An m-line kept from the other leg. `line` is the rejected form that this leg gets: `m=video 0 UDP/TLS/RTP/SAVPF 96`. */
export interface HiddenMedia { index: number, line: string, mid?: string }

export interface ExchangeRecord {
  /** Tag of the party that made the offer. */
  offerer: string
  /** CSeq number of the SIP request that belongs to it, where the request came as SIP. */
  cseq?: number
  state: 'offered' | 'answered'
}

/** `at`: milliseconds since the epoch; `event`: what happened (`offer`, `answer`, …); `detail`: a word for a person. */
export interface TimelineEntry { at: number, event: string, detail?: string }

export type CallChange = Partial<Omit<CallRecord, 'timeline'>> & { event?: TimelineEntry }
