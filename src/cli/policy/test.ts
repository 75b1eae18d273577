import { runTests } from '../../policy/run-tests.ts'
import type { PolicyCommand } from './command.ts'
import { directoryOf, readPolicy } from './read.ts'

/** `ngpilot policy test [DIR]`: runs the tests beside the policy, `*.test.yaml`. */
export const testCommand: PolicyCommand = {
  usage: '[DIR]',
  about: 'runs the tests that lie beside the policy, *.test.yaml',
  async run (context) {
    const { isJson, print, style } = context
    const { policy, tests } = await readPolicy(directoryOf(context))
    const results = runTests(policy, tests)
    const failed = results.filter(({ failures }) => failures.length > 0)
    if (isJson) {
      const told = results.map(({ test: { name, place }, failures }) => {
        return { name, ...place, isPassed: failures.length === 0, failures }
      })
      const passed = results.length - failed.length
      print(JSON.stringify({ revision: policy.revision, passed, failed: failed.length, tests: told }, null, 2))
    } else {
      for (const { test: { name, place }, failures } of results) {
        const where = style.dim(`${place.file}:${place.line}`)
        print(failures.length === 0 ? `${style.green('ok')}    ${name}` : `${style.red('fails')} ${name}  ${where}`)
        for (const failure of failures) print(`        ${failure}`)
      }
      if (results.length === 0) print(`there are no tests: they stand in files *.test.yaml of ${directoryOf(context)}`)
      else print(`${results.length - failed.length} of ${results.length} tests pass, revision ${policy.revision}`)
    }
    return failed.length > 0 ? 1 : 0
  },
}
