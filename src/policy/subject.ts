import { parseAddress, type Address } from './address.ts'
import type { CallFacts, LegFacts, LegName } from './facts.ts'
import type { Profile } from './profile.ts'

/**
 * What conditions look at: the facts of a message, and for an endpoint the leg that is asked about. Both profiles are
 * known to a rule alone.
 */
export interface Subject {
  facts: CallFacts
  legs: Readonly<Record<LegName, LegSubject>>
  leg?: LegName
  profiles?: Readonly<Record<LegName, Profile>>
  share?: number
}

/** A leg with what is read from its facts once, and only if something asks for it. */
export class LegSubject {
  readonly facts: LegFacts
  readonly #ofCall: CallFacts['vars']
  #vars: Readonly<Record<string, string>> | undefined
  #address: Address | undefined
  #isAddressRead = false

  constructor (facts: LegFacts, ofCall: CallFacts['vars']) {
    this.facts = facts
    this.#ofCall = ofCall
  }

  /** The hints about this leg, over those about the call. */
  get vars (): Readonly<Record<string, string>> {
    return this.#vars ??= this.facts.vars ? { ...this.#ofCall, ...this.facts.vars } : this.#ofCall
  }

  get address (): Address | undefined {
    if (!this.#isAddressRead) {
      this.#address = this.facts.address === undefined ? undefined : parseAddress(this.facts.address)
      this.#isAddressRead = true
    }
    return this.#address
  }
}

/** The legs of a call by their part in it, and in the message at hand. */
export const parties = ['caller', 'callee', 'sender', 'receiver'] as const
export type Party = typeof parties[number]

export function legOf (party: Party, { caller }: Pick<CallFacts, 'caller'>): LegName {
  if (party === 'caller') return caller
  if (party === 'callee') return caller === 'sender' ? 'receiver' : 'sender'
  return party
}
