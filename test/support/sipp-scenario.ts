import type { SdpChange } from './rtp-ear.ts'

/**
 * A SIP message of a flow. `what`: a method, or the status of a reply; `to`: who gets it, by name, nobody where Kamailio
 * keeps it; `by`: a party, or `kamailio` for what it says by itself.
 */
export interface Say {
  by: string
  what: string | number
  to: string[]
  /** The SDP in it: a new version, changed so; `same`: the party's latest once more. */
  sdp?: SdpChange | 'same'
  headers?: string[]
  /** Of a reply: to which method. Default: the latest request that the party got and has not answered for good. */
  of?: string
  /** In whose dialog a request of the caller is. Default: the first callee's. */
  with?: string
  /** The caller's INVITE, which Kamailio sends to one more. */
  isForked?: true
  /** SIPp repeats it after this many milliseconds until something comes (RFC 3261 §17). */
  retransmitAfterMs?: number
}

/** All wait while the test looks. */
export interface Check<F> { check: (flow: F) => Promise<void> | void }

/** Nothing is said for so long by a party. */
export interface Wait { by: string, waitMs: number }

export type Step<F> = Say | Wait | Check<F>

export interface SippParty { name: string, uri: string, address: string, port: number }

/** One party's scenario, as XML. `checks`: those that it waits at; `goOn`: what ends the wait, by the check's number. */
export interface Scenario { name: string, address: string, port: number, xml: string, checks: number[], goOn: string[] }

interface Request {
  id: number
  method: string
  by: string
  /** The callee in whose dialog it is. */
  with: string
  cseq: number
  branch: string
  isOpening: boolean
  isOver?: boolean
}

/**
 * Cuts a flow into one scenario for each party: what it says it sends, what it gets it waits for. Tags, CSeq numbers and
 * branches are laid down beforehand; only Kamailio's Via and Record-Route are taken from what comes.
 */
