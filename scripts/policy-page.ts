import { isRecord } from '../src/policy/problem.ts'
import { presets } from '../src/policy/presets.ts'
import { PolicyFile } from '../src/policy/schema.ts'

type Schema = Record<string, unknown>

/** What can be said of a leg's profile, of matching and of rules, from the schema that files are checked against. */
export function policyPage (): string {
  const file = partsOf(PolicyFile)
  const profile = within(file['profiles'], 'additional')
  const endpoint = within(file['endpoints'], 'items')
  const rule = within(file['rules'], 'items')
  const rules = partsOf(rule)
  const match = partsOf(rules['match'])
  return [
    section('A file', 'Files of a directory are read by name and make one policy: maps together, lists one after the other.', file),
    section('profiles', 'What SDP sent to one kind of endpoint looks like. What it says beside `extends` stands over what it extends.', partsOf(profile)),
    section('profiles: sdes', '', partsOf(partsOf(profile)['sdes'])),
    section('endpoints', 'The first whose conditions all hold names the profile of a leg, as long as the call has not named it: a running call '
    + 'keeps the profiles of its legs.', partsOf(endpoint)),
    section('match', 'All keys must hold; what is not known fulfils none. In an endpoint each fact counts only for the leg that it speaks of: '
    + '`from` for the leg that sent the SIP request, `to` and `request-uri` for the other, `user-agent`, `header` and `sdp` for the leg that '
    + 'sent this message. In a rule they are the message\'s.', partsOf(partsOf(endpoint)['match'])),
    section('match, in rules', 'Caller and callee are the call\'s, sender and receiver the message\'s; a profile\'s name stands for all that extend it too.',
      Object.fromEntries(['caller', 'callee', 'sender', 'receiver', 'command'].map((key) => [key, match[key]]))),
    section('match: from, to, request-uri', '`host` in any case.', partsOf(match['from'])),
    section('A text', 'The text itself, a list of which it is one, or a map whose every key holds. `regex` is RE2.', partsOf(branch(partsOf(match['from'])['user'], 'object'))),
    section('match: sdp', '', partsOf(match['sdp'])),
    section('match: time', 'One window, or a list of which one is open.', partsOf(branch(match['time'], 'object'))),
    expressions,
    section('rules', 'All that match apply, in order; where two say different things the later one wins. A rejection ends it.', rules),
    section('rules: set', 'A profile\'s words under `caller` and `callee` change that leg for this call.', partsOf(rules['set'])),
    presetList(),
  ].join('\n\n')
}

const expressions = `## match: when

A [CEL](https://github.com/google/cel-spec) expression that is true or false; a mistake is found at load, with its line and column.

| Fact | In | Fields |
| --- | --- | --- |
| \`sip\` | all | method, status, requestUri, from, to (each: text, user, host), userAgent, headers["name"] in lower case |
| \`sdp\` | all | codecs, media (lists), protocol, ptime, family, address, hasIce, hasDtls, hasSdes, isPrivate |
| \`vars\` | all | vars.trunk: hints of the script |
| \`command\`, \`callId\`, \`now\` | all | offer or answer; the Call-ID; a timestamp: now.getHours("Europe/Berlin") |
| \`caller\`, \`callee\`, \`sender\`, \`receiver\` | rules | profile, transport, address, port, uri, vars |
| \`leg\` | endpoints | the same |

A fact that is not there is "", 0, false or an empty list; what goes wrong counts as false. \`regex(text, "pattern")\` matches with RE2.
Loops do not nest, and an expression has at most 2,000 characters.`

function section (title: string, about: string, properties: Schema): string {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const { description = '' } = schema as { description?: string }
    return `| ${[`\`${name}\``, kindOf(schema), description].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return [`## ${title}`, ...about === '' ? [] : [about], ['| Key | Value | Meaning |', '| --- | --- | --- |', ...rows].join('\n')].join('\n\n')
}

function presetList (): string {
  const rows = Object.entries(presets).map(([name, { about, extends: base }]) => `| \`${name}\` | ${base === undefined ? '' : `\`${base}\``} | ${about} |`)
  return ['## Presets', '`ngpilot policy presets NAME` prints what each says.', ['| Preset | Extends | For |', '| --- | --- | --- |', ...rows].join('\n')].join('\n\n')
}

function kindOf (schema: unknown): string {
  if (!isRecord(schema)) return ''
  if (Array.isArray(schema['enum'])) return schema['enum'].map((word) => `\`${String(word)}\``).join(', ')
  if (typeof schema['const'] === 'number') return `\`${schema['const']}\``
  if (Array.isArray(schema['anyOf'])) {
    const kinds = schema['anyOf'].map(kindOf)
    return kinds.length === 2 && kinds[1] === `list: ${kinds[0] ?? ''}` ? `${kinds[0] ?? ''}; or a list` : kinds.join('; or ')
  }
  switch (schema['type']) {
    case 'array': return `list: ${kindOf(schema['items'])}`
    case 'boolean': return 'true, false'
    case 'integer':
    case 'number': return `${String(schema['minimum'] ?? schema['exclusiveMinimum'])} to ${String(schema['maximum'])}`
    case 'object': return 'map'
    default: return 'text'
  }
}

function partsOf (schema: unknown): Schema {
  return isRecord(schema) && isRecord(schema['properties']) ? schema['properties'] : {}
}

/** What the lists or maps of a schema hold. */
function within (schema: unknown, part: 'items' | 'additional'): unknown {
  if (!isRecord(schema)) return undefined
  return part === 'items' ? schema['items'] : Object.values(isRecord(schema['patternProperties']) ? schema['patternProperties'] : {})[0]
}

function branch (schema: unknown, type: string): unknown {
  const choices = isRecord(schema) && Array.isArray(schema['anyOf']) ? schema['anyOf'] : []
  return choices.find((choice) => isRecord(choice) && choice['type'] === type)
}
