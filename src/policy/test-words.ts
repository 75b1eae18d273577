import { isNgKey } from '../ng/keys.ts'
import { vocabulary } from '../ng/vocabulary.ts'
import { presetNames } from './presets.ts'
import { isRecord, type Path, type PolicyProblem } from './problem.ts'
import { methods, transports } from './schema-match.ts'
import { meant } from './shape.ts'
import type { PolicySource } from './source.ts'

/**
 * Words in the tables of tests that nothing has: transports, profiles, rules, sets and NG keys. A test with one of them
 * would fail for the wrong reason, or pass for it.
 *
 * @param sources the policy's own files, all of which could be read
 */
export function checkTestWords (test: PolicySource, sources: readonly PolicySource[]): PolicyProblem[] {
  const keysOf = (key: string) => sources.flatMap(({ value }) => Object.keys(recordOf(value, key)))
  const listsOf = (key: string) => sources.flatMap(({ value }) => isRecord(value) ? listOf(value[key]) : [])
  const profiles = [...presetNames, ...keysOf('profiles')]
  const rules = listsOf('rules').map((rule) => isRecord(rule) ? String(rule['name']) : '')
  const sets = ['default', ...listsOf('sets').map(String)]
  const found: PolicyProblem[] = []
  const check = (what: string, word: unknown, known: readonly string[], path: Path, at: 'key' | 'value' = 'value'): void => {
    if (typeof word !== 'string' || known.includes(word)) return
    found.push(test.place({ path, at, message: `there is no ${what} "${word}"; ${meant(word, known)}` }))
  }
  const checkKey = (key: string, path: Path, at: 'key' | 'value'): void => {
    if (!isNgKey(key)) check('NG key', key, ngKeys, path, at)
  }
  const tests = isRecord(test.value) ? listOf(test.value['tests']) : []
  for (const [index, each] of tests.entries()) {
    const [facts, expect] = ['facts', 'expect'].map((key) => recordOf(each, key))
    for (const leg of ['sender', 'receiver']) {
      const { transport, profile } = recordOf(facts, leg)
      check('transport', typeof transport === 'string' ? transport.toLowerCase() : transport, transports, ['tests', index, 'facts', leg, 'transport'])
      check('preset or profile', profile, profiles, ['tests', index, 'facts', leg, 'profile'])
      check('preset or profile', expect?.[leg], profiles, ['tests', index, 'expect', leg])
    }
    check('SIP method with SDP', recordOf(facts, 'sip')['method'], methods, ['tests', index, 'facts', 'sip', 'method'])
    const expected: Path = ['tests', index, 'expect']
    for (const [at, rule] of listOf(expect?.['rules']).entries()) check('rule', rule, rules, [...expected, 'rules', at])
    check('set of nodes', expect?.['nodes'], sets, [...expected, 'nodes'])
    for (const key of Object.keys(recordOf(expect, 'flags'))) checkKey(key, [...expected, 'flags', key], 'key')
    for (const [at, path] of listOf(expect?.['without']).entries()) {
      checkKey(vocabulary.has(String(path)) ? String(path) : String(path).split('.')[0] ?? '', [...expected, 'without', at], 'value')
    }
  }
  return found
}

const ngKeys = [...vocabulary.keys()]
const listOf = (value: unknown): unknown[] => Array.isArray(value) ? value : []

function recordOf (value: unknown, key: string): Record<string, unknown> {
  return isRecord(value) && isRecord(value[key]) ? value[key] : {}
}
