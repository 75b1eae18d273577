import type { SdpFacts } from '../sdp/facts.ts'
import { contains, parseAddress, parseBlock, type Address } from './address.ts'
import { canonicalCodec } from './codec-names.ts'
import type { Equality } from './equalities.ts'
import { compileExpression, type ExpressionView, type LegView } from './expression.ts'
import type { MatchEntry, PartyEntry, RuleMatchEntry, SdpEntry, TextEntry, UriEntry } from './schema-match.ts'
import { shareOf } from './share.ts'
import { listOf, textTest, written, type TextTest } from './text.ts'
import { clockIn, timeTest } from './time.ts'
import type { CallFacts, LegFacts, LegName, Profile, SipFacts, UriFacts } from './types.ts'

/**
 * What conditions look at: the facts of a message, and for an endpoint the leg that is asked about. Both profiles are
 * known to a rule alone.
 */
export interface Subject {
  facts: CallFacts
  legs: Readonly<Record<LegName, LegSubject>>
  leg?: LegName
  profiles?: Readonly<Record<LegName, Profile>>
  share?: number
}

/** A leg with what is read from its facts once, and only if something asks for it. */
export class LegSubject {
  readonly facts: LegFacts
  readonly #ofCall: CallFacts['vars']
  #vars: Readonly<Record<string, string>> | undefined
  #address: Address | undefined
  #isAddressRead = false

  constructor (facts: LegFacts, ofCall: CallFacts['vars']) {
    this.facts = facts
    this.#ofCall = ofCall
  }

  /** The hints about this leg, over those about the call. */
  get vars (): Readonly<Record<string, string>> {
    return this.#vars ??= this.facts.vars ? { ...this.#ofCall, ...this.facts.vars } : this.#ofCall
  }

  get address (): Address | undefined {
    if (!this.#isAddressRead) {
      this.#address = this.facts.address === undefined ? undefined : parseAddress(this.facts.address)
      this.#isAddressRead = true
    }
    return this.#address
  }
}

/**
 * Where a condition can hold only for certain values of one fact, so that it can be looked up by them. `fact` names what
 * `read` reads: conditions of the same name share a table.
 */
export interface LookupKey {
  fact: string
  values: readonly string[]
  read: (subject: Subject) => string | readonly string[] | undefined
  /** A value that is found says that the condition holds; nothing is left to try. */
  isWhole: boolean
}

/** Where a condition holds for a number of the call below a bound, so that only those with a greater bound need a look. */
export interface Bound { below: number, read: (subject: Subject) => number }

/** One key of a `match`. `text` is how the file has it, `failure` says why it does not hold: `transport is udp, not wss`. */
export interface Condition {
  text: string
  holds: (subject: Subject) => boolean
  failure: (subject: Subject) => string
  key?: LookupKey
  bound?: Bound
}

type Read<Value> = (subject: Subject) => Value | undefined

/**
 * Where the facts of a message are found. An endpoint is asked about a leg, and each fact counts only for the leg that it
 * speaks of: From is the leg that sent the SIP request, request URI and To are the other, and User-Agent, headers and SDP
 * are of the leg that sent this message. A rule is asked about the message.
 */
interface Scope {
  uri: (which: 'from' | 'to' | 'requestUri') => Read<UriFacts>
  sip: Read<SipFacts>
  sdp: Read<SdpFacts>
  vars: (subject: Subject) => Readonly<Record<string, string>>
  expression: 'endpoint' | 'rule'
}

const ofMessage: Scope = {
  uri: (which) => ({ facts }) => facts.sip?.[which],
  sip: ({ facts }) => facts.sip,
  sdp: ({ facts }) => facts.sdp,
  vars: ({ facts }) => facts.vars,
  expression: 'rule',
}

const ofLeg: Scope = {
  uri: (which) => ({ facts, leg }) => {
    const client: LegName = facts.sip?.status === undefined ? 'sender' : 'receiver'
    return (leg === client) === (which === 'from') ? facts.sip?.[which] : undefined
  },
  sip: ({ facts, leg }) => leg === 'sender' ? facts.sip : undefined,
  sdp: ({ facts, leg }) => leg === 'sender' ? facts.sdp : undefined,
  vars: ({ legs, leg }) => legs[leg ?? 'sender'].vars,
  expression: 'endpoint',
}

/** The conditions of an endpoint, the cheap ones first. A fact that is not known fulfils none. */
export function endpointConditions (match: MatchEntry): Condition[] {
  const of: Read<LegSubject> = ({ legs, leg }) => legs[leg ?? 'sender']
  return [...hopConditions('', match, of), ...messageConditions(match, ofLeg)]
}

