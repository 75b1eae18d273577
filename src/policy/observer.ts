import type { LintFinding } from './lint-finding.ts'

/** Who is told what becomes of policies: log and metrics. */
export interface PolicyObserver {
  loaded (revision: string): void
  /** No call has it any longer, nor will have. */
  forgotten (revision: string): void
  refused (problem: string): void
  /** The files are refused at a start, and the last good policy serves. */
  fellBack (revision: string, problem: string): void
  /** The policy in force cannot be kept for a restart, or its folder not be watched. */
  troubled (message: string): void
  /** What is wrong with a policy that serves, some time after it was loaded: what `ngpilot policy check` would say. */
  doubted (revision: string, findings: readonly LintFinding[]): void
  /** What became of the candidate's files. */
  candidate (result: 'loaded' | 'refused' | 'share' | 'promoted' | 'rolled back', detail: string): void
}
