import { resultOf, type Result } from './compare.ts'
import type { CallFacts, UriFacts } from './facts.ts'
import type { Decision } from './types.ts'

/** One line of a record of decisions: what replay needs, and what was decided then. */
export interface RecordedDecision extends Result { id: string, facts: CallFacts }

const masked = '[masked]'
const secretHeaders = new Set(['authorization', 'proxy-authorization', 'x-auth-token', 'cookie'])

/** Without what nobody else may see: credentials in headers, passwords in URIs. The facts of an SDP hold no secret. */
export function withoutSecrets (facts: CallFacts): CallFacts {
  const { sip } = facts
  if (!sip) return facts
  const uri = (one: UriFacts | undefined) => one && { ...one, text: one.text.replace(/^(sips?:[^@:;?]*):[^@]*@/i, `$1:${masked}@`) }
  const uris = { requestUri: uri(sip.requestUri), from: uri(sip.from), to: uri(sip.to) }
  const headers = sip.headers && Object.fromEntries(Object.entries(sip.headers).map(([name, value]) => {
    return [name, secretHeaders.has(name) ? masked : value]
  }))
  const known = Object.fromEntries(Object.entries({ ...uris, headers }).filter(([, value]) => value !== undefined))
  return { ...facts, sip: { ...sip, ...known } }
}

export function recordOf (id: string, facts: CallFacts, decision: Decision): RecordedDecision {
  return { id, ...resultOf(decision), facts: withoutSecrets(facts) }
}
