import { readFile, writeFile } from 'node:fs/promises'
import { describeSettings } from '../src/config.ts'
import { errorCodes, type ErrorCode } from '../src/errors.ts'
import { statuses } from '../src/ingress/http/errors.ts'
import { dtlsKinds } from '../src/analyze/dtls.ts'
import { iceKind } from '../src/analyze/ice.ts'
import { rtpKinds } from '../src/analyze/rtp.ts'
import { signallingRules } from '../src/analyze/signalling.ts'
import type { FindingKind } from '../src/finding.ts'
import { ruleOf, rules } from '../src/sdp/conformance.ts'
import { sipFailures } from '../src/sip/failures.ts'
import { diagnosisRules, untold } from '../src/diagnosis/diagnose.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { policyUsage } from '../src/cli/policy/policy.ts'
import { policyJsonSchema } from '../src/policy/json-schema.ts'
import { checks } from '../src/policy/checks.ts'
import { policyPage } from './policy-page.ts'
import { usage } from '../src/usage.ts'

/**
 * Writes docs/reference/ from the code: settings, metrics, errors, findings, command line. `--check` writes nothing and ends
 * with 1 when a page is not what the code says.
 */
const isCheck = process.argv.includes('--check')
const pages: Record<string, string> = {
  '../../policy/policy.schema.json': `${JSON.stringify(policyJsonSchema(), null, 2)}\n`,
  'settings.md': page('Settings', 'From the YAML file that `--config` (or `NGPILOT_CONFIG`) names, or from the environment, which wins. '
  + 'In the environment a list is separated by commas. Files and directories that the YAML file names are seen from its own directory.', table(['Setting', 'Variable', 'Type', 'Default', 'Meaning'],
    describeSettings().map(({ name, env, type, default: value, description }) =>
      [code(name), code(env), type, value === undefined ? '' : code(value), description]))),
  'metrics.md': page('Metrics', 'What `GET /metrics` shows, beside those of the process and of Node (`process_…`, `nodejs_…`).',
    table(['Metric', 'Type', 'Labels', 'Meaning'], await metrics())),
  'errors.md': page('Errors', 'Each refusal is a problem document (RFC 9457) with one of these codes; the header `Ngpilot-Sip-Status` '
  + 'says which SIP reply fits. The codes are also the `result` label of the metrics and the `error` field of the log.',
  table(['Code', 'HTTP', 'SIP', 'Meaning'], Object.entries(errorCodes).map(([name, meaning]) => {
    const error = name as ErrorCode
    return [code(name), String(statuses[error]), sipFailures[error], meaning]
  }))),
  'findings.md': page('Findings', 'What ngpilot looks for in each offer and answer, in the media of live calls and in traces, and what mends it. The ids are stable. '
  + '`conformance` in a policy says what becomes of a finding in the SDP that goes to a leg: `observe` (the default), `repair` '
  + '(where the SDP can be mended safely) or `reject` (the call gets 488).', findings()),
  'cli.md': page('Command line', 'What `ngpilot --help` prints.', `\`\`\`text\nngpilot: ${usage.trim()}\n\`\`\`\n\n## ngpilot policy\n\n\`\`\`text\n${policyUsage.trim()}\n\`\`\``),
  'policy.md': page('Policy', 'Everything that a policy file can say. [How to get there from a kamailio.cfg](../policy.md).', policyPage()),
  'policy-checks.md': page('Policy checks', 'What `ngpilot policy check` and `ngpilot policy import` find beyond misspelt words, by codes that stay.',
    table(['Code', 'Severity', 'Meaning'], Object.entries(checks).map(([code_, { severity, title }]) => [code(code_), severity, title]))),
}

for (const [name, text] of Object.entries(pages)) {
  const path = `docs/reference/${name}`
  const now = await readFile(path, 'utf8').catch(() => '')
  if (now === text) continue
  if (isCheck) {
    console.error(`${path} is not what the code says; run: npm run docs`)
    process.exitCode = 1
  } else {
    await writeFile(path, text)
    console.log(`wrote ${path}`)
  }
}

function findings (): string {
  const ofTraces: FindingKind[] = [...signallingRules, iceKind, ...Object.values(dtlsKinds), ...Object.values(rtpKinds)]
  return [...rules, ...diagnosisRules, ...ofTraces].map((kind) => {
    const { id, severity, leg, title, why, fix, reference } = kind
    const rule = ruleOf.get(id)
    const repair = rule?.repair ? rule.isRepairedByDefault ? ' Repaired by default.' : ' Can be repaired.' : ''
    return [
      `## ${id}: ${title}`, `${severity[0]?.toUpperCase() ?? ''}${severity.slice(1)}; leg: ${leg}${reference === undefined ? '' : `; ${reference}`}.${repair}`,
      why, `*Mend:* ${fix}`,
    ].join('\n\n')
  }).concat('## What cannot be found', untold.map(({ title, why }) => `* **${title}**: ${why}`).join('\n')).join('\n\n')
}

async function metrics (): Promise<string[][]> {
  const created = createMetrics()
  created.countCalls(() => Promise.resolve(0))
  created.showNodes(() => [], () => [])
  const known = await created.registry.getMetricsAsJSON()
  return known.filter(({ name }) => name.startsWith('ngpilot_')).map(({ name, type, help }) => {
    const metric = created.registry.getSingleMetric(name) as unknown as { labelNames: string[] }
    return [code(name), String(type), metric.labelNames.map(code).join(' '), help]
  }).sort(([a = ''], [b = '']) => a.localeCompare(b))
}

function page (title: string, introduction: string, body: string): string {
  return `# ${title}\n\n<!-- Written by \`npm run docs\` from the code; do not edit. -->\n\n${introduction}\n\n${body}\n`
}

function table (head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function code (text: string): string {
  return `\`${text}\``
}
