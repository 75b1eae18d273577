/** The SDPs of one exchange, as they came and as they went, and the latest ones of the exchanges before it. */
export interface RecentExchange {
  /** Tag of the party that made the offer. */
  offerer: string
  offerIn: Buffer
  offerOut: Buffer
  /** Whether the node was asked to transcode. */
  isTranscoding: boolean
  /** By the tag of who answered; forks may be several. */
  answers: ReadonlyMap<string, { in: Buffer, out: Buffer }>
  /** What a party sent (`in TAG`) and got (`out TAG`) before. */
  before: ReadonlyMap<string, Buffer>
}

const mostBytes = 16 * 1024 * 1024
const mostAnswers = 8

/**
 * What conformance holds an answer or a re-offer against. In this process alone and bounded: SDPs have keys in them, so they
 * go into no store; whoever lost them, or never had them, checks each SDP by itself.
 */
export class RecentSdps {
  /** By branch of a call, oldest first. */
  readonly #exchanges = new Map<string, RecentExchange>()
  #bytes = 0

  get (key: string): RecentExchange | undefined {
    return this.#exchanges.get(key)
  }

  offered (key: string, offer: Omit<RecentExchange, 'answers' | 'before'>): void {
    this.#keep(key, { ...offer, answers: new Map(), before: this.before(key) })
  }

  answered (key: string, tag: string, sdps: { in: Buffer, out: Buffer }): void {
    const exchange = this.#exchanges.get(key)
    if (!exchange) return
    const answers = [...exchange.answers].filter(([other]) => other !== tag).slice(1 - mostAnswers)
    this.#keep(key, { ...exchange, answers: new Map([...answers, [tag, sdps]]) })
  }

  /** What a new exchange finds as the latest SDP of each party. */
  before (key: string): ReadonlyMap<string, Buffer> {
    const exchange = this.#exchanges.get(key)
    const [tag, answer] = [...exchange?.answers ?? []].at(-1) ?? []
    if (!exchange || tag === undefined || !answer) return exchange?.before ?? new Map<string, Buffer>()
    const { offerer, offerIn, offerOut } = exchange
    return new Map([[`in ${offerer}`, offerIn], [`out ${tag}`, offerOut], [`in ${tag}`, answer.in], [`out ${offerer}`, answer.out]])
  }

  forget (key: string): void {
    const exchange = this.#exchanges.get(key)
    if (!exchange) return
    this.#exchanges.delete(key)
    this.#bytes -= bytesOf(key, exchange)
  }

  /** Some at a time: to find the first entry of a Map costs more, the more were deleted before it. */
  #forgetOldest (): void {
    for (const oldest of this.#exchanges.keys()) {
      if (this.#bytes <= mostBytes * 63 / 64) break
      this.forget(oldest)
    }
  }

  #keep (key: string, exchange: RecentExchange): void {
    this.forget(key)
    this.#exchanges.set(key, exchange)
    this.#bytes += bytesOf(key, exchange)
    if (this.#bytes > mostBytes) this.#forgetOldest()
  }
}

function bytesOf (key: string, { offerIn, offerOut, answers, before }: RecentExchange): number {
  let bytes = 500 + key.length + offerIn.length + offerOut.length
  for (const [tag, answer] of answers) bytes += tag.length + answer.in.length + answer.out.length
  for (const [key, sdp] of before) bytes += key.length + sdp.length
  return bytes
}
