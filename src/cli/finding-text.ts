import type { Evidence, Finding, Severity } from '../finding.ts'
import type { Style } from './style.ts'
import { wrap } from './wrap.ts'

/** How wide the terminal is, and how words are set apart in it. */
export interface Look { width: number, style: Style }

/** Of one finding; a phone that leaks forty ICE lines is understood after a few. */
const mostEvidence = 6

/** Findings one below the other. What is found on several legs explains itself once. `where`: leg, time, messages. */
export function findingsText<Found extends Finding> (
  findings: readonly Found[], where: (finding: Found) => string, look: Look,
): string[] {
  return findings.flatMap((finding, index) => {
    const { id, why, fix } = finding
    const isKnown = findings.slice(0, index).some((other) => other.id === id && other.why === why && other.fix === fix)
    return [...index > 0 ? [''] : [], ...findingText(finding, where(finding), isKnown, look)]
  })
}

/** What it is, where and by what it is seen, what comes of it and what mends it. */
function findingText (finding: Finding, where: string, isKnown: boolean, look: Look): string[] {
  const { width, style } = look
  const { id, severity, title, detail, why, fix, reference } = finding
  const head = `${style.bold(inColour(severity, style)(`${severity} ${id}`))}  ${style.bold(title)}`
  return [
    ...wrap(head, width, '    ', ''),
    ...where === '' ? [] : wrap(where, width, '    '),
    ...detail === undefined ? [] : wrap(detail, width, '    '),
    ...evidenceText(finding.evidence).flatMap((line) => wrap(line, width, '      ', '    ').map((each) => style.dim(each))),
    ...isKnown ? ['    why and mend: as above'] : [
      ...wrap(`why: ${why}${reference === undefined ? '' : ` (${reference})`}`, width, '         ', '    '),
      ...wrap(`mend: ${fix}`, width, '          ', '    '),
    ],
  ]
}

export function inColour (severity: Severity, style: Style): (text: string) => string {
  return { error: style.red, warning: style.yellow, note: style.cyan }[severity]
}

/** As it stands in the SDP, where it does. */
function lineText (field: string, value: string): string {
  return `${field}${/^[ab]=/.test(field) ? ':' : field === 'c=' ? '' : ' '}${value}`
}

/** Lines of an SDP one below the other, values of a reply in a row. */
function evidenceText (evidence: readonly Evidence[]): string[] {
  const lines = evidence.filter(({ line }) => line !== undefined)
  const values = evidence.filter(({ line }) => line === undefined)
  const left = lines.length - mostEvidence
  return [
    ...lines.slice(0, mostEvidence).map(({ line, field, value }) => `line ${line ?? ''}: ${value === undefined ? field : lineText(field, value)}`),
    ...left > 0 ? [`and ${left} more lines`] : [],
    ...values.length === 0 ? [] : [values.map(({ field, value }) => value === undefined ? field : `${field}: ${value}`).join(', ')],
  ]
}
