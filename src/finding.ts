/** error: the call fails or is silent. warning: it does with some peers. note: good to know. */
export type Severity = 'error' | 'warning' | 'note'

/** How sure it is that the finding is the cause. What an SDP says in black and white is `high`. */
export type Confidence = 'high' | 'medium' | 'low'

/** One entry of the catalogue: what a rule looks for, for an operator. The id is stable. */
export interface FindingKind {
  id: string
  /** The usual one; a finding may be milder or graver where the case is. */
  severity: Severity
  /** The kinds of leg, or of thing, it is about: `browser`, `SIP`, `both legs`, `signalling`, … */
  leg: string
  /** What is wrong, in a few words: `no a=rtcp-mux towards a browser`. */
  title: string
  /** What comes of it. */
  why: string
  /** The policy line, the flag or the deed that mends it. */
  fix: string
  /** The section that says so: `RFC 8834 §4.5`. */
  reference?: string
}

/** What a finding rests on: a line of an SDP, or a field of a reply with its value. Keys and passwords are masked. */
export interface Evidence {
  /** In the SDP, from 1. */
  line?: number
  /** `a=crypto`, `m=audio`, or a path such as `browser.streams[0].packets`. */
  field: string
  value?: string
}

/** What a rule found. It explains itself without the catalogue, and is fit for log, API and terminal. */
export interface Finding extends Omit<FindingKind, 'leg' | 'reference'> {
  confidence: Confidence
  /** The leg that it was found on: the profile's name, or the address. */
  leg?: string
  /** What was seen in this case. */
  detail?: string
  evidence: Evidence[]
  reference?: string
}

/** What a rule knows of one case; severity from the kind and confidence `high` where it says nothing else. */
export type FoundCase = Partial<Pick<Finding, 'severity' | 'confidence' | 'leg' | 'detail'>> & Pick<Finding, 'evidence'>

const ranks: Record<Severity, number> = { error: 0, warning: 1, note: 2 }
const doubts: Record<Confidence, number> = { high: 0, medium: 1, low: 2 }

/** Gravest first; within a severity the surest first. */
export function byGravity (one: Finding, other: Finding): number {
  return ranks[one.severity] - ranks[other.severity] || doubts[one.confidence] - doubts[other.confidence]
}

/** The finding of a kind, for one case. `leg`: where the case does not say it. */
export function findingOf (kind: FindingKind, found: FoundCase, leg = found.leg): Finding {
  // Without spreads, which take longer than the rules themselves: this is done for every SDP.
  const finding: Finding = {
    id: kind.id,
    severity: found.severity ?? kind.severity,
    confidence: found.confidence ?? 'high',
    title: kind.title,
    why: kind.why,
    fix: kind.fix,
    evidence: found.evidence,
  }
  if (kind.reference !== undefined) finding.reference = kind.reference
  if (leg !== undefined) finding.leg = leg
  if (found.detail !== undefined) finding.detail = found.detail
  return finding
}

/** Values that no log, file or screen may show: SDES keys (RFC 4568 §6.1), ICE passwords (RFC 8839 §5.4). */
export function masked (text: string): string {
  return text
    .replace(/(inline:)[^|\s;]+/gi, '$1[masked]')
    .replace(/^((?:a=)?ice-pwd:).*/gim, '$1[masked]')
    .replace(/^(k=\w+:).*/gim, '$1[masked]')
}
