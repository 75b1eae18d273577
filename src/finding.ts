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

/** Gravest first; within a severity the surest first. */
export function byGravity (one: Finding, other: Finding): number {
  const confidences: Confidence[] = ['high', 'medium', 'low']
  return ranks[one.severity] - ranks[other.severity]
    || confidences.indexOf(one.confidence) - confidences.indexOf(other.confidence)
}

/** The finding of a kind, for one case. */
export function findingOf (kind: FindingKind, found: FoundCase): Finding {
  const { id, title, why, fix, reference } = kind
  return {
    id,
    severity: found.severity ?? kind.severity,
    confidence: found.confidence ?? 'high',
    title,
    why,
    fix,
    ...reference !== undefined && { reference },
    ...found.leg !== undefined && { leg: found.leg },
    ...found.detail !== undefined && { detail: found.detail },
    evidence: found.evidence,
  }
}

/** Values that no log, file or screen may show: SDES keys (RFC 4568 §6.1), ICE passwords (RFC 8839 §5.4). */
export function masked (text: string): string {
  return text
    .replace(/(inline:)[^|\s;]+/gi, '$1[masked]')
    .replace(/^((?:a=)?ice-pwd:).*/gim, '$1[masked]')
    .replace(/^(k=\w+:).*/gim, '$1[masked]')
}
