import { NgpilotError } from '../../errors.ts'
import { checks } from '../../policy/checks.ts'
import { lintPolicy } from '../../policy/lint.ts'
import { lintSets } from '../../policy/lint-sets.ts'
import { byPlace, checkPolicy } from '../../policy/load.ts'
import type { Place } from '../../policy/problem.ts'
import { presetNames } from '../../policy/presets.ts'
import { runTests } from '../../policy/run-tests.ts'
import type { PolicySource } from '../../policy/source.ts'
import type { Policy } from '../../policy/types.ts'
import type { Release } from '../../ng/release.ts'
import { connectApi } from '../api.ts'
import { counted } from '../counted.ts'
import type { PolicyCommand, PolicyContext } from './command.ts'
import { excerptOf } from './excerpt.ts'
import { directoryOf, readFileOf } from './read.ts'
import { oldestOf } from './versions.ts'

/** One line of the answer: a problem of the files (no code), or a finding of the lint. */
interface Row { file: string, line: number, column: number, severity: 'error' | 'warning', code?: string, since?: string, message: string, fix?: string }

/** `ngpilot policy check [DIR]`: all that is wrong, at once. */
export const checkCommand: PolicyCommand = {
  usage: '[DIR]',
  about: 'all that is wrong with the policy files (policy.directory), and with what they decide',
  optionUsage: [
    ['--versions LIST', 'rtpengines of the fleet, such as 10.5,12.5 (10.5)'],
    ['--url URL', 'ask the ngpilot there for its rtpengines: their versions, and the sets that they are in'],
    ['--strict', 'warnings count as errors'],
  ],
  options: { versions: { type: 'string' }, url: { type: 'string' }, strict: { type: 'boolean' } },
  async run (context) {
    const { values, isJson, print, style } = context
    const directory = directoryOf(context)
    const { policy, draft, sources, tests, problems } = await checkPolicy(directory)
    const { versions, isBound, sets } = await fleetOf(context)
    const oldest = oldestOf(versions)
    const failed = policy ? runTests(policy, tests).filter(({ failures }) => failures.length > 0) : []
    const rows: Row[] = [
      ...problems.map((problem): Row => ({ ...problem, severity: 'error' })),
      ...failed.map(({ test, failures }): Row => ({ ...test.place, severity: 'error', message: `test "${test.name}" fails: ${failures.join('; ')}` })),
      ...lintOf(policy ?? draft, sources, oldest, sets).map((row) => isBound ? unsure(row, oldest) : row)
        .filter((finding) => !problems.some((problem) => isAtOnePlace(problem, finding))),
    ].sort(byPlace)
    const errors = rows.filter(({ severity }) => severity === 'error').length
    const warnings = rows.length - errors
    const told = { directory, revision: policy?.revision, rtpengine: oldest, errors, warnings, findings: rows }
    if (isJson) print(JSON.stringify(told, null, 2))
    else {
      for (const row of rows) for (const line of await linesOf(row, context)) print(line)
      const found = `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`
      const what = policy ? `revision ${policy.revision}: ${sizeOf(policy, tests.length)}; ` : ''
      print(`${what}${rows.length === 0 ? style.green('no problems') : found} (for rtpengine ${oldest} and newer)`)
    }
    return errors > 0 || (values['strict'] === true && warnings > 0) ? 1 : 0
  },
}

/** What the files hold; presets are everybody's. */
function sizeOf ({ profiles, endpoints, rules }: Policy, tests: number): string {
  const own = profiles.size - presetNames.length
  return [counted(own, 'profile'), counted(endpoints.length, 'endpoint'), counted(rules.length, 'rule'), counted(tests, 'test')].join(', ')
}

function lintOf (
  policy: Policy | undefined, sources: readonly PolicySource[], oldest: Release, sets: readonly string[],
): Row[] {
  return policy ? [...lintPolicy(policy, sources, oldest), ...lintSets(policy, sets)] : []
}

/** What keeps the policy from loading is told once, not as a finding of the lint too. */
function isAtOnePlace (one: Place, other: Place): boolean {
  return one.file === other.file && one.line === other.line && one.column === other.column
}

async function linesOf (row: Row, { style }: PolicyContext): Promise<string[]> {
  const { file, line, column, severity, code, message, fix } = row
  const place = line === 0 ? file : `${file}:${line}:${column}`
  const word = severity === 'error' ? style.red('error') : style.yellow('warning')
  const text = line === 0 ? undefined : await readFileOf(file).then(String, () => undefined)
  return [
    `${style.bold(place)}: ${word}${code === undefined ? '' : ` ${code}`}: ${message}`,
    ...text === undefined ? [] : excerptOf(text, line, column).map((each, index) => index === 1 ? style.cyan(each) : each),
    ...fix === undefined ? [] : [`  what would be right: ${fix}`],
    ...code !== undefined && code in checks ? [`  ${style.dim(checks[code as keyof typeof checks].title)}`] : [],
    '',
  ]
}

/** Of nodes that have told no more than how old they can be, nobody knows what they do not know. */
function unsure (row: Row, oldest: Release): Row {
  if (row.since === undefined) return row
  return { ...row, severity: 'warning', message: `${row.message}; a node has told no more than ${oldest} or newer, --versions says what it is` }
}

interface Fleet {
  versions?: string
  /** Some node has told only how old it can be. */
  isBound: boolean
  /** Those that its nodes are in. */
  sets: string[]
}

async function fleetOf ({ values, config, env }: PolicyContext): Promise<Fleet> {
  const given = typeof values['versions'] === 'string' ? { versions: values['versions'] } : {}
  if (typeof values['url'] !== 'string') return { ...given, isBound: false, sets: [] }
  const nodes = await connectApi(values['url'], env['NGPILOT_TOKEN'] ?? config.http.token).nodes()
  const sets = [...new Set(nodes.flatMap((node) => node.sets))]
  if (given.versions !== undefined) return { ...given, isBound: false, sets }
  // Over UDP alone a node tells only how old it can be: `11.3 or newer`.
  const versions = nodes.flatMap(({ version }) => version === undefined ? [] : [version.replace(/ or newer$/, '')])
  if (versions.length === 0) throw new NgpilotError('bad_request', `no rtpengine of ${values['url']} has said its version yet; give --versions`)
  return { versions: versions.join(','), isBound: nodes.some(({ version }) => version?.endsWith(' or newer') === true), sets }
}
