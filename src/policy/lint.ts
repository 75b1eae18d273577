import type { Release } from '../ng/release.ts'
import { checks } from './checks.ts'
import { decide, explain, profileOf } from './decide.ts'
import { factsFrom } from './facts-file.ts'
import { canEncode, isSpeech } from './codec-names.ts'
import { kindOf, lintNg, type NgFinding } from './lint-ng.ts'
import type { LintFinding } from './lint-finding.ts'
import { namesOf, unreachable } from './lint-reach.ts'
import { lintStrings } from './lint-strings.ts'
import { byPlace } from './load.ts'
import { Lookup } from './lookup.ts'
import { isRecord, type Place } from './problem.ts'
import { fallback } from './profiles.ts'
import type { PolicySource } from './source.ts'
import type { CallFacts, LegName, Policy, Profile, Rule } from './types.ts'

/**
 * What a sound policy does that nobody wants: for each pair of profiles that endpoints name, and each rule on top of them,
 * the NG keys that come out; and what is never reached. Only what the files say is reported, not ngpilot's own keys.
 *
 * @param oldest the oldest rtpengine of the fleet, if it is known
 */
export function lintPolicy (policy: Policy, sources: readonly PolicySource[], oldest?: Release): LintFinding[] {
  const found = [
    ...unreachable(policy, sources), ...lintStrings(sources), ...lintCodecs(policy),
    ...lintPairs(policy, oldest), ...lintRules(policy, sources, oldest),
  ]
  const seen = new Set<string>()
  return found.filter((finding) => {
    const key = [finding.file, finding.line, finding.column, finding.code, finding.message].join('\n')
    return !seen.has(key) && seen.add(key)
  }).sort(byPlace)
}

/** The profiles that a leg can have. */
function profilesInUse (policy: Policy): Profile[] {
  const names = new Set(policy.endpoints.map(({ profile }) => profile))
  return [...names].flatMap((name) => policy.profiles.get(name) ?? [])
}

function withoutRules (policy: Policy): Policy {
  return { ...policy, rules: [], lookup: { ...policy.lookup, rules: new Lookup<Rule>([]) } }
}

const commands = ['offer', 'answer'] as const

function messageOf (command: CallFacts['command'], sender: Profile, receiver: Profile): CallFacts {
  return factsFrom({ command, sender: { profile: sender.name }, receiver: { profile: receiver.name } })
}

function lintPairs (policy: Policy, oldest?: Release): LintFinding[] {
  const profiles = profilesInUse(policy)
  const bare = withoutRules(policy)
  return profiles.flatMap((receiver) => onePerKind(profiles).flatMap((sender) => commands.flatMap((command) => {
    const { decision, origins } = explain(bare, messageOf(command, sender, receiver))
    const context = { command, sender: kindOf(sender), receiver: kindOf(receiver), ...oldest && { oldest } }
    return lintNg(decision.flags, context).flatMap((finding) => {
      const origin = origins.find(({ path, value, place }) => place && path === finding.path && isAbout(finding, value))
      return origin?.place ? [at(origin.place, finding)] : []
    })
  })))
}

function isAbout ({ word }: NgFinding, value: unknown): boolean {
  return word === undefined || value === word || (Array.isArray(value) && value.includes(word))
}

/** Senders of one kind bring the same keys along. */
function onePerKind (profiles: readonly Profile[]): Profile[] {
  return [...new Map(profiles.map((profile) => [kindOf(profile), profile])).values()]
}

function lintRules (policy: Policy, sources: readonly PolicySource[], oldest?: Release): LintFinding[] {
  const entries = sources.flatMap(({ value }) => isRecord(value) && Array.isArray(value['rules']) ? value['rules'] as unknown[] : [])
  const inUse = profilesInUse(policy)
  return policy.rules.flatMap((rule, index) => {
    const match = isRecord(entries[index]) && isRecord(entries[index]['match']) ? entries[index]['match'] : {}
    const { reject, caller, callee, offer, answer } = rule.effect
    const changesLegs = caller !== undefined || callee !== undefined
    if (reject) return []
    const pairs = pairsOf(policy, inUse, match, changesLegs)
    return [
      ...commands.filter((command) => changesLegs || Object.keys({ offer, answer }[command]).length > 0)
        .flatMap((command) => lintEffect(policy, rule, match, command, pairs, oldest)),
      ...onlyOnce(rule, match),
    ]
  })
}

/** A message of a pair of profiles: who sends it, to whom, and which of them is the caller. */
type Pair = [sender: Profile, receiver: Profile, caller: LegName]

/** The pairs that a rule is about, one for each pair of kinds. */
function pairsOf (policy: Policy, inUse: Profile[], match: Record<string, unknown>, changesLegs: boolean): Pair[] {
  const named = (party: string): Profile[] | undefined => {
    const wanted = match[party]
    if (wanted === undefined) return undefined
    const names = namesOf(wanted)
    if (names.length === 0) return profilesAt(policy, isRecord(wanted) ? wanted : {})
    return inUse.filter(({ line }) => line.some((name) => names.includes(name)))
  }
  const [caller, callee, sender, receiver] = ['caller', 'callee', 'sender', 'receiver'].map(named)
  const cross = (from: Profile[], to: Profile[], leg: LegName) => {
    return onePerKind(from).flatMap((one) => onePerKind(to).map((other): Pair => [one, other, leg]))
  }
  return [
    ...cross(sender ?? caller ?? inUse, receiver ?? callee ?? inUse, 'sender'),
    ...caller || callee || changesLegs ? cross(sender ?? callee ?? inUse, receiver ?? caller ?? inUse, 'receiver') : [],
  ]
}

