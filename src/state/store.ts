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
   * Changes just the fields that `change` names; legs and branches merge one by one, an event goes to the end of the
   * timeline (the oldest fall off past `timelineLength`). Renews the TTL. Concurrent changes of different fields all stay.
   *
   * A change with `node`, `revision` and `createdAt` creates a call that is not there or has ended; any other then does
   * nothing, so that a late reply brings no ended call back.
   */
  save (callId: string, change: CallChange): Promise<void>
  /** As `find`, but gives a call that ended within the last `recallMs` too, with `endedAt`. */
  recall (callId: string): Promise<CallRecord | undefined>
  /** Ends the call: `find` and `size` know it no more. Ending an unknown one is no error. */
  end (callId: string): Promise<void>
  /** Remembers that the media of a call are lost. @returns whether that is news, to one of several that find out at once */
  markLost (callId: string, lost: LostRecord): Promise<boolean>
  /** Forgets the call, also one that ended; forgetting an unknown one is no error. */
  remove (callId: string): Promise<void>
  /**
   * Some of the calls, the one that nothing was heard of for longest first. A call that is saved meanwhile may come twice,
   * but none is left out that is there all the time.
   */
  page (options: PageOptions): Promise<CallPage>
  /** How many calls there are now. */
  size (): Promise<number>
  /** Resolves when the store answers. @throws NgpilotError `store_unavailable` with the address and the reason. */
  check (): Promise<void>
  /** How the store fares, without asking it. */
  health (): StoreHealth
  /** Whether this instance is the one that does what one of them must do, for `forMs` from now on. */
  takeDuty (duty: string, forMs: number): Promise<boolean>
  /** Lets operations under way finish, within bounds. Nothing may be asked of the store from then on. */
  close (): Promise<void>
  /** Leaves what this instance still owes to the others. A store without others forgets it. */
  leaveDeletes (owed: readonly OwedDelete[]): Promise<void>
  /** Takes over what others left; each delete goes to one taker. */
  takeDeletes (): Promise<OwedDelete[]>
}

/** How long an ended call is known still: for so long a request may repeat (64 × T1, RFC 3261 §17), and some more. */
export const recallMs = 40_000

/**
 * A delete that has been acknowledged and is still owed to its node. `expiresAt` in milliseconds since the epoch; `branch`:
 * not the whole call, just that leg, by its tag, or by its via-branch together with the caller's tag. `isDoubtful`: the node
 * may yet carry out an offer of the call.
 */
export interface OwedDelete {
  callId: string
  node: { id: string, host: string, port: number, transport?: 'udp' | 'ws' | 'wss' | 'http' | 'https' }
  expiresAt: number
  isDoubtful?: boolean
  branch?: { fromTag: string, viaBranch?: string }
}

/** `after`: what the page before gave as `next`. */
export interface PageOptions { after?: string, limit: number }
export interface CallPage { calls: { callId: string, node: string, lost?: LostRecord, isPruned?: true }[], next?: string }

/** `waiting`: calls whose changes wait for a store that is away, for `reason`; `refusesNew`: it takes no new calls. */
export type StoreHealth = { isDegraded: false } | { isDegraded: true, reason: string, waiting: number, refusesNew: boolean }

/** The media of a call are lost: its node is, or has ended the call for want of media. `at`: ms since the epoch. */
export interface LostRecord { at: number, why: 'node-lost' | 'media-timeout' }

