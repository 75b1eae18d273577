import { NgpilotError } from '../../errors.ts'
import { answerTo, explanationOf, type DecisionExplanation } from '../../policy/explanation.ts'
import type { Policy } from '../../policy/types.ts'
import { type Case, hopOptions, hopUsage, readCases, sorted } from './cases.ts'
import type { ExitCode, PolicyCommand, PolicyContext } from './command.ts'
import { explanationText } from './explanation-text.ts'
import { readPolicy } from './read.ts'
import { apiOf } from './rollout.ts'

const messages = 'a SIP message, facts in the words that tests have, tests, or a record of decisions'

/** A decision, and whether it is on the answer that is still to come. */
interface Shown { explanation: DecisionExplanation, isExpected: boolean }

/** `ngpilot policy explain FILE|CALL-ID [DIR]` */
export const explainCommand: PolicyCommand = {
  usage: 'FILE|CALL-ID [DIR]',
  about: 'why a message gets what it gets: facts, profiles, each rule, and the line that each NG key comes from',
  optionUsage: [
    ['', 'FILE: a SIP message, facts (YAML), tests, or a record of decisions; CALL-ID: of the ngpilot at --url, by'],
    ['', 'the policy that served it, or by that in DIR'],
    ...hopUsage,
    ['--only TEXT', 'of many messages those whose name, decision or call-id is TEXT'],
    ['--all', 'also all rules that do not match'],
    ['--url URL', 'where the ngpilot is that served CALL-ID; or NGPILOT_URL, or else where the settings say'],
  ],
  options: { ...hopOptions, only: { type: 'string' }, all: { type: 'boolean' }, url: { type: 'string' } },
  async run (context): Promise<ExitCode> {
    const { args, values: { only, all }, isJson, print, style, width } = context
    const { directories, files, others } = await sorted(args)
    const [what, ...more] = [...files, ...others]
    if (files.length === 1 && others.length === 1) {
      throw new NgpilotError('bad_request', `there is no directory "${others.join()}"`)
    }
    if (what === undefined || more.length > 0 || directories.length > 1) {
      throw new NgpilotError('bad_request', 'explain takes one file or call-id, and a policy directory at most: ngpilot policy explain invite.txt policy/')
    }
    const shown = files.length > 0
      ? await ofFile(what, directories[0], context)
      : await ofCall(what, directories[0], context)
    if (shown.length === 0) throw new NgpilotError('not_found', `${what} holds no message${only === undefined ? '' : ` "${String(only)}"`}`)
    if (isJson) print(JSON.stringify(shown.map(({ explanation }) => explanation), null, 2))
    else for (const { explanation, isExpected } of shown) {
      if (isExpected) print(style.dim('The answer to it, so far: its SDP, User-Agent and headers are still to come.'))
      const options = { isWhole: all === true, withFacts: !isExpected, width }
      for (const line of explanationText(explanation, style, options)) print(line)
    }
    return 0
  },
}

async function ofFile (
  file: string, directory: string | undefined, { values, config, note }: PolicyContext,
): Promise<Shown[]> {
  const { policy } = await readPolicy(directory ?? config.policy.directory)
  const { only } = values
  const shown: Shown[] = []
  for await (const { name, facts } of readCases(file, { headers: policy.headers, values, note, takes: messages })) {
    const isWanted = only === undefined || only === name || only === facts.callId
    if (isWanted) shown.push(...withAnswer(policy, { name, facts }, file))
  }
  return shown
}

/** An offer that stands alone is explained with the answer that it will get. */
function withAnswer (policy: Policy, { name, facts }: Case, file: string): Shown[] {
  const explanation = explanationOf(policy, facts, name === file ? undefined : name)
  const one = { explanation, isExpected: false }
  if (facts.command === 'answer' || explanation.reject !== undefined) return [one]
  return [one, { explanation: explanationOf(policy, answerTo(facts, explanation)), isExpected: true }]
}

async function ofCall (callId: string, directory: string | undefined, context: PolicyContext): Promise<Shown[]> {
  const { only } = context.values
  const decisions = await apiOf(context).decisions(callId).catch((error: unknown) => {
    const why = error instanceof NgpilotError ? error.message : String(error)
    throw new NgpilotError('not_found', `there is no file "${callId}", and as a call-id: ${why}`)
  })
  const policy = directory === undefined ? undefined : (await readPolicy(directory)).policy
  return decisions.filter(({ id }) => only === undefined || only === id).map((given) => ({
    explanation: policy ? explanationOf(policy, given.facts, given.id) : given, isExpected: false,
  }))
}
