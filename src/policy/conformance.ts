import { ruleOf } from '../sdp/conformance.ts'
import type { Severity } from '../finding.ts'
import { isRecord, type Finding, type Path } from './problem.ts'
import { meant } from './shape.ts'

/** What becomes of a finding: it is told, the SDP is mended, or the message gets 488. */
export const actions = ['observe', 'repair', 'reject'] as const
export type Action = typeof actions[number]

/** By the id of a rule; `default` stands for those that are not named. */
export type Conformance = Readonly<Record<string, Action>>

/**
 * What the profile of a leg wants done. By itself it is: repair what rtpengine leaves behind as a matter of course, and
 * observe the rest. As the default, `reject` is for errors alone: a warning must not end calls that nobody looked at.
 */
export function actionFor ({ conformance = {} }: { conformance?: Conformance }, id: string, severity: Severity): Action {
  const named = Object.hasOwn(conformance, id) ? conformance[id] : undefined
  if (named) return named
  const rule = ruleOf.get(id)
  if (rule?.isRepairedByDefault) return 'repair'
  if (conformance['default'] === 'repair') return rule?.repair ? 'repair' : 'observe'
  return conformance['default'] === 'reject' && severity === 'error' ? 'reject' : 'observe'
}

/** Rules that there are not, and repairs that no rule has. Looks at what has the shape for it. */
export function checkConformance (value: unknown, path: Path): Finding[] {
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([id, action]): Finding[] => {
    if (id === 'default') return []
    const rule = ruleOf.get(id)
    if (!rule) return [{ path: [...path, id], at: 'key', message: `there is no rule "${id}"; ${meant(id, ['default', ...ruleOf.keys()])}` }]
    if (action !== 'repair' || rule.repair) return []
    return [{ path: [...path, id], at: 'value', message: `${id} cannot be repaired in the SDP; observe or reject it. What mends it: ${rule.fix}` }]
  })
}