/** The conditions of a rule. Caller and callee are the call's, sender and receiver the message's. */
export function ruleConditions (match: RuleMatchEntry): Condition[] {
  const { command } = match
  return [
    ...textIfGiven('command', command, ({ facts }) => facts.command),
    ...parties.flatMap((party) => match[party] === undefined ? [] : partyConditions(party, match[party])),
    ...messageConditions(match, ofMessage),
  ]
}

/** The headers that conditions ask for, in lower case. */
export function headersIn ({ header = {}, when }: Pick<MatchEntry, 'header' | 'when'>, about: 'endpoint' | 'rule'): string[] {
  const compiled = when === undefined ? undefined : compileExpression(when, about)
  return [...Object.keys(header).map((name) => name.toLowerCase()), ...compiled && 'headers' in compiled ? compiled.headers : []]
}

const parties = ['caller', 'callee', 'sender', 'receiver'] as const
type Party = typeof parties[number]

function partyConditions (party: Party, entry: PartyEntry): Condition[] {
  const isNames = typeof entry === 'string' || Array.isArray(entry)
  const { profile, vars, ...hop } = isNames ? { profile: entry } : entry
  const of: Read<LegSubject> = ({ facts, legs }) => legs[legOf(party, facts)]
  return [
    ...profile === undefined ? [] : [profileCondition(party, listOf(profile))],
    ...hopConditions(`${party}.`, hop, of),
    ...Object.entries(vars ?? {}).map(([name, text]) => {
      return textCondition(`${party}.vars.${name}`, text, (subject) => own(of(subject)?.vars, name))
    }),
  ]
}

type Hop = Pick<MatchEntry, 'transport' | 'address'>

function hopConditions (prefix: string, { transport, address }: Hop, of: Read<LegSubject>): Condition[] {
  const transportOf: Read<string> = (subject) => of(subject)?.facts.transport?.toLowerCase()
  return [
    ...textIfGiven(`${prefix}transport`, transport, transportOf),
    ...address === undefined ? [] : [addressCondition(`${prefix}address`, listOf(address), of)],
  ]
}

function messageConditions (match: Omit<MatchEntry, 'transport' | 'address'>, scope: Scope): Condition[] {
  const { sip, vars } = scope
  return [
    ...textIfGiven('method', match.method, ({ facts }) => facts.sip?.method),
    ...Object.entries(match.vars ?? {}).map(([name, text]) => {
      return textCondition(`vars.${name}`, text, (subject) => own(vars(subject), name))
    }),
    ...match['request-uri'] ? uriConditions('request-uri', match['request-uri'], scope.uri('requestUri')) : [],
    ...match.from ? uriConditions('from', match.from, scope.uri('from')) : [],
    ...match.to ? uriConditions('to', match.to, scope.uri('to')) : [],
    ...textIfGiven('user-agent', match['user-agent'], (subject) => sip(subject)?.userAgent),
    ...Object.entries(match.header ?? {}).map(([name, text]) => {
      return textCondition(`header.${name}`, text, (subject) => own(sip(subject)?.headers, name.toLowerCase()))
    }),
    ...match.sdp ? sdpConditions(match.sdp, scope.sdp) : [],
    ...match.percent === undefined ? [] : [percentCondition(match.percent)],
    ...match.time === undefined ? [] : [timeCondition(listOf(match.time))],
    ...match.when === undefined ? [] : [expressionCondition(match.when, scope)],
  ]
}

function uriConditions (name: string, { user, host, uri }: UriEntry, of: Read<UriFacts>): Condition[] {
  return [
    ...textIfGiven(`${name}.user`, user, (subject) => of(subject)?.user),
    ...host === undefined ? [] : [textCondition(`${name}.host`, host, (subject) => of(subject)?.host, true)],
    ...textIfGiven(`${name}.uri`, uri, (subject) => of(subject)?.text),
  ]
}

type Words = readonly (string | number)[]

