import { byGravity, type Finding } from '../finding.ts'
import type { DiagnosedCall } from './call.ts'
import { type DiagnosisRule, judge } from './rule.ts'
import { encryptionRules } from './rules/encryption.ts'
import { endRules } from './rules/end.ts'
import { flowRules } from './rules/flow.ts'
import { qualityRules } from './rules/quality.ts'

/** Every rule of the diagnosis of live calls. */
export const diagnosisRules: readonly DiagnosisRule[] = [...encryptionRules, ...flowRules, ...qualityRules, ...endRules]

/** What a node does not tell, neither of a call nor of itself, so that no rule can find it; and where to look instead. */
export const untold: readonly { title: string, why: string }[] = [
  {
    title: 'the browser\'s certificate does not match its offer',
    why: 'Looks like DX-01 from outside; "fingerprint mismatch" in the log of rtpengine, or DTLS-01 in a capture of the media, says that it is this.',
  },
]

/** What is wrong with a call, the gravest first. No clock, no I/O: the same call, the same findings. */
export function diagnose (call: DiagnosedCall): Finding[] {
  return judge(diagnosisRules, call).sort(byGravity)
}
