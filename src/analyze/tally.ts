import { byGravity, type Finding, type Severity } from '../finding.ts'
import type { CallReport } from './report.ts'

/** How many calls of a trace have what. */
export interface Summary {
  calls: number
  /** Those with an error, and those with a warning. */
  withErrors: number
  withWarnings: number
  /** What was found, gravest first and then by how many calls have it. */
  findings: { id: string, severity: Severity, title: string, calls: number }[]
}

/** Counts calls as they come: however long a trace is, this takes no more memory than there are findings. */
export function startTally () {
  const counts = { calls: 0, withErrors: 0, withWarnings: 0 }
  const byId = new Map<string, { finding: Finding, calls: number }>()
  return {
    add ({ findings }: CallReport): void {
      counts.calls++
      if (findings.some(({ severity }) => severity === 'error')) counts.withErrors++
      if (findings.some(({ severity }) => severity === 'warning')) counts.withWarnings++
      // Gravest first, so that a call counts under the gravest case of a finding.
      const gravest = findings.filter(({ id }, index) => findings.findIndex((other) => other.id === id) === index)
      for (const finding of gravest) {
        const key = `${finding.id} ${finding.severity}`
        const known = byId.get(key)
        if (known) known.calls++
        else byId.set(key, { finding, calls: 1 })
      }
    },
    summary: (): Summary => ({
      ...counts,
      findings: [...byId.values()].sort((one, other) => byGravity(one.finding, other.finding) || other.calls - one.calls)
        .map(({ finding: { id, severity, title }, calls }) => ({ id, severity, title, calls })),
    }),
  }
}
