import { checkNgDictionary } from '../ng/vocabulary.ts'
import { canonicalCodec, codecNames, isSpeech } from './codec-names.ts'
import { checkConformance } from './conformance.ts'
import { isRecord, type Finding, type Path } from './problem.ts'
import { meant } from './shape.ts'

/** NG keys that no profile may hold, and why. */
const refused: Record<string, string> = {
  ...Object.fromEntries(['command', 'cookie', 'call-id', 'from-tag', 'to-tag', 'via-branch', 'sdp', 'supports', 'received-from', 'sip-message-type', 'sip-code']
    .map((key) => [key, 'ngpilot sets this key itself, from the request'])),
  'rtpp-flags': 'nothing would check the words in it; write the keys that they stand for',
}

/** The words that the schema leaves open: codec names, NG keys and their values. Looks at what has the shape for it. */
export function checkWords (value: unknown): Finding[] {
  if (!isRecord(value)) return []
  const rules = Array.isArray(value['rules']) ? value['rules'].flatMap((rule: unknown, index) => {
    const ng = isRecord(rule) && isRecord(rule['set']) ? rule['set']['ng'] : undefined
    return isRecord(ng) ? checkNg(ng, ['rules', index, 'set', 'ng']) : []
  }) : []
  return [
    ...isRecord(value['profiles']) ? checkProfiles(value['profiles']) : [], ...rules,
    ...checkConformance(value['conformance'], ['conformance']),
  ]
}

function checkProfiles (profiles: Record<string, unknown>): Finding[] {
  return Object.entries(profiles).flatMap(([name, profile]) => {
    if (!isRecord(profile)) return []
    const path = ['profiles', name]
    const codecs = Array.isArray(profile['codecs']) ? checkCodecs(profile['codecs'], [...path, 'codecs']) : []
    return [
      ...codecs, ...isRecord(profile['ng']) ? checkNg(profile['ng'], [...path, 'ng']) : [],
      ...checkConformance(profile['conformance'], [...path, 'conformance']),
    ]
  })
}

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
