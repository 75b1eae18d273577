import { NgpilotError } from '../errors.ts'
import { encode, encodeRaw } from './codec.ts'
import { createCookies } from './cookie.ts'
import { Lane, type LaneOptions, type LaneState } from './lane.ts'
import { silentObserver, type NgObserver } from './observer.ts'
import { RawCommand } from './raw.ts'
import type { MediaNode, NgCommand, NgReply } from './types.ts'

export interface NgClientOptions {
  /** Becomes part of the cookies. */
  instanceId: string
  /** Milliseconds of silence before a command is sent again while the node's round trip is not known. Default 60. */
  retryAfterMs?: number
  /**
   * How many commands may be under way to one node. Default 32: rtpengine on two cores does no more calls a second at 64
   * than at 8, each command only takes longer (p50 of a browser's call 3 ms at 8, 14 ms at 32, 25 ms at 64), and at 64 so
   * unevenly that one in 15 is repeated needlessly. 32 leaves room for those that wait for a lost datagram: at 30 % loss
   * each way a command takes 16 ms on average, so that 32 places still carry 2,000 a second.
   */
  maxInFlight?: number
  /** How many more may wait for their turn. Default 1,000, what a node does in some 0.3 s. */
  maxQueued?: number
  observer?: Partial<NgObserver>
}

export interface SendOptions {
  /** By the clock of `performance.now()`, in milliseconds; the promise settles by then. */
  deadline: number
  /** Whether a refused connection (UDP: an ICMP error) is the end, or, by default, the node may be starting. */
  whenRefused?: 'retry' | 'fail'
  /**
   * Whether a node that has fallen silent, by whatever commands that shows, is the end at once, or by default waited for
   * until the deadline. It is then as if the deadline had come: `ng_timeout`.
   */
  whenSilent?: 'wait' | 'fail'
  /** Its reply may be too long for a datagram: it goes by the node's stream, where that has one. */
  isReplyLong?: boolean
  /** Asked before each repeat; where it says no, the command ends with `out_of_order`. Default: yes. */
  mayRepeat?: () => Promise<boolean>
  /** The command has left for the first time: from now on the node may carry it out, whatever comes of it. */
  onSent?: () => void
}

/** The NG client of this process: one lane a node, opened at the first command to it. */
export class NgClient {
  readonly #options: LaneOptions
  readonly #nextCookie: () => string
  /** By the node's id. */
  readonly #lanes = new Map<string, Lane>()
  /** Those too that were replaced and still have commands under way. */
  readonly #open = new Set<Lane>()
  #isClosed = false

  constructor ({ instanceId, retryAfterMs = 60, maxInFlight = 32, maxQueued = 1000, observer }: NgClientOptions) {
    this.#options = { retryAfterMs, maxInFlight, maxQueued, observer: { ...silentObserver, ...observer } }
    this.#nextCookie = createCookies(instanceId)
  }

  /**
   * Sends one NG command to a node and resolves with its reply, `ok` or `pong`.
   *
   * A silent node gets the same datagram again, as often and as long as `waitsFor` says, until the deadline. The cookie
   * stays the same, so that rtpengine knows a repeat and answers it from its cookie cache; another `send` takes another
   * cookie. A `RawCommand` goes out as it is, and `bodyOf` has the bytes of its reply. When `maxInFlight` commands are
   * under way to the node, others wait for their turn, pings excepted.
   *
   * @throws NgpilotError `ng_timeout` when no reply or no turn came; `no_node` when the node's name or port leads nowhere
   *   (then nothing was executed), too many commands wait for it already or it takes no more calls; `call_unknown` and
   *   `ng_rejected` when it refuses (`reasonOf` has its words); `too_large` for more than one datagram or message;
   *   `bad_request` for what bencode cannot hold; `stopping` after `close`.
   * @see https://rtpengine.readthedocs.io/en/latest/ng_control_protocol.html
   */
  async send (
    node: MediaNode, command: NgCommand | RawCommand,
    { deadline, whenRefused, whenSilent, isReplyLong = false, mayRepeat, onSent = ignore }: SendOptions,
  ): Promise<NgReply> {
    if (this.#isClosed) throw stopping()
    const cookie = this.#nextCookie()
    const isRaw = command instanceof RawCommand
    const message = isRaw ? encodeRaw(cookie, command.body) : encode(cookie, command)
    if (performance.now() >= deadline) {
      throw new NgpilotError('ng_timeout', `node ${node.id} was not sent the ${command.command}: its deadline had passed`)
    }
    return this.#laneTo(node).send({
      command: command.command, cookie, message, isRaw, deadline, isRefusalFinal: whenRefused === 'fail',
      isSilenceFinal: whenSilent === 'fail', isReplyLong, mayRepeat, onSent,
    })
  }

  /** What is under way to a node; undefined while nothing was ever sent to it. */
  stateOf (nodeId: string): LaneState | undefined {
    return this.#lanes.get(nodeId)?.state
  }

  /** A node has left the fleet: its sockets close with the last command under way. Another `send` opens new ones. */
  forget (nodeId: string): void {
    const lane = this.#lanes.get(nodeId)
    this.#lanes.delete(nodeId)
    if (lane) void lane.retire().then(() => this.#open.delete(lane))
  }

  /** Fails what is under way or waits with `stopping` and closes the sockets. */
  async close (): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#open].map((lane) => lane.end(stopping())))
  }

  #laneTo (node: MediaNode): Lane {
    const current = this.#lanes.get(node.id)
    if (current?.leadsTo(node)) return current
    this.forget(node.id)
    const lane = new Lane(node, this.#options)
    this.#lanes.set(node.id, lane)
    this.#open.add(lane)
    return lane
  }
}

const ignore = () => undefined

function stopping (): NgpilotError {
  return new NgpilotError('stopping', 'the NG client is closed')
}
