import { Document, isMap, isSeq, visit } from 'yaml'
import { NgpilotError } from '../../errors.ts'
import type { FlagsReader } from '../../ng/flags-string.ts'
import { importFlags, type Imported } from '../../policy/import.ts'
import { columns } from '../columns.ts'
import type { PolicyCommand, PolicyContext } from './command.ts'
import { oldestOf } from './versions.ts'

const readers: Record<string, FlagsReader> = { 5.6: 'kamailio-5.6', 5.8: 'kamailio-5.8', '6.0': 'kamailio-6.0', 6.1: 'kamailio-6.1' }

/** `ngpilot policy import "STRING"`: a flags string of kamailio.cfg as policy, and what is wrong with it. */
export const importCommand: PolicyCommand = {
  usage: '"STRING"',
  about: 'the profile that a flags string of kamailio.cfg amounts to, and what is wrong with it',
  optionUsage: [
    ['--for offer|answer|manage', 'where it stands: rtpengine_offer, _answer or _manage (the default: both ways)'],
    ['--kamailio VERSION', '5.6, 5.8, 6.0 or 6.1 (6.0): they read strings differently'],
    ['--name NAME', 'of the profile (imported)'],
    ['--versions LIST', 'rtpengines of the fleet, such as 10.5,12.5 (10.5)'],
  ],
  options: { for: { type: 'string' }, kamailio: { type: 'string' }, name: { type: 'string' }, versions: { type: 'string' } },
  run (context) {
    const { args: [text, ...more], values, isJson, print } = context
    if (text === undefined || more.length > 0) throw new NgpilotError('bad_request', 'import takes one flags string, in quotes: ngpilot policy import "RTP/AVP ICE=remove"')
    const reader = readers[String(values['kamailio'] ?? '6.0')]
    if (!reader) throw new NgpilotError('bad_request', `--kamailio must be one of ${Object.keys(readers).sort().join(', ')}, found "${String(values['kamailio'])}"`)
    const use = values['for'] ?? 'manage'
    if (use !== 'offer' && use !== 'answer' && use !== 'manage') throw new NgpilotError('bad_request', `--for must be offer, answer or manage, found "${String(use)}"`)
    const imported = importFlags(text, { reader, use, oldest: oldestOf(values['versions']) })
    const name = String(values['name'] ?? 'imported')
    const { read: { ng }, tokens, findings } = imported
    if (isJson) print(JSON.stringify({ string: text, ng, policy: policyOf(imported, name), tokens, findings }, null, 2))
    else for (const line of report(text, name, imported, context)) print(line)
    return findings.some(({ severity }) => severity === 'error') ? 1 : 0
  },
}

const policyOf = ({ profile }: Imported, name: string) => ({ version: 1, profiles: { [name]: profile } })

function report (text: string, name: string, imported: Imported, { style }: Pick<PolicyContext, 'style'>): string[] {
  const findings = imported.findings.flatMap(({ code, severity, message, fix, text: token, at = 0 }) => [
    `${severity === 'error' ? style.red('error') : style.yellow('warning')}${code ? ` ${code}` : ''}: ${message}`,
    ...token === undefined ? [] : [`  ${text.replaceAll(/[\t\n]/g, ' ')}`, `  ${' '.repeat(at)}${style.cyan('^'.repeat(token.length))}`],
    ...fix === undefined ? [] : [`  what would be right: ${fix}`],
    '',
  ])
  return [
    ...findings,
    style.bold('Its tokens:'), ...columns(imported.tokens.map(({ text: token, becomes }) => [`  ${token}`, becomes])), '',
    style.bold('As policy:'), ...yamlOf(policyOf(imported, name)).trimEnd().split('\n').map((line) => `  ${line}`), '',
    ...imported.findings.length > 0 ? ['ngpilot makes offers and answers of the profiles of both legs, so what the string forgets is there.'] : [],
  ]
}

/** Lists and inner maps on one line each. */
export function yamlOf (value: unknown): string {
  const document = new Document(value)
  visit(document, {
    Collection (_, node, path) {
      if (isSeq(node) || (isMap(node) && path.length > 5)) node.flow = true
    },
  })
  return document.toString({ lineWidth: 0, flowCollectionPadding: true })
}
