import type { CheckCode, Severity } from './checks.ts'
import type { Place } from './problem.ts'

/** What is wrong with a policy that loads. */
export interface LintFinding extends Place {
  code: CheckCode
  severity: Severity
  /** The rtpengine that brought what the oldest of the fleet does not know. */
  since?: string
  message: string
  fix?: string
}
