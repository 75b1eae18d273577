import { checkFlagsString } from '../ng/flags-check.ts'
import { readFlagsString } from '../ng/flags-string.ts'
import { checks } from './checks.ts'
import { codeOf } from './import-findings.ts'
import type { LintFinding } from './lint-finding.ts'
import { isRecord, type Path } from './problem.ts'
import type { PolicySource } from './source.ts'

/** What of the flags strings of rules rtpengine would ignore, or Kamailio read otherwise than it looks; at each token. */
export function lintStrings (sources: readonly PolicySource[]): LintFinding[] {
  return sources.flatMap((source) => rulesOf(source).flatMap((rule, index) => ['offer-flags', 'answer-flags'].flatMap((key) => {
    const text = isRecord(rule) ? rule[key] : undefined
    if (typeof text !== 'string') return []
    const path: Path = ['rules', index, key]
    return checkFlagsString(readFlagsString(text)).map(({ text: token, at, message }): LintFinding => {
      const { file, line, column } = source.place({ path, at: 'value', message: '', offset: at })
      const code = codeOf(message) ?? 'NG-15'
      return { file, line, column, code, severity: checks[code].severity, message: `"${token}": ${message}` }
    })
  })))
}

function rulesOf ({ value }: PolicySource): unknown[] {
  return isRecord(value) && Array.isArray(value['rules']) ? value['rules'] : []
}