function sdpConditions (entry: SdpEntry, of: Read<SdpFacts>): Condition[] {
  const condition = (name: string, wanted: Words | undefined, read: (sdp: SdpFacts) => Words): Condition[] => wanted ? [{
    text: `sdp.${name}: ${written(wanted)}`,
    holds (subject) {
      const sdp = of(subject)
      return sdp !== undefined && read(sdp).some((value) => wanted.includes(value))
    },
    failure (subject) {
      const sdp = of(subject)
      return `${shown(`sdp.${name}`, sdp && written(read(sdp)))}, not ${written(wanted)}`
    },
  }] : []
  const flag = (name: string, wanted: boolean | undefined, read: (sdp: SdpFacts) => boolean) => {
    return condition(name, wanted === undefined ? undefined : [String(wanted)], (sdp) => [String(read(sdp))])
  }
  const list = <Item>(value: Item | Item[] | undefined) => value === undefined ? undefined : listOf(value)
  return [
    ...flag('ice', entry.ice, ({ hasIce }) => hasIce),
    ...flag('dtls', entry.dtls, ({ hasDtls }) => hasDtls),
    ...flag('sdes', entry.sdes, ({ hasSdes }) => hasSdes),
    ...flag('private', entry.private, ({ isPrivate }) => isPrivate),
    ...condition('codecs', list(entry.codecs)?.map(spelled), ({ codecs }) => codecs.map(({ name }) => spelled(name))),
    ...condition('media', list(entry.media), ({ media }) => media),
    ...condition('protocol', list(entry.protocol), ({ protocol }) => protocol === undefined ? [] : [protocol]),
    ...condition('ptime', list(entry.ptime), ({ ptime }) => ptime === undefined ? [] : [ptime]),
    ...condition('family', list(entry.family), ({ family }) => family === undefined ? [] : [family]),
  ]
}

const spelled = (codec: string): string => canonicalCodec(codec) ?? codec

function textIfGiven (name: string, entry: TextEntry | undefined, read: Read<string>): Condition[] {
  return entry === undefined ? [] : [textCondition(name, entry, read)]
}

function textCondition (name: string, entry: TextEntry, read: Read<string>, isCaseless = false): Condition {
  const test = textTest(entry, isCaseless)
  const key = keyOf(name, test, isCaseless ? (subject) => read(subject)?.toLowerCase() : read)
  return {
    text: `${name}: ${test.text}`,
    holds: (subject) => test.holds(read(subject)),
    failure: (subject) => `${shown(name, read(subject))}, not ${test.text}`,
    ...key && { key },
  }
}

/** Prefixes are looked up where all are of one length: then a fact has one that could be meant. */
function keyOf (name: string, { exact, prefixes }: TextTest, read: Read<string>): LookupKey | undefined {
  if (exact) return { fact: name, values: exact, read, isWhole: true }
  const length = prefixes?.[0]?.length
  if (prefixes === undefined || length === undefined || prefixes.some((prefix) => prefix.length !== length)) return undefined
  return { fact: `${name}, first ${length}`, values: prefixes, read: (subject) => read(subject)?.slice(0, length), isWhole: false }
}

function profileCondition (party: Party, wanted: readonly string[]): Condition {
  const of: Read<Profile> = ({ facts, profiles }) => profiles?.[legOf(party, facts)]
  return {
    text: `${party}: ${written(wanted)}`,
    holds: (subject) => of(subject)?.line.some((name) => wanted.includes(name)) === true,
    failure: (subject) => `${shown(party, of(subject)?.line.join(', which extends '))}, not ${written(wanted)}`,
    key: { fact: party, values: wanted, read: (subject) => of(subject)?.line, isWhole: true },
  }
}

function addressCondition (name: string, texts: readonly string[], of: Read<LegSubject>): Condition {
  const blocks = texts.flatMap((text) => parseBlock(text) ?? [])
  const bits = blocks[0]?.bits
  const isOneLength = bits !== undefined && blocks.every((block) => block.bits === bits)
  const first = (address: Address) => firstBits(address, bits ?? 0)
  return {
    text: `${name}: ${written(texts)}`,
    holds: (subject) => {
      const address = of(subject)?.address
      return address !== undefined && blocks.some((block) => contains(block, address))
    },
    failure: (subject) => `${shown(name, of(subject)?.facts.address)}, not ${written(texts)}`,
    ...isOneLength && {
      key: {
        fact: `${name}, first ${bits} bits`,
        values: blocks.map(({ groups }) => first(groups)),
        isWhole: true,
        read: (subject: Subject) => { const address = of(subject)?.address; return address && first(address) },
      },
    },
  }
}

/** The first bits of an address as a text, the same for all of one block. */
function firstBits (address: Address, bits: number): string {
  let text = ''
  for (let index = 0; index < bits >> 4; index++) text += String.fromCharCode(address[index] ?? 0)
  return bits & 15 ? text + String.fromCharCode((address[bits >> 4] ?? 0) >> 16 - (bits & 15)) : text
}

