import { checks } from './checks.ts'
import type { LintFinding } from './lint-finding.ts'
import { nearestWord } from '../nearest-word.ts'
import type { Policy } from './types.ts'

/**
 * Rules that send calls to a set of nodes that no rtpengine is in.
 *
 * @param sets those that nodes are in; none: no node is known yet, and nothing can be said
 */
export function lintSets ({ rules }: Pick<Policy, 'rules'>, sets: readonly string[]): LintFinding[] {
  if (sets.length === 0) return []
  return rules.flatMap(({ name, place, effect: { nodes, places } }): LintFinding[] => {
    if (nodes === undefined || sets.includes(nodes)) return []
    const { file, line, column } = places.get('nodes') ?? place
    const nearest = nearestWord(nodes, sets)
    return [{
      file, line, column, code: 'PO-05', severity: checks['PO-05'].severity,
      message: `rule ${name} sends calls to the set "${nodes}", in which there is no rtpengine; there ${sets.length > 1 ? 'are' : 'is'} ${[...sets].sort().join(', ')}`,
      fix: `${nearest === undefined ? '' : `${nearest}, or `}a node with sets: [${nodes}] in rtpengine.nodes`,
    }]
  })
}
