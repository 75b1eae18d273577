import { NgpilotError } from '../../errors.ts'
import { Differences } from '../../policy/differences.ts'
import { Rerun } from '../../policy/rerun.ts'
import { runTests } from '../../policy/run-tests.ts'
import { hopOptions, hopUsage, readCases, sorted } from './cases.ts'
import type { PolicyCommand } from './command.ts'
import { comparedText } from './compared-text.ts'
import { readPolicy } from './read.ts'

/** `ngpilot policy diff [OLD] NEW [FILE…]`: what two policies decide differently. */
export const diffCommand: PolicyCommand = {
  usage: '[OLD] NEW [FILE…]',
  about: 'what two policies (OLD: policy.directory) decide differently, over the tests of both and over FILEs',
  optionUsage: [['', 'FILE: as for explain'], ...hopUsage, ['--all', 'every way in which they differ']],
  options: { ...hopOptions, all: { type: 'boolean' } },
  async run ({ args, values, config, isJson, print, note, style }) {
    const { directories, files, others } = await sorted(args)
    if (others[0] !== undefined) throw new NgpilotError('bad_request', `there is no file or directory "${others[0]}"`)
    const [one = '', other] = directories
    if (one === '' || directories.length > 2) throw new NgpilotError('bad_request', 'diff takes one or two policy directories: ngpilot policy diff policy/ policy-next/ decisions.jsonl')
    const before = await readPolicy(other === undefined ? config.policy.directory : one)
    const after = await readPolicy(other ?? one)
    const [old, fresh] = [new Rerun(before.policy), new Rerun(after.policy)]
    const differences = new Differences()
    const tests = new Map([...before.tests, ...after.tests].map((test) => [JSON.stringify([test.name, test.facts]), test]))
    for (const { name, facts } of tests.values()) {
      const result = old.decide(facts)
      if (result) differences.add(`test "${name}"`, facts, result, fresh.decide(facts))
    }
    const headers = [...before.policy.headers, ...after.policy.headers]
    for (const file of files) {
      for await (const { name, facts, before: recorded } of readCases(file, { headers, values, note, takes: 'SIP messages, facts, tests and records of decisions' })) {
        const [was, is] = [old.decide(facts, recorded), fresh.decide(facts, recorded)]
        if (was) differences.add(name, facts, was, is)
      }
    }
    const compared = differences.result()
    const failed = runTests(after.policy, before.tests).filter(({ failures }) => failures.length > 0)
    const failing = failed.map(({ test }) => test.name)
    const revisions = { before: before.policy.revision, after: after.policy.revision }
    if (isJson) print(JSON.stringify({ ...revisions, ...compared, oldTestsThatFail: failing }, null, 2))
    else {
      for (const line of comparedText(compared, style, values['all'] === true)) print(line)
      if (failing.length > 0) print(`${style.red('Tests of the old policy that the new one fails:')} ${failing.join(', ')}`)
      print(`revision ${revisions.before} → ${revisions.after}`)
    }
    return compared.different + compared.moot + failing.length > 0 ? 1 : 0
  },
}