export interface CallRecord {
  /** The node that holds the media; a call moves only when its node is lost and the policy says so. */
  node: string
  /** The policy revision that decided the first offer. */
  revision: string
  /** Milliseconds since the epoch. */
  createdAt: number
  /** The tag of the party that began the call; whoever offers later may be the other. */
  caller?: string
  /** Of a call whose client is trusted: the tags that it has named, the caller's first. Such a call has no legs. */
  passedTags?: string[]
  /** By SIP tag. Without a prototype, as tags are foreign text: `legs.constructor` is a leg or nothing. */
  legs: Record<string, LegRecord>
  /** Its forks, or the one that it is where it has none: by via-branch, else by the caller's tag. Without a prototype. */
  branches: Record<string, BranchRecord>
  /** A 2xx to the first INVITE passed: from now on a failed INVITE ends only itself, not the call. */
  isEstablished: boolean
  /** A branch of it was deleted at its node, which from then on is slow to notice that no media come. */
  isPruned?: true
  /** Where the policy says that it moves when its node is lost. */
  anchor?: AnchorRecord
  /** Until its media are there again. */
  lost?: LostRecord
  /** When it ended, in milliseconds since the epoch. Only `recall` gives such a call. */
  endedAt?: number
  timeline: TimelineEntry[]
}

/**
 * What both ends must see again after a move: who sent their SDP, by the address of its o= line, while its version grows by
 * one with each move (RFC 3264 §8).
 */
export interface AnchorRecord {
  moves: number
  /** In the SDP that the caller gets, and in that for the callee: `IN IP4 192.0.2.1`. */
  caller?: string
  callee?: string
}

export interface LegRecord {
  /** Name of the profile at the other end. */
  profile: string
  /** The branch that it is the callee of. The caller's leg has none: it is on all of its branches. */
  branch?: string
  /** The tag by which the node knows it, if not its own: a branch that forks further on is one leg to the node. */
  nodeTag?: string
  /** m-lines that this leg sees and the other does not (say, video towards an audio phone); a caller's are in the branch. */
  hidden?: HiddenMedia[]
  /** Its latest offer asked for BUNDLE (RFC 9143), so what goes to it may say BUNDLE too. */
  isBundled?: true
}

export interface BranchRecord {
  /** Tag of the leg that it starts from. */
  caller: string
  /** The leg that is offered to, until it shows its tag. */
  callee: LegRecord
  /** m-lines of the caller that this callee does not see. */
  hidden?: HiddenMedia[]
  /** The INVITE that opened it, where the request came as SIP. */
  invite?: InviteRecord
  /** The latest offer/answer exchange (RFC 3264); absent while a late offer has not come. */
  exchange?: ExchangeRecord
  /** `confirmed`: a 2xx passed; `cancelled`: unless one comes; `ended`: it failed, or its dialog is over. Absent: early. */
  state?: 'confirmed' | 'ended' | 'cancelled'
}

/**
 * `transaction`: what stands for the branch of its top Via. `isLate`: it had no offer, so that its 2xx has one. `hop`: what
 * stands for where it went, if it came without a via-branch.
 */
export interface InviteRecord { cseq: number, transaction: string, isLate?: true, hop?: string }

/** An m-line kept from the other leg. `line` is the rejected form that this leg gets: `m=video 0 UDP/TLS/RTP/SAVPF 96`. */
export interface HiddenMedia { index: number, line: string, mid?: string }

export interface ExchangeRecord {
  /** Which end of the branch made the offer. */
  offerer: 'caller' | 'callee'
  state: 'offered' | 'answered'
  /** CSeq number of the SIP request that belongs to it, where the request came as SIP. */
  cseq?: number
  /** Tag of the callee in whose dialog it is; absent while the offer is for whoever answers. */
  callee?: string
  /** When the offer came, in seconds since the epoch. */
  at: number
  /** While the offer waits, and once it was refused: the name of the exchange that stands (calls/exchange.ts). */
  standing?: string
}

/** `at`: milliseconds since the epoch; `event`: what happened (`offer`, `answer`, …); `detail`: a word for a person. */
export interface TimelineEntry { at: number, event: string, detail?: string }

/** `lost: null`: the media are there again. */
export type CallChange = Partial<Omit<CallRecord, 'timeline' | 'endedAt' | 'lost'>> & { event?: TimelineEntry, lost?: LostRecord | null }
