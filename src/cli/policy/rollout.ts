import { NgpilotError } from '../../errors.ts'
import type { PolicyStatus } from '../../policy/holder.ts'
import { connectApi } from '../api.ts'
import { columns } from '../columns.ts'
import type { PolicyCommand, PolicyContext } from './command.ts'

type Verb = 'reload' | 'canary' | 'promote' | 'rollback'

const command = (about: string, verb?: Verb, usage = ''): PolicyCommand => ({
  usage,
  about,
  optionUsage: [['--url URL', 'where it is; or NGPILOT_URL (and NGPILOT_TOKEN), or else where the settings say']],
  options: { url: { type: 'string' } },
  async run (context) {
    const body = verb === 'canary' ? { percent: percentOf(context.args) } : undefined
    if (verb !== 'canary' && context.args.length > 0) throw new NgpilotError('bad_request', `takes no "${context.args.join(' ')}"`)
    const status = await apiOf(context).policy(verb, body)
    if (context.isJson) context.print(JSON.stringify(status, null, 2))
    else for (const line of linesOf(status, context)) context.print(line)
    return status.problem !== undefined || status.isFallback || status.warnings.length > 0 ? 1 : 0
  },
})

/** The commands for the policy of an ngpilot that runs. */
export const rollout: Record<string, PolicyCommand> = {
  status: command('which policy a running ngpilot (--url) decides by, and its candidate'),
  reload: command('load the files anew', 'reload'),
  canary: command('give the candidate so many percent of new calls; 0: it is only asked', 'canary', 'PERCENT'),
  promote: command('the candidate decides for all new calls, until the files of the policy change', 'promote'),
  rollback: command('the candidate decides for no new call; a promoted one goes', 'rollback'),
}

function percentOf ([text, ...more]: readonly string[]): number {
  const percent = Number(text ?? 'none')
  if (more.length === 0 && Number.isFinite(percent) && percent >= 0 && percent <= 100) return percent
  throw new NgpilotError('bad_request', `canary takes a percentage from 0 to 100, found "${[text, ...more].join(' ')}"`)
}

/** Where the running ngpilot is: `--url`, NGPILOT_URL, or where the settings say. */
export function apiOf ({ values, env, config: { http } }: PolicyContext) {
  const host = http.host.includes(':') ? `[${http.host}]` : http.host
  const url = typeof values['url'] === 'string' ? values['url'] : env['NGPILOT_URL'] ?? `http://${host}:${http.port}`
  return connectApi(url, env['NGPILOT_TOKEN'] ?? http.token)
}

function linesOf (status: PolicyStatus, { style }: PolicyContext): string[] {
  const { revision, since, directory, isFallback, isPromoted, problem, candidate, warnings } = status
  const origin = isFallback ? 'the last good one; the files are refused' : isPromoted ? 'the promoted candidate' : directory
  return columns([
    ['in force', style.bold(revision), `since ${since}`, origin],
    ...candidate ? [['candidate', style.bold(candidate.revision ?? 'refused'), `${candidate.percent} % of new calls`, candidate.directory]] : [],
  ]).concat([problem, candidate?.problem].flatMap((text) => text === undefined ? [] : [`${style.red('refused')}: ${text}`]), warnings.map((text) => `${style.yellow('warning')}: ${text}`))
}
