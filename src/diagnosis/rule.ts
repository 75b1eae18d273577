import { findingOf, type Evidence, type Finding, type FindingKind, type FoundCase } from '../finding.ts'
import { type DiagnosedCall, type LegView, secondsUp, viewsOf } from './call.ts'

/** What a rule looks at. `other` is the leg at the other end. */
export interface Scene {
  call: DiagnosedCall
  views: readonly LegView[]
  /** Seconds since the final answer. */
  up: number
}

/** One rule of the diagnosis: what it says of a call as it stands. Pure. */
export interface DiagnosisRule extends FindingKind {
  find (scene: Scene): FoundCase[]
}

/** Runs the rules over a call. No clock, no I/O: the same call, the same findings. */
export function judge (rules: readonly DiagnosisRule[], call: DiagnosedCall): Finding[] {
  const scene: Scene = { call, views: viewsOf(call), up: secondsUp(call) }
  return rules.flatMap((rule) => rule.find(scene).map((found) => findingOf(rule, found)))
}

/** Applies a test to each leg beside the other one. Legs without a partner, or of three and more, are not compared. */
export function eachLeg (
  { views }: Scene, test: (leg: LegView, other: LegView) => FoundCase | false | undefined,
): FoundCase[] {
  const [one, two] = views
  if (!one || !two || views.length > 2) return []
  return [test(one, two), test(two, one)].flatMap((found) => found || [])
}

/** Rows of evidence: what the node said of a leg, as path and value. Values that are not there are left out. */
export function seen (view: LegView, values: Record<string, string | number | undefined>): Evidence[] {
  return Object.entries(values).flatMap(([field, value]) =>
    value === undefined ? [] : [{ field: `${view.leg.role}.${field}`, value: String(value) }])
}

export const named = (view: LegView): string => `${view.leg.role} (${view.leg.profile})`

export const round = (value: number): number => Math.round(value * 10) / 10
