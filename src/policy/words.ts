import { checkNgDictionary } from '../ng/vocabulary.ts'
import { readFlagsString } from '../ng/flags-string.ts'
import { canonicalCodec, codecNames, isSpeech } from './codec-names.ts'
import { checkConformance } from './conformance.ts'
import { compileExpression } from './expression.ts'
import { isRecord, type Finding, type Path } from './problem.ts'
import { meant } from './shape.ts'

/** NG keys that no profile may hold, and why. */
const refused: Record<string, string> = {
  ...Object.fromEntries(['command', 'cookie', 'call-id', 'from-tag', 'to-tag', 'via-branch', 'sdp', 'supports', 'received-from', 'sip-message-type', 'sip-code']
    .map((key) => [key, 'ngpilot sets this key itself, from the request'])),
  'rtpp-flags': 'nothing would check the words in it; write the keys that they stand for',
}

/**
 * The words that the schema leaves open: codec names, NG keys and their values, flags strings, expressions. Looks at what
 * has the shape for it.
 */
export function checkWords (value: unknown): Finding[] {
  if (!isRecord(value)) return []
  const profiles = isRecord(value['profiles']) ? Object.entries(value['profiles']) : []
  return [
    ...profiles.flatMap(([name, profile]) => checkSettings(profile, ['profiles', name])),
    ...listOf(value['endpoints']).flatMap((endpoint, index) => {
      return isRecord(endpoint) ? checkMatch(endpoint['match'], ['endpoints', index, 'match'], 'endpoint') : []
    }),
    ...checkConformance(value['conformance'], ['conformance']),
    ...listOf(value['rules']).flatMap((rule, index) => isRecord(rule) ? checkRule(rule, ['rules', index]) : []),
  ]
}

function checkRule (rule: Record<string, unknown>, path: Path): Finding[] {
  const set = isRecord(rule['set']) ? rule['set'] : {}
  return [
    ...checkMatch(rule['match'], [...path, 'match'], 'rule'),
    ...isRecord(set['ng']) ? checkNg(set['ng'], [...path, 'set', 'ng']) : [],
    ...['caller', 'callee'].flatMap((leg) => checkSettings(set[leg], [...path, 'set', leg])),
    ...['offer-flags', 'answer-flags'].flatMap((key) => typeof rule[key] === 'string' ? checkFlags(rule[key], [...path, key]) : []),
  ]
}

function checkSettings (settings: unknown, path: Path): Finding[] {
  if (!isRecord(settings)) return []
  const codecs = Array.isArray(settings['codecs']) ? checkCodecs(settings['codecs'], [...path, 'codecs']) : []
  return [
    ...codecs,
    ...isRecord(settings['ng']) ? checkNg(settings['ng'], [...path, 'ng']) : [],
    ...checkConformance(settings['conformance'], [...path, 'conformance']),
  ]
}

function checkMatch (match: unknown, path: Path, about: 'endpoint' | 'rule'): Finding[] {
  if (!isRecord(match)) return []
  const found: Finding[] = []
  const codecs = isRecord(match['sdp']) ? match['sdp']['codecs'] : undefined
  for (const [index, name] of listOf(codecs).entries()) {
    if (typeof name !== 'string' || canonicalCodec(name) !== undefined || offeredToo.includes(name)) continue
    const at: Path = [...path, 'sdp', 'codecs', ...Array.isArray(codecs) ? [index] : []]
    found.push({ path: at, at: 'value', message: `no codec is called "${name}"; ${meant(name, [...codecNames, ...offeredToo])}` })
  }
  if (typeof match['when'] === 'string') {
    const compiled = compileExpression(match['when'], about)
    if ('message' in compiled) found.push({ path: [...path, 'when'], at: 'value', ...compiled })
  }
  return found
}

/** What Kamailio would refuse. What it would read, but hardly as it was meant, is for the lint. */
function checkFlags (text: string, path: Path): Finding[] {
  const { refused } = readFlagsString(text)
  return refused ? [{ path, at: 'value', offset: refused.at, message: `"${refused.text}": ${refused.message}` }] : []
}

/** Codecs that browsers offer beside speech, and rtpengine does not list. */
const offeredToo = ['red']

const listOf = (value: unknown): unknown[] => Array.isArray(value) ? value : value === undefined ? [] : [value]

function checkCodecs (names: unknown[], path: Path): Finding[] {
  const codecs = names.map((name) => typeof name === 'string' ? canonicalCodec(name) : undefined)
  const findings = names.flatMap((name, index): Finding[] => {
    const wrong = (message: string): Finding[] => [{ path: [...path, index], at: 'value', message }]
    if (typeof name !== 'string') return []
    if (codecs[index] === undefined) return wrong(`rtpengine knows no codec "${name}"; ${meant(name, codecNames)}`)
    return codecs.indexOf(codecs[index]) < index && !names.slice(0, index).includes(name) ? wrong(`"${name}" is ${codecs[index]}, which stands here already`) : []
  })
  const isSilent = codecs.length > 0 && codecs.every((codec) => codec !== undefined && !isSpeech(codec))
  return isSilent ? [...findings, { path, at: 'value', message: 'has no codec for speech' }] : findings
}

function checkNg (ng: Record<string, unknown>, path: Path): Finding[] {
  const reasons = Object.keys(ng).flatMap((key): Finding[] => {
    const reason = Object.hasOwn(refused, key) ? refused[key] : undefined
    return reason === undefined ? [] : [{ path: [...path, key], at: 'key', message: reason }]
  })
  const rest = Object.fromEntries(Object.entries(ng).filter(([key]) => !Object.hasOwn(refused, key)))
  const problems = checkNgDictionary(rest).map(({ path: within, at, message, nearest }): Finding => {
    return { path: [...path, ...within], at, message: nearest === undefined ? message : `${message}; did you mean "${nearest}"?` }
  })
  return [...reasons, ...problems]
}
