import { NgpilotError } from '../errors.ts'
import { nearestWord } from '../nearest-word.ts'
import type { LegKind } from '../sdp/conformance.ts'
import type { LegHints } from './legs.ts'

export const legKinds: readonly LegKind[] = ['web', 'plain', 'sdes', 'dtls', 'osrtp']

/**
 * Reads `plain`, `192.0.2.1=web`, `[2001:db8::1]:5060=sdes`.
 * @throws NgpilotError `bad_request`
 */
export function hintsOf (words: readonly string[]): LegHints {
  const byAddress = new Map<string, LegKind>()
  let otherwise: LegKind | undefined
  for (const word of words) {
    const [name = '', address] = word.split('=').reverse()
    const kind = legKinds.find((known) => known === name)
    if (!kind) {
      const nearest = nearestWord(name, legKinds)
      throw new NgpilotError('bad_request', `--leg ${word}: "${name}" is no kind of leg; ${nearest === undefined ? `known: ${legKinds.join(', ')}` : `did you mean "${nearest}"?`}`)
    }
    if (address === undefined) otherwise = kind
    else byAddress.set(address, kind)
  }
  return { byAddress, ...otherwise && { otherwise } }
}
