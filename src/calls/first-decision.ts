import type { FirstDecision, DecisionReason } from '../diagnosis/explanation.ts'
import type { DecisionExplanation, LegExplanation } from '../policy/explanation.ts'
import type { Place } from '../policy/problem.ts'
import { words } from '../policy/run-tests.ts'
import type { Tried } from '../policy/types.ts'

/** The decision on a call's first offer, in few words: what a person asks first. `ngpilot policy explain` has the rest. */
export function firstDecision ({ facts: { caller }, legs, tried, flags, reject }: DecisionExplanation): FirstDecision {
  const [one, other] = [reasonOf(legs[caller]), reasonOf(legs[caller === 'sender' ? 'receiver' : 'sender'])]
  return {
    caller: one,
    callee: other,
    rules: tried.filter(({ isMatch }) => isMatch).map(({ name, why, place }) => ({ name, why, place: placeText(place) })),
    asked: reject === undefined ? Object.entries(flags).map(([key, value]) => `${key}: ${words(value)}`).join('; ') : `refused with ${reject}`,
  }
}

function reasonOf ({ profile, by, tried }: LegExplanation): DecisionReason {
  const match: Tried | undefined = by === 'endpoint' ? tried.find(({ isMatch }) => isMatch) : undefined
  if (match) return { name: profile, why: match.why, place: placeText(match.place) }
  return { name: profile, why: by === 'call' ? 'the call knew it already' : 'no endpoint matches' }
}

const placeText = ({ file, line, column }: Place): string => `${file}:${line}:${column}`
