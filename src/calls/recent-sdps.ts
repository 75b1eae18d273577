import { forgetOldest, roomier } from '../forget-oldest.ts'
import type { ExchangeRecord } from '../state/store.ts'
import { nameOf } from './exchange.ts'
import type { MediaRequest } from './request.ts'

/** A message with an SDP: as it came, and the SDP that went on. */
export interface RecentMessage { request: MediaRequest & { sdp: Buffer }, out: Buffer }

/** Offer and answers of one exchange, as far as they passed this process. */
export interface KnownExchange {
  /** As `nameOf` gives it. */
  name: string
  /** Tag of the party that made the offer. */
  offerer: string
  /** `isTranscoding`: whether the node was asked to transcode. */
  offer?: RecentMessage & { isTranscoding: boolean }
  /** By the tag of who answered; forks may be several. */
  answers: ReadonlyMap<string, RecentMessage>
}

/** The latest exchange of a branch, and the one that stood before it. */
export interface RecentExchange extends KnownExchange { before?: KnownExchange }

const mostBytes = 16 * 1024 * 1024
const mostAnswers = 8

/**
 * What conformance holds an answer or a re-offer against, and what a refused offer is undone with. In this process alone
 * and bounded: SDPs have keys in them, so they go into no store; whoever lost them, or never had them, checks each SDP by
 * itself.
 */
export class RecentSdps {
  /** By branch of a call, oldest first. */
  readonly #exchanges = new Map<string, RecentExchange>()
  #bytes = 0

  get (key: string): RecentExchange | undefined {
    return this.#exchanges.get(key)
  }

  /** One exchange of those that are kept of a branch. */
  find (key: string, name: string): KnownExchange | undefined {
    const latest = this.#exchanges.get(key)
    return latest?.name === name ? alone(latest) : latest?.before?.name === name ? latest.before : undefined
  }

  offered (key: string, exchange: ExchangeRecord | undefined, offer: RecentMessage & { isTranscoding: boolean }): void {
    const { name, before } = this.#placeOf(key, exchange)
    this.#keep(key, { name, offerer: offer.request.fromTag, offer, answers: new Map(), ...before && { before } })
  }

  /** @param tag of who answers; the from-tag is the offerer's */
  answered (key: string, exchange: ExchangeRecord | undefined, tag: string, answer: RecentMessage): void {
    const { name, before, latest } = this.#placeOf(key, exchange)
    const empty = new Map<string, RecentMessage>()
    const known = latest ?? { name, offerer: answer.request.fromTag, answers: empty, ...before && { before } }
    const answers = [...known.answers].filter(([other]) => other !== tag).slice(1 - mostAnswers)
    this.#keep(key, { ...known, answers: new Map([...answers, [tag, answer]]) })
  }

  /** What a new exchange finds as the latest SDP of each party: what it sent (`in TAG`) and got (`out TAG`). */
  before (key: string, exchange: ExchangeRecord | undefined): ReadonlyMap<string, Buffer> {
    return latestSdps(this.#placeOf(key, exchange).before)
  }

  forget (key: string): void {
    const exchange = this.#exchanges.get(key)
    if (!exchange) return
    this.#exchanges.delete(key)
    this.#bytes -= bytesOf(key, exchange)
  }

  /** `latest`: it is the exchange that is kept as such; `before`: which of those that are kept stood before it. */
  #placeOf (
    key: string, exchange: ExchangeRecord | undefined,
  ): Pick<RecentExchange, 'name' | 'before'> & { latest?: RecentExchange } {
    const name = nameOf(exchange)
    const latest = this.#exchanges.get(key)
    if (exchange?.cseq !== undefined && latest?.name === name) {
      return { name, latest, ...latest.before && { before: latest.before } }
    }
    const stood = exchange?.standing === undefined ? answeredOf(latest) : this.find(key, exchange.standing)
    return { name, ...latest?.name === name && { latest }, ...stood && { before: stood } }
  }

  #keep (key: string, exchange: RecentExchange): void {
    this.forget(key)
    this.#exchanges.set(key, exchange)
    this.#bytes += bytesOf(key, exchange)
    if (this.#bytes <= mostBytes) return
    forgetOldest(this.#exchanges, () => this.#bytes <= roomier(mostBytes), (oldest) => { this.forget(oldest) })
  }
}

/** The latest SDPs of both parties of an exchange: what one sent (`in TAG`) and got (`out TAG`). */
export function latestSdps (exchange: KnownExchange | undefined): ReadonlyMap<string, Buffer> {
  const { offerer, offer, answers } = exchange ?? {}
  const [tag, answer] = [...answers ?? []].at(-1) ?? []
  const found = new Map<string, Buffer>()
  if (offer && offerer !== undefined) found.set(`in ${offerer}`, offer.request.sdp)
  if (offer && tag !== undefined) found.set(`out ${tag}`, offer.out)
  if (answer && tag !== undefined) found.set(`in ${tag}`, answer.request.sdp)
  if (answer && offerer !== undefined) found.set(`out ${offerer}`, answer.out)
  return found
}

/** The latest exchange that was answered. */
function answeredOf (latest: RecentExchange | undefined): KnownExchange | undefined {
  return latest && latest.answers.size > 0 ? alone(latest) : latest?.before
}

function alone ({ name, offerer, offer, answers }: KnownExchange): KnownExchange {
  return { name, offerer, ...offer && { offer }, answers }
}

function bytesOf (key: string, { offer, answers, before }: RecentExchange): number {
  let bytes = 500 + key.length + (before ? bytesOf('', before) : 0) + (offer ? bytesOfMessage(offer) : 0)
  for (const [tag, answer] of answers) bytes += tag.length + bytesOfMessage(answer)
  return bytes
}

function bytesOfMessage ({ request: { sdp, sip }, out }: RecentMessage): number {
  let bytes = 1000 + sdp.length + out.length
  for (const { name, value } of sip?.headers ?? []) bytes += 100 + name.length + value.length
  return bytes
}
