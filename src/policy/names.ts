import { presetNames, presets } from './presets.ts'
import { isRecord, type Finding, type Path, type PolicyProblem } from './problem.ts'
import { meant } from './shape.ts'
import type { PolicySource } from './source.ts'

/** A profile as it is defined, whatever its shape. */
interface Definition { source: PolicySource, name: string, entry: unknown }
type Definitions = ReadonlyMap<string, Definition>

/** What only all files together show: names defined twice or not at all, circles, keys at odds with what is extended. */
export function checkNames (sources: readonly PolicySource[]): PolicyProblem[] {
  const all = sources.flatMap((source): Definition[] => {
    return Object.entries(profilesOf(source)).map(([name, entry]) => ({ source, name, entry }))
  })
  const profiles = new Map(all.toReversed().map((definition) => [definition.name, definition]))
  const names = [...presetNames, ...profiles.keys()]
  return [
    ...all.flatMap((definition) => checkDefinition(definition, profiles, names)),
    ...sources.flatMap((source) => checkEndpoints(source, names)),
    ...checkRules(sources, names),
    ...checkSets(sources),
  ]
}

function checkDefinition ({ source, name, entry }: Definition, profiles: Definitions, names: string[]): PolicyProblem[] {
  const problem = (at: Finding['at'], keys: string[], message: string): PolicyProblem => {
    return source.place({ path: ['profiles', name, ...keys], at, message })
  }
  const first = profiles.get(name)
  if (first && first.source !== source) {
    const { file, line, column } = first.source.place({ path: ['profiles', name], at: 'key', message: '' })
    return [problem('key', [], `is defined twice, first at ${file}:${line}:${column}`)]
  }
  if (presetNames.includes(name)) return [problem('key', [], 'is a preset; give the profile another name and extend the preset')]
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name)) return [problem('key', [], 'a profile\'s name is made of letters, digits, ".", "_" and "-"')]

  const base = extendsOf(entry)
  if (base === undefined) return []
  if (!names.includes(base)) return [problem('value', ['extends'], `there is no preset or profile "${base}"; ${meant(base, names.filter((other) => other !== name))}`)]
  const line = lineageOf(name, profiles)
  if (line.at(-1) === name) return [problem('value', ['extends'], `goes in a circle: ${line.join(' → ')}`)]
  return rootOf(line.at(-1)) === 'webrtc' ? notWebRtc(entry).map(({ path, message }) => problem('value', path, message)) : []
}

/** The preset that a preset comes from. */
function rootOf (name: string | undefined): string | undefined {
  const base = name === undefined ? undefined : presets[name]?.extends
  return base === undefined ? name : rootOf(base)
}

/** A profile and what it extends, down to the preset or to the first name that comes again or is not known. */
function lineageOf (name: string, profiles: Definitions): string[] {
  const line = [name]
  for (let base = extendsOf(profiles.get(name)?.entry); base !== undefined; base = extendsOf(profiles.get(base)?.entry)) {
    const isAgain = line.includes(base)
    line.push(base)
    if (isAgain) break
  }
  return line
}

/** Settings and NG keys that no browser gets along with. */
function notWebRtc (entry: unknown): { path: string[], message: string }[] {
  const settings = isRecord(entry) ? entry : {}
  const ng = isRecord(settings['ng']) ? settings['ng'] : {}
  const protocol = presets['webrtc']?.protocol
  const lacks = (what: string) => `a WebRTC endpoint cannot do without ${what}; extend sip or sip-sdes`
  const isOther = (given: unknown) => given !== undefined && given !== protocol
  return [
    ...settings['ice'] === 'none' ? [{ path: ['ice'], message: lacks('ICE') }] : [],
    ...settings['rtcp-mux'] === 'none' ? [{ path: ['rtcp-mux'], message: lacks('rtcp-mux') }] : [],
    ...ng['ICE'] === 'remove' ? [{ path: ['ng', 'ICE'], message: lacks('ICE') }] : [],
    ...['off', 'no', 'disable'].includes(String(ng['DTLS'])) ? [{ path: ['ng', 'DTLS'], message: lacks('DTLS') }] : [],
    ...[['protocol'], ['ng', 'transport-protocol']].flatMap((path) => {
      const given = path.length > 1 ? ng['transport-protocol'] : settings['protocol']
      return isOther(given) ? [{ path, message: `a WebRTC endpoint takes ${String(protocol)} only; extend sip or sip-sdes` }] : []
    }),
  ]
}