export function scenariosOf<F> (
  parties: readonly SippParty[], steps: readonly Step<F>[],
  { callId, sdpOf }: { callId: string, sdpOf: (name: string, change: SdpChange) => string },
): Scenario[] {
  const [caller, firstCallee] = parties.map(({ name }) => name)
  const lines = new Map(parties.map(({ name }) => [name, [] as string[]]))
  const variables = new Map(parties.map(({ name }) => [name, [] as string[]]))
  const checks = new Map(parties.map(({ name }) => [name, [] as number[]]))
  const requests: Request[] = []
  const cseqs = new Map<string, number>()
  const bodies = new Map<string, { version: number, sdp: string }>()
  const put = (name: string, ...more: string[]) => lines.get(name)?.push(...more)
  const partyOf = (name: string) => parties.find((each) => each.name === name) as SippParty
  let checkCount = 0

  for (const step of steps) {
    if ('check' in step) {
      checkCount++
      for (const { name } of parties) {
        // A callee's scenario begins with what comes to it first.
        if (name !== caller && lines.get(name)?.length === 0) continue
        put(name, `<nop><action><log message="check ${checkCount}"/></action></nop>`, '<recv request="INFO"/>')
        checks.get(name)?.push(checkCount)
      }
    } else if ('waitMs' in step) put(step.by, `<pause milliseconds="${step.waitMs}"/>`)
    else if (typeof step.what === 'string') request(step as Say & { what: string })
    else reply(step as Say & { what: number })
  }
  return parties.map(({ name, address, port }) => {
    const used = variables.get(name) ?? []
    const reference = used.length > 0 ? [`<Reference variables="${used.join(',')}"/>`] : []
    const xml = ['<?xml version="1.0" encoding="ISO-8859-1" ?>', '<scenario>', ...lines.get(name) ?? [], ...reference, '</scenario>'].join('\n')
    const goOn = Array.from({ length: checkCount + 1 }, (_, number) => [
      `INFO sip:${name}@127.0.0.1 SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKgo${number}`, 'From: <sip:test@test>;tag=test',
      `To: <sip:${name}@test>;tag=${name}`, `Call-ID: ${callId}`, `CSeq: ${900 + number} INFO`, 'Content-Length: 0', '', '',
    ].join('\r\n'))
    return { name, address, port, xml, checks: checks.get(name) ?? [], goOn }
  })

  function request (say: Say & { what: string }): void {
    const { by, what: method, to } = say
    const invite = requests.findLast((each) => each.method === 'INVITE' && (by === 'kamailio' ? to.includes(each.with) || each.by === caller : each.by === by))
    if (say.isForked && invite) {
      receive(invite, to)
      return
    }
    const isOfInvite = method === 'ACK' || method === 'CANCEL'
    const isOpening = method === 'CANCEL' || (method === 'INVITE' && !invite && by === caller)
    const id = requests.length
    const made: Request = {
      id, method, by, with: say.with ?? (by === caller ? firstCallee ?? '' : by === 'kamailio' ? to[0] ?? '' : by),
      cseq: isOfInvite ? invite?.cseq ?? 1 : (cseqs.get(by) ?? 0) + 1,
      branch: method === 'CANCEL' && invite ? invite.branch : `z9hG4bK-${callId}-${id}`,
      isOpening, ...(method === 'ACK' && { isOver: true }),
    }
    if (!isOfInvite) cseqs.set(by, made.cseq)
    requests.push(made)
    if (by !== 'kamailio') {
      put(by, sent(say, [
        `${method} ${isOpening ? partyOf(made.with).uri : '[next_url]'} SIP/2.0`, ownVia(made), 'Max-Forwards: 70',
        ...isOpening ? [] : ['[routes]'], ...fromTo(made, !isOpening), `CSeq: ${made.cseq} ${method}`,
      ]))
      if (method === 'INVITE') put(by, '<recv response="100"/>')
    }
    receive(made, to)
  }

  function receive ({ id, method, isOpening }: Request, to: readonly string[]): void {
    for (const name of to) {
      const names = [`via${id}`, ...isOpening && method === 'INVITE' ? ['route'] : []]
      variables.get(name)?.push(...names)
      const takes = names.map((variable) =>
        `<ereg regexp=".*" search_in="hdr" header="${variable === 'route' ? 'Record-Route:' : 'Via:'}" assign_to="${variable}"/>`)
      put(name, `<recv request="${method}"${method === 'INVITE' ? ' rrs="true"' : ''}><action>${takes.join('')}</action></recv>`)
    }
  }

  function reply (say: Say & { what: number }): void {
    const { by, what: status, to, of } = say
    const isKamailios = by === 'kamailio'
    const answered = requests.findLast((each) => (of === undefined ? !each.isOver : each.method === of)
      && (isKamailios ? to.includes(each.by) : each.by !== by)
      && (isKamailios || each.by !== caller || each.isOpening || each.with === by))
    if (!answered) throw new Error(`${by} has no request to answer with ${status}`)
    const isFinal = status >= 200
    const isForked = parties.length > 2 && answered.isOpening
    if (isFinal && !isForked) answered.isOver = true
    if (by !== 'kamailio') {
      const isNear = answered.by === 'kamailio'
      put(by, sent(say, [
        `SIP/2.0 ${status} ${reasons[status] ?? 'Reason'}`, `Via:[$via${answered.id}]`, ...isNear ? [] : [ownVia(answered)],
        ...answered.isOpening && answered.method === 'INVITE' ? ['Record-Route:[$route]'] : [],
        ...fromTo({ ...answered, with: by === caller ? answered.with : by }, true), `CSeq: ${answered.cseq} ${answered.method}`,
      ]))
    }
    const isFailedInvite = answered.method === 'INVITE' && status >= 300
    if (isFailedInvite && by !== 'kamailio') put(by, '<recv request="ACK"/>')
    for (const name of to) {
      // SIPp keeps the first route and target that it learns; among forks those of the one that picks up count.
      const isOfDialog = answered.method === 'INVITE' && status < 300 && (isFinal || !isForked)
      put(name, `<recv response="${status}"${isOfDialog ? ' rrs="true"' : ''}/>`)
      if (isFailedInvite) {
        put(name, sent({ by: name, what: 'ACK', to: [] }, [
          `ACK ${answered.isOpening ? partyOf(answered.with).uri : '[next_url]'} SIP/2.0`, ownVia(answered), 'Max-Forwards: 70',
          ...answered.isOpening ? [] : ['[routes]'], ...fromTo(answered, true), `CSeq: ${answered.cseq} ACK`,
        ]))
      }
    }
  }

  function ownVia ({ by, branch }: Request): string {
    const { address, port } = partyOf(by === 'kamailio' ? caller ?? '' : by)
    return `Via: SIP/2.0/UDP ${address}:${port};branch=${branch}`
  }

  /** Each party has its name for a tag. */
  function fromTo ({ by, with: callee }: Request, isTagged: boolean): string[] {
    const isCallers = by === caller || by === 'kamailio'
    const [from, to] = isCallers ? [caller ?? '', callee] : [by, caller ?? '']
    return [`From: <${partyOf(from).uri}>;tag=${from}`, `To: <${partyOf(to).uri}>${isTagged ? `;tag=${to}` : ''}`, `Call-ID: ${callId}`]
  }

  function sent ({ by, sdp, headers = [], retransmitAfterMs }: Say, head: string[]): string {
    const { address, port } = partyOf(by)
    const content = sdp === undefined ? ['Content-Length: 0', ''] : ['Content-Type: application/sdp', 'Content-Length: [len]', '', bodyOf(by, sdp)]
    const text = [...head, `Contact: <sip:${by}@${address}:${port}>`, ...headers, ...content].join('\n')
    return `<send${retransmitAfterMs === undefined ? '' : ` retrans="${retransmitAfterMs}"`}><![CDATA[\n${text}\n]]></send>`
  }

  function bodyOf (by: string, change: SdpChange | 'same'): string {
    const before = bodies.get(by)
    if (change === 'same' && before) return before.sdp
    const version = (before?.version ?? 0) + 1
    const sdp = sdpOf(by, { version, ...change === 'same' ? {} : change }).replaceAll('\r\n', '\n').trimEnd()
    bodies.set(by, { version, sdp })
    return sdp
  }
}

const reasons: Record<number, string> = {
  180: 'Ringing', 183: 'Session Progress', 200: 'OK', 202: 'Accepted', 486: 'Busy Here', 487: 'Request Terminated', 488: 'Not Acceptable Here',
}
