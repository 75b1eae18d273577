import { NgpilotError } from '../../errors.ts'
import { Differences } from '../../policy/differences.ts'
import { Rerun } from '../../policy/rerun.ts'
import { readCases, sorted } from './cases.ts'
import type { PolicyCommand } from './command.ts'
import { comparedText } from './compared-text.ts'
import { readPolicy } from './read.ts'

const record = 'a record of decisions, a file, which ngpilot writes where the setting decisions.recordFile says'

/** `ngpilot policy replay [DIR] [RECORD…]`: what recorded calls would have got from a policy. */
export const replayCommand: PolicyCommand = {
  usage: '[DIR] [RECORD…]',
  about: 'what would change if the policy in DIR had served recorded calls (decisions.recordFile)',
  optionUsage: [['--all', 'every way in which they differ']],
  options: { all: { type: 'boolean' } },
  async run ({ args, values, config, isJson, print, note, style }) {
    const { directories, files, others } = await sorted(args)
    if (others[0] !== undefined) throw new NgpilotError('bad_request', `there is no file or directory "${others[0]}"`)
    if (directories.length > 1) throw new NgpilotError('bad_request', `replay takes one policy directory, found ${directories.join(', ')}`)
    const { recordFile } = config.decisions
    const records = files.length > 0 ? files : recordFile === undefined ? [] : [recordFile]
    if (records.length === 0) throw new NgpilotError('bad_request', `replay takes ${record}`)
    const { policy } = await readPolicy(directories[0] ?? config.policy.directory)
    const rerun = new Rerun(policy)
    const differences = new Differences()
    const revisions = new Set<string>()
    const unseen = new Set(policy.headers)
    const options = { headers: policy.headers, values, note, takes: record }
    for (const file of records) {
      for await (const { name, facts, before } of readCases(file, options)) {
        if (!before) throw new NgpilotError('bad_request', `${file} is no record of decisions, but messages; "ngpilot policy diff" takes those`)
        revisions.add(before.revision)
        for (const header of Object.keys(facts.sip?.headers ?? {})) unseen.delete(header)
        differences.add(name, facts, before, rerun.decide(facts, before))
      }
    }
    const compared = differences.result()
    if (unseen.size > 0) note(`the policy looks at headers that stand in no record, so nothing has them here: ${[...unseen].join(', ')}`)
    if (isJson) print(JSON.stringify({ recorded: [...revisions], revision: policy.revision, ...compared }, null, 2))
    else {
      for (const line of comparedText(compared, style, values['all'] === true)) print(line)
      print(`decided by ${[...revisions].join(', ') || 'nobody'}, now by ${policy.revision}`)
      if (compared.different > 0) print(style.dim('why: ngpilot policy explain RECORD DIR --only DECISION'))
    }
    return compared.different + compared.moot > 0 ? 1 : 0
  },
}
