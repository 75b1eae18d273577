import { contains, parseAddress, type Address } from './address.ts'
import { flagsFor } from './flags.ts'
import { presets } from './presets.ts'
import type { CallFacts, Decision, Endpoint, LegFacts, Policy, Profile } from './types.ts'

/** What rtpengine is asked to do with one SDP. No clock, no I/O: same policy and facts, same decision. */
export function decide (policy: Policy, facts: CallFacts): Decision {
  const sender = profileFor(policy, facts.sender, facts.vars)
  const receiver = profileFor(policy, facts.receiver, facts.vars)
  return { sender, receiver, flags: flagsFor(facts.command, sender, receiver, facts.codecs), revision: policy.revision }
}

/** The profile of a leg: the one that the call's record names, else that of the first endpoint that matches, else `sip`. */
export function profileFor (policy: Policy, leg: LegFacts, vars: Record<string, string>): Profile {
  const named = leg.profile === undefined ? undefined : policy.profiles.get(leg.profile)
  if (named) return named
  const transport = leg.transport?.toLowerCase()
  const address = leg.address === undefined ? undefined : parseAddress(leg.address)
  const hints = leg.vars ? { ...vars, ...leg.vars } : vars
  const endpoint = policy.endpoints.find((candidate) => matches(candidate, transport, address, hints))
  return (endpoint && policy.profiles.get(endpoint.profile)) ?? presets.sip
}

/** Whether every condition that the endpoint gives holds. A fact that is not known fulfils none. */
function matches (endpoint: Endpoint, transport: string | undefined, address: Address | undefined, vars: CallFacts['vars']): boolean {
  if (endpoint.transport && (transport === undefined || !endpoint.transport.includes(transport))) return false
  if (endpoint.vars && !Object.entries(endpoint.vars).every(([name, value]) => vars[name] === value)) return false
  return !endpoint.address || (address !== undefined && endpoint.address.some((block) => contains(block, address)))
}
