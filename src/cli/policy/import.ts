import { stat } from 'node:fs/promises'
import { NgpilotError } from '../../errors.ts'
import type { FlagsReader } from '../../ng/flags-string.ts'
import { isAtLeast } from '../../ng/release.ts'
import { importFlags, type ImportUse } from '../../policy/import.ts'
import { callsForFlags, textsIn } from '../../policy/kamailio-script.ts'
import type { ExitCode, PolicyCommand, PolicyContext } from './command.ts'
import { importScript, importScripts } from './import-script.ts'
import { closing, exitCodeOf, findingsText, tokensText, type ImportReading } from './imported-text.ts'
import { oldestOf } from './versions.ts'
import { yamlOf } from './yaml-text.ts'

const readers: Record<string, FlagsReader> = { 5.6: 'kamailio-5.6', 5.8: 'kamailio-5.8', '6.0': 'kamailio-6.0', 6.1: 'kamailio-6.1' }

/** `ngpilot policy import "STRING" | FILE`: a flags string of kamailio.cfg, or all of them, as policy, and what is wrong. */
export const importCommand: PolicyCommand = {
  usage: '"STRING" | kamailio.cfg',
  about: 'the profile that a flags string amounts to, and what is wrong with it; of a script all strings in it',
  optionUsage: [
    ['--for offer|answer|manage', 'where a string stands: rtpengine_offer, _answer or _manage (the default: both ways)'],
    ['--verbatim', 'the function has a second argument, so that rtpengine reads the string, not Kamailio'],
    ['--kamailio VERSION', '5.6, 5.8, 6.0 or 6.1 (6.0): they read strings differently'],
    ['--name NAME', 'of the profile (imported)'],
    ['--versions LIST', 'rtpengines of the fleet, such as 10.5,12.5 (10.5)'],
  ],
  options: {
    for: { type: 'string' }, verbatim: { type: 'boolean' }, kamailio: { type: 'string' }, name: { type: 'string' },
    versions: { type: 'string' },
  },
  async run (context) {
    const { args: [text, ...more], values } = context
    if (text === undefined) throw new NgpilotError('bad_request', `import takes a flags string, in quotes, or a file: ${example}`)
    if (more.length > 0) throw new NgpilotError('bad_request', `import takes one flags string, found ${more.length + 1} words; put the string in quotes: ngpilot policy import "${[text, ...more].join(' ')}"`)
    if (text.trim() === '') throw new NgpilotError('bad_request', `the flags string is empty, and asks rtpengine for nothing; give it as it stands in the script: ${example}`)
    const reading = readingOf(context)
    const is = await stat(text).catch(() => undefined)
    if (is?.isDirectory()) throw new NgpilotError('bad_request', `${text} is a directory; import takes a flags string, or a file such as kamailio.cfg`)
    if (is) {
      for (const option of ['for', 'verbatim', 'name']) {
        if (values[option] !== undefined) throw new NgpilotError('bad_request', `--${option} is for one string; in ${text} the script says it`)
      }
      return importScript(text, reading, context)
    }
    if (/^[^ =]*(?:\/[^ =]+)?\.(?:cfg|conf|lua|py|js|inc)$/.test(text)) throw new NgpilotError('bad_request', `there is no file "${text}"`)
    if (callsForFlags(text)) return importScripts([{ file: 'import', text }], [], reading, context)
    return importString(flagsIn(text), reading, context)
  },
}

const example = 'ngpilot policy import "RTP/AVP ICE=remove rtcp-mux-demux", ngpilot policy import /etc/kamailio/kamailio.cfg'

/** A string as it was copied: the flags alone, or with the quotes, the `#!define` or the variable around them. */
function flagsIn (text: string): string {
  if (!/^\s*(?:[#!]!|["']|\$[a-z]+\([^()]*\)\s*=)/.test(text)) return text
  const [flags, ...more] = textsIn(text)
  if (flags === undefined) throw new NgpilotError('bad_request', `${text} says no text; import takes a flags string, or a file: ${example}`)
  if (more.length > 0) throw new NgpilotError('bad_request', `${text} says ${more.length + 1} texts; import takes one flags string, or a file: ${example}`)
  return flags
}

function readingOf ({ values }: PolicyContext): ImportReading {
  const kamailio = readers[String(values['kamailio'] ?? '6.0')]
  if (!kamailio) throw new NgpilotError('bad_request', `--kamailio must be one of ${Object.keys(readers).sort().join(', ')}, found "${String(values['kamailio'])}"`)
  const oldest = oldestOf(values['versions'])
  return { kamailio, rtpengine: isAtLeast(oldest, '13.0') ? 'rtpengine-26.0' : 'rtpengine-12.5', oldest }
}

function importString (text: string, { kamailio, rtpengine, oldest }: ImportReading, context: PolicyContext): ExitCode {
  const { values, isJson, print, style } = context
  const use = values['for'] ?? 'manage'
  if (use !== 'offer' && use !== 'answer' && use !== 'manage') throw new NgpilotError('bad_request', `--for must be offer, answer or manage, found "${String(use)}"`)
  const imported = importFlags(text, { reader: values['verbatim'] === true ? rtpengine : kamailio, use: use satisfies ImportUse, oldest })
  const name = String(values['name'] ?? 'imported')
  const policy = { version: 1, profiles: { [name]: imported.profile } }
  const { read: { ng }, tokens, beyond, findings } = imported
  if (isJson) print(JSON.stringify({ string: text, ng, policy, tokens, beyond, findings }, null, 2))
  else {
    for (const line of [
      ...findingsText(text, imported, style),
      ...tokensText(tokens, style),
      style.bold('As policy:'), ...yamlOf(policy).trimEnd().split('\n').map((line) => `  ${line}`), '',
      ...beyond.map((line) => `Beyond the string: ${line}.`), ...beyond.length > 0 ? [''] : [],
      ...findings.length > 0 ? [closing] : [],
    ]) print(line)
  }
  return exitCodeOf([imported])
}