function checkEndpoints (source: PolicySource, names: string[]): PolicyProblem[] {
  return listOf(source, 'endpoints').flatMap((endpoint, index) => {
    const profile = isRecord(endpoint) ? endpoint['profile'] : undefined
    if (typeof profile !== 'string' || names.includes(profile)) return []
    return [source.place({ path: ['endpoints', index, 'profile'], at: 'value', message: `there is no preset or profile "${profile}"; ${meant(profile, names)}` })]
  })
}

/** Rules by one name, and parties that are no profile. */
function checkRules (sources: readonly PolicySource[], names: string[]): PolicyProblem[] {
  const first = new Map<unknown, () => PolicyProblem>()
  return sources.flatMap((source) => listOf(source, 'rules').flatMap((rule, index) => {
    if (!isRecord(rule)) return []
    const place = (path: Path, message: string) => {
      return source.place({ path: ['rules', index, ...path], at: 'value', message })
    }
    const before = first.get(rule['name'])?.()
    if (!before) first.set(rule['name'], () => place(['name'], ''))
    const again = before && place(['name'], `there is a rule of this name at ${before.file}:${before.line}:${before.column}`)
    return [...again ? [again] : [], ...checkParties(rule['match'], names, place)]
  }))
}

function checkParties (
  match: unknown, names: string[], place: (path: Path, message: string) => PolicyProblem,
): PolicyProblem[] {
  if (!isRecord(match)) return []
  return ['caller', 'callee', 'sender', 'receiver'].flatMap((party) => {
    const given = match[party]
    const path: Path = ['match', party, ...isRecord(given) ? ['profile'] : []]
    const wanted = isRecord(given) ? given['profile'] : given
    const inList = (name: unknown, index: number): [Path, unknown] => [[...path, index], name]
    const each: [Path, unknown][] = Array.isArray(wanted) ? wanted.map(inList) : [[path, wanted]]
    return each.flatMap(([at, name]) => typeof name !== 'string' || names.includes(name)
      ? []
      : [place(at, `there is no preset or profile "${name}"; ${meant(name, names)}`)])
  })
}

/** Sets of nodes that no file lists. */
function checkSets (sources: readonly PolicySource[]): PolicyProblem[] {
  const known = ['default', ...sources.flatMap((source) => listOf(source, 'sets'))]
  return sources.flatMap((source) => listOf(source, 'rules').flatMap((rule, index) => {
    const nodes = isRecord(rule) && isRecord(rule['set']) ? rule['set']['nodes'] : undefined
    if (typeof nodes !== 'string' || known.includes(nodes)) return []
    const message = `there is no set of nodes "${nodes}"; ${meant(nodes, known.map(String))}; a set is listed under \`sets\``
    return [source.place({ path: ['rules', index, 'set', 'nodes'], at: 'value', message })]
  }))
}

/** Endpoints that can never match, because one before them, perhaps in an earlier file, matches every leg. */
export function checkReach (sources: readonly PolicySource[]): PolicyProblem[] {
  let catchAll: PolicyProblem | undefined
  return sources.flatMap((source) => listOf(source, 'endpoints').flatMap((endpoint, index) => {
    const place = (message: string) => source.place({ path: ['endpoints', index], at: 'value', message })
    if (catchAll) {
      const { file, line, column } = catchAll
      return [place(`never matches: the endpoint at ${file}:${line}:${column} has no match and takes every leg; put this one before it`)]
    }
    const match = isRecord(endpoint) ? endpoint['match'] : undefined
    if (isRecord(endpoint) && (match === undefined || (isRecord(match) && Object.keys(match).length === 0))) catchAll = place('')
    return []
  }))
}

function listOf ({ value }: PolicySource, key: 'endpoints' | 'rules' | 'sets'): unknown[] {
  return isRecord(value) && Array.isArray(value[key]) ? value[key] : []
}

function profilesOf ({ value }: PolicySource): Record<string, unknown> {
  return isRecord(value) && isRecord(value['profiles']) ? value['profiles'] : {}
}

function extendsOf (entry: unknown): string | undefined {
  return isRecord(entry) && typeof entry['extends'] === 'string' ? entry['extends'] : undefined
}