function percentCondition (percent: number): Condition {
  return {
    text: `percent: ${percent}`,
    holds: (subject) => shareIn(subject) < percent,
    bound: { below: percent, read: shareIn },
    failure: (subject) => `this call stands at ${shareIn(subject).toFixed(2)} of 100, not below ${percent}`,
  }
}

/** Of the call, worked out once however many rules ask. */
function shareIn (subject: Subject): number {
  return subject.share ??= shareOf(subject.facts.callId)
}

function timeCondition (windows: Parameters<typeof timeTest>[0][]): Condition {
  const tests = windows.map(timeTest)
  const text = windows.map((window) => Object.entries(window).map(([key, value]) => {
    return key === 'days' || key === 'zone' ? written(listOf(value)) : `${key} ${String(value)}`
  }).join(', ')).join(' or ')
  return {
    text: `time: ${text}`,
    holds: ({ facts }) => tests.some((test) => test(facts.at)),
    failure: ({ facts }) => `it is ${clockIn(facts.at, windows[0]?.zone)}, not ${text}`,
  }
}

function expressionCondition (source: string, scope: Scope): Condition {
  const compiled = compileExpression(source, scope.expression)
  const holds = (subject: Subject) => 'holds' in compiled && compiled.holds(viewOf(subject, scope))
  const key = 'equalities' in compiled ? compiled.equalities.flatMap((equality) => keyOfEquality(equality, scope))[0] : undefined
  return { text: `when: ${source.trim()}`, holds, failure: () => `it is not so that ${source.trim()}`, ...key && { key } }
}

/** The fact as an expression has it: as it came, where a `match` may fold its case. */
function keyOfEquality ({ path, values, isWhole }: Equality, scope: Scope): LookupKey[] {
  const key = (fact: string, read: Read<string>): LookupKey[] => [{ fact, values, read, isWhole }]
  const [first = '', second = '', third] = path[0] === 'leg' && path[1] === 'vars' && scope.expression === 'endpoint' ? path.slice(1) : path
  if (first === 'vars' && third === undefined) return key(`vars.${second}`, (subject) => own(scope.vars(subject), second))
  if (first === 'command') return key('command', ({ facts }) => facts.command)
  if (first !== 'sip') return []
  if (second === 'method') return key('method', ({ facts }) => facts.sip?.method)
  if (second === 'userAgent') return key('user-agent', (subject) => scope.sip(subject)?.userAgent)
  if (second === 'headers' && third !== undefined) return key(`header.${third}`, (subject) => own(scope.sip(subject)?.headers, third))
  if (second !== 'from' && second !== 'to' && second !== 'requestUri') return []
  if (third !== 'user' && third !== 'host' && third !== 'text') return []
  const of = scope.uri(second)
  return key(`sip.${second}.${third}`, (subject) => of(subject)?.[third])
}

/** An endpoint's expression sees of the message what the scope lets it see. */
function viewOf (subject: Subject, scope: Scope): ExpressionView {
  const { facts, legs, leg, profiles } = subject
  const view = (name: LegName): LegView => ({
    facts: legs[name].facts, vars: legs[name].vars, ...profiles && { profile: profiles[name].name },
  })
  if (leg) {
    const { command, callId, at } = facts
    const sip = facts.sip && sipOfLeg(subject, facts.sip, scope)
    const sdp = scope.sdp(subject)
    const seen = { command, callId, at, ...sip && { sip }, ...sdp && { sdp } }
    return { facts: seen, vars: legs[leg].vars, legs: () => view(leg) }
  }
  return {
    facts, vars: facts.vars,
    legs: (word) => word === 'leg' ? undefined : view(legOf(word, facts)),
  }
}

function sipOfLeg (subject: Subject, { method, status }: SipFacts, { uri, sip }: Scope): SipFacts {
  const [from, to, requestUri] = (['from', 'to', 'requestUri'] as const).map((which) => uri(which)(subject))
  const { userAgent, headers } = sip(subject) ?? {}
  return {
    method,
    ...status !== undefined && { status },
    ...from && { from },
    ...to && { to },
    ...requestUri && { requestUri },
    ...userAgent !== undefined && { userAgent },
    ...headers && { headers },
  }
}

export function legOf (party: Party, { caller }: Pick<CallFacts, 'caller'>): LegName {
  if (party === 'caller') return caller
  if (party === 'callee') return caller === 'sender' ? 'receiver' : 'sender'
  return party
}

function own (all: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  return all && Object.hasOwn(all, name) ? all[name] : undefined
}

function shown (name: string, value: string | undefined): string {
  return value === undefined ? `${name} is not known` : `${name} is ${value === '' ? 'empty' : value}`
}
