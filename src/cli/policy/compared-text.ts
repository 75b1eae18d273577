import type { Compared } from '../../policy/differences.ts'
import { counted } from '../counted.ts'
import type { Style } from '../style.ts'

/** Ways of being different, shown unless all are asked for. */
const mostGroups = 20

/** What differs, the most frequent first, with examples. */
export function comparedText (compared: Compared, style: Style, isWhole: boolean): string[] {
  const { decisions, same, different, moot, groups, others } = compared
  const shown = isWhole ? groups : groups.slice(0, mostGroups)
  const left = groups.slice(shown.length).reduce((sum, { count }) => sum + count, others)
  return [
    ...shown.flatMap(({ command, sender, receiver, count, differences, examples }) => [
      style.bold(`${count} × ${command} ${sender} → ${receiver}`),
      ...differences.map((line) => `    ${style.yellow(line)}`),
      style.dim(`    such as ${examples.map(({ name, callId }) => name === callId ? name : `${name} (call ${callId})`).join(', ')}`),
      '',
    ]),
    ...left > 0 ? [`${left} more, different in other ways${others === left ? '' : '; --all shows them'}`, ''] : [],
    `${counted(decisions, 'decision')}: ${style.green(`${same} the same`)}, ${different > 0 ? style.yellow(`${different} different, in ${counted(groups.length, 'way')}`) : 'none different'}`
    + (moot > 0 ? `, ${moot} that would not come, as their calls are refused` : ''),
  ]
}