/** The profiles that endpoints give to who is at an address or comes by a transport; a browser is known by its transport. */
function profilesAt (policy: Policy, { address, transport }: Record<string, unknown>): Profile[] {
  const first = (value: unknown): unknown[] => Array.isArray(value) ? value : [value]
  const transports = transport === undefined ? ['udp', 'tcp', 'tls'] : first(transport)
  return first(address).flatMap((block) => transports.map((each) => profileOf(policy, factsFrom({
    sender: { transport: String(each), ...typeof block === 'string' && { address: block.replace(/\/\d+$/, '') } },
  }), 'sender')))
}

function lintEffect (
  policy: Policy, rule: Rule, match: Record<string, unknown>, command: CallFacts['command'], pairs: Pair[], oldest: Release | undefined,
): LintFinding[] {
  const always = { ...rule, conditions: [] }
  const alone: Policy = { ...policy, rules: [always], lookup: { ...policy.lookup, rules: new Lookup([always]) } }
  return pairs.flatMap(([from, to, caller]) => {
    const facts = { ...messageOf(command, from, to), caller }
    const { flags, sender, receiver } = decide(alone, facts)
    const found = lintNg(flags, { command, sender: kindOf(sender), receiver: kindOf(receiver), ...oldest && { oldest } })
    if (found.length === 0) return []
    const own = explain(alone, facts).origins.filter(({ source }) => source === `rule ${rule.name}` || source.startsWith(`rule ${rule.name}: `))
    return found.flatMap((finding) => {
      const origins = own.filter(({ path }) => path === finding.path)
      const isOfAny = finding.word === undefined || finding.code === 'NG-13'
      const origin = origins.find(({ value }) => isAbout(finding, value)) ?? (isOfAny ? origins[0] : undefined)
      const isBack = caller === 'receiver' && match['callee'] !== undefined && (finding.code === 'NG-14' || finding.code === 'NG-03')
      const fix = `${finding.fix}${isBack ? '; or receiver in place of callee: now it is for what comes from there too' : ''}`
      return origin ? [at(origin.place ?? rule.place, { ...finding, fix })] : []
    })
  })
}

/** Legs whose every codec is one that rtpengine can pass on but not encode. */
function lintCodecs (policy: Policy): LintFinding[] {
  const profiles = profilesInUse(policy)
  const changed = policy.rules.flatMap(({ effect: { caller, callee } }) => {
    return [caller, callee].flatMap((change) => change && profiles[0] ? [change(profiles[0])] : [])
  })
  return [...profiles, ...changed].flatMap(({ codecs, origins }) => {
    const { place, source } = origins.get('codecs') ?? {}
    const speech = codecs?.filter(isSpeech) ?? []
    if (!place || speech.length === 0 || speech.some(canEncode)) return []
    const message = `${source}: rtpengine as Debian builds it cannot encode ${speech.join(', ')}: only who speaks ${speech.length > 1 ? 'one of them' : 'it'} gets through`
    return [at(place, { code: 'PO-04', message, fix: 'add one of opus, PCMU, PCMA, G722, G729, if the endpoint speaks it' })]
  })
}

/** Codecs that are changed for what only one message of a call says. */
function onlyOnce ({ name, place, effect }: Rule, match: Record<string, unknown>): LintFinding[] {
  const ofLegs = [effect.caller, effect.callee].flatMap((change) => change?.(fallback).origins.get('codecs') ?? [])
  const changed = ofLegs.find(({ source }) => source === `rule ${name}`)
  if (effect.offer['codec'] === undefined && !changed) return []
  const once = ofOneMessage.filter((key) => Object.hasOwn(match, key))
  if (typeof match['when'] === 'string' && /\b(?:sip|sdp|sender|receiver|command)\b/.test(match['when'])) once.push('when')
  if (once.length === 0) return []
  const message = `rule ${name} changes codecs where ${once.join(', ')} matches: a re-INVITE from the other side gets none of it, and the codec falls back`
  return [{ ...effect.places.get('codec') ?? changed?.place ?? place, code: 'NG-10', severity: checks['NG-10'].severity, message, fix: 'match on caller and callee, or give the profile codecs' }]
}

/** What is another in a re-INVITE, above all in one from the other side. */
const ofOneMessage = ['sender', 'receiver', 'request-uri', 'from', 'to', 'user-agent', 'header', 'method', 'sdp', 'command']

function at ({ file, line, column }: Place, { code, since, message, fix }: Omit<NgFinding, 'path'>): LintFinding {
  return { file, line, column, code, severity: checks[code].severity, ...since !== undefined && { since }, message, fix }
}
